// What the host and a spawner say to each other: one message a packet, descriptors beside it.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/unique_fd.h"
#include "process/worker_link.h"

namespace fetchpool::process {

// From the host: the first two on the control socket, the others on a session's.
struct SpawnerRequest {
  enum class Kind : std::uint32_t {
    open_session,  // with the session's socket
    make_spare,    // with the spare's control socket
    start,         // with the status page, the channel's one or two descriptors, the arena
    kill,
  };
  Kind kind;
  std::uint32_t worker = 0;
  WorkerFunction function = nullptr;
  std::int32_t index = 0;
  bool inherits_descriptors = false;
  bool own_group = false;
  bool has_two_descriptors = false;  // for its channel
  bool has_arena = false;
  std::uint64_t max_payload = 0;
};

// From a spawner: `hello` on the control socket of one that the host has not forked itself, first
// from who did and then from itself, with a descriptor of its process where the system has such a
// thing; the others on a session's.
struct SpawnerReply {
  enum class Kind : std::uint32_t { hello, born, refused, ended, spare_gone };
  Kind kind;
  std::uint32_t worker = 0;
  pid_t pid = 0;
  int error_number = 0;
  int wait_status = 0;
};

// The descriptors that came with a message, in the order in which they were sent.
using ReceivedFds = std::array<UniqueFd, 4>;

enum class Received {
  message,
  nothing,              // none is there now
  end,                  // the other side is gone
  without_descriptors,  // a message, but this process could not take the descriptors
};

// Never waits. False: the other side is gone or takes no more now (errno says which).
bool send_packet(int socket, const void* message, std::size_t size, std::span<const int> fds);
// Never waits.
Received receive_packet(int socket, void* message, std::size_t size, ReceivedFds* fds);

template <class Message>
bool send_message(int socket, const Message& message, std::span<const int> fds = {}) {
  return send_packet(socket, &message, sizeof message, fds);
}

template <class Message>
Received receive_message(int socket, Message& message, ReceivedFds* fds = nullptr) {
  return receive_packet(socket, &message, sizeof message, fds);
}

}  // namespace fetchpool::process
