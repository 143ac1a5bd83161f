// The program, while something writes garbage into the pipes of its workers.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "base/posix.h"
#include "ipc/frame.h"
#include "support/catch.h"
#include "support/command.h"
#include "support/origin.h"
#include "support/seed.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;
using ipc::FrameKind;

std::string header(FrameKind kind, std::uint64_t job, std::size_t length) {
  ipc::FrameHeader made = ipc::make_header(kind, job, length);
  return std::string(reinterpret_cast<const char*>(&made), sizeof made);
}

constexpr std::uint64_t kNobodys = 0xfffffffffffffff0;

// What a worker that has gone wrong may write.
const std::vector<std::string> kGarbage = {
    std::string(24, 'x'),                                     // no frame
    header(FrameKind::done, kNobodys, 100) + "begun",         // a frame that never ends
    header(FrameKind::done, kNobodys, 2) + "??",              // an answer nobody asked for
    header(FrameKind::part, kNobodys, 0),                     // a piece of one
    header(FrameKind::done, kNobodys, std::size_t{2} << 30),  // 2 GiB to come
    header(FrameKind::ready, 0, 0),                           // ready once more
    header(static_cast<FrameKind>(99), 1, 0),                 // a kind nobody knows
    header(FrameKind::done, 1, 7).substr(0, 11) + std::string(40, '\0'),  // half a header
};

// The end of its channel that a worker writes to.
UniqueFd results_of(pid_t worker) {
  for (int fd = 3; fd < 20; ++fd) {
    std::string path = "/proc/" + std::to_string(worker) + "/fd/" + std::to_string(fd);
    struct stat file {};
    struct stat link {};
    bool writes = stat(path.c_str(), &file) == 0 && S_ISFIFO(file.st_mode) &&
                  lstat(path.c_str(), &link) == 0 && (link.st_mode & S_IWUSR) != 0;
    if (writes) return UniqueFd(open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  }
  return UniqueFd();
}

// False: there was no such worker any more.
bool write_into(pid_t worker, const std::string& bytes) {
  UniqueFd pipe = results_of(worker);
  return pipe.is_open() &&
         ::write(pipe.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
}

TEST_CASE("garbage from its workers changes nothing in the program's output", "[garbage]") {
  unsigned seed = test::new_seed();
  std::mt19937 random(seed);
  Origin origin;
  TempDir dir;
  std::string list;
  for (int i = 0; i < 1200; ++i)
    list += origin.url("/slow/" + std::to_string(i) + "?size=3000&ms=10") + "\n";
  dir.write("list", list);
  auto command = [&](const std::string& output) {
    return Command("fetchpool")
        .args({"-i", dir.file("list"), "-o", dir.file(output), "--stable", "-p", "2", "-j", "8",
               "--per-host", "0"});
  };
  REQUIRE(command("undisturbed").run().ok());
  origin.reset_counts();

  Running run = command("disturbed").start();
  std::size_t wrote = 0;
  for (const std::string& garbage : kGarbage) {
    long goal = origin.requests() + 20 + static_cast<long>(random() % 60);
    origin.wait_for_requests(goal);
    std::vector<pid_t> workers = workers_of(run);
    if (!workers.empty() && write_into(workers[random() % workers.size()], garbage)) ++wrote;
  }
  Finished done = run.wait();
  INFO(done.err);
  CHECK(done.ok());
  CHECK((dir.read("disturbed") == dir.read("undisturbed")));
  // One line for each, at most: two may have met the same worker.
  std::size_t told = 0;
  for (std::size_t at = 0; (at = done.err.find("sent damaged data", at)) != std::string::npos; ++at)
    ++told;
  CHECK(wrote >= kGarbage.size() - 2);
  CHECK(told >= wrote / 2);
  CHECK(told <= wrote);
}

}  // namespace
}  // namespace fetchpool::test
