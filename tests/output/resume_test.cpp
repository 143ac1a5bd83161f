// Runs that are interrupted at every place and gone on with, without processes: what they write in
// the end is what an undisturbed run writes.
#include <algorithm>
#include <cerrno>

#include "output/run_journal.h"
#include "output/samples.h"
#include "output/sink.h"
#include "output/test_disk.h"
#include "support/catch.h"
#include "support/run_length.h"

namespace fetchpool::output {
namespace {

struct Job {
  std::uint64_t lines = 30;
  OutputForm form = OutputForm::raw;
  bool unordered = false;
  std::uint64_t commit_every = 3;
  Sync sync = Sync::batch;
};

FetchResult result_of(const Job& job, std::uint64_t number) {
  std::string body = "<" + std::to_string(number) + ">" + std::string(number % 7, 'x');
  FetchResult result = job.form == OutputForm::raw ? raw_result(number, body)
                       : number % 5 == 3           ? failed_result(number)
                                                   : full_result(number, body);
  result.input = url_line(number);
  return result;
}

// The order in which results come: each a few places from its own.
std::vector<std::uint64_t> arrivals(std::vector<std::uint64_t> numbers, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::size_t at = 0; at + 1 < numbers.size(); ++at)
    std::swap(numbers[at], numbers[std::min(numbers.size() - 1, at + random() % 6)]);
  return numbers;
}

struct OutputFiles {
  std::string output;
  std::string journal;
  explicit OutputFiles(const std::string& directory)
      : output(directory + "/out"), journal(directory + "/out.journal") {}
};

// One run from the beginning or from where an earlier one came to, as RunLoop does it.
void run(const Job& job, const OutputFiles& files, Disk& disk, std::uint64_t seed = 1) {
  OutputOptions output{.path = files.output,
                       .disk = &disk,
                       .form = job.form,
                       .stable = true,
                       .unordered = job.unordered};
  RunJournalOptions options;
  options.path = files.journal;
  options.output = "out";
  options.in_order = !job.unordered;
  if (job.unordered) options.shape = {"--unordered"};
  options.go_on = true;
  options.sync = job.sync;
  options.disk = &disk;
  options.output_is_empty = contents_of(files.output).empty();
  options.shortfall = [&](const Checkpoint& point) { return shortfall(output, point); };
  RunJournal journal(options);
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t number = 0; number < job.lines; ++number) {
    bool is_done = number < journal.lines_before() && journal.is_done(number);
    if (!is_done) numbers.push_back(number);
  }
  for (std::uint64_t number = 0; number < journal.lines_before(); ++number)
    journal.add_line(url_line(number));
  journal.start();
  output.resume_at = journal.resume_at();
  for (std::uint64_t number = journal.lines_before(); number < job.lines; ++number)
    journal.add_line(url_line(number));
  auto sink = make_sink(output);
  std::uint64_t count = 0;
  for (std::uint64_t number : arrivals(numbers, seed)) {
    journal.note(number, 0);
    sink->put(result_of(job, number));
    sink->flush();
    if (++count % job.commit_every == 0) journal.commit(*sink);
  }
  journal.commit(*sink);
  sink->finish();
}

// What must be in the file in the end. Unordered, the lines may stand in any order.
std::string outcome_of(const Job& job, const OutputFiles& files) {
  std::string text = contents_of(files.output);
  if (!job.unordered) return text;
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  std::string sorted;
  for (const std::string& line : lines) sorted += line + "\n";
  return sorted;
}

class ResumeTest {
 public:
  explicit ResumeTest(const Job& what) : job(what), files(directory_.path()) {
    run(job, files, system_disk());
    expected_ = outcome_of(job, files);
    output_ = contents_of(files.output);
    journal_ = contents_of(files.journal);
    REQUIRE_FALSE(expected_.empty());
  }

  // The files as the undisturbed run left them.
  const std::string& output() const { return output_; }
  const std::string& journal() const { return journal_; }

  void set(const std::string& output, const std::string& journal) const {
    std::ofstream(files.output, std::ios::binary) << output;
    std::ofstream(files.journal, std::ios::binary) << journal;
  }
  void clear() const {
    std::filesystem::remove(files.output);
    std::filesystem::remove(files.journal);
  }

