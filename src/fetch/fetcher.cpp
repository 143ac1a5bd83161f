#include "fetch/engine.h"
#include "fetch/whole_list.h"
#include "fetchpool/fetch.h"

namespace fetchpool {

struct Fetcher::State {
  explicit State(const FetchOptions& options) : engine(options) {}
  engine::Engine engine;
};

Fetcher::Fetcher(const FetchOptions& options) : state_(std::make_unique<State>(options)) {}
Fetcher::~Fetcher() = default;
Fetcher::Fetcher(Fetcher&&) noexcept = default;
Fetcher& Fetcher::operator=(Fetcher&&) noexcept = default;

std::size_t Fetcher::room() const {
  return state_->engine.room();
}
std::uint64_t Fetcher::submit(std::string_view url) {
  return state_->engine.submit(url);
}
std::uint64_t Fetcher::submit(FetchRequest request) {
  return state_->engine.submit(std::move(request));
}
std::uint64_t Fetcher::submit_known(FetchResult known) {
  return state_->engine.submit_known(std::move(known));
}
std::size_t Fetcher::unfinished() const {
  return state_->engine.unfinished();
}

std::vector<FetchResult>& Fetcher::wait(std::optional<std::chrono::nanoseconds> timeout) {
  return state_->engine.wait(timeout);
}

int Fetcher::poll_fd() const {
  return state_->engine.poll_fd();
}
void Fetcher::hold(bool on, bool oldest_too) {
  state_->engine.hold(on, oldest_too);
}
void Fetcher::stop() {
  state_->engine.stop();
}
void Fetcher::cancel() {
  state_->engine.cancel();
}
RunLimit Fetcher::limit_reached() const {
  return state_->engine.limit_reached();
}
Fetcher::Counts Fetcher::counts() const {
  return state_->engine.counts();
}
std::vector<int> Fetcher::worker_pids() const {
  return state_->engine.worker_pids();
}
std::vector<std::string> Fetcher::take_warnings() {
  return state_->engine.take_warnings();
}

std::vector<FetchResult> fetch_all(const std::vector<std::string>& urls,
                                   const FetchOptions& options) {
  std::vector<FetchResult> results(urls.size());
  engine::Engine engine(options);
  engine::fetch_all(engine, urls, [&](FetchResult&& result) {
    auto seq = static_cast<std::size_t>(result.seq);
    results[seq] = std::move(result);
  });
  return results;
}

std::string_view version() {
  return FETCHPOOL_VERSION;
}

}  // namespace fetchpool
