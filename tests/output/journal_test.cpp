#include "output/journal.h"

#include <optional>

#include "output/samples.h"
#include "support/catch.h"

namespace fetchpool::output {
namespace {

Commit sample_commit(std::uint64_t number) {
  Commit commit;
  commit.output = {number, {{"first", number * 10}, {"second", number}}, "state"};
  commit.lines = number + 3;
  commit.list_hash = number * 0x9e3779b97f4a7c15;
  commit.tally = {{0, number}, {8, 2}};
  commit.numbers = {number, 7};
  return commit;
}

std::vector<Commit> replayed(Journal& journal) {
  std::vector<Commit> commits;
  journal.replay([&](Commit&& commit) {
    commits.push_back(std::move(commit));
    return true;
  });
  return commits;
}

void put(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::vector<Commit> read_all(const std::string& path) {
  Journal journal = Journal::open(path, false, Sync::none);
  return journal.has_job() ? replayed(journal) : std::vector<Commit>{};
}

TEST_CASE("a journal gives back what was committed", "[journal]") {
  TemporaryDirectory directory;
  std::string path = directory.file("j");
  {
    Journal journal = Journal::open(path, true);
    CHECK_FALSE(journal.has_job());
    journal.begin("the job");
    for (std::uint64_t i = 0; i < 20; ++i) journal.commit(sample_commit(i));
  }
  Journal journal = Journal::open(path, false);
  CHECK(journal.has_job());
  CHECK(journal.job() == "the job");
  std::vector<Commit> commits = replayed(journal);
  REQUIRE(commits.size() == 20);
  for (std::uint64_t i = 0; i < 20; ++i) CHECK(commits[i] == sample_commit(i));
}

TEST_CASE("a journal is gone on with behind the last commit that is believed", "[journal]") {
  TemporaryDirectory directory;
  std::string path = directory.file("j");
  {
    Journal journal = Journal::open(path, true);
    journal.begin("job");
    for (std::uint64_t i = 0; i < 9; ++i) journal.commit(sample_commit(i));
  }
  {
    Journal journal = Journal::open(path, false);
    journal.replay([](Commit&& commit) { return commit.output.records < 4; });
    journal.go_on();
    journal.commit(sample_commit(100));
  }
  std::vector<Commit> commits = read_all(path);
  REQUIRE(commits.size() == 5);
  CHECK(commits[3] == sample_commit(3));
  CHECK(commits[4] == sample_commit(100));
}

TEST_CASE("a torn journal ends with its last whole commit", "[journal]") {
  TemporaryDirectory directory(fast_directory());
  std::string path = directory.file("j");
  std::vector<std::size_t> ends;
  {
    Journal journal = Journal::open(path, true, Sync::none);
    journal.begin("job");
    ends.push_back(contents_of(path).size());
    for (std::uint64_t i = 0; i < 5; ++i) {
      journal.commit(sample_commit(i));
      ends.push_back(contents_of(path).size());
    }
  }
  std::string whole = contents_of(path);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    put(path, whole.substr(0, size));
    INFO("cut to " << size);
    auto whole_entries = static_cast<std::size_t>(
        std::count_if(ends.begin(), ends.end(), [&](std::size_t end) { return end <= size; }));
    std::vector<Commit> commits = read_all(path);
    REQUIRE(commits.size() == (whole_entries == 0 ? 0 : whole_entries - 1));
    for (std::size_t i = 0; i < commits.size(); ++i) REQUIRE(commits[i] == sample_commit(i));
  }
}

TEST_CASE("a flipped bit ends the journal before it or is refused", "[journal]") {
  TemporaryDirectory directory(fast_directory());
  std::string path = directory.file("j");
  {
    Journal journal = Journal::open(path, true, Sync::none);
    journal.begin("job");
    for (std::uint64_t i = 0; i < 5; ++i) journal.commit(sample_commit(i));
  }
  std::string whole = contents_of(path);
  int refused = 0;
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    put(path, damaged);
    try {
      std::vector<Commit> commits = read_all(path);
      REQUIRE(commits.size() < 5);
      for (std::size_t i = 0; i < commits.size(); ++i) REQUIRE(commits[i] == sample_commit(i));
    } catch (const ResumeRefused&) {
      ++refused;
    }
  }
  CHECK(refused > 0);
}

// The entries of an earlier end may lie behind a new one that has the same length.
TEST_CASE("a commit counts only behind those it was made after", "[journal]") {
  TemporaryDirectory directory;
  std::string path = directory.file("j");
  {
    Journal journal = Journal::open(path, true, Sync::none);
    journal.begin("job");
    for (std::uint64_t i = 0; i < 5; ++i) journal.commit(sample_commit(i));
  }
  std::string before = contents_of(path);
  {
    Journal journal = Journal::open(path, false, Sync::none);
    journal.replay([](Commit&& commit) { return commit.output.records < 2; });
    journal.go_on();
    journal.commit(sample_commit(1000));
  }
  std::string after = contents_of(path);
  REQUIRE(after.size() < before.size());
  put(path, after + before.substr(after.size()));
  CHECK(read_all(path).size() == 3);
}

TEST_CASE("a journal has one owner at a time", "[journal]") {
  TemporaryDirectory directory;
  std::string path = directory.file("j");
  Journal journal = Journal::open(path, true);
  CHECK_THROWS_AS(Journal::open(path, true), JournalLocked);
  CHECK_THROWS_WITH(Journal::open(path, true), ContainsSubstring("another fetchpool is at work"));
  journal.remove();
  CHECK_FALSE(std::filesystem::exists(path));
  Journal again = Journal::open(path, true);
  CHECK_FALSE(again.has_job());
}

TEST_CASE("what is no journal is refused and left as it is", "[journal]") {
  TemporaryDirectory directory;
  std::string path = directory.file("j");
  std::ofstream(path) << "my notes of today";
  CHECK_THROWS_AS(Journal::open(path, true), ResumeRefused);
  CHECK(contents_of(path) == "my notes of today");
  std::filesystem::remove(path);
  std::filesystem::create_symlink(directory.file("elsewhere"), path);
  CHECK_THROWS_AS(Journal::open(path, true), SystemError);
  CHECK_FALSE(std::filesystem::exists(directory.file("elsewhere")));
}

}  // namespace
}  // namespace fetchpool::output
