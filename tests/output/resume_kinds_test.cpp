// Runs into a directory and with an archive that are interrupted at every place and gone on with,
// without processes; resume_test.cpp does so for lists.
#include <cerrno>
#include <map>
#include <sstream>

#include "fetch/archive_metadata.h"
#include "output/directory_sink.h"
#include "output/run_journal.h"
#include "output/run_report.h"
#include "output/samples.h"
#include "output/sink.h"
#include "output/test_disk.h"
#include "support/catch.h"
#include "support/run_length.h"
#include "support/temp_dir.h"
#include "support/warc.h"

namespace fetchpool::output {
namespace {

namespace fs = std::filesystem;

FetchResult result_of(std::uint64_t number) {
  static archive::MetadataWriter writer;
  FetchResult result = number % 5 == 3 ? failed_result(number)
                                       : raw_result(number, "<" + std::to_string(number) + ">");
  result.input = result.url = result.url_effective = url_line(number);
  result.warc.append(writer.member(result, 1795330535123456, {}));
  return result;
}

enum class Kind { directory, archive };
enum class End { finished, left };

// A run of so many lines, with a commit behind each few of them.
class KindTest {
 public:
  KindTest(Kind kind, std::uint64_t lines) : kind_(kind), lines_(lines) {
    run(system_disk());
    expected_ = files();
  }

  // As the program does it. Left: nothing behind the last commit, and no end.
  void run(Disk& disk, End end = End::finished, Sync sync = Sync::batch) const {
    began_at_ = acknowledged_ = 0;
    OutputOptions output = output_options(disk);
    RunJournalOptions options;
    options.path = journal();
    options.output = "out";
    options.go_on = true;
    options.sync = sync;
    options.disk = &disk;
    options.output_is_empty =
        kind_ == Kind::directory ? !fs::exists(records()) : contents_of(records()).empty();
    options.shortfall = [&](const Checkpoint& point) { return shortfall(output, point); };
    RunJournal journal(options);
    for (std::uint64_t number = 0; number < lines_; ++number) journal.add_line(url_line(number));
    if (!journal.goes_on()) disown_leftovers(output);
    journal.start();
    output.resume_at = journal.resume_at();
    output.goes_on = journal.goes_on();
    began_at_ = journal.results_before();
    auto sink = make_sink(output);
    for (std::uint64_t number = journal.results_before(); number < lines_; ++number) {
      journal.note(number, 0);
      sink->put(result_of(number));
      sink->flush();
      if (number % 4 != 3 && !sink->wants_checkpoint()) continue;
      journal.commit(*sink);
      acknowledged_ = number + 1;
    }
    journal.commit(*sink);
    if (end == End::finished) sink->finish();
  }

  // Goes on, and checks what is there then. False: it was refused, and nothing was changed.
  bool go_on() const {
    if (!comes_to_its_end()) return false;
    if (kind_ == Kind::directory)
      REQUIRE((files() == expected_));
    else
      check_archive();
    return true;
  }

  // As above, after a power failure: it may have left bodies that have no record, whose names are
  // taken then. What was acknowledged must be there; only where nothing was may it be refused.
  void go_on_beside_remains() const {
    std::uint64_t acknowledged = acknowledged_;
    if (!comes_to_its_end()) {
      REQUIRE(acknowledged == 0);
      return;
    }
    REQUIRE(began_at_ >= acknowledged);
    std::map<std::string, std::string> found = files();
    std::istringstream records(found.at("out/manifest.jsonl"));
    std::istringstream expected_records(expected_.at("out/manifest.jsonl"));
    for (std::string expected; std::getline(expected_records, expected);) {
      std::string record;
      REQUIRE(std::getline(records, record));
      std::string body = cut_body_file(record);
      std::string expected_body = cut_body_file(expected);
      REQUIRE(record == expected);
      REQUIRE(body.empty() == expected_body.empty());
      if (!body.empty()) REQUIRE((found.at("out/" + body) == expected_.at("out/" + expected_body)));
    }
    REQUIRE(records.peek() == EOF);
  }

