// One client of the origin: takes its requests and carries out the steps of the replies.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "support/origin/ledger.h"
#include "support/origin/reply.h"
#include "support/origin/tls.h"

namespace fetchpool::test {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

// The server calls `work()` whenever the socket is ready or `wake_at()` has come, and drops the
// connection when it is done. Counts itself and its requests in the ledger while it lives.
class Connection {
 public:
  Connection(UniqueFd fd, TlsSession tls, Ledger& ledger);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Reads, answers and writes as far as that goes without waiting.
  void work(bool readable);

  bool is_done() const { return done_; }
  bool wants_to_read() const { return !input_ended_; }
  bool wants_to_write() const { return yielded_ || sent_ < out_.size(); }
  std::optional<TimePoint> wake_at() const { return wake_at_; }

 private:
  void read_input();
  bool take_next_request();
  // The next step of the reply. False: nothing can be done now.
  bool next_step();
  void end_reply();
  bool flush();
  bool is_answering() const { return step_ < reply_.steps.size(); }

  UniqueFd fd_;
  TlsSession tls_;
  Ledger& ledger_;
  std::string in_;
  bool input_ended_ = false;
  // Gave the others their turn, though there is more to write.
  bool yielded_ = false;
  bool continue_sent_ = false;
  std::string out_;
  std::size_t sent_ = 0;
  Reply reply_;
  std::size_t step_ = 0;
  std::size_t dripped_ = 0;
  std::optional<TimePoint> wake_at_;
  Counted counted_;
  bool keep_alive_ = true;
  bool counted_as_client_ = true;
  bool done_ = false;
};

}  // namespace fetchpool::test
