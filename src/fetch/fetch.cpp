#include <curl/curl.h>

#include <mutex>
#include <random>
#include <thread>

#include "fetch/archive_metadata.h"
#include "fetch/chain.h"
#include "fetch/limits.h"
#include "fetch/request_rules.h"
#include "fetch/transfer_loop.h"
#include "fetchpool/fetch.h"
#include "process/spawner.h"

namespace fetchpool {
namespace {

using namespace std::chrono_literals;

void initialise_libcurl() {
  static std::once_flag once;
  std::call_once(once, [] {
    process::Spawner::forbid_creation(
        "fetch() has initialised libcurl in this process, and libcurl does not survive a fork: "
        "make "
        "Pools and Fetchers, or call fetchpool::prepare(), before the first fetch()");
    if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK) throw Error("libcurl cannot be initialised");
  });
}

// Runs one hop at a time.
class SingleHop : private engine::TransferObserver {
 public:
  explicit SingleHop(const FetchOptions& options)
      : loop_({options, 1, options.limit_rate}, *this, nullptr) {}

  engine::HopResult run(engine::HopRequest request, Body& body) {
    body_ = &body;
    ended_ = false;
    loop_.add(0, std::move(request));
    while (!ended_) loop_.run(1s);
    return std::move(result_);
  }

 private:
  void on_begin(std::uint64_t, int) override {}
  void on_connected(std::uint64_t) override {}
  bool on_end(engine::Transfer& transfer, engine::HopResult& result) override {
    ByteBuffer buffer;
    result.body_encoding = FetchResult::Encoding::none;
    if (transfer.is_small()) {
      transfer.append_records(buffer, result);
      result.body_encoding = transfer.body().append_to(buffer);
      body_->append(buffer.release());
    } else {
      result.body_encoding = transfer.body().encoding();
      for (bool more = true; more;) {
        more = transfer.append_next_part(buffer, result);
        body_->append(buffer.release());
      }
    }
    result_ = std::move(result);
    ended_ = true;
    return true;
  }

  engine::TransferLoop loop_;
  Body* body_ = nullptr;
  engine::HopResult result_;
  bool ended_ = false;
};

FetchResult run_chain(engine::Chain& chain, const FetchOptions& options) {
  std::mt19937_64 random{std::random_device{}()};
  SingleHop single(options);
  TimePoint begun = Clock::now();
  Body archived;
  for (;;) {
    Body body;
    Body records;
    engine::HopResult hop = single.run(chain.next_hop(options), body);
    if (options.warc) records = archive::take_front(body, hop.archive_size);
    double chance = std::uniform_real_distribution<double>(0, 1)(random);
    auto step =
        chain.after(hop, options, chance, std::chrono::system_clock::now(), Clock::now() - begun);
    if (auto* same = std::get_if<engine::SameAgain>(&step))
      std::this_thread::sleep_for(same->delay);
    if (auto* next = std::get_if<engine::NextAttempt>(&step))
      std::this_thread::sleep_for(next->delay);
    bool is_final = std::holds_alternative<engine::Final>(step);
    if (is_final || std::holds_alternative<engine::NextHop>(step)) archived.append(records);
    if (!is_final) continue;
    std::string response_id = std::move(hop.archive_id);
    std::int64_t hop_date = hop.started_at;
    FetchResult result = chain.result(std::move(hop), Clock::now() - begun);
    result.body = std::move(body);
    result.warc = std::move(archived);
    if (options.warc)
      result.warc.append(archive::MetadataWriter().member(result, hop_date, response_id));
    return result;
  }
}

}  // namespace

FetchResult fetch(std::string_view url, const FetchOptions& options) {
  return fetch(FetchRequest{std::string(url)}, options);
}

FetchResult fetch(FetchRequest request, const FetchOptions& options) {
  std::vector<std::string> warnings;
  FetchOptions usable = engine::checked(options, 1, warnings);
  std::string problem = engine::problem_of(request, usable);
  auto parsed = engine::parse_url(request.url, {usable.allow_userinfo});
  auto* error = std::get_if<engine::UrlError>(&parsed);
  bool is_request = !error && problem.empty();
  if (!is_request || std::get<engine::Url>(parsed).credentials)
    request.url = engine::without_secrets(request.url);
  if (!is_request) {
    engine::Chain chain(std::move(request), {}, usable);
    if (!problem.empty()) return chain.result(Outcome::bad_url, std::move(problem));
    return chain.result(error->outcome, std::move(error->reason));
  }
  initialise_libcurl();
  engine::Chain chain(std::move(request), std::move(std::get<engine::Url>(parsed)), usable);
  return run_chain(chain, usable);
}

}  // namespace fetchpool
