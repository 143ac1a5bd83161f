// Holds what our own code costs to a budget: of the parent for each record, and of a worker for
// each transfer.
//
// Counted are instructions, by callgrind and in our program alone, so that neither a busy machine
// nor another libcurl changes anything. URLs are fetched one after the other, and each answer comes
// some time after the one before, into a pipe: so each has a turn of both loops for itself, and is
// written for itself. A count is then the same again and again but for turns in which nothing had
// come yet, and of the counts the lower quartile is judged.
//
//   instruction_guard
//
// Ends with 77 where it cannot count.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/command.h"
#include "support/origin.h"
#include "support/temp_dir.h"

namespace fetchpool::bench {
namespace {

using test::Command;
using test::Finished;

constexpr int kSkipped = 77;
constexpr std::size_t kPagesOfAKind = 40;
// Connections, caches and buffers are new.
constexpr std::size_t kFirst = 8;

struct Budget {
  std::uint64_t record;      // the parent, for each record
  std::uint64_t small_page;  // a worker, for a page of 200 bytes
  std::uint64_t page;        // a worker, for a page of 12 KB
  std::uint64_t slow_page;   // the same without AVX2
};

// A tenth above what was counted: with Debian 12 19,800, 10,840 and 41,810, and 11,000 more without
// AVX2.
#if __GNUC__ >= 14
constexpr Budget kBudget{22300, 12000, 46000, 58000};
constexpr const char* kDistribution = "Debian 13 (g++ 14)";
#else
constexpr Budget kBudget{21800, 12000, 46000, 58000};
constexpr const char* kDistribution = "Debian 12 (g++ 12)";
#endif

bool is_installed(const std::string& program) {
  try {
    test::program_path(program);
    return true;
  } catch (const test::CommandError&) {
    return false;
  }
}

bool has_avx2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
#else
  return false;
#endif
}

// What callgrind writes: the costs of functions, each under the object it is in; what a function
// called costs in the line after "calls=", and in its own place once more. Names are written once
// and then stand for their numbers.
std::uint64_t own_instructions(const std::string& path) {
  std::map<std::string, bool> is_ours;
  bool counts = false;
  bool of_call = false;
  std::uint64_t instructions = 0;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::size_t object = line.rfind("ob=(", 1);
    if (object != std::string::npos) {
      std::size_t end = line.find(')');
      std::string number = line.substr(object, end - object);
      if (end + 1 < line.size()) is_ours[number] = line.ends_with("/fetchpool");
      if (object == 0) counts = is_ours[number];
    } else if (line.starts_with("calls=")) {
      of_call = true;
    } else if (!line.empty() &&
               std::string_view("+-*0123456789").find(line[0]) != std::string_view::npos) {
      std::size_t blank = line.find(' ');
      if (counts && !of_call && blank != std::string::npos)
        instructions += std::stoull(line.substr(blank + 1));
      of_call = false;
    }
  }
  return instructions;
}

// The counts of one process: "counts.PID.1" and so on, one for each time that a function ended.
using Counts = std::vector<std::uint64_t>;

Counts counts_of(const std::string& prefix) {
  Counts counts;
  for (int i = 1; std::filesystem::exists(prefix + std::to_string(i)); ++i)
    counts.push_back(own_instructions(prefix + std::to_string(i)));
  return counts;
}

std::uint64_t lower_quartile(const Counts& counts, std::size_t begin, std::size_t end) {
  Counts some(counts.begin() + static_cast<std::ptrdiff_t>(begin),
              counts.begin() + static_cast<std::ptrdiff_t>(end));
  std::sort(some.begin(), some.end());
  return some[some.size() / 4];
}

struct Measured {
  Counts parent;
  Counts worker;
};

Measured measure() {
  test::TempDir dir;
  test::Origin origin;
  std::string list;
  for (std::size_t i = 0; i < 2 * kPagesOfAKind; ++i)
    list += origin.url("/slow?ms=20&size=" + std::string(i < kPagesOfAKind ? "200" : "12000") +
                       "&page=" + std::to_string(i)) +
            "\n";
  Finished done =
      Command("valgrind")
          .args({"--tool=callgrind", "-q", "--dump-after=*JsonSink::put*",
                 "--dump-after=*Worker::on_end*", "--callgrind-out-file=" + dir.file("counts.%p"),
                 test::program_path("fetchpool"), "-q", "-p", "1", "-j", "1", "-i",
                 dir.write("urls", list)})
          .time_limit(std::chrono::minutes(5))
          .run();
  if (!done.ok()) throw test::CommandError("fetchpool failed under callgrind: " + done.err);

  // The two processes whose functions ended once for each page; the worker is the younger one.
  std::map<int, Counts> by_process;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    std::string name = entry.path().filename();
    if (!name.starts_with("counts.") || !name.ends_with(".1")) continue;
    Counts counts = counts_of(dir.file(name.substr(0, name.size() - 1)));
    if (counts.size() >= 2 * kPagesOfAKind) by_process[std::stoi(name.substr(7))] = counts;
  }
  if (by_process.size() != 2) throw test::CommandError("callgrind counted something else");
  return {by_process.begin()->second, by_process.rbegin()->second};
}

bool judge(const char* what, std::uint64_t counted, std::uint64_t budget) {
  bool is_kept = counted <= budget;
  std::printf("%-36s %7llu of %7llu instructions%s\n", what,
              static_cast<unsigned long long>(counted), static_cast<unsigned long long>(budget),
              is_kept ? "" : "  TOO MANY");
  return is_kept;
}

int run() {
  if (!is_installed("valgrind")) {
    std::printf("SKIPPED: valgrind is not installed\n");
    return kSkipped;
  }
  Measured measured = measure();
  std::printf("budget of %s\n", kDistribution);
  bool all = judge("parent, a record", lower_quartile(measured.parent, kFirst, 2 * kPagesOfAKind),
                   kBudget.record);
  all &= judge("worker, a page of 200 bytes",
               lower_quartile(measured.worker, kFirst, kPagesOfAKind), kBudget.small_page);
  all &= judge(has_avx2() ? "worker, a page of 12 KB" : "worker, a page of 12 KB, no AVX2",
               lower_quartile(measured.worker, kPagesOfAKind + kFirst, 2 * kPagesOfAKind),
               has_avx2() ? kBudget.page : kBudget.slow_page);
  return all ? 0 : 1;
}

}  // namespace
}  // namespace fetchpool::bench

int main() {
  try {
    return fetchpool::bench::run();
  } catch (const std::exception& error) {
    std::printf("instruction_guard: %s\n", error.what());
    return 1;
  }
}
