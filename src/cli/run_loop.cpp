#include "cli/run_loop.h"

#include <poll.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "cli/log.h"
#include "cli/quantities.h"
#include "cli/resume.h"
#include "cli/usage_error.h"
#include "output/output_stream.h"

namespace fetchpool::cli {
namespace {

// Records of an earlier run that go over before results are looked at again.
constexpr std::size_t kMostAtOnce = 1000;
// Lines that are read until the workers get theirs.
constexpr std::size_t kLinesAtOnce = 256;

std::string advice(int error_number) {
  if (error_number == EAGAIN) return " (the limit of processes is too low; raise it: ulimit -u)";
  return "";
}

// More workers than URLs, where all of these stand on the command line, would have nothing to do.
int worker_count(const Arguments& arguments) {
  int wanted = arguments.fetch.processes > 0 ? arguments.fetch.processes : posix::usable_cpus();
  if (!lists_to_read(arguments).empty()) return wanted;
  return static_cast<int>(std::min(static_cast<std::size_t>(wanted), arguments.urls.size()));
}

Fetcher start_fetcher(const Arguments& arguments) {
  FetchOptions options = arguments.fetch;
  options.processes = worker_count(arguments);
  try {
    return Fetcher(options);
  } catch (const SystemError& error) {
    throw PoolBroken(std::string("the worker processes cannot be started: ") + error.what() +
                     advice(error.error_number()));
  }
}

output::OutputOptions output_options(const Arguments& arguments) {
  output::OutputOptions options;
  options.path = arguments.output;
  options.directory = arguments.directory;
  options.name_template = arguments.name_template;
  options.keep_partial = arguments.keep_partial;
  options.form = arguments.raw ? output::OutputForm::raw : output::OutputForm::json;
  options.bodies = !arguments.no_body;
  options.headers = arguments.include_headers;
  options.hash = arguments.fetch.hash;
  options.stable = arguments.stable;
  options.unordered = arguments.unordered;
  options.warc_path = arguments.warc;
  options.warc_size = arguments.warc_size;
  options.user_agent = arguments.fetch.user_agent;
  options.order_window = arguments.order_window;
  options.order_spill = arguments.order_spill;
  options.report = [](std::string_view line) { log::warning(line); };
  return options;
}

std::string signal_name(int signal) {
  switch (signal) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    default:
      return "";
  }
}

std::string limit_text(RunLimit limit, const FetchOptions& options) {
  switch (limit) {
    case RunLimit::time:
      return fmt::format("{} have passed", format_duration(options.stop_after));
    case RunLimit::bytes:
      return fmt::format("{} were fetched", format_bytes(options.max_total_bytes));
    case RunLimit::failures:
      return fmt::format("{} failed", format_count(options.max_failures, "URL"));
    case RunLimit::failures_percent:
      return fmt::format("{} % of the URLs failed", options.max_failures_percent);
    case RunLimit::none:
      break;
  }
  return {};
}

}  // namespace

RunLoop::RunLoop(const Arguments& arguments)
    : arguments_(arguments),
      fetcher_(start_fetcher(arguments)),
      requests_(arguments),
      reader_(arguments.urls, lists_to_read(arguments)),
      output_options_(output_options(arguments)),
      journal_(open_journal(arguments, output_options_)),
      progress_(arguments.progress, arguments.quiet, start_) {
  if (!journal_ || journal_->lines_before() == 0) begin_output();
}

int RunLoop::run() {
  try {
    if (!sink_) catch_up();
    if (sink_) {
      fetch_what_can_be();
      write_rest();
    }
  } catch (const output::OutputClosed&) {
    // Whoever read the output has seen enough; that is no reason for a message.
    return kExitOutputClosed;
  } catch (const SystemError& error) {
    log::error(error.what());
    exit_code_.fail(kExitLocalIo);
    write_what_can_be();
  }
  summarize();
  return exit_code_.code(arguments_.exit_zero);
}

// After one file failed, for what gathers for another one.
void RunLoop::write_what_can_be() {
  try {
    if (sink_) sink_->flush();
  } catch (const Error&) {
    // It has been said that something is missing, and why.
  }
}

