#include "fetch/worker_watch.h"

#include <algorithm>

namespace fetchpool::engine {

// Longer than the silence for which the supervisor ends a worker, so that a worker that does
// nothing at all is ended for that.
WorkerWatch::WorkerWatch(Clock::duration worker_timeout) : patience_(worker_timeout * 3 / 2) {}

HopWatch& WorkerWatch::watch(int place) {
  auto at = static_cast<std::size_t>(place);
  if (watches_.size() <= at) watches_.resize(at + 1, HopWatch(patience_));
  return watches_[at];
}

// The supervisor wakes at least as often as this wants to look, as long as jobs are outstanding.
std::vector<std::string> WorkerWatch::look(TimePoint now, RequestTable& requests,
                                           process::Supervisor& supervisor) {
  std::vector<std::string> warnings;
  if (patience_.count() == 0 || now < next_look_) return warnings;
  next_look_ = now + HopWatch(patience_).tick();
  std::vector<std::vector<Request*>> sent(watches_.size());
  for (Request& request : requests) {
    if (request.state != Request::State::running) continue;
    auto place = static_cast<std::size_t>(request.place);
    if (sent.size() <= place) sent.resize(place + 1);
    sent[place].push_back(&request);
  }
  for (std::size_t at = 0; at < sent.size(); ++at) {
    int place = static_cast<int>(at);
    auto finding = look_at(place, sent[at], now, supervisor.status(place));
    if (finding == HopWatch::Finding::fine) continue;
    warnings.push_back("worker process " + std::to_string(supervisor.pid(place)) +
                       (finding == HopWatch::Finding::deaf ? " does not take up its work"
                                                           : " does not end a transfer") +
                       " and was replaced");
    supervisor.kill_worker(place);
  }
  return warnings;
}

HopWatch::Finding WorkerWatch::look_at(int place, const std::vector<Request*>& sent, TimePoint now,
                                       const process::StatusPage& status) {
  // Counted first: what begins after it is seen at the next look.
  std::uint64_t begun = status.started();
  std::vector<process::StatusPage::Running> running = status.running();
  std::vector<HopWatch::Hop> hops;
  for (const Request* request : sent) {
    bool runs = std::any_of(running.begin(), running.end(),
                            [&](const auto& entry) { return entry.job == request->job; });
    hops.push_back({request->job, runs, request->limit});
  }
  return watch(place).look(now, hops, begun);
}

}  // namespace fetchpool::engine
