#include "fetch/engine.h"

#include <algorithm>
#include <limits>

#include "base/wire.h"
#include "fetch/connection_settings.h"
#include "fetch/engine_options.h"
#include "fetch/limits.h"
#include "fetch/request_rules.h"
#include "fetch/retry.h"
#include "fetch/url.h"
#include "fetchpool/pool_error.h"

namespace fetchpool::engine {
namespace {

using namespace std::chrono_literals;

// Deaths while running alone after which a URL is given up; from outside (SIGKILL) more are
// needed, since the URL may have nothing to do with them.
constexpr int kDeathsAlone = 3;
constexpr int kKillsAlone = 10;
// A worker that is not ready for so long does not count as one.
constexpr auto kMissing = 1s;
constexpr const char* kStoppedBefore = "the run was stopped before";

// Throws SerializationError where its workers would not have the code of the task.
std::shared_ptr<process::Spawner> spawner_for(const FetchOptions& options,
                                              const detail::PageTask& task) {
  auto spawner =
      process::Spawner::obtain({.keep_descriptors = false, .allow_threads = options.allow_threads});
  for (std::uintptr_t code : {reinterpret_cast<std::uintptr_t>(task.trampoline), task.function}) {
    if (code == 0) continue;
    if (auto objection = spawner->images().objection_to(code))
      throw SerializationError("the function cannot be called in the workers: " + *objection);
  }
  return spawner;
}

int worker_count(const FetchOptions& options) {
  return options.processes > 0 ? options.processes : posix::usable_cpus();
}

}  // namespace

Engine::Engine(const FetchOptions& options, const detail::PageTask& task)
    : options_(checked(options, worker_count(options), warnings_)),
      has_task_(task.is_set()),
      workers_(options_.processes),
      supervisor_(spawner_for(options_, task), supervisor_options(options_, workers_, task)),
      schedule_(schedule_options(options_, workers_)),
      solo_(supervisor_, schedule_, std::max(workers_, 8)),
      shares_(options_.limit_rate, initial_share(options_, workers_)),
      watch_(options_.worker_timeout),
      wake_up_(supervisor_.poll_fd()),
      limits_(options_, Clock::now()),
      hold_limit_(options_.concurrency) {
  for (int worker = 0; worker < workers_; ++worker) places_.push_back(supervisor_.add_worker());
  if (options_.warc) metadata_.emplace();
  room_.resize(places_.size());
  ready_at_.resize(places_.size(), Clock::now());
}

std::size_t Engine::room() const {
  return stopped_ || held_ >= hold_limit_.get() ? 0 : hold_limit_.get() - held_;
}

Request& Engine::new_request() {
  Request& request = requests_.add();
  ++held_;
  request.submitted = Clock::now();
  wake_up_.ask_for_turn();
  return request;
}

std::uint64_t Engine::submit(std::string_view input) {
  Request& request = new_request();
  std::uint64_t seq = request.seq;
  if (stopped_) return cancel_unread(request, input);
  auto parsed = parse_url(input, {options_.allow_userinfo});
  if (auto* error = std::get_if<UrlError>(&parsed)) {
    request.chain = Chain(without_secrets(input), {}, method_of(options_));
    give_back(request, request.chain.result(error->outcome, std::move(error->reason)));
  } else {
    auto& url = std::get<Url>(parsed);
    std::string shown = url.credentials ? without_secrets(input) : std::string(input);
    request.chain = Chain(std::move(shown), std::move(url), method_of(options_));
    wait_again(request);
  }
  return seq;
}

std::uint64_t Engine::submit(FetchRequest&& wanted) {
  Request& request = new_request();
  std::uint64_t seq = request.seq;
  if (stopped_) return cancel_unread(request, wanted.url);
  std::string problem = problem_of(wanted, options_);
  auto parsed = parse_url(wanted.url, {options_.allow_userinfo});
  auto* error = std::get_if<UrlError>(&parsed);
  bool usable = problem.empty() && !error;
  if (!usable || std::get<Url>(parsed).credentials) wanted.url = without_secrets(wanted.url);
  request.chain =
      Chain(std::move(wanted), usable ? std::move(std::get<Url>(parsed)) : Url{}, options_);
  if (usable)
    wait_again(request);
  else if (!problem.empty())
    give_back(request, request.chain.result(Outcome::bad_url, std::move(problem)));
  else
    give_back(request, request.chain.result(error->outcome, std::move(error->reason)));
  return seq;
}

// Nothing is looked at that will not be fetched.
std::uint64_t Engine::cancel_unread(Request& request, std::string_view input) {
  std::uint64_t seq = request.seq;
  request.chain = Chain(without_secrets(input), {}, method_of(options_));
  cancel_request(request);
  return seq;
}

std::uint64_t Engine::submit_known(FetchResult&& known) {
  Request& request = new_request();
  std::uint64_t seq = request.seq;
  give_back(request, std::move(known));
  return seq;
}

std::vector<FetchResult>& Engine::wait(std::optional<Clock::duration> timeout) {
  wake_up_.take_turn();
  obey_limits(Clock::now());
  std::optional<TimePoint> end;
  if (timeout) end = Clock::now() + *timeout;
  // What workers say while nothing is held (that they are ready, say) would else stay unread, and
  // whoever waits for the descriptor would not come to rest.
  if (held_ == 0) turn(Clock::duration::zero());
  // Room that comes is told as well: without more requests there may be no result for long.
  bool had_room = room() > 0;
  while (finished_.empty() && held_ > 0 && (had_room || room() == 0)) {
    TimePoint now = Clock::now();
    auto left = end ? std::max(*end - now, Clock::duration::zero()) : Clock::duration(1h);
    turn(std::min(left, until_alarm(now)));
    if (end && Clock::now() >= *end) break;
  }
  results_.clear();
  std::swap(results_, finished_);
  held_ -= results_.size();
  prepare_wake_up();
  return results_;
}

void Engine::turn(Clock::duration timeout) {
  dispatch();
  for (const process::Event& event : supervisor_.wait(timeout)) on_event(event);
  obey_limits(Clock::now());
  // What became possible goes out at once: the caller may be away for a while.
  dispatch();
  supervisor_.send();
  if (!cancelled_) warn(watch_.look(Clock::now(), requests_, supervisor_));
  warn(supervisor_.take_warnings());
}

void Engine::warn(std::vector<std::string>&& warnings) {
  for (std::string& warning : warnings) warnings_.push_back(std::move(warning));
}

// When the schedule may have something to do that no worker tells of.
std::optional<TimePoint> Engine::alarm() const {
  if (stopped_) return std::nullopt;
  auto next = oldest_held_ ? std::nullopt : schedule_.next_time();
  for (std::optional<TimePoint> other : {limits_.end(), hold_limit_.next_look()})
    if (other && (!next || *other < *next)) next = other;
  return next;
}

Clock::duration Engine::until_alarm(TimePoint now) const {
  auto time = alarm();
  return time ? std::max(*time - now, Clock::duration::zero()) : Clock::duration(1h);
}

void Engine::prepare_wake_up() {
  if (!finished_.empty()) wake_up_.ask_for_turn();
  wake_up_.quiet_past_alarm(Clock::now());
  if (auto time = alarm()) wake_up_.at(*time);
}

void Engine::hold(bool on, bool oldest_too) {
  bool lets_go = (on_hold_ && !on) || (oldest_held_ && !oldest_too);
  if (lets_go) wake_up_.ask_for_turn();
  on_hold_ = on;
  oldest_held_ = on && oldest_too;
}

void Engine::dispatch() {
  if (cancelled_ || oldest_held_) return hold_limit_.look(false, Clock::now());
  // On hold, the oldest request goes on all the same: whoever asked for the hold may be waiting for
  // its result to have room again.
  bool holds = on_hold_ || ordered_.bytes() > options_.ordered_bytes;
  std::uint64_t highest =
      holds ? requests_.lowest_unfinished() : std::numeric_limits<std::uint64_t>::max();
  solo_.admit(requests_, highest);
  TimePoint now = Clock::now();
  look_at_workers(now);
  while (auto start = schedule_.next(now, room_, highest)) send(*start, now);
  while (auto ready = solo_.next()) send_to(ready->place, ready->start, now);
  solo_.adjust_workers();
  hold_limit_.look(lacks_work(holds), now);
  if (shares_.is_on()) share_rate();
}

// Whether workers would run more than there is to start among all that may be held.
bool Engine::lacks_work(bool holds) const {
  bool want_more = std::any_of(room_.begin(), room_.end(), [](int room) { return room > 0; });
  return !holds && want_more && schedule_.running() < schedule_.total() &&
         held_ >= hold_limit_.get();
}

// A worker that is not there for long (it cannot be started, say) leaves its slots to the others.
void Engine::look_at_workers(TimePoint now) {
  for (std::size_t worker = 0; worker < places_.size(); ++worker) {
    room_[worker] = supervisor_.wanted(places_[worker]);
    if (supervisor_.is_ready(places_[worker])) ready_at_[worker] = now;
    schedule_.set_usable(static_cast<int>(worker), now - ready_at_[worker] < kMissing);
  }
}

void Engine::send(const Schedule::Start& start, TimePoint now) {
  requests_.at(start.ticket).worker = start.worker;
  if (start.worker == Schedule::kAlone) return solo_.take(start);
  auto worker = static_cast<std::size_t>(start.worker);
  --room_[worker];
  send_to(places_[worker], start, now);
}

void Engine::send_to(int place, const Schedule::Start& start, TimePoint now) {
  Request& request = requests_.at(start.ticket);
  request.state = Request::State::running;
  if (request.begun == TimePoint{}) request.begun = now;
  request.place = place;
  request.job = requests_.new_job(request.ticket);
  HopRequest hop = request.chain.next_hop(options_);
  hop.host = start.host;
  hop.host_quota = start.quota;
  hop.share_connection = start.http2;
  // Whether the host speaks HTTP/2, and its transfers share a connection, shows with the first
  // answer only.
  bool may_be_http2 = may_speak_http2(options_) && hop.url.starts_with("https:");
  hop.tell_connected = (start.host_is_new && !may_be_http2) || options_.wait_per_host.count() > 0;
  hop.pauses_seen = pauses_seen(place);
  hop.may_be_postponed = true;
  hop.waited_for_name =
      std::chrono::duration_cast<std::chrono::microseconds>(request.waited_for_name);
  request.limit =
      hop.time_left.count() > 0 ? hop.time_left + options_.connect_timeout : Clock::duration{0};
  // A transfer that is held back takes as long as it takes.
  if (shares_.is_on()) {
    request.limit = Clock::duration{0};
    shares_.begun(place);
  }
  // Then the function runs under the same job.
  if (has_task_)
    request.limit = options_.function_timeout.count() > 0
                        ? std::max<Clock::duration>(request.limit, options_.function_timeout)
                        : Clock::duration{0};
  supervisor_.submit(place, request.job, hop.encode());
}

// Of the worker at the place: how many of its answers asked for a pause.
std::uint32_t& Engine::pauses_seen(int place) {
  auto at = static_cast<std::size_t>(place);
  if (pauses_seen_.size() <= at) pauses_seen_.resize(at + 1);
  return pauses_seen_[at];
}

void Engine::on_event(const process::Event& event) {
  using Kind = process::Event::Kind;
  if (event.kind == Kind::ready) {
    pauses_seen(event.worker) = 0;
    if (shares_.is_on()) shares_.forget(event.worker);
    return;
  }
  Request* request = requests_.running(event.job);
  if (!request) return;  // cancelled meanwhile
  switch (event.kind) {
    case Kind::progress:
      schedule_.connected(request->host);
      schedule_.request_went_out(request->host, Clock::now());
      break;
    case Kind::part:
      watch_.part_came(request->place);
      request->body.append(event.bytes);
      break;
    case Kind::done:
      on_answer(*request, event);
      break;
    case Kind::lost:
      on_lost(*request, event);
      break;
    case Kind::ready:
      break;
  }
}

void Engine::on_answer(Request& request, const process::Event& event) {
  try {
    std::string_view body;
    HopResult hop = HopResult::decode(event.bytes.view(), body);
    auto offset = static_cast<std::size_t>(body.data() - event.bytes.data());
    request.body.append(event.bytes.slice(offset, body.size()));
    if (hop.archive_size > request.body.size())
      throw WireError("a result from a worker is damaged");
    if (hop.function_stuck) replace_stuck_worker(request);
    on_done(request, std::move(hop));
  } catch (const WireError& error) {
    // A whole frame with a senseless inside: nothing that this worker says can be trusted.
    warnings_.push_back(error.what());
    supervisor_.kill_worker(request.place);
    release(request);
    suspect(request);
  }
}

// Gives the schedule and the solo lane back what the hop held.
void Engine::release(Request& request) {
  schedule_.ended(request.host, request.worker);
  if (shares_.is_on()) shares_.ended(request.place);
  if (request.worker == Schedule::kAlone) solo_.ended(request.place);
  request.state = Request::State::waiting;
}

void Engine::on_done(Request& request, HopResult&& hop) {
  if (!hop.http_version.empty()) schedule_.speaks_http2(request.host, hop.http_version == "2");
  if (hop.request_sent) schedule_.connected(request.host);
  release(request);
  request.suspect = false;
  if (hop.outcome == Outcome::cancelled) {
    // Given back before it began.
    request.chain.take_back_hop();
    if (hop.name_pending) wait_for_name(request, hop);
    return wait_again(request);
  }
  request.waited_for_name = {};
  TimePoint now = Clock::now();
  auto date = std::chrono::system_clock::now();
  pause_host(request, hop, now, date);
  judge_host(request, hop);
  Body records;
  if (hop.archive_size > 0) records = archive::take_front(request.body, hop.archive_size);
  double random = std::uniform_real_distribution<double>(0, 1)(random_);
  NextStep step = request.chain.after(hop, options_, random, date, now - request.begun);
  if (std::holds_alternative<NextAttempt>(step) && schedule_.given_up(request.host)) step = Final{};
  if (auto* same = std::get_if<SameAgain>(&step)) {
    if (same->local_shortage) on_shortage();
    wait_again(request, same->delay.count() > 0 ? now + same->delay : TimePoint{});
  } else if (auto* attempt = std::get_if<NextAttempt>(&step)) {
    wait_again(request, now + attempt->delay);
  } else if (std::holds_alternative<NextHop>(step)) {
    request.archive.append(records);
    wait_again(request);
  } else {
    request.archive.append(records);
    std::string response_id = std::move(hop.archive_id);
    std::int64_t hop_date = hop.started_at;
    FetchResult result = request.chain.result(std::move(hop), now - request.submitted);
    result.worker = request.place;
    result.body = std::move(request.body);
    end_archive(request, result, hop_date, response_id);
    give_back(request, std::move(result));
  }
}

// What came of the hops that led to the result, and what became of the URL.
void Engine::end_archive(Request& request, FetchResult& result, std::int64_t date,
                         std::string_view response_id) {
  if (!metadata_) return;
  result.warc = std::move(request.archive);
  result.warc.append(metadata_->member(result, date, response_id));
}

// A host that asks for a pause gets it, from all requests.
void Engine::pause_host(const Request& request, const HopResult& hop, TimePoint now,
                        std::chrono::system_clock::time_point date) {
  if (!hop.asks_for_pause()) return;
  ++pauses_seen(request.place);
  auto asked = parse_retry_after(hop.retry_after, date);
  if (!asked || *asked == 0) return;
  schedule_.pause(request.host, now + pause_length(*asked, options_));
  recall_hops();
}

// A host of which the address is still asked for gives up its places until it is looked at again.
void Engine::wait_for_name(Request& request, const HopResult& hop) {
  std::chrono::microseconds waited(hop.times.total);
  auto pause = name_pause(waited, options_);
  request.waited_for_name = waited + pause;
  // No reason to hold it to one transfer at a time: the others would wait as long, one by one.
  if (waited >= schedule_.gate()) schedule_.connected(request.host);
  schedule_.pause(request.host, Clock::now() + pause);
}

// A host that never answers is given up, with all that waits for it.
void Engine::judge_host(const Request& request, const HopResult& hop) {
  if (options_.max_host_errors == 0 || hop.local_shortage || hop.stale_connection) return;
  if (hop.response_code != 0) return schedule_.host_answered(request.host);
  if (!schedule_.host_failed(request.host, hop.outcome)) return;
  for (Schedule::Ticket ticket : schedule_.drop_waiting(request.host)) {
    Request& dropped = requests_.at(ticket);
    if (dropped.suspect) solo_.dropped();
    skip(dropped);
  }
}

// Ends a request of a host that was given up.
void Engine::skip(Request& request) {
  give_back(request,
            request.chain.result(*schedule_.given_up(request.host),
                                 "not requested: " + std::to_string(options_.max_host_errors) +
                                     " requests in a row to this host failed"));
}

// Tells the workers how much of the limited rate is theirs.
void Engine::share_rate() {
  for (const RateShares::Share& share : shares_.changes()) {
    if (supervisor_.room(share.place) == 0) {
      shares_.forget(share.place);
      continue;
    }
    HopRequest message;
    message.bytes_per_second = share.bytes_per_second;
    supervisor_.submit(share.place, requests_.new_job(RequestTable::kNoTicket), message.encode());
  }
}

void Engine::replace_stuck_worker(const Request& request) {
  blameless_ = supervisor_.pid(request.place);
  warnings_.push_back("worker process " + std::to_string(blameless_) +
                      " was replaced: the function does not end on " + request.chain.url().text);
  supervisor_.kill_worker(request.place);
}

void Engine::on_shortage() {
  int lower = std::max(1, std::min(schedule_.total(), schedule_.running() + 1) * 3 / 4);
  if (lower >= schedule_.total()) return;
  schedule_.set_total(lower);
  warnings_.push_back(
      "this machine ran short of descriptors, memory or ports: concurrency lowered to " +
      std::to_string(lower));
}

void Engine::on_lost(Request& request, const process::Event& event) {
  using Cause = process::Event::Cause;
  if (event.pid != last_lost_) ++replaced_;
  last_lost_ = event.pid;
  watch_.replaced(request.place);
  bool alone = request.worker == Schedule::kAlone;
  release(request);
  if (cancelled_ || stopped_) return cancel_request(request);
  // A page that waits for the function has been asked for, although it does not run.
  bool was_begun = event.started || has_task_;
  if (was_begun && !request.chain.may_be_repeated(options_)) {
    return give_back(request,
                     request.chain.result(Outcome::worker_crash,
                                          "its worker process ended, and the request, which may "
                                          "have arrived, is not one to be sent twice"));
  }
  if (!event.started || event.cause == Cause::spawner_lost || event.pid == blameless_) {
    return request.suspect ? suspect(request) : wait_again(request);
  }
  if (alone) {
    bool killed_from_outside = event.cause == Cause::died && event.status.signal() == 9;
    int& count = killed_from_outside ? request.kills_alone : request.deaths_alone;
    if (++count >= (killed_from_outside ? kKillsAlone : kDeathsAlone)) {
      FetchResult result = request.chain.result(
          Outcome::worker_crash, "its worker process " + event.status.text() + ", " +
                                     std::to_string(count) + " times while it was fetched alone");
      end_archive(request, result, archive::microseconds(std::chrono::system_clock::now()), {});
      return give_back(request, std::move(result));
    }
  }
  suspect(request);
}

void Engine::suspect(Request& request) {
  request.suspect = true;
  request.body = {};
  if (schedule_.given_up(request.host)) return skip(request);
  solo_.add(request);
}

void Engine::wait_again(Request& request, TimePoint not_before) {
  if (stopped_) return cancel_request(request);
  request.state = Request::State::waiting;
  request.body = {};
  request.host = schedule_.host(request.chain.url().origin());
  if (schedule_.given_up(request.host)) return skip(request);
  schedule_.add(request.host, request.ticket, request.seq, not_before);
}

void Engine::cancel_request(Request& request) {
  give_back(request, request.chain.result(Outcome::cancelled, kStoppedBefore));
}

// Ends the request: from here on its place is free.
void Engine::give_back(Request& request, FetchResult&& result) {
  result.seq = request.seq;
  if (result.num_attempts > 1) retries_ += static_cast<std::uint64_t>(result.num_attempts - 1);
  if (result.outcome != Outcome::cancelled) limits_.add(result.ok(), result.size_download);
  requests_.remove(request);
  if (!options_.ordered) return finished_.push_back(std::move(result));
  ordered_.put(std::move(result));
  ordered_.release(finished_);
}

void Engine::stop() {
  if (stopped_) return;
  stopped_ = true;
  wake_up_.ask_for_turn();
  for (Schedule::Ticket ticket : schedule_.drop_waiting()) cancel_request(requests_.at(ticket));
  for (Schedule::Ticket ticket : solo_.drop_waiting()) cancel_request(requests_.at(ticket));
  recall_hops();
}

void Engine::obey_limits(TimePoint now) {
  if (stopped_) return;
  limit_reached_ = limits_.reached(now);
  if (limit_reached_ != RunLimit::none) stop();
}

// Asks the workers for the hops that were sent ahead and have not begun.
void Engine::recall_hops() {
  for (int place : places_)
    if (supervisor_.room(place) > 0)
      supervisor_.submit(place, requests_.new_job(RequestTable::kNoTicket), HopRequest{}.encode());
}

void Engine::cancel() {
  stop();
  if (cancelled_) return;
  cancelled_ = true;
  wake_up_.ask_for_turn();
  for (Request& request : requests_)
    if (request.state == Request::State::running) cancel_request(request);
  for (int place : places_) supervisor_.kill_worker(place);
  for (int place : solo_.places()) supervisor_.kill_worker(place);
}

Fetcher::Counts Engine::counts() const {
  Fetcher::Counts counts;
  counts.running = static_cast<std::size_t>(schedule_.running());
  counts.waiting = schedule_.waiting() + solo_.waiting();
  counts.workers_replaced = replaced_;
  counts.retries = retries_;
  return counts;
}

std::vector<int> Engine::worker_pids() const {
  std::vector<int> pids;
  for (int place : places_) pids.push_back(supervisor_.pid(place));
  for (int place : solo_.places()) pids.push_back(supervisor_.pid(place));
  std::erase_if(pids, [](int pid) { return pid <= 0; });
  return pids;
}

std::vector<std::string> Engine::take_warnings() {
  return std::exchange(warnings_, {});
}

}  // namespace fetchpool::engine
