// A channel: frames both ways between the parent and one worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/unique_fd.h"
#include "ipc/frame.h"
#include "ipc/shared_arena.h"

namespace fetchpool::ipc {

// Where frames are left that need not go through the descriptors. Each may be null.
struct Arenas {
  std::shared_ptr<SharedArena> in;   // by the other end
  std::shared_ptr<SharedArena> out;  // by this one
};

// Owns the two descriptors of one end (the same socket twice, or the ends of two pipes) and the
// frames that wait on it. Passive: whoever waits for the descriptors calls receive() and flush().
class Channel {
 public:
  Channel() = default;
  // `in` and `out` should be non-blocking, or receive() and flush() wait. For a socket, `out` is
  // left empty and `in` serves both ways.
  Channel(UniqueFd in, UniqueFd out, std::size_t max_payload, Arenas arenas = {});

  int in_fd() const { return in_.get(); }
  int out_fd() const { return out_.is_open() ? out_.get() : in_.get(); }
  bool is_open() const { return in_.is_open(); }
  void close();

  // Sending: queued until flush().
  FrameWriter& writer() { return writer_; }
  bool wants_to_write() const { return writer_.pending_bytes() > 0; }
  // As FrameWriter::flush, but a peer that is gone is no error: what was queued is forgotten. May
  // raise SIGPIPE, which workers ignore and the parent keeps off by a SigpipeGuard.
  bool flush();

  // Reads once from the descriptor, at most `limit` bytes, and returns how many came. 0: end of
  // file or nothing there; at_end() tells which. next() must be called until it has nothing before
  // this is called again.
  std::size_t receive(std::size_t limit = std::size_t{1} << 20);
  bool at_end() const { return at_end_; }
  // The next frame of what was received. Throws ProtocolError.
  std::optional<Frame> next() { return reader_->next(); }
  // Whether what was received ends within a frame.
  bool in_frame() const { return reader_ && reader_->in_frame(); }
  // Bytes that lie in the descriptor, not yet received.
  std::size_t available() const;

 private:
  UniqueFd in_;
  UniqueFd out_;
  std::optional<FrameReader> reader_;
  FrameWriter writer_;
  bool at_end_ = false;
};

}  // namespace fetchpool::ipc
