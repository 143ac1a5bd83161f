#include "support/origin/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "support/origin/behaviours.h"

namespace fetchpool::test {
namespace {

// An endless reply must let the others have their turn.
constexpr int most_steps_at_once = 8;

bool is_control(const Request& request) {
  return request.method == "STORE" || request.prefix() == "/counts" || request.prefix() == "/log" ||
         request.prefix() == "/reset-counts";
}

}  // namespace

Connection::Connection(UniqueFd fd, TlsSession tls, Ledger& ledger)
    : fd_(std::move(fd)), tls_(std::move(tls)), ledger_(ledger) {
  ledger_.connections.begin();
}

Connection::~Connection() {
  Ledger::finished(counted_);
  if (counted_as_client_) ledger_.connections.end();
}

void Connection::work(bool readable) {
  if (readable) read_input();
  yielded_ = false;
  for (int round = 0; !done_; ++round) {
    if (!flush()) return;
    if (round == most_steps_at_once) {
      yielded_ = true;
      return;
    }
    if (is_answering() ? !next_step() : !take_next_request()) break;
  }
  // What is left to do is waiting or hanging, and nobody is there for it.
  if (input_ended_) done_ = true;
}

void Connection::read_input() {
  std::array<char, 16384> block;
  for (;;) {
    long count = tls_ ? read_tls(tls_, block.data(), block.size())
                      : ::recv(fd_.get(), block.data(), block.size(), 0);
    if (count > 0) {
      in_.append(block.data(), static_cast<std::size_t>(count));
      if (!tls_ && static_cast<std::size_t>(count) < block.size()) return;
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN) done_ = true;
    if (count == 0) input_ended_ = true;
    return;
  }
}

bool Connection::take_next_request() {
  if (!keep_alive_) {
    done_ = true;
    return false;
  }
  // A TLS greeting on the plain port: answer in the clear, as a web server does.
  if (!tls_ && !in_.empty() && in_[0] == 0x16) {
    in_.clear();
    keep_alive_ = false;
    out_ = head("400 Bad Request", {"Content-Length: 0", "Connection: close"});
    return true;
  }
  bool wants_continue = false;
  std::optional<Request> request = take_request(in_, wants_continue);
  if (!request) {
    if (!wants_continue || continue_sent_) return false;
    continue_sent_ = true;
    out_ = "HTTP/1.1 100 Continue\r\n\r\n";
    return true;
  }
  continue_sent_ = false;
  keep_alive_ = request->keep_alive;
  if (is_control(*request)) {
    if (counted_as_client_) {
      --ledger_.connections.requests;
      --ledger_.connections.now;
      counted_as_client_ = false;
    }
  } else {
    counted_ = ledger_.started(*request);
  }
  reply_ = reply_to(*request, ledger_);
  step_ = 0;
  return true;
}

bool Connection::next_step() {
  Step& step = reply_.steps[step_];
  if (wake_at_) {
    if (Clock::now() < *wake_at_) return false;
    wake_at_.reset();
    if (step.what == Step::Do::wait) {
      ++step_;
      if (!is_answering()) end_reply();
      return true;
    }
  }
  switch (step.what) {
    case Step::Do::send:
      out_ = std::move(step.bytes);
      sent_ = 0;
      ++step_;
      break;
    case Step::Do::wait:
      wake_at_ = Clock::now() + step.pause;
      break;
    case Step::Do::drip:
      out_ = step.bytes.substr(dripped_++, 1);
      sent_ = 0;
      if (dripped_ < step.bytes.size()) {
        wake_at_ = Clock::now() + step.pause;
      } else {
        dripped_ = 0;
        ++step_;
      }
      break;
    case Step::Do::for_ever:
      out_ = step.bytes;
      sent_ = 0;
      if (step.pause.count() > 0) wake_at_ = Clock::now() + step.pause;
      break;
    case Step::Do::close:
      if (tls_) SSL_shutdown(tls_.get());
      done_ = true;
      break;
    case Step::Do::reset: {
      struct linger now {
        1, 0
      };
      setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
      done_ = true;
      break;
    }
    case Step::Do::hang:
      return false;
  }
  if (!is_answering()) end_reply();
  return true;
}

void Connection::end_reply() {
  reply_.steps.clear();
  step_ = 0;
  Ledger::finished(counted_);
  counted_ = {};
}

bool Connection::flush() {
  while (sent_ < out_.size()) {
    std::size_t left = out_.size() - sent_;
    long count = tls_ ? write_tls(tls_, out_.data() + sent_, left)
                      : ::send(fd_.get(), out_.data() + sent_, left, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      if (count == 0 || errno != EAGAIN) done_ = true;
      return false;
    }
    sent_ += static_cast<std::size_t>(count);
  }
  out_.clear();
  sent_ = 0;
  return true;
}

}  // namespace fetchpool::test
