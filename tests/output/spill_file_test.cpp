#include "output/spill_file.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <deque>
#include <filesystem>
#include <random>

#include "fetchpool/error.h"
#include "output/samples.h"
#include "support/catch.h"

namespace fetchpool::output {
namespace {

std::string taken(SpillFile& file, std::uint64_t position, std::uint64_t size) {
  std::string record;
  while (record.size() < size) {
    Bytes piece = file.take(position, size - record.size());
    REQUIRE(piece.size() > 0);
    REQUIRE(piece.size() <= std::size_t{1} << 20);
    record += piece.view();
  }
  return record;
}

TEST_CASE("records come back from the file in any order", "[spill_file]") {
  TemporaryDirectory directory;
  SpillFile file({directory.path()});
  std::vector<std::pair<std::uint64_t, std::string>> records;
  for (std::uint64_t i = 0; i < 40; ++i) {
    std::string bytes = sample_bytes(i, 1 + i * 7919 % 400000);
    Bytes all(bytes);
    std::uint64_t position =
        file.append({all.slice(0, bytes.size() / 3), all.slice(bytes.size() / 3)});
    records.emplace_back(position, std::move(bytes));
  }
  CHECK(std::filesystem::is_empty(directory.path()));
  std::shuffle(records.begin(), records.end(), std::mt19937(1));
  for (const auto& [position, bytes] : records) CHECK(taken(file, position, bytes.size()) == bytes);
  CHECK(file.live_bytes() == 0);
  CHECK(file.disk_bytes() == 0);
}

TEST_CASE("no file is made for less than a segment", "[spill_file]") {
  SpillFile file({"/nonexistent"});
  std::uint64_t position = file.append({Bytes("a little")});
  CHECK(file.fd() == -1);
  CHECK(taken(file, position, 8) == "a little");
}

TEST_CASE("a record larger than a segment comes in pieces", "[spill_file]") {
  TemporaryDirectory directory;
  SpillFile file({directory.path()});
  std::string large = sample_bytes(5, 5 << 20);
  std::uint64_t position = file.append({Bytes(large)});
  CHECK(taken(file, position, large.size()) == large);
}

TEST_CASE("the disk taken stays bounded by what is parked", "[spill_file]") {
  TemporaryDirectory directory;
  SpillFile file({directory.path()});
  constexpr std::size_t kSize = 200000;
  Bytes record(sample_bytes(6, kSize));
  std::deque<std::uint64_t> positions;
  std::uint64_t most = 0;
  for (int i = 0; i < 2000; ++i) {  // 400 MB through 20 MB
    positions.push_back(file.append({record}));
    if (positions.size() <= 100) continue;
    REQUIRE(taken(file, positions.front(), kSize) == record.view());
    positions.pop_front();
    most = std::max(most, file.disk_bytes());
  }
  CHECK(most < 101 * kSize + (24 << 20));
  while (positions.size() > 20) {
    taken(file, positions.front(), kSize);
    positions.pop_front();
  }
  // What is free beyond a few MiB was given back before the file is empty.
  CHECK(file.disk_bytes() < 20 * kSize + (20 << 20));
}

TEST_CASE("a directory that cannot be written is passed over", "[spill_file]") {
  TemporaryDirectory directory;
  SpillFile file({"/nonexistent", directory.path()});
  file.append({Bytes(std::string(2 << 20, 'x'))});
  CHECK(file.fd() >= 0);
  SpillFile nowhere({"/nonexistent"});
  CHECK_THROWS_WITH(nowhere.append({Bytes(std::string(2 << 20, 'x'))}),
                    ContainsSubstring("/nonexistent: No such file or directory"));
}

TEST_CASE("a directory on disk is preferred to one in memory", "[spill_file]") {
  if (!std::filesystem::exists("/dev/shm")) return;
  TemporaryDirectory directory;
  SpillFile file({"/dev/shm", directory.path()});
  file.append({Bytes(std::string(2 << 20, 'x'))});
  std::string link = "/proc/self/fd/" + std::to_string(file.fd());
  CHECK_THAT(std::filesystem::read_symlink(link).string(), !ContainsSubstring("/dev/shm"));
}

TEST_CASE("a disk that is full is an error that names the directory", "[spill_file]") {
  TemporaryDirectory directory;
  // A limit of the process stands for the disk; it lasts, so it is set in a child.
  pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit {
      3 << 20, 3 << 20
    };
    setrlimit(RLIMIT_FSIZE, &limit);
    SpillFile file({directory.path()});
    try {
      for (int i = 0; i < 8; ++i) file.append({Bytes(std::string(1 << 20, 'x'))});
    } catch (const SystemError& error) {
      std::string expected =
          "cannot write parked results to a temporary file in " + directory.path() + ": ";
      _exit(error.error_number() == EFBIG && std::string(error.what()).starts_with(expected) ? 0
                                                                                             : 1);
    }
    _exit(2);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

}  // namespace
}  // namespace fetchpool::output