// From here on, files change.
void RunLoop::begin_output() {
  if (journal_) {
    if (!journal_->goes_on()) output::disown_leftovers(output_options_);
    if (journal_->begins_again())
      output::remove_leftovers(output_options_, journal_->results_before());
    journal_->start();
    next_earlier_ = journal_->results_before();
    output_options_.resume_at = journal_->resume_at();
    output_options_.goes_on = journal_->goes_on();
    output_options_.checkpoints = true;
    for (const output::Tally& tally : journal_->tally()) exit_code_.add(tally.exit_code);
  }
  if (arguments_.skip_existing)
    existing_.emplace(arguments_.directory, arguments_.name_template, output_options_.goes_on);
  sink_ = output::make_sink(output_options_);
}

// Reads the lines again that an earlier run has read; nothing changes until they turned out to be
// the same.
void RunLoop::catch_up() {
  while (lines_ < journal_->lines_before() && !reader_.at_end()) {
    std::uint64_t number = lines_;
    if (auto line = next_of_list()) {
      if (!journal_->is_done(number)) again_.emplace_back(number, std::move(*line));
      continue;
    }
    if (reader_.at_end()) break;
    struct pollfd fds[] = {{reader_.poll_fd(), POLLIN, 0}, {signals_.poll_fd(), POLLIN, 0}};
    posix::poll_for(fds, std::size(fds), std::nullopt);
    if (fds[1].revents != 0) obey_signals();
    if (stop_ != Stop::none) return;
  }
  journal_->list_ended();
  std::reverse(again_.begin(), again_.end());
  if (journal_->begins_again())
    log::info(fmt::format("fetching {} of an earlier run again",
                          format_count(again_.size(), "failed URL")));
  else
    log::info(fmt::format("going on after {} of an earlier run",
                          format_count(journal_->results_before(), "result")));
  begin_output();
}

// Where no worker can be started any more, what was fetched until then is still written.
void RunLoop::fetch_what_can_be() {
  try {
    fetch_all();
  } catch (const PoolBroken& error) {
    log::error(error.what());
    exit_code_.fail(kExitInternal);
  }
}

void RunLoop::fetch_all() {
  while (!is_finished()) {
    feed();
    bool busy = collect();
    write(busy);
    if (journal_) journal_->commit_if_due(*sink_, Clock::now());
    obey_limits();
    apply_back_pressure();
    tell();
    if (!is_finished()) wait_for_events(busy);
  }
}

bool RunLoop::wants_lines() const {
  return stop_ == Stop::none && !reader_.at_end() && fetcher_.room() > 0;
}

bool RunLoop::is_finished() const {
  bool no_more_lines =
      stop_ != Stop::none || (again_.empty() && !has_earlier() && reader_.at_end());
  return no_more_lines && fetcher_.unfinished() == 0;
}

// Up to which number records of an earlier run can go over: that of the next line to be fetched.
std::uint64_t RunLoop::end_of_earlier() const {
  if (!journal_ || !journal_->earlier()) return 0;
  return again_.empty() ? journal_->earlier()->size() : again_.back().first;
}

bool RunLoop::has_earlier() const {
  return stop_ == Stop::none && next_earlier_ < end_of_earlier();
}

// What an earlier run has left to do, and between that the records that it has made.
void RunLoop::feed_earlier() {
  std::size_t most = kMostAtOnce;
  while (stop_ == Stop::none) {
    for (; has_earlier() && most > 0 && !sink_->wants_hold(); --most, ++next_earlier_) {
      journal_->note(next_earlier_, kExitOk);
      sink_->put_again(next_earlier_, journal_->earlier()->line(next_earlier_));
    }
    if (has_earlier() || again_.empty() || fetcher_.room() == 0) return;
    next_earlier_ = again_.back().first + 1;
    submit(std::move(again_.back().second), again_.back().first);
    again_.pop_back();
  }
}

