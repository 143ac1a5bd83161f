// Workers that are killed at random while they have much to do.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "base/posix.h"
#include "support/catch.h"
#include "support/run_length.h"
#include "support/seed.h"
#include "support/temp_dir.h"
#include "test_tasks.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

// A log that many processes write: one number a line.
void append(const std::string& file, int number) {
  std::string line = std::to_string(number) + "\n";
  int fd = open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  (void)!write(fd, line.data(), line.size());
  close(fd);
}

// Ends by saying that it has been done.
int square_and_log(const std::string& file, int x) {
  std::this_thread::sleep_for(100us);
  append(file, x);
  return x * x;
}

struct Stat {
  std::string state;
  int parent = 0;
};

Stat stat_of(const std::string& pid) {
  std::ifstream in("/proc/" + pid + "/stat");
  std::string number, name;
  Stat stat;
  in >> number >> name >> stat.state >> stat.parent;
  return stat;
}

std::set<std::string> entries(const std::string& directory) {
  std::set<std::string> names;
  DIR* open = opendir(directory.c_str());
  while (const dirent* entry = open ? readdir(open) : nullptr) names.insert(entry->d_name);
  if (open) closedir(open);
  return names;
}

std::size_t zombies_of(const std::set<int>& parents) {
  std::size_t count = 0;
  for (const std::string& name : entries("/proc")) {
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    Stat stat = stat_of(name);
    if (stat.state == "Z" && parents.contains(stat.parent)) ++count;
  }
  return count;
}

// Kills one of the workers every 5 ms while it lives.
class RandomKiller {
 public:
  RandomKiller(const Pool& pool, unsigned seed)
      : thread_([this, &pool, seed] {
          std::mt19937 random(seed);
          while (!stop_) {
            auto pids = pool.worker_pids();
            int pid = pids[random() % pids.size()];
            if (pid > 0 && kill(pid, SIGKILL) == 0) ++kills_;
            std::this_thread::sleep_for(5ms);
          }
        }) {}
  ~RandomKiller() {
    stop_ = true;
    thread_.join();
  }
  int kills() const { return kills_; }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<int> kills_ = 0;
  std::thread thread_;
};

std::vector<int> all_workers(Pool& pool) {
  for (;;) {
    auto pids = pool.worker_pids();
    if (std::ranges::count(pids, 0) == 0 && pool.apply(square, 3) == 9) return pids;
  }
}

struct Footprint {
  std::size_t descriptors;
  std::size_t spawner_descriptors;
};

Footprint footprint(int spawner) {
  return {posix::open_descriptors().size(),
          entries("/proc/" + std::to_string(spawner) + "/fd").size()};
}

// Tasks 0, 1, 2, ... until a point in time; counts them.
class TimedInput {
 public:
  TimedInput(TimePoint end, std::string file, int& count)
      : end_(end), file_(std::move(file)), count_(&count) {}

  class Iterator {
   public:
    using value_type = std::tuple<std::string, int>;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    explicit Iterator(const TimedInput& input) : input_(&input) {}
    value_type operator*() const {
      *input_->count_ = at_ + 1;
      return {input_->file_, at_};
    }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    void operator++(int) { ++at_; }
    bool at_end() const { return Clock::now() >= input_->end_; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.at_end(); }

   private:
    const TimedInput* input_ = nullptr;
    int at_ = 0;
  };
  Iterator begin() const { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  TimePoint end_;
  std::string file_;
  int* count_;
};

TEST_CASE("X10 under random kills every task ends once with the right value", "[killer]") {
  unsigned seed = test::new_seed();
  auto duration = is_long_run() ? 10s : 3s;
  TempDir dir;
  std::string file = dir.path() + "/log";
  Pool pool(3);
  int spawner = stat_of(std::to_string(all_workers(pool)[0])).parent;
  Footprint before = footprint(spawner);
  int kills = 0;
  int next = 0;
  std::map<int, int> values;
  {
    RandomKiller killer(pool, seed);
    TimedInput inputs(std::chrono::steady_clock::now() + duration, file, next);
    auto task = [](const std::tuple<std::string, int>& arguments) {
      int x = std::get<1>(arguments);
      return std::pair(x, square_and_log(std::get<0>(arguments), x));
    };
    auto results = pool.imap_unordered(task, inputs, {.attempts = 10'000, .max_in_flight = 64});
    while (auto result = results.next(30s)) {
      auto [x, value] = *result;
      REQUIRE(values.emplace(x, value).second);
      // After this line nobody may do it again. Negative, so that 0 has a place.
      append(file, -1 - x);
    }
    kills = killer.kills();
  }
  REQUIRE(values.size() == static_cast<std::size_t>(next));
  for (auto [x, value] : values) REQUIRE(value == x * x);

  std::ifstream log(file);
  std::set<int> seen;
  std::map<int, std::uint64_t> runs;
  for (int number = 0; log >> number;) {
    if (number < 0) {
      seen.insert(-1 - number);
    } else {
      REQUIRE_FALSE(seen.contains(number));
      ++runs[number];
    }
  }
  // A task that was killed between its last line and its answer is run again; no other is.
  std::uint64_t again = 0;
  for (auto [x, count] : runs) again += count - 1;
  CHECK(runs.size() == values.size());
  CHECK(again <= pool.insights().attempts_spent);
  CHECK(kills > 50);
  CHECK(pool.insights().workers_started > 50);

  all_workers(pool);
  while (zombies_of({getpid(), spawner}) > 0) std::this_thread::yield();
  Footprint after = footprint(spawner);
  CHECK(after.descriptors <= before.descriptors + 4);
  CHECK(after.spawner_descriptors <= before.spawner_descriptors + 4);
  WARN(values.size() << " tasks, " << kills << " kills, " << again
                     << " run again before they had answered, seed " << seed);
}

TEST_CASE("X10 chunks under random kills come out whole", "[killer]") {
  unsigned seed = test::new_seed();
  Pool pool(3);
  RandomKiller killer(pool, seed);
  auto end = std::chrono::steady_clock::now() + 1s;
  while (std::chrono::steady_clock::now() < end) {
    auto result = pool.map_async(square, numbers(2000), {.attempts = 1000, .chunksize = 3});
    REQUIRE(result.wait(30s));
    REQUIRE(result.get() == squares(2000));
  }
}

}  // namespace
}  // namespace fetchpool::test
