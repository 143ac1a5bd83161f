// How fast the Pool is beside Python's Pool and ProcessPoolExecutor, in one run: pool_bench
// [PYTHON [NAME]]. Two workers, best of 3; with NAME only the rows whose names begin so.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
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

double best_of_3(const std::function<void()>& run) {
  double best = 0;
  for (int i = 0; i < 3; ++i) {
    auto begin = std::chrono::steady_clock::now();
    run();
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (i == 0 || took.count() < best) best = took.count();
  }
  return best;
}

std::map<std::string, double> seconds_of_python(const std::string& python,
                                                const std::string& rows) {
  std::ostringstream command;
  command << python << " " << FETCHPOOL_BENCH_DIR << "/pool_bench.py " << kOnes << " " << kMany
          << " " << kDefault << " " << kResults << " " << rows;
  std::map<std::string, double> seconds;
  FILE* output = popen(command.str().c_str(), "r");
  char name[64];
  double took = 0;
  while (output && std::fscanf(output, "%63s %lf", name, &took) == 2) seconds[name] = took;
  if (output) pclose(output);
  return seconds;
}

void print(const std::string& name, double count, double ours,
           const std::map<std::string, double>& python, double wanted) {
  auto seconds = [&python](const std::string& key) {
    auto found = python.find(key);
    return found == python.end() ? 0 : found->second;
  };
  std::printf("%-14s %12.0f /s", name.c_str(), count / ours);
  if (double pool = seconds(name); pool > 0)
    std::printf("   Pool %11.0f /s x%-5.1f", count / pool, pool / ours);
  if (double executor = seconds("ppe_" + name); executor > 0)
    std::printf("   Executor %9.0f /s x%-5.1f", count / executor, executor / ours);
  if (wanted > 0) std::printf("   (wanted x%.0f of Pool)", wanted);
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  fetchpool::prepare();
  const std::string rows = argc > 2 ? argv[2] : "";
  auto python = seconds_of_python(argc > 1 ? argv[1] : "python3", rows);
  auto measure = [&](const std::string& name, double count, double wanted,
                     const std::function<void()>& run) {
    if (name.starts_with(rows)) print(name, count, best_of_3(run), python, wanted);
  };
  fetchpool::Pool pool(2);
  std::vector<int> many(kMany, 1);
  std::vector<int> all(kDefault, 1);
  std::vector<int> sizes(kResults, 1 << 20);

  measure("one_by_one", kOnes, 0, [&] {
    for (int i = 0; i < kOnes; ++i) pool.apply(noop, i);
  });
  measure("apply_async", kMany, 0, [&] {
    std::vector<fetchpool::ApplyResult<int>> results;
    for (int i = 0; i < kMany; ++i) results.push_back(pool.apply_async(noop, i));
    for (const auto& result : results) result.get();
  });
  measure("map_chunk_1", kMany, 4, [&] { pool.map(noop, many, {.chunksize = 1}); });
  measure("map_default", kDefault, 2, [&] { pool.map(noop, all); });
  measure("large_results", kResults, 5, [&] { pool.map(large, sizes, {.chunksize = 1}); });
  measure("large_streamed", kResults, 5, [&] {
    std::size_t bytes = 0;
    for (const std::string& page : pool.imap(large, sizes)) bytes += page.size();
    if (bytes != kResults * (std::size_t{1} << 20)) std::abort();
  });
}
