// What a run writes into its journal, and when; and what it has to do again.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/posix.h"
#include "output/earlier_records.h"
#include "output/journal.h"
#include "output/sink.h"

namespace fetchpool::output {

struct RunJournalOptions {
  std::string path;
  std::string output;  // what the journal is of, for messages: "pages.jsonl"
  // The options that shape the output, as they are written: {"--raw", "--stable"}.
  std::vector<std::string> shape;
  bool in_order = true;  // results are written in the order of the list
  bool go_on = false;    // from where an earlier run came to
  bool force = false;    // whatever its list and its shape were
  Sync sync = Sync::batch;
  Disk* disk = &system_disk();
  // Why the output cannot be taken up at a commit, naming the file; empty: it can.
  std::function<std::string(const Checkpoint&)> shortfall{};
  bool output_is_empty = true;  // or not there: nothing is lost if it is begun anew
  // What failed is to be done again: the file of records, and the name it has while that lasts;
  // its journal then has that name and ".journal". Empty: of no use here.
  std::string records{};
  std::string aside{};
  bool again = false;
};

// One run and its journal. An earlier run is gone on with like this, and a new one is one of which
// `lines_before()` is 0:
//
//   RunJournal journal(options);
//   for (number = 0; number < journal.lines_before(); ++number) {
//     journal.add_line(next line of the list);
//     if (!journal.is_done(number)) keep it, to be fetched again;
//   }
//   journal.start();                                  // from here on things change
//   make the sink with journal.resume_at();
//   for each further line: journal.add_line(line);
//   for each result: journal.note(number, exit_code); sink.put(result);
//     if (sink.wants_checkpoint()) journal.commit(sink);
//   after sink.flush(): journal.commit_if_due(sink, now);
//   at the end: journal.commit(sink);
//
// With RunJournalOptions::again, what failed in the earlier run is not done either, and the output
// is written anew: once the list turned out to be the same, start() puts records and journal of the
// earlier run aside and begins new ones. Records that are good go over from earlier(), in their
// turn. When the last one is committed, what was put aside is removed. A run that is ended before
// goes on with both, whether it was asked for failures or not.
//
// Throws ResumeRefused where an earlier run cannot be gone on with (nothing was changed then) and
// SystemError where a file cannot be written.
class RunJournal {
 public:
  explicit RunJournal(RunJournalOptions options);

  // How many lines of the list an earlier run had come to; the results of some may be missing.
  std::uint64_t lines_before() const;
  // Whether the result of a line below lines_before() is there. Until start().
  bool is_done(std::uint64_t number) const;
  // Whether what failed is to be done again from here on, so that start() puts the output aside.
  bool begins_again() const { return begins_again_; }
  // Where good records of an earlier run are, from results_before() on; null: none are to go over.
  EarlierRecords* earlier() { return earlier_ ? &*earlier_ : nullptr; }
  const EarlierRecords* earlier() const { return earlier_ ? &*earlier_ : nullptr; }
  // Results that are there.
  std::uint64_t results_before() const { return committed_; }
  // Where the output is to be taken up; nothing: from the beginning.
  const std::optional<Checkpoint>& resume_at() const { return resume_at_; }
  // Whether this is the job of the earlier run, be it from its beginning, because that was ended
  // before its first commit. Not where there were commits and the output reaches none of them: it
  // was taken away.
  bool goes_on() const { return goes_on_; }

  // Takes note of the next line of the list.
  void add_line(std::string_view line);
  // The list has ended before lines_before(): refuses to go on, unless forced.
  void list_ended();
  // Compares the list with that of the earlier run, cuts the journal or begins it.
  void start();

  // A result is about to be handed to the sink. Each number once; all that are handed over must
  // have been noted.
  void note(std::uint64_t number, int exit_code);
  // Commits if it is time: every 200 ms, or with Sync::always whenever results are there.
  void commit_if_due(Sink& sink, TimePoint now);
  // When commit_if_due() has something to do; nothing: not before the next note().
  std::optional<TimePoint> next_commit() const;
  void commit(Sink& sink);

  // How the results that were committed ended, those of earlier runs among them.
  std::vector<Tally> tally() const;

  // Nothing is left to do, and nobody will want to go on from here.
  void remove() { journal_.remove(); }

 private:
  static Journal open_journal(const RunJournalOptions& options);
  void read_job();
  void require_same_shape() const;
  void believe(Commit&& commit, const std::vector<std::uint64_t>& numbers);
  void read_aside();
  void require_same_list();
  void put_aside();
  void drop_aside();
  std::uint64_t hash_of(std::uint64_t lines) const;
  std::uint64_t hash_at(std::uint64_t lines);
  void take_noted(const Checkpoint& point, Commit& commit);

  RunJournalOptions options_;
  Journal journal_;
  std::uint64_t lines_before_ = 0;
  std::uint64_t hash_before_ = 0;
  std::optional<Checkpoint> resume_at_;
  std::vector<bool> done_;
  bool list_is_short_ = false;
  bool begins_again_ = false;
  std::optional<EarlierRecords> earlier_;
  std::uint64_t earlier_hash_ = 0;  // of the lines of its records
  bool goes_on_ = false;

  std::uint64_t lines_ = 0;           // of the list, so far
  std::deque<std::uint64_t> hashes_;  // of the list up to each line from hashed_lines_ on
  std::uint64_t hashed_lines_ = 0;
  std::uint64_t hash_ = 0;  // of the first hashed_lines_ lines

  std::uint64_t committed_ = 0;  // records
  std::uint64_t committed_lines_ = 0;
  // What was noted since, in the order of writing.
  std::deque<std::uint8_t> exit_codes_;
  std::deque<std::uint64_t> numbers_;  // as_they_come only
  std::array<std::uint64_t, 256> tally_{};
  TimePoint last_commit_{};
  bool found_nothing_ = false;  // by the last commit
};

}  // namespace fetchpool::output