void RunLoop::feed() {
  feed_earlier();
  for (std::size_t lines = 0; lines < kLinesAtOnce; ++lines) {
    if (!again_.empty() || has_earlier() || reader_waits_ || !wants_lines()) return;
    std::uint64_t number = lines_;
    auto line = next_of_list();
    if (line)
      submit(std::move(*line), number);
    else
      reader_waits_ = !reader_.at_end();
  }
}

// What the next line asks for, counted.
std::optional<ListEntry> RunLoop::next_of_list() {
  while (auto line = next_line()) {
    auto entry = requests_.read(std::move(*line));
    if (!entry) continue;
    ++lines_;
    if (journal_) journal_->add_line(entry->text);
    return entry;
  }
  return std::nullopt;
}

// A list that cannot be read to its end does not take away what it has brought so far.
std::optional<ListLine> RunLoop::next_line() {
  try {
    return reader_.next();
  } catch (const UsageError& error) {
    log::error(error.what());
    exit_code_.fail(kExitUsage);
  } catch (const SystemError& error) {
    log::error(error.what());
    exit_code_.fail(kExitLocalIo);
  }
  return std::nullopt;
}

// With --skip-existing.
void RunLoop::skip_if_there(ListEntry& entry, std::uint64_t number) {
  if (!existing_) return;
  std::optional<FetchResult> result = about(entry, arguments_.fetch.allow_userinfo);
  if (!result) return;
  result->seq = number;
  if (existing_->find(*result)) entry.more = std::move(*result);
}

void RunLoop::submit(ListEntry entry, std::uint64_t number) {
  skip_if_there(entry, number);
  std::uint64_t seq = 0;
  if (auto* request = std::get_if<FetchRequest>(&entry.more))
    seq = fetcher_.submit(std::move(*request));
  else if (auto* known = std::get_if<FetchResult>(&entry.more))
    seq = fetcher_.submit_known(std::move(*known));
  else
    seq = fetcher_.submit(entry.text);
  if (seq != number) numbers_.emplace(seq, number);
}

// Whether there were results.
bool RunLoop::collect() {
  auto& results = fetcher_.wait(std::chrono::nanoseconds(0));
  for (FetchResult& result : results) take(result);
  return !results.empty();
}

void RunLoop::write(bool busy) {
  bool gathers = sink_->may_gather() && sink_->poll_events() != 0;
  if (gathering_.is_due(gathers, !busy, Clock::now())) sink_->flush();
}

void RunLoop::take(FetchResult& result) {
  if (auto number = numbers_.find(result.seq); number != numbers_.end()) {
    result.seq = number->second;
    numbers_.erase(number);
  }
  summary_.add(result);
  exit_code_.add(result.outcome, result.response_code);
  name_failure(result);
  if (result.outcome == Outcome::cancelled) left_something_ = true;
  if (journal_ && result.outcome == Outcome::cancelled)
    cancelled_.push_back(std::move(result));
  else
    put(result);
}

void RunLoop::put(FetchResult& result) {
  if (journal_) journal_->note(result.seq, exit_code(result.outcome, result.response_code));
  sink_->put(std::move(result));
  if (journal_ && sink_->wants_checkpoint()) journal_->commit(*sink_);
}

void RunLoop::name_failure(const FetchResult& result) const {
  if (result.ok()) {
    if (arguments_.verbosity > 1)
      log::debug(fmt::format("{}: {} {}", result.input, result.response_code,
                             format_bytes(result.size_body)));
    return;
  }
  if (result.outcome == Outcome::cancelled) return;
  // Raw output names its failures itself.
  if (arguments_.verbosity > 0 && !arguments_.raw) log::verbose(failure_text(result));
}

void RunLoop::apply_back_pressure() {
  bool hold = sink_->wants_hold();
  if (hold || held_) fetcher_.hold(hold, hold && sink_->waits_for_reader());
  held_ = hold;
}

void RunLoop::tell() {
  for (const std::string& warning : fetcher_.take_warnings()) log::warning(warning);
  ProgressCounts counts{summary_.done(), std::nullopt, summary_.failed()};
  if (reader_.at_end()) counts.total = lines_;
  progress_.update(Clock::now(), counts);
}

