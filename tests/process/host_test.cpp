#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <sstream>
#include <thread>

#include "base/posix.h"
#include "process/hidden_fork.h"
#include "support/catch.h"
#include "test_workers.h"

namespace fetchpool::process {
namespace {

// A host with two workers in a process of its own, that tells the ids of all its processes.
struct Host {
  pid_t pid = 0;
  std::vector<pid_t> others;  // spawner, spare, workers

  static Host start(const std::function<void()>& before_waiting) {
    posix::FdPair report = posix::make_pipe();
    Host host;
    host.pid = fork();
    if (host.pid == 0) live(report.second.get(), before_waiting);
    report.second.reset();
    pid_t ids[4];
    std::size_t got = 0;
    while (got < sizeof ids) {
      auto count = posix::read_some(report.first.get(), reinterpret_cast<char*>(ids) + got,
                                    sizeof ids - got);
      if (!count || *count == 0) break;
      got += *count;
    }
    REQUIRE(got == sizeof ids);
    host.others.assign(ids, ids + 4);
    return host;
  }

 private:
  [[noreturn]] static void live(int report, const std::function<void()>& before_waiting) {
    auto spawner = Spawner::create();
    Run run(options_for(obedient), spawner);
    run.add_ready(2);
    run.submit("hang:");
    run.supervisor().wait(Clock::duration{0});
    before_waiting();
    pid_t ids[] = {spawner->pid(), spawner->spare_pid(), run.supervisor().pid(0),
                   run.supervisor().pid(1)};
    posix::write_all(report, reinterpret_cast<const char*>(ids), sizeof ids);
    for (;;) pause();
  }
};

void check_all_go(const Host& host) {
  TimePoint start = Clock::now();
  kill(host.pid, SIGKILL);
  waitpid(host.pid, nullptr, 0);
  for (pid_t pid : host.others) REQUIRE(goes(pid));
  CHECK(Clock::now() - start < std::chrono::seconds(1));
}

TEST_CASE("kill -9 of the host leaves nothing behind", "[host]") {
  for (int i = 0; i < 20; ++i) check_all_go(Host::start([] {}));
}

TEST_CASE("kill -9 of the host ends what a task of a worker has started", "[host]") {
  posix::FdPair report = posix::make_pipe();
  pid_t host = fork();
  if (host == 0) {
    SupervisorOptions options = options_for(obedient);
    options.own_group = true;
    Run run(options, Spawner::create());
    run.add_ready(1);
    std::string grandchild = run.ask("child:") + "\n";
    posix::write_all(report.second.get(), grandchild.data(), grandchild.size());
    for (;;) pause();
  }
  report.second.reset();
  std::string text;
  for (char c = 0; posix::read_some(report.first.get(), &c, 1) == 1 && c != '\n';) text += c;
  pid_t grandchild = std::stoi(text);
  CHECK_FALSE(is_gone(grandchild));
  kill(host, SIGKILL);
  waitpid(host, nullptr, 0);
  CHECK(goes(grandchild));
}

TEST_CASE("a child of the host that holds its sockets does not keep workers alive", "[host]") {
  static pid_t* child = static_cast<pid_t*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  Host host = Host::start([] {
    pid_t forked = fork();
    if (forked == 0)
      for (;;) pause();
    *child = forked;
  });
  check_all_go(host);
  REQUIRE(*child > 0);
  CHECK_FALSE(is_gone(*child));
  kill(*child, SIGKILL);
}

TEST_CASE("a supervisor ends its workers though a child of the host holds its sockets", "[host]") {
  auto spawner = Spawner::create();
  pid_t worker = 0;
  pid_t child = 0;
  {
    Run run(options_for(obedient), spawner);
    run.add_ready(1);
    worker = run.supervisor().pid(0);
    child = fork();
    if (child == 0)
      for (;;) pause();
  }
  CHECK(is_gone(worker));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST_CASE("a forked child of the host that destroys its copies disturbs nothing", "[host]") {
  auto spawner = Spawner::create();
  auto run = std::make_unique<Run>(options_for(obedient), spawner);
  run->add_ready(1);
  CHECK(passes_in_child([&] {
    run.reset();
    spawner.reset();
    return true;
  }));
  CHECK(run->ask("echo:x") == "x");
  CHECK_FALSE(is_gone(spawner->pid()));
}

TEST_CASE("a copy of the host that destroys its answers changes none of the host's", "[host]") {
  bool hidden = GENERATE(false, true);
  auto run = std::make_unique<Run>(options_for(obedient), Spawner::create());
  run->add_ready(1);
  std::string text(100'000, 'a');
  JobId job = run->submit("echo:" + text);
  REQUIRE((run->end_of(job).bytes.view() == text));
  pid_t copy = hidden ? fork_hidden(false) : fork();
  if (copy == 0) {
    run.reset();
    _exit(0);
  }
  CHECK(waitpid(copy, nullptr, __WALL) == copy);
  // As many as would fill the memory in which the first one lies.
  for (int i = 0; i < 20; ++i) run->end_of(run->submit("echo:" + std::string(100'000, 'b')));
  CHECK((run->end_of(job).bytes.view() == text));
}

bool works() {
  Run run(options_for(obedient), Spawner::create());
  run.add_ready(2);
  if (run.ask("echo:x") != "x" || run.ask("signals:") != "ok") return false;
  return run.end_of(run.submit("exit:3")).status == ExitStatus::exited(3) &&
         run.ask("echo:y") == "y";
}

// The spare is lost, then the spawner.
bool survives_losses() {
  auto spawner = Spawner::create();
  Run run(options_for(obedient), spawner);
  run.add_ready(1);
  run.until([&] { return spawner->spare_pid() > 0; });
  pid_t spare = spawner->spare_pid();
  kill(spare, SIGKILL);
  run.until([&] { return spawner->spare_pid() > 0 && spawner->spare_pid() != spare; });
  pid_t worker = run.supervisor().pid(0);
  kill(spawner->pid(), SIGKILL);
  run.until_replaced(0, worker);
  return run.ask("echo:x") == "x";
}

TEST_CASE("a host that ignores SIGCHLD loses nothing", "[host]") {
  CHECK(passes_in_child([] {
    signal(SIGCHLD, SIG_IGN);
    return works() && survives_losses() && signal(SIGCHLD, SIG_DFL) == SIG_IGN &&
           children_of(getpid()).empty();
  }));
}

#ifndef __SANITIZE_THREAD__  // with which spawners are ordinary children
volatile sig_atomic_t signals_seen = 0;

TEST_CASE("a host with a SIGCHLD handler hears of no process of ours", "[host]") {
  CHECK(passes_in_child([] {
    signal(SIGCHLD, [](int) { signals_seen = signals_seen + 1; });
    return works() && survives_losses() && signals_seen == 0;
  }));
}

TEST_CASE("a host that waits for any child sees only its own", "[host]") {
  CHECK(passes_in_child([] {
    auto spawner = Spawner::create();
    Run run(options_for(obedient), spawner);
    run.add_ready(1);
    kill(spawner->pid(), SIGKILL);
    // The worker may answer once more before it dies of its spawner; then the next job is lost.
    int lost = 0;
    for (int i = 0; i < 20; ++i) {
      if (waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD) return false;
      if (run.ask("echo:x") != "x") ++lost;
    }
    if (lost > 1) return false;
    pid_t own = fork();
    if (own == 0) _exit(5);
    int status = 0;
    return wait(&status) == own && WEXITSTATUS(status) == 5 && wait(nullptr) == -1;
  }));
}
#endif

void open_3_to_50() {
  int null = open("/dev/null", O_RDONLY);
  for (int fd = 3; fd <= 50; ++fd)
    if (fd != null) dup2(null, fd);
}

// What a host has set for itself.
struct HostSettings {
  std::vector<int> fds = posix::open_descriptors();
  std::vector<void (*)(int)> dispositions;
  std::vector<int> blocked;

  HostSettings() {
    sigset_t mask;
    sigprocmask(SIG_SETMASK, nullptr, &mask);
    for (int number = 1; number < 32; ++number) {
      struct sigaction action {};
      sigaction(number, nullptr, &action);
      dispositions.push_back(action.sa_handler);
      blocked.push_back(sigismember(&mask, number));
    }
  }
  bool operator==(const HostSettings&) const = default;
};

TEST_CASE("a host finds its descriptors, handlers and mask as it left them", "[host]") {
  for (bool ignores : {false, true}) {
    CHECK(passes_in_child([ignores] {
      open_3_to_50();
      for (int number : {SIGCHLD, SIGPIPE, SIGTERM})
        signal(
            number, ignores             ? SIG_IGN
                    : number == SIGPIPE ? SIG_DFL
                                        : [](int) {});
      sigset_t some;
      sigemptyset(&some);
      for (int number : {SIGUSR1, SIGTERM, SIGCHLD}) sigaddset(&some, number);
      sigprocmask(SIG_SETMASK, &some, nullptr);
      HostSettings before;
      must(works(), "workers work");
      must(HostSettings() == before, "nothing of the host has changed");
      // A worker dies with a long request on its way: the write must not raise SIGPIPE.
      Run run(options_for(obedient), Spawner::create());
      run.add_ready(1);
      for (int i = 0; i < 20; ++i) {
        JobId job = run.submit("echo:" + pattern_of(3'000'000));
        kill(run.supervisor().pid(0), SIGKILL);
        must(run.end_of(job).kind == Event::Kind::lost, "the job is lost");
        run.until_ready(0);
      }
      sigset_t pending;
      sigpending(&pending);
      return sigismember(&pending, SIGPIPE) == 0;
    }));
  }
}

#ifndef __SANITIZE_THREAD__
// A host's thread that reaps every child it can see; each should exit with 5.
class Reaper {
 public:
  ~Reaper() {
    stop_ = true;
    thread_.join();
  }
  int reaped() const { return reaped_; }
  bool saw_others() const { return others_; }

 private:
  void loop() {
    while (!stop_) {
      int status = 0;
      pid_t pid = waitpid(-1, &status, 0);
      if (pid < 0) std::this_thread::yield();
      if (pid <= 0) continue;
      bool own = WIFEXITED(status) && WEXITSTATUS(status) == 5;
      own ? ++reaped_ : ++others_;
    }
  }

  std::atomic<int> reaped_{0};
  std::atomic<int> others_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_{[this] { loop(); }};
};

TEST_CASE("a host whose thread waits for every child sees its own only, and ours are served",
          "[host]") {
  CHECK(passes_in_child([] {
    auto spawner = Spawner::create();
    Reaper reaper;
    Run run(options_for(obedient), spawner);
    run.add_ready(2);
    for (int i = 1; i <= 100; ++i) {
      if (fork() == 0) _exit(5);
      pid_t worker = run.supervisor().pid(0);
      JobId job = run.submit_to(0, "exit:9");
      must(run.end_of(job).status == ExitStatus::exited(9), "the end of a worker is known");
      run.until_replaced(0, worker);
      if (i % 10 != 0) continue;
      worker = run.supervisor().pid(0);
      kill(spawner->pid(), SIGKILL);
      run.until_replaced(0, worker);
    }
    run.until([&] { return reaper.reaped() == 100; });
    return !reaper.saw_others();
  }));
}
#endif

TEST_CASE("signals that the host blocks or ignores are free in workers", "[host]") {
  CHECK(passes_in_child([] {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    for (int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1}) signal(number, SIG_IGN);
    if (!works()) return false;
    sigset_t now;
    sigprocmask(SIG_SETMASK, nullptr, &now);
    return sigismember(&now, SIGTERM) == 1;
  }));
}

TEST_CASE("signals of a terminal to everyone end neither spawner nor workers", "[host]") {
  auto spawner = Spawner::create();
  Run run(options_for(obedient), spawner);
  run.add_ready(1);
  pid_t worker = run.supervisor().pid(0);
  for (int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE})
    for (pid_t pid : {spawner->pid(), spawner->spare_pid(), worker}) kill(pid, number);
  CHECK(run.ask("echo:x") == "x");
  CHECK(run.supervisor().pid(0) == worker);
  CHECK_FALSE(is_gone(spawner->pid()));
  CHECK_FALSE(is_gone(spawner->spare_pid()));
}

TEST_CASE("a host without standard descriptors gets none of ours in their place", "[host]") {
  CHECK(passes_in_child([] {
    for (int fd : {0, 1, 2}) close(fd);
    bool fine = works();
    for (int fd : {0, 1, 2}) fine = fine && fcntl(fd, F_GETFD) == -1;
    auto spawner = Spawner::create();
    fine = fine && spawner->spare_pid() > 0;  // which came with a descriptor
    Run run(options_for(obedient), spawner);
    for (int fd : {0, 1, 2}) fine = fine && fcntl(fd, F_GETFD) == -1;
    run.add_ready(1);
    for (int fd : {0, 1, 2}) fine = fine && fcntl(fd, F_GETFD) == -1;
    return fine && run.ask("echo:x") == "x";
  }));
}

std::vector<int> fds_of_worker(const SupervisorOptions& options, const SpawnerOptions& spawner) {
  Run run(options, Spawner::create(spawner));
  run.add_ready(1);
  std::istringstream list(run.ask("fds:"));
  std::vector<int> fds;
  for (int fd; list >> fd;) fds.push_back(fd);
  return fds;
}

TEST_CASE("a worker that keeps only its own has no descriptor of the host", "[host]") {
  CHECK(passes_in_child([] {
    open_3_to_50();
    SupervisorOptions options = options_for(obedient);
    bool fine = true;
    for (bool keep : {true, false}) {
      // 0, 1, 2 and the two pipes.
      fine = fine && fds_of_worker(options, {.keep_descriptors = keep}).size() == 5;
    }
    options.transport = SupervisorOptions::Transport::socket;
    return fine && fds_of_worker(options, {}).size() == 4;
  }));
}

TEST_CASE("a worker that inherits has the descriptors of the host and its own", "[host]") {
  CHECK(passes_in_child([] {
    std::vector<int> before = posix::open_descriptors();
    for (int fd : before)
      if (fd > 2) close(fd);
    open_3_to_50();
    SupervisorOptions options = options_for(obedient);
    options.descriptors = WorkerDescriptors::inherited;
    std::vector<int> fds = fds_of_worker(options, {});
    bool fine = fds.size() == 51 + 2;
    for (int fd = 0; fd <= 50; ++fd) fine = fine && fds[static_cast<std::size_t>(fd)] == fd;
    return fine;
  }));
}

TEST_CASE("what the host had printed and not flushed is not printed by workers", "[host]") {
  posix::FdPair output = posix::make_pipe();
  std::fflush(nullptr);
  CHECK(passes_in_child([&] {
    dup2(output.second.get(), STDOUT_FILENO);
    printf("once\n");
    SupervisorOptions options = options_for(obedient);
    options.descriptors = WorkerDescriptors::inherited;
    Run run(options, Spawner::create());
    run.add_ready(2);
    run.supervisor().stop();
    run.until([&] { return run.supervisor().all_gone(); });
    return true;
  }));
  output.second.reset();
  char buffer[100];
  CHECK(posix::read_some(output.first.get(), buffer, sizeof buffer) == 5);
  CHECK(posix::read_some(output.first.get(), buffer, sizeof buffer) == 0);
}

}  // namespace
}  // namespace fetchpool::process
