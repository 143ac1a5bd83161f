// Writing to a descriptor without waiting for whoever reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "fetchpool/bytes.h"
#include "fetchpool/error.h"
#include "output/disk.h"

namespace fetchpool::output {

// The reader of a pipe, socket or terminal is gone: nothing that is written will be read.
class OutputClosed : public Error {
 public:
  using Error::Error;
};

// A queue of bytes in front of a descriptor. Nothing but finish() waits for a reader; a regular
// file is written directly, however long its file system takes.
//
// What is added is written once there are 256 KiB of it, or by flush(): call that before waiting
// for other things. While poll_events() is not 0, or the descriptor reports POLLERR or POLLHUP,
// there is something for flush() to do.
//
// Every function that writes throws OutputClosed when the reader is gone, and SystemError naming
// the file for other errors ("cannot write pages.jsonl: No space left on device"); after that the
// stream is of no use. Requires that SIGPIPE and SIGXFSZ are ignored: writing to a pipe without a
// reader, or beyond the file size limit, would end the process before the error is seen.
class OutputStream {
 public:
  // The end of a record.
  struct Mark {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
  };

  // Creates or empties `path`. Waits for a reader where that is a named pipe. `disk` must outlive
  // the stream.
  static OutputStream open(const std::string& path, Disk& disk = system_disk());
  // Goes on with a regular file behind `mark`: what follows there is cut off. Throws SystemError
  // where the file is missing or shorter.
  static OutputStream reopen(const std::string& path, Mark mark, Disk& disk = system_disk());
  // The same for a file that is open already.
  static OutputStream adopt(UniqueFd fd, std::string name, Mark mark, Disk& disk = system_disk());
  // Writes to an open descriptor, which stays open and in the mode it is in: descriptors share
  // their mode with other processes (a shell's terminal). `name` is for messages. Throws
  // OutputClosed where a pipe has no reader any more.
  static OutputStream borrow(int fd, std::string name);

  OutputStream(const OutputStream&) = delete;
  OutputStream& operator=(const OutputStream&) = delete;
  OutputStream(OutputStream&&) = default;
  OutputStream& operator=(OutputStream&&) = default;
  // Drops what was not written: finish() first.
  ~OutputStream() = default;

  // Adds bytes: long ones without a copy, short ones copied together.
  void add(Bytes piece);
  void add_copy(std::string_view text);
  // What was added up to here is a record; empty records count, too.
  void end_record();

  // Writes if at least 256 KiB wait and the reader was not found slow since the last flush(); a
  // regular file gets whole pages.
  void write_full_batches();
  // Writes what can be written now, at most some MiB to a regular file; notices a reader that is
  // gone also when nothing waits.
  void flush();
  // Writes everything to a plain output, forces it to the disk where `durable`, and returns where
  // the last record ended. Requires is_plain().
  Mark settle(bool durable);
  // Writes everything, waiting for the reader, and closes.
  void finish();

  std::size_t pending_bytes() const { return pending_; }
  // Whether the reader takes no more at the moment.
  bool is_blocked() const { return is_blocked_; }
  // Whether writing never waits for a reader (regular files, /dev/null).
  bool is_plain() const { return mode_ == Mode::plain; }
  // Records whose last byte the system has taken; never too many, and exact when nothing waits.
  std::uint64_t records_written() const { return records_written_; }
  std::uint64_t bytes_written() const { return bytes_written_; }

  // For poll(2): the descriptor, and POLLOUT while something waits, else 0.
  int poll_fd() const { return fd_.get(); }
  short poll_events() const;

 private:
  enum class Mode {
    plain,         // write as much as there is
    non_blocking,  // a descriptor of our own that never waits
    socket,        // never waits if asked not to, write by write
    careful,       // shared and blocking: ask first, write what fits for sure
  };

  struct Piece {
    Bytes bytes;
    std::uint32_t records = 0;  // that end with this piece or within it
  };

  OutputStream(UniqueFd fd, Mode mode, std::string name, Disk& disk = system_disk())
      : fd_(std::move(fd)), mode_(mode), name_(std::move(name)), disk_(&disk) {}

  void write_pending(std::size_t most);
  // False: the reader takes no more now.
  bool write_once(std::size_t most, std::size_t& written);
  void advance(std::size_t written);
  void require_reader();
  void require_name() const;
  [[noreturn]] void fail(int error_number) const;

  UniqueFd fd_;
  Mode mode_;
  std::string name_;
  bool has_name_ = false;  // a file that was opened by it, and is to be found there in the end
  Disk* disk_;
  std::deque<Piece> pieces_;
  std::size_t offset_ = 0;  // of the first piece, already written
  std::size_t pending_ = 0;
  bool is_blocked_ = false;
  std::uint64_t records_written_ = 0;
  std::uint64_t bytes_written_ = 0;
  std::uint64_t begins_at_ = 0;     // in its file
  Mark added_;                      // records, and bytes up to the end of the last one
  std::uint64_t bytes_synced_ = 0;  // as far as this stream knows

  // Where short pieces are copied together.
  std::shared_ptr<char[]> text_;
  std::size_t text_used_ = 0;
  std::size_t text_begin_ = 0;  // of the piece that is still growing
  bool text_grows_ = false;
};

}  // namespace fetchpool::output
