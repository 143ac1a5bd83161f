// How fast the Pool is beside Python's Pool and ProcessPoolExecutor, in one run: pool_bench
// [PYTHON [NAME]]. Two workers, medians of rounds in which they take turns; with NAME only the rows
// whose names begin so. In each round a row runs twice and the better time counts: the first one
// often pays for memory that a virtual machine had given back to its host.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "fetchpool/pool.h"
#include "fetchpool/prepare.h"

namespace {

constexpr int kOnes = 4000;
constexpr int kMany = 100'000;
constexpr int kDefault = 4'000'000;
constexpr int kResults = 500;

int noop(int x) {
  return x;
}

std::string large(int size) {
  return std::string(static_cast<std::size_t>(size), 'x');
}

constexpr int kRounds = 5;

// The seconds that each row has taken, round by round.
using Times = std::map<std::string, std::vector<double>>;

double seconds_of(const std::function<void()>& run) {
  double best = 0;
  for (int i = 0; i < 2; ++i) {
    auto begin = std::chrono::steady_clock::now();
    run();
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (i == 0 || took.count() < best) best = took.count();
  }
  return best;
}

void run_python(const std::string& python, const std::string& rows, Times& times) {
  std::ostringstream command;
  command << python << " " << FETCHPOOL_BENCH_DIR << "/pool_bench.py " << kOnes << " " << kMany
          << " " << kDefault << " " << kResults << " " << rows;
  FILE* output = popen(command.str().c_str(), "r");
  char name[64];
  double took = 0;
  while (output && std::fscanf(output, "%63s %lf", name, &took) == 2) times[name].push_back(took);
  if (output) pclose(output);
}

// 0 where there are none.
double median(const Times& times, const std::string& name) {
  auto found = times.find(name);
  if (found == times.end()) return 0;
  std::vector<double> sorted = found->second;
  std::sort(sorted.begin(), sorted.end());
  return sorted[sorted.size() / 2];
}

struct Row {
  std::string name;
  double count;
  double wanted;  // times as fast as Python's Pool; 0: nothing is promised
  std::function<void()> run;
};

void print(const Row& row, const Times& ours, const Times& python) {
  double own = median(ours, row.name);
  std::printf("%-14s %12.0f /s", row.name.c_str(), row.count / own);
  if (double pool = median(python, row.name); pool > 0)
    std::printf("   Pool %11.0f /s x%-5.1f", row.count / pool, pool / own);
  if (double executor = median(python, "ppe_" + row.name); executor > 0)
    std::printf("   Executor %9.0f /s x%-5.1f", row.count / executor, executor / own);
  if (row.wanted > 0) std::printf("   (wanted x%.0f of Pool)", row.wanted);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  fetchpool::prepare();
  fetchpool::Pool pool(2);
  std::vector<int> many(kMany, 1);
  std::vector<int> all(kDefault, 1);
  std::vector<int> sizes(kResults, 1 << 20);

  std::vector<Row> rows;
  rows.push_back({"one_by_one", kOnes, 0, [&] {
                    for (int i = 0; i < kOnes; ++i) pool.apply(noop, i);
                  }});
  rows.push_back({"apply_async", kMany, 0, [&] {
                    std::vector<fetchpool::ApplyResult<int>> results;
                    for (int i = 0; i < kMany; ++i) results.push_back(pool.apply_async(noop, i));
                    for (const auto& result : results) result.get();
                  }});
  rows.push_back({"map_chunk_1", kMany, 4, [&] { pool.map(noop, many, {.chunksize = 1}); }});
  rows.push_back({"map_default", kDefault, 2, [&] { pool.map(noop, all); }});
  rows.push_back({"large_results", kResults, 5, [&] { pool.map(large, sizes, {.chunksize = 1}); }});
  rows.push_back({"large_streamed", kResults, 5, [&] {
                    std::size_t bytes = 0;
                    for (const std::string& page : pool.imap(large, sizes)) bytes += page.size();
                    if (bytes != kResults * (std::size_t{1} << 20)) std::abort();
                  }});

  Times ours;
  Times python;
  const std::string wanted = argc > 2 ? argv[2] : "";
  std::erase_if(rows, [&wanted](const Row& row) { return !row.name.starts_with(wanted); });
  for (int round = 0; round < kRounds; ++round) {
    run_python(argc > 1 ? argv[1] : "python3", wanted, python);
    for (const Row& row : rows) ours[row.name].push_back(seconds_of(row.run));
  }
  for (const Row& row : rows) print(row, ours, python);
}