std::optional<Clock::duration> RunLoop::time_to_wait(bool only_look) const {
  bool can_copy = has_earlier() && !sink_->wants_hold();
  bool can_read = again_.empty() && !has_earlier() && wants_lines() && !reader_waits_;
  if (only_look || can_copy || can_read) return Clock::duration::zero();
  auto next = progress_.next_update();
  auto commit = journal_ ? journal_->next_commit() : std::nullopt;
  for (std::optional<TimePoint> other : {commit, gathering_.end()})
    if (other && (!next || *other < *next)) next = other;
  if (!next) return std::nullopt;
  return std::max(*next - Clock::now(), Clock::duration::zero());
}

void RunLoop::wait_for_events(bool only_look) {
  int list = wants_lines() && reader_waits_ ? reader_.poll_fd() : -1;
  struct pollfd fds[] = {{fetcher_.poll_fd(), POLLIN, 0},
                         {signals_.poll_fd(), POLLIN, 0},
                         {list, POLLIN, 0},
                         {gathering_.end() ? -1 : sink_->poll_fd(), sink_->poll_events(), 0}};
  posix::poll_for(fds, std::size(fds), time_to_wait(only_look));
  if (fds[1].revents != 0) obey_signals();
  if (fds[2].revents != 0) reader_waits_ = false;
  if (fds[3].revents != 0) sink_->flush();
}

void RunLoop::obey_signals() {
  Stop requested = signals_.requested();
  if (requested <= stop_) return;
  stop_ = requested;
  exit_code_.stop_by_signal(signals_.first_signal());
  if (stop_ == Stop::cancel) return fetcher_.cancel();
  fetcher_.stop();
  if (auto running = fetcher_.counts().running; running > 0)
    log::info(fmt::format("stopping after {}; once more ends them now",
                          format_count(running, "running transfer")));
}

void RunLoop::obey_limits() {
  RunLimit reached = fetcher_.limit_reached();
  bool leaves_something = left_something_ || !is_finished();
  if (stop_ != Stop::none || reached == RunLimit::none || !leaves_something) return;
  log::warning(limit_text(reached, arguments_.fetch) + ": what has not begun is left");
  stop_ = Stop::drain;
  exit_code_.stop_by_limit();
}

// Writes what is left. A slow reader is waited for, but not against the will of whoever asked
// twice for an end.
void RunLoop::write_rest() {
  if (journal_) journal_->commit(*sink_);
  for (FetchResult& result : cancelled_) sink_->put(std::move(result));
  sink_->flush();
  while (sink_->poll_events() != 0) {
    struct pollfd fds[] = {{sink_->poll_fd(), sink_->poll_events(), 0},
                           {signals_.poll_fd(), POLLIN, 0}};
    bool hurry = stop_ == Stop::cancel;
    auto timeout = hurry ? std::optional<Clock::duration>(0) : std::nullopt;
    int ready = posix::poll_for(fds, std::size(fds), timeout);
    if (hurry && ready == 0) return;
    if (fds[1].revents != 0) obey_signals();
    if (fds[0].revents != 0) sink_->flush();
  }
  sink_->finish();
  end_journal();
}

// With -c or in a directory it stays, so that the same command can be given again, with a longer
// list as well.
void RunLoop::end_journal() {
  is_complete_ = stop_ == Stop::none && again_.empty() && !exit_code_.has_failed();
  bool is_kept = arguments_.go_on || !arguments_.directory.empty();
  if (journal_ && is_complete_ && !is_kept) journal_->remove();
}

void RunLoop::summarize() {
  log::show_status("");
  auto counts = fetcher_.counts();
  RunFigures figures{Clock::now() - start_, counts.retries, counts.workers_replaced,
                     signal_name(signals_.first_signal())};
  bool failures_were_named = arguments_.raw || arguments_.verbosity > 0;
  for (const std::string& line : summary_.lines(figures, !failures_were_named)) log::info(line);
  if (journal_ && !is_complete_)
    log::info(fmt::format("{} is not complete; the same command with -c goes on from here",
                          arguments_.directory.empty() ? arguments_.output : arguments_.directory));
}

}  // namespace fetchpool::cli