  // Goes on; false: it was refused, and nothing was changed.
  bool go_on(Disk& disk = system_disk(), std::uint64_t seed = 2) const {
    std::string before = contents_of(files.output);
    try {
      Job quick = job;
      quick.sync = Sync::none;
      run(quick, files, disk, seed);
    } catch (const ResumeRefused&) {
      CHECK(contents_of(files.output) == before);
      return false;
    }
    REQUIRE((outcome_of(job, files) == expected_));
    return true;
  }

  const Job job;
  TemporaryDirectory directory_{fast_directory()};
  const OutputFiles files;

 private:
  std::string expected_;
  std::string output_;
  std::string journal_;
};

std::vector<Job> small_jobs() {
  return {{.lines = 30, .form = OutputForm::raw},
          {.lines = 4, .form = OutputForm::json, .commit_every = 1},
          {.lines = 4, .form = OutputForm::json, .unordered = true, .commit_every = 1}};
}

// The sizes that are promised, where there is time for it.
std::vector<Job> jobs_to_cut() {
  std::vector<Job> jobs = small_jobs();
  if (test::is_long_run()) jobs.front().lines = 300;
  return jobs;
}

TEST_CASE("a run that is complete has nothing to go on with", "[resume]") {
  for (const Job& job : small_jobs()) {
    ResumeTest test(job);
    CHECK(test.go_on());
    CHECK(contents_of(test.files.output) == test.output());
  }
}

std::uint64_t bytes_at_first_commit(const std::string& journal) {
  std::uint64_t bytes = 0;
  Journal::open(journal, false, Sync::none).replay([&](Commit&& commit) {
    if (bytes == 0) bytes = commit.output.files.at(0).bytes;
    return true;
  });
  return bytes;
}

TEST_CASE("an output cut at any byte is completed, or refused before its first commit",
          "[resume]") {
  for (const Job& job : jobs_to_cut()) {
    ResumeTest test(job);
    std::uint64_t first = bytes_at_first_commit(test.files.journal);
    REQUIRE(first > 1);
    for (std::size_t size = 0; size <= test.output().size(); size += test::step_of(1)) {
      INFO("cut to " << size);
      test.set(test.output().substr(0, size), test.journal());
      REQUIRE(test.go_on() == (size == 0 || size >= first));
    }
  }
}

TEST_CASE("the last commit whose files are there counts, and if none is, nothing is begun anew",
          "[resume]") {
  bool unordered = GENERATE(false, true);
  TemporaryDirectory directory;
  OutputFiles files(directory.path());
  run({.unordered = unordered}, files, system_disk());
  std::string before = contents_of(files.journal);
  auto go_on = [&](std::uint64_t from, std::uint64_t to, bool force) {
    RunJournalOptions options;
    options.path = files.journal;
    options.output = "out";
    options.in_order = !unordered;
    if (unordered) options.shape = {"--unordered"};
    options.go_on = true;
    options.force = force;
    options.output_is_empty = false;
    options.shortfall = [&](const Checkpoint& point) -> std::string {
      return point.records < from || point.records > to ? "file " + std::to_string(point.records)
                                                        : "";
    };
    RunJournal journal(options);
    std::uint64_t done = 0;
    for (std::uint64_t number = 0; number < journal.lines_before(); ++number)
      if (journal.is_done(number)) ++done;
    CHECK(done == journal.results_before());
    return done;
  };
  CHECK(go_on(30, 30, false) == 30);
  std::uint64_t some = go_on(12, 20, false);
  CHECK((some >= 12 && some <= 20));
  for (bool force : {false, true})
    CHECK_THROWS_WITH(go_on(99, 99, force),
                      "out cannot be gone on with: file 30; bring that file back, or remove out "
                      "and " +
                          files.journal + " to begin anew");
  CHECK(contents_of(files.journal) == before);
}

