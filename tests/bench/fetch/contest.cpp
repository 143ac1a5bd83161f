#include "fetch/contest.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>

namespace fetchpool::bench {
namespace {

constexpr std::size_t kWarmBytes = std::size_t{1} << 30;

// The host of a virtual machine may take back what is free there and give it anew, page by page,
// when it is touched: a file of 500 MB then costs whoever writes it twice the time, one run in
// three. So all find memory that was used just before.
void warm_memory() {
  std::size_t free_bytes = static_cast<std::size_t>(sysconf(_SC_AVPHYS_PAGES)) *
                           static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  std::size_t size = std::min(kWarmBytes, free_bytes / 2);
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory != MAP_FAILED) munmap(memory, size);
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

double Figures::median_seconds() const {
  return median(seconds);
}

void Contest::add(Contender contender) {
  contenders_.push_back(std::move(contender));
  figures_.emplace_back();
}

void Contest::run(int rounds) {
  std::vector<std::size_t> order(contenders_.size());
  std::iota(order.begin(), order.end(), 0);
  std::mt19937 random;  // the same in every contest
  for (int round = 0; round < rounds; ++round) {
    // Who comes after one that has left much in the caches shall not always be the same.
    std::shuffle(order.begin(), order.end(), random);
    for (std::size_t i : order) run_once(i);
  }
}

void Contest::run_once(std::size_t index) {
  const Contender& contender = contenders_[index];
  if (contender.prepare) contender.prepare();
  warm_memory();
  auto begin = std::chrono::steady_clock::now();
  test::Finished done = contender.command.run();
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::string wrong = done.ok() ? contender.verify(done)
                                : "it ended with status " + std::to_string(done.status) + ": " +
                                      done.err.substr(0, 2000);
  if (!wrong.empty()) {
    std::fprintf(stderr, "fetch_bench: %s, %s: %s\n", title_.c_str(), contender.name.c_str(),
                 wrong.c_str());
    std::exit(1);
  }
  Figures& figures = figures_[index];
  figures.seconds.push_back(took.count());
  std::fprintf(stderr, "%s: %.3f s\n", contender.name.c_str(), took.count());
  figures.cpu_seconds.push_back(std::chrono::duration<double>(done.cpu).count());
  figures.max_memory = std::max(figures.max_memory, done.max_memory);
}

std::vector<double> Contest::rates(const std::string& name) const {
  std::vector<double> rates;
  for (std::size_t i = 0; i < contenders_.size(); ++i)
    if (contenders_[i].name == name)
      for (double seconds : figures_[i].seconds)
        rates.push_back(static_cast<double>(contenders_[i].pages) / seconds);
  return rates;
}

// The estimate of Hodges and Lehmann, which needs fewer rounds than the quotient of two medians.
double Contest::ratio(const std::string& name, const std::string& reference) const {
  std::vector<double> ratios;
  for (double ours : rates(name))
    for (double theirs : rates(reference)) ratios.push_back(ours / theirs);
  return median(std::move(ratios));
}

void Contest::print(const std::string& reference) const {
  std::printf("\n### %s\n\n", title_.c_str());
  std::printf("| | pages/s | lowest to highest | beside %s | CPU us/page | MB |\n",
              reference.c_str());
  std::printf("|---|---|---|---|---|---|\n");
  for (std::size_t i = 0; i < contenders_.size(); ++i) {
    const Figures& figures = figures_[i];
    auto pages = static_cast<double>(contenders_[i].pages);
    auto [fastest, slowest] = std::minmax_element(figures.seconds.begin(), figures.seconds.end());
    std::printf("| %s | %.0f | %.0f to %.0f | %.2f x | %.0f | %.0f |\n",
                contenders_[i].name.c_str(), pages / figures.median_seconds(), pages / *slowest,
                pages / *fastest, ratio(contenders_[i].name, reference),
                median(figures.cpu_seconds) * 1e6 / pages,
                static_cast<double>(figures.max_memory) / 1e6);
  }
  std::fflush(stdout);
}

}  // namespace fetchpool::bench
