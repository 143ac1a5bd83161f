#include "output/run_journal.h"

#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <utility>

#include "output/aside.h"

namespace fetchpool::output {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(200);

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    auto end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// The words of `some` that are not among `others`.
std::string missing_in(const std::vector<std::string>& others,
                       const std::vector<std::string>& some) {
  std::string text;
  for (const std::string& word : some)
    if (std::find(others.begin(), others.end(), word) == others.end())
      text += (text.empty() ? "" : " ") + word;
  return text;
}

bool is_unordered(const std::vector<std::string>& shape) {
  return std::find(shape.begin(), shape.end(), "--unordered") != shape.end();
}

bool has_archive(const std::vector<std::string>& shape) {
  return std::any_of(shape.begin(), shape.end(),
                     [](const std::string& word) { return word.starts_with("--warc="); });
}

}  // namespace

RunJournal::RunJournal(RunJournalOptions options)
    : options_(std::move(options)), journal_(open_journal(options_)) {
  if (options_.go_on && journal_.has_job()) read_job();
  if (!goes_on_ || !options_.in_order || options_.aside.empty()) return;
  read_aside();
  if (earlier_ || !options_.again || !resume_at_) return;
  earlier_.emplace(options_.records, committed_);
  earlier_hash_ = hash_before_;
  begins_again_ = earlier_->has_failures();
  if (!begins_again_) earlier_.reset();
}

// Without a journal nobody knows what the output is: it is not written over where the words say "go
// on".
Journal RunJournal::open_journal(const RunJournalOptions& options) {
  if (options.go_on && !options.aside.empty())
    Aside(options.records, options.path, options.aside).undo_half();
  bool must_be_there = options.go_on && !options.output_is_empty && !options.force;
  std::string unknown = options.output + " is there already, but no journal of its run (" +
                        options.path +
                        "): it is complete, or not from a run that can be gone on with; remove it "
                        "to begin anew";
  try {
    Journal journal = Journal::open(options.path, !must_be_there, options.sync, *options.disk);
    if (must_be_there && !journal.has_job()) throw ResumeRefused(unknown);
    return journal;
  } catch (const SystemError& error) {
    if (must_be_there && error.error_number() == ENOENT) throw ResumeRefused(unknown);
    throw;
  }
}

// Begun anew, the output would be empty: that is left to whoever can bring the file back.
void RunJournal::read_job() {
  require_same_shape();
  std::string missing;
  std::vector<std::uint64_t> numbers;  // of commits that were not believed so far
  journal_.replay([&](Commit&& commit) {
    numbers.insert(numbers.end(), commit.numbers.begin(), commit.numbers.end());
    if (options_.shortfall) missing = options_.shortfall(commit.output);
    if (options_.shortfall && !missing.empty()) return false;
    believe(std::move(commit), numbers);
    numbers.clear();
    return true;
  });
  goes_on_ = resume_at_ || missing.empty();
  if (goes_on_ || options_.output_is_empty) return;
  throw ResumeRefused(options_.output + " cannot be gone on with: " + missing +
                      "; bring that file back, or remove " + options_.output + " and " +
                      options_.path + " to begin anew");
}

void RunJournal::require_same_shape() const {
  std::vector<std::string> before = split(journal_.job());
  std::string with = missing_in(options_.shape, before);
  std::string without = missing_in(before, options_.shape);
  if (with.empty() && without.empty()) return;
  // What is done already is written down in another way then, or in other files.
  bool is_same_kind = is_unordered(before) == !options_.in_order &&
                      has_archive(before) == has_archive(options_.shape);
  if (options_.force && is_same_kind) return;
  std::string how = with.empty() ? "" : "with " + with;
  if (!without.empty()) how += (how.empty() ? "without " : " and without ") + without;
  throw ResumeRefused(options_.output + " was begun " + how + "; go on with the same options" +
                      (is_same_kind ? ", or with --force all the same" : ""));
}

void RunJournal::believe(Commit&& commit, const std::vector<std::uint64_t>& numbers) {
  done_.resize(std::max<std::size_t>(done_.size(), commit.lines));
  if (options_.in_order) {
    std::fill(done_.begin() + static_cast<std::ptrdiff_t>(committed_), done_.end(), true);
  } else {
    for (std::uint64_t number : numbers)
      if (number < done_.size()) done_[number] = true;
  }
  lines_before_ = commit.lines;
  hash_before_ = commit.list_hash;
  committed_ = commit.output.records;
  committed_lines_ = commit.lines;
  tally_ = {};
  for (const Tally& tally : commit.tally) tally_[tally.exit_code] = tally.count;
  resume_at_ = std::move(commit.output);
}

std::uint64_t RunJournal::lines_before() const {
  return std::max(lines_before_, earlier_ ? earlier_->size() : 0);
}

bool RunJournal::is_done(std::uint64_t number) const {
  bool is_committed = !begins_again_ && number < done_.size();
  return is_committed ? done_[number] : earlier_->is_ok(number);
}

// The earlier run, where this one was to do again what failed in it, and was ended before.
void RunJournal::read_aside() {
  Aside aside(options_.records, options_.path, options_.aside);
  if (!aside.is_there()) return;
  std::optional<Commit> last = aside.last_commit();
  if (!last) return;
  earlier_.emplace(options_.aside, last->output.records);
  earlier_hash_ = last->list_hash;
}