TEST_CASE("a journal cut at any byte is gone on with or refused", "[resume]") {
  for (const Job& job : jobs_to_cut()) {
    ResumeTest test(job);
    std::size_t refused = 0;
    for (std::size_t size = 0; size <= test.journal().size(); ++size) {
      INFO("cut to " << size);
      test.set(test.output(), test.journal().substr(0, size));
      if (!test.go_on()) ++refused;
    }
    // Only where not even the beginning of the job is whole.
    CHECK(refused < 60);
  }
}

TEST_CASE("a flipped bit in the journal never makes the output wrong", "[resume]") {
  for (const Job& job : jobs_to_cut()) {
    ResumeTest test(job);
    for (std::size_t bit = 0; bit < test.journal().size() * 8; bit += test::step_of(1)) {
      INFO("bit " << bit);
      std::string damaged = test.journal();
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
      test.set(test.output(), damaged);
      test.go_on();
    }
  }
}

TEST_CASE("a run killed at any call that changes a file is gone on with", "[resume]") {
  for (const Job& job : small_jobs()) {
    ResumeTest test(job);
    for (int call = 0;; ++call) {
      INFO("call " << call);
      test.clear();
      FailingDisk disk(call, 0);
      bool was_killed = false;
      try {
        run(job, test.files, disk);
      } catch (const Killed&) {
        was_killed = true;
      }
      REQUIRE(test.go_on());
      if (!was_killed) break;
    }
  }
}

TEST_CASE("a run killed again and again comes to its end", "[resume]") {
  for (const Job& job : small_jobs()) {
    ResumeTest test(job);
    test.clear();
    // Each run gets a commit further before it is killed.
    for (int kills = 0; kills < 200; ++kills) {
      FailingDisk disk(12, 0);
      try {
        run(job, test.files, disk, static_cast<std::uint64_t>(kills));
        break;
      } catch (const Killed&) {
      }
    }
    CHECK(test.go_on());
  }
}

TEST_CASE("every error of the disk ends the run and is gone on from", "[resume]") {
  for (int error : {ENOSPC, EIO, EDQUOT, EFBIG})
    for (const Job& job : small_jobs()) {
      ResumeTest test(job);
      for (int call = 0;; ++call) {
        INFO("call " << call << " failing with " << error);
        test.clear();
        FailingDisk disk(call, error);
        bool has_failed = false;
        try {
          run(job, test.files, disk);
        } catch (const SystemError& failure) {
          has_failed = true;
          CHECK(failure.error_number() == error);
          CHECK_THAT(failure.what(), ContainsSubstring("out"));
        }
        CHECK(disk.syncs_after_failure() == 0);
        REQUIRE(test.go_on());
        if (!has_failed) break;
      }
    }
}

TEST_CASE("a power failure at any time leaves what can be gone on with", "[resume]") {
  using Fate = RecordingDisk::Fate;
  auto [form, unordered] =
      GENERATE(std::make_pair(OutputForm::json, false), std::make_pair(OutputForm::json, true),
               std::make_pair(OutputForm::raw, false));
  ResumeTest test({.lines = 500, .form = form, .unordered = unordered, .commit_every = 10});
  test.clear();
  RecordingDisk disk;
  run(test.job, test.files, disk);
  REQUIRE(disk.calls() > 200);
  constexpr std::size_t kCallsOfBeginning = 3;  // until that of the journal was forced to the disk
  std::size_t step = test::step_of(9);
  for (std::size_t call = 0; call <= disk.calls(); call += step)
    for (Fate fate : {Fate::dropped, Fate::reordered, Fate::trashed}) {
      INFO("before call " << call << ", fate " << static_cast<int>(fate));
      test.clear();
      disk.crash(call, fate, call * 3 + static_cast<std::size_t>(fate));
      // Rubbish where the journal begins is refused; nothing was acknowledged yet.
      bool may_refuse = call <= kCallsOfBeginning && fate == Fate::trashed;
      REQUIRE((test.go_on() || may_refuse));
    }
}

