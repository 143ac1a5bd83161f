// Programs that do the same work, measured in turn.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "support/command.h"

namespace fetchpool::bench {

// One program of a contest.
struct Contender {
  std::string name;
  test::Command command;
  // Before each run, and not measured: takes away what the run before has written.
  std::function<void()> prepare;
  // After each run: nothing where all came whole, else what is wrong.
  std::function<std::string(const test::Finished&)> verify;
  std::size_t pages = 0;  // that a run fetches
};

// What the runs of one contender have cost.
struct Figures {
  std::vector<double> seconds;
  std::vector<double> cpu_seconds;
  std::size_t max_memory = 0;  // bytes, of its largest process

  double median_seconds() const;
};

// Lets its contenders run one after the other, round by round and each round in another order, so
// that whatever else the machine does meets them all alike. A run that fails or brings something
// wrong ends the program.
class Contest {
 public:
  explicit Contest(std::string title) : title_(std::move(title)) {}

  void add(Contender contender);
  void run(int rounds);
  // A table in Markdown; its ratios are beside the contender of that name.
  void print(const std::string& reference) const;
  // How many times as fast `name` was as `reference`: the median of what each of its rounds was
  // beside each of the other's; 0 where one was not there.
  double ratio(const std::string& name, const std::string& reference) const;

 private:
  std::vector<double> rates(const std::string& name) const;  // of each round
  void run_once(std::size_t index);

  std::string title_;
  std::vector<Contender> contenders_;
  std::vector<Figures> figures_;
};

double median(std::vector<double> values);

}  // namespace fetchpool::bench