void RunJournal::put_aside() {
  Checkpoint from = *resume_at_;
  from.records = 0;
  from.files.at(0).bytes = 0;
  // The beginning and where the other files are come to the disk as one.
  Aside aside(options_.records, options_.path, options_.aside);
  {
    Journal next = Journal::open(aside.next_journal(), true, options_.sync, *options_.disk);
    next.begin(joined(options_.shape));
    Commit commit;
    commit.output = from;
    next.commit(commit);
  }
  aside.put();
  Journal next = Journal::open(options_.path, false, options_.sync, *options_.disk);
  next.replay([](Commit&&) { return true; });
  next.go_on();
  journal_ = std::move(next);
  committed_ = committed_lines_ = 0;
  tally_ = {};
  resume_at_ = std::move(from);
}

void RunJournal::drop_aside() {
  Aside(options_.records, options_.path, options_.aside).remove();
  earlier_.reset();
}

void RunJournal::add_line(std::string_view line) {
  std::uint64_t before = hashes_.empty() ? hash_ : hashes_.back();
  hashes_.push_back(XXH3_64bits_withSeed(line.data(), line.size(), before + line.size()));
  ++lines_;
}

void RunJournal::list_ended() {
  if (lines_ >= lines_before()) return;
  // What is missing cannot be done again, and would be a gap.
  bool can_be_forced = !earlier_;
  if (!options_.force || !can_be_forced)
    throw ResumeRefused("the list is not the one with which " + options_.output +
                        " was begun: it has " + std::to_string(lines_) + " URLs, and " +
                        std::to_string(lines_before()) + " were taken from it already" +
                        (can_be_forced ? "; --force goes on all the same" : ""));
  list_is_short_ = true;
}

void RunJournal::start() {
  if (resume_at_) require_same_list();
  if (!resume_at_) {
    // What an earlier run has put aside has nothing to do with this one.
    if (!options_.aside.empty()) Aside(options_.records, options_.path, options_.aside).remove();
    journal_.begin(joined(options_.shape));
  } else if (begins_again_) {
    put_aside();
  } else {
    journal_.go_on();
    if (earlier_ && committed_ >= earlier_->size()) drop_aside();
  }
  hash_at(committed_lines_);
  done_ = {};
  last_commit_ = Clock::now();
}

void RunJournal::require_same_list() {
  bool is_same = !list_is_short_ && hash_of(lines_before_) == hash_before_ &&
                 (!earlier_ || hash_of(earlier_->size()) == earlier_hash_);
  if (!is_same && !options_.force)
    throw ResumeRefused("the list is not the one with which " + options_.output +
                        " was begun: its first " + std::to_string(lines_before()) +
                        " URLs differ; --force goes on all the same");
}

// Requires that none of them was forgotten.
std::uint64_t RunJournal::hash_of(std::uint64_t lines) const {
  return lines == 0 ? 0 : hashes_[lines - hashed_lines_ - 1];
}

// Forgets the lines before.
std::uint64_t RunJournal::hash_at(std::uint64_t lines) {
  assert(lines >= hashed_lines_);
  for (; hashed_lines_ < lines && !hashes_.empty(); ++hashed_lines_) {
    hash_ = hashes_.front();
    hashes_.pop_front();
  }
  return hash_;
}

void RunJournal::note(std::uint64_t number, int exit_code) {
  auto code = static_cast<std::uint8_t>(exit_code);
  if (!options_.in_order) {
    exit_codes_.push_back(code);
    numbers_.push_back(number);
    return;
  }
  auto index = static_cast<std::size_t>(number - committed_);
  if (index >= exit_codes_.size()) exit_codes_.resize(index + 1);
  exit_codes_[index] = code;
}

std::optional<TimePoint> RunJournal::next_commit() const {
  if (exit_codes_.empty()) return std::nullopt;
  // What waits behind the oldest URL cannot be committed, and is not asked for again at once.
  bool at_once = options_.sync == Sync::always && !found_nothing_;
  return at_once ? last_commit_ : last_commit_ + kInterval;
}

void RunJournal::commit_if_due(Sink& sink, TimePoint now) {
  auto next = next_commit();
  if (next && *next <= now) commit(sink);
}

void RunJournal::commit(Sink& sink) {
  last_commit_ = Clock::now();
  if (exit_codes_.empty()) return;
  std::optional<Checkpoint> point = sink.checkpoint(options_.sync != Sync::none);
  found_nothing_ = !point || point->records == committed_;
  if (found_nothing_) return;
  Commit commit;
  take_noted(*point, commit);
  commit.lines = committed_lines_;
  commit.list_hash = hash_at(committed_lines_);
  commit.tally = tally();
  commit.output = std::move(*point);
  journal_.commit(commit);
  if (earlier_ && committed_ >= earlier_->size()) drop_aside();
}

void RunJournal::take_noted(const Checkpoint& point, Commit& commit) {
  for (; committed_ < point.records; ++committed_) {
    ++tally_[exit_codes_.front()];
    exit_codes_.pop_front();
    if (options_.in_order) continue;
    std::uint64_t number = numbers_.front();
    numbers_.pop_front();
    commit.numbers.push_back(number);
    committed_lines_ = std::max(committed_lines_, number + 1);
  }
  if (options_.in_order) committed_lines_ = committed_;
}

std::vector<Tally> RunJournal::tally() const {
  std::vector<Tally> tally;
  for (std::size_t code = 0; code < tally_.size(); ++code)
    if (tally_[code] > 0) tally.push_back({static_cast<std::uint8_t>(code), tally_[code]});
  return tally;
}

}  // namespace fetchpool::output