TEST_CASE("another list is refused, and nothing is changed", "[resume]") {
  TemporaryDirectory directory;
  OutputFiles files(directory.path());
  Job job;
  run(job, files, system_disk());
  std::string before = contents_of(files.output);
  auto journal_with = [&](std::uint64_t lines, std::uint64_t wrong, bool force) {
    RunJournalOptions options;
    options.path = files.journal;
    options.output = "out";
    options.go_on = true;
    options.force = force;
    options.output_is_empty = false;
    RunJournal journal(options);
    for (std::uint64_t number = 0; number < lines; ++number)
      journal.add_line(url_line(number == wrong ? 999 : number));
    journal.list_ended();
    journal.start();
    return journal.results_before();
  };
  constexpr std::uint64_t nothing_wrong = 1000;
  for (std::uint64_t wrong : {0, 7, 29}) {
    CHECK_THROWS_WITH(journal_with(30, wrong, false), ContainsSubstring("first 30 URLs differ"));
    CHECK(journal_with(30, wrong, true) == 30);
  }
  CHECK_THROWS_WITH(journal_with(12, nothing_wrong, false), ContainsSubstring("it has 12 URLs"));
  CHECK(journal_with(12, nothing_wrong, true) == 30);
  CHECK(journal_with(30, nothing_wrong, false) == 30);
  CHECK(journal_with(40, nothing_wrong, false) == 30);
  CHECK(contents_of(files.output) == before);
}

TEST_CASE("other options are named", "[resume]") {
  TemporaryDirectory directory;
  auto open = [&](std::vector<std::string> shape, bool go_on, bool force) {
    RunJournalOptions options;
    options.path = directory.file("out.journal");
    options.output = "out";
    options.in_order = std::find(shape.begin(), shape.end(), "--unordered") == shape.end();
    options.shape = std::move(shape);
    options.go_on = go_on;
    options.force = force;
    RunJournal journal(options);
    journal.start();
  };
  open({"--raw", "--stable"}, false, false);
  open({"--raw", "--stable"}, true, false);
  CHECK_THROWS_WITH(open({"--raw"}, true, false),
                    "out was begun with --stable; go on with the same options, or with --force all "
                    "the same");
  CHECK_THROWS_WITH(open({"--raw", "--stable", "--x"}, true, false),
                    ContainsSubstring("out was begun without --x;"));
  CHECK_THROWS_WITH(open({"--no-body"}, true, false),
                    ContainsSubstring("begun with --raw --stable and without --no-body"));
  CHECK_THROWS_WITH(open({"--raw", "--stable", "--unordered"}, true, true),
                    "out was begun without --unordered; go on with the same options");
  CHECK_THROWS_WITH(open({"--raw", "--stable", "--warc=a"}, true, true),
                    "out was begun without --warc=a; go on with the same options");
  CHECK_NOTHROW(open({"--raw"}, true, true));
  open({"--warc=a"}, false, false);
  CHECK_THROWS_WITH(open({}, true, true),
                    "out was begun with --warc=a; go on with the same options");
  CHECK_NOTHROW(open({"--warc=b"}, true, true));
}

TEST_CASE("the tally of all runs is kept", "[resume]") {
  TemporaryDirectory directory;
  std::string path = directory.file("out");
  auto some_of = [&](std::uint64_t from, std::uint64_t to, int code) {
    OutputOptions output{.path = path};
    RunJournalOptions options;
    options.path = path + ".journal";
    options.go_on = true;
    options.output_is_empty = contents_of(path).empty();
    RunJournal journal(options);
    for (std::uint64_t number = 0; number < from; ++number) journal.add_line("x");
    journal.start();
    output.resume_at = journal.resume_at();
    auto sink = make_sink(output);
    for (std::uint64_t number = from; number < to; ++number) {
      journal.add_line("x");
      journal.note(number, number % 2 == 0 ? 0 : code);
      sink->put(full_result(number, "x"));
    }
    journal.commit(*sink);
    return journal.tally();
  };
  CHECK(some_of(0, 10, 8) == std::vector<Tally>{{0, 5}, {8, 5}});
  CHECK(some_of(10, 14, 4) == std::vector<Tally>{{0, 7}, {4, 2}, {8, 5}});
}

}  // namespace
}  // namespace fetchpool::output