  const std::string& path() const { return top_.path(); }

  void clear() const {
    for (const auto& entry : fs::directory_iterator(top_.path())) fs::remove_all(entry.path());
    if (kind_ == Kind::directory) fs::create_directories(top_.file("out/.job"));
  }

  std::string records() const {
    return top_.file(kind_ == Kind::directory ? "out/manifest.jsonl" : "out");
  }
  std::string journal() const {
    return top_.file(kind_ == Kind::directory ? "out/.job/journal" : "out.journal");
  }
  // The file of the archive that is being written.
  std::string open_archive() const {
    for (const auto& entry : fs::directory_iterator(top_.path()))
      if (entry.path().string().ends_with(".open")) return entry.path();
    return {};
  }

 private:
  bool comes_to_its_end() const {
    auto before = files();
    try {
      run(system_disk(), End::finished, Sync::none);
    } catch (const ResumeRefused&) {
      CHECK((files() == before));
      return false;
    }
    return true;
  }

  // Takes the name of the body's file out of a record; empty: it has none.
  static std::string cut_body_file(std::string& record) {
    const std::string member = "\"body_file\":\"";
    std::size_t begin = record.find(member);
    if (begin == std::string::npos) return {};
    begin += member.size();
    std::size_t size = record.find('"', begin) - begin;
    std::string name = record.substr(begin, size);
    record.erase(begin, size);
    return name;
  }

  OutputOptions output_options(Disk& disk) const {
    OutputOptions output;
    output.disk = &disk;
    output.stable = true;
    output.bodies = kind_ == Kind::directory;
    output.checkpoints = true;
    if (kind_ == Kind::directory) {
      output.directory = top_.file("out");
      fs::create_directories(top_.file("out/.job"));
    } else {
      output.path = top_.file("out");
      output.warc_path = top_.file("a.warc.gz");
      output.warc_size = 6000;
    }
    return output;
  }

  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(top_.path())) {
      std::string name = entry.path().lexically_relative(top_.path()).string();
      bool is_own = name.find(".job") != std::string::npos || name == "out.journal";
      if (entry.is_regular_file() && !is_own) files[name] = contents_of(entry.path().string());
    }
    return files;
  }

  void check_archive() const {
    REQUIRE((contents_of(records()) == expected_.at("out")));
    REQUIRE(open_archive().empty());
    std::uint64_t number = 0;
    for (unsigned file = 0;; ++file) {
      std::string name = archive_file(file);
      if (!fs::exists(name)) break;
      for (const auto& record : test::of_type(test::read_warc(contents_of(name)), "metadata"))
        REQUIRE(record.url() == url_line(number++));
    }
    REQUIRE(number == lines_);
  }

  std::string archive_file(unsigned file) const {
    std::string digits = std::to_string(file);
    return top_.file(file == 0 ? "a.warc.gz"
                               : "a-" + std::string(5 - digits.size(), '0') + digits + ".warc.gz");
  }

  Kind kind_;
  std::uint64_t lines_;
  TemporaryDirectory top_{fast_directory()};
  std::map<std::string, std::string> expected_;
  // Of the last run: the results that were there when it began, and those that a commit has made
  // safe since.
  mutable std::uint64_t began_at_ = 0;
  mutable std::uint64_t acknowledged_ = 0;
};

std::string start_of(const std::string& path, std::size_t size) {
  std::string text = contents_of(path);
  std::ofstream(path, std::ios::binary) << text.substr(0, size);
  return text;
}

// Cuts one file of a run that was left before its end, at each `step`-th byte.
template <typename Path>
void cut_everywhere(const KindTest& test, std::size_t step, Path path_of) {
  std::size_t refused = 0;
  std::size_t tried = 0;
  for (std::size_t size = 0;; size += step, ++tried) {
    INFO("cut to " << size);
    test.clear();
    test.run(system_disk(), End::left, Sync::none);
    std::string path = path_of();
    if (start_of(path, size).size() < size) break;
    if (!test.go_on()) ++refused;
  }
  CHECK(tried > 3);
  // Only where nothing that was committed is left.
  CHECK(refused * step < 12000);
}

