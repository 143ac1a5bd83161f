// The way of one URL from its first request to its result: attempts, and the hops of each.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/posix.h"
#include "fetch/hop.h"
#include "fetch/url.h"
#include "fetchpool/fetch_options.h"
#include "fetchpool/fetch_request.h"
#include "fetchpool/fetch_result.h"

namespace fetchpool::engine {

// The hop says nothing about the URL: make it again as it was, after a delay.
struct SameAgain {
  Clock::duration delay{};
  bool local_shortage = false;
};
// A redirect: the chain's URL is the next one already.
struct NextHop {};
// The attempt failed and another one is due.
struct NextAttempt {
  Clock::duration delay{};
};
// What it came to.
struct Final {};
using NextStep = std::variant<SameAgain, NextHop, NextAttempt, Final>;

// Decides what follows each hop. Pure: it makes no request and knows no clock; chance and the date
// are arguments.
class Chain {
 public:
  Chain() = default;
  // Of a URL without more, and of a request with all it says.
  Chain(std::string input, Url url, std::string method);
  Chain(FetchRequest request, Url url, const FetchOptions& options);

  const Url& url() const { return url_; }
  int attempts() const { return attempts_; }

  // The next hop to be made. Counts the attempt where it is the first hop of one.
  HopRequest next_hop(const FetchOptions& options);

  // Whether the current hop may be made again although it may have arrived.
  bool may_be_repeated(const FetchOptions& options) const;

  // The hop was not begun.
  void take_back_hop();

  // Takes the end of a hop. With Final, `hop` is what the result is to be made of (a redirect that
  // must not be followed has changed its outcome). `elapsed` is the time since the first hop began.
  NextStep after(HopResult& hop, const FetchOptions& options, double random,
                 std::chrono::system_clock::time_point date, Clock::duration elapsed);

  // The result. `in_all` is the time since the request was made. The chain is empty afterwards.
  FetchResult result(HopResult&& hop, Clock::duration in_all);
  // The result where no hop says what became of it.
  FetchResult result(Outcome outcome, std::string error);

 private:
  struct Visited {
    std::string method;
    std::string url;
  };

  bool follow(HopResult& hop, const FetchOptions& options);

  std::string input_;
  std::unique_ptr<FetchRequest> own_;  // where the request is more than a URL
  std::string first_url_;
  Url url_;
  std::string method_ = "GET";
  std::vector<Redirect> redirects_;
  std::vector<Visited> visited_;
  int attempts_ = 0;
  bool hop_is_first_ = false;          // of the current attempt
  bool in_attempt_ = false;            // whether the current attempt has had a hop
  std::chrono::microseconds spent_{};  // by the ended hops of this attempt
  int stale_connections_ = 0;
  int shortages_ = 0;
  bool fresh_connection_ = false;
  bool was_public_ = false;   // a hop of this chain had an address of the open internet
  bool left_origin_ = false;  // for good, even where a later redirect leads back
  bool content_dropped_ = false;
};

}  // namespace fetchpool::engine