TEST_CASE("a directory whose manifest or journal is cut anywhere is gone on with", "[resume]") {
  KindTest test(Kind::directory, test::is_long_run() ? 300 : 60);
  cut_everywhere(test, test::step_of(97), [&] { return test.journal(); });
  cut_everywhere(test, test::is_long_run() ? 97 : test::step_of(997),
                 [&] { return test.records(); });
}

TEST_CASE("an archive, its records or its journal cut anywhere are gone on with", "[resume]") {
  KindTest test(Kind::archive, test::is_long_run() ? 300 : 60);
  cut_everywhere(test, test::step_of(97), [&] { return test.journal(); });
  cut_everywhere(test, test::is_long_run() ? 97 : test::step_of(997),
                 [&] { return test.records(); });
  cut_everywhere(test, test::step_of(97), [&] { return test.open_archive(); });
}

TEST_CASE("a bit flipped in the journal of any kind never makes its output wrong", "[resume]") {
  auto kind = GENERATE(Kind::directory, Kind::archive);
  KindTest test(kind, 30);
  std::size_t step = test::step_of(61);
  for (std::size_t bit = 0;; bit += step) {
    INFO("bit " << bit);
    test.clear();
    test.run(system_disk(), End::left, Sync::none);
    std::string text = contents_of(test.journal());
    if (bit / 8 >= text.size()) break;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    std::ofstream(test.journal(), std::ios::binary) << text;
    test.go_on();
  }
}

TEST_CASE("a run of any kind killed at any call, or failing there, is gone on with", "[resume]") {
  auto kind = GENERATE(Kind::directory, Kind::archive);
  KindTest test(kind, 30);
  auto step = static_cast<int>(test::step_of(7));
  for (int error : {0, ENOSPC, EIO, EDQUOT, EFBIG}) {
    bool ended = false;
    for (int call = 0; !ended; call += step) {
      INFO("call " << call << " failing with " << error);
      test.clear();
      FailingDisk disk(call, error);
      ended = true;
      try {
        test.run(disk);
      } catch (const Killed&) {
        ended = false;
      } catch (const SystemError& failure) {
        ended = false;
        CHECK(failure.error_number() == error);
      }
      CHECK(disk.syncs_after_failure() == 0);
      REQUIRE(test.go_on());
    }
  }
}

TEST_CASE("a power failure at any time leaves an archive that can be gone on with", "[resume]") {
  using Fate = RecordingDisk::Fate;
  KindTest test(Kind::archive, 500);
  test.clear();
  RecordingDisk disk;
  // Before the end, as the disk knows no other names than those of files being written.
  test.run(disk, End::left);
  REQUIRE(disk.calls() > 400);
  constexpr std::size_t kCallsOfBeginning = 3;  // until that of the journal was forced to the disk
  std::size_t step = test::step_of(151);
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

TEST_CASE("a power failure at any time leaves a directory that can be gone on with", "[resume]") {
  KindTest test(Kind::directory, test::is_long_run() ? 500 : 100);
  test.clear();
  PowerlessDisk whole(test.path(), std::nullopt);
  test.run(whole, End::left);
  REQUIRE(whole.calls() > 100);
  std::size_t step = test::step_of(7);
  for (std::size_t call = 0; call < whole.calls(); call += step)
    for (std::uint64_t seed = call * 3; seed < call * 3 + 3; ++seed) {
      INFO("before call " << call << ", seed " << seed);
      test.clear();
      PowerlessDisk disk(test.path(), call);
      CHECK_THROWS_AS(test.run(disk), Killed);
      disk.lose_power(seed);
      test.go_on_beside_remains();
    }
}

}  // namespace
}  // namespace fetchpool::output
