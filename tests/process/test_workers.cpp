#include "test_workers.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "base/posix.h"
#include "support/catch.h"
#include "support/leak_check.h"

namespace fetchpool::process {
namespace {

using ipc::FrameKind;

std::string list_fds() {
  std::string list;
  for (int fd : posix::open_descriptors()) list += std::to_string(fd) + " ";
  return list;
}

std::string check_signals() {
  sigset_t mask;
  sigprocmask(SIG_SETMASK, nullptr, &mask);
  for (int signal = 1; signal < 32; ++signal) {
    if (sigismember(&mask, signal) == 1) return "blocked: " + std::to_string(signal);
    struct sigaction action {};
    sigaction(signal, nullptr, &action);
    bool taken = signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
    bool is_default = action.sa_handler == SIG_DFL;
    bool is_ignored = action.sa_handler == SIG_IGN;
    if (signal == SIGPIPE ? !is_ignored : taken ? is_default || is_ignored : !is_default)
      return "disposition of " + std::to_string(signal);
  }
  return "ok";
}

std::string start_child() {
  pid_t child = fork();
  if (child == 0)
    for (;;) pause();
  return std::to_string(child);
}

void write_raw(WorkerLink& link, const std::string& bytes) {
  posix::write_all(link.channel().out_fd(), bytes.data(), bytes.size());
}

void write_torn(WorkerLink& link, JobId job, std::size_t size) {
  ipc::FrameHeader header = ipc::make_header(FrameKind::done, job, std::size_t{8} << 20);
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes += pattern_of(size);  // more than is needed
  write_raw(link, bytes.substr(0, size));
  raise(SIGKILL);
}

// Leaves an answer of 8 MiB in the shared memory, and so many bytes of the message that leads
// there.
void leave_torn(WorkerLink& link, JobId job, std::size_t size) {
  posix::FdPair message = posix::make_pipe();
  link.channel().writer().add(FrameKind::done, job, Bytes(pattern_of(std::size_t{8} << 20)));
  link.channel().writer().flush(message.second.get());
  std::string bytes(100, ' ');
  bytes.resize(posix::read_some(message.first.get(), bytes.data(), bytes.size()).value_or(0));
  write_raw(link, bytes.substr(0, size));
  raise(SIGKILL);
}

void write_three(WorkerLink& link, JobId job, std::size_t size) {
  write_raw(link, three_frames(job).substr(0, size));
  raise(SIGKILL);
}

// The answer, or nothing where the request does not want one.
std::optional<std::string> obey(WorkerLink& link, JobId job, const std::string& word,
                                const std::string& argument) {
  if (word == "echo") return argument;
  if (word == "size") return pattern_of(std::stoul(argument));
  if (word == "pid") return std::to_string(getpid());
  if (word == "setup") return link.setup();
  if (word == "index") return std::to_string(link.index());
  if (word == "fds") return list_fds();
  if (word == "signals") return check_signals();
  if (word == "child") return start_child();
  if (word == "exit") _exit(std::stoi(argument));
  if (word == "signal") kill(getpid(), std::stoi(argument));
  if (word == "torn") write_torn(link, job, std::stoul(argument));
  if (word == "left") leave_torn(link, job, std::stoul(argument));
  if (word == "three") write_three(link, job, std::stoul(argument));
  if (word == "raw") write_raw(link, argument);
  if (word == "want") {
    link.want(static_cast<std::uint32_t>(std::stoul(argument)));
    return "wanted";
  }
  if (word == "close") link.channel().close();
  if (word == "parts") {
    for (int i = 0; i < std::stoi(argument); ++i)
      link.channel().writer().add(FrameKind::part, job, std::to_string(i) + ",");
    return "end";
  }
  if (word == "twice") {
    link.channel().writer().add(FrameKind::done, job, std::string_view("once"));
    return "twice";
  }
  if (word == "done_before_exit") {
    link.channel().writer().add(FrameKind::done, job, std::string_view("answered"));
    link.channel().flush();
    _exit(7);
  }
  for (;;) pause();
}

}  // namespace

int obedient(WorkerLink& link) {
  link.ready();
  ipc::Channel& channel = link.channel();
  for (;;) {
    while (auto frame = channel.next()) {
      if (frame->kind == FrameKind::stop) return 0;
      std::string request = frame->payload.str();
      std::size_t colon = request.find(':');
      link.status().begin(0, frame->job);
      auto answer = obey(link, frame->job, request.substr(0, colon), request.substr(colon + 1));
      channel.writer().add(FrameKind::done, frame->job, *answer);
      channel.flush();
      link.status().end(0);
    }
    if (channel.receive() == 0 && channel.at_end()) return 0;
  }
}

std::string pattern_of(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 131 + i / 251);
  return text;
}

std::string three_frames(JobId job) {
  std::string bytes;
  auto add = [&](FrameKind kind, const std::string& payload) {
    ipc::FrameHeader header = ipc::make_header(kind, job, payload.size());
    bytes.append(reinterpret_cast<const char*>(&header), sizeof header);
    bytes += payload;
  };
  add(FrameKind::part, "first");
  add(FrameKind::part, "");
  add(FrameKind::done, std::string(41, 'x'));
  return bytes;
}

std::vector<std::size_t> ends_of_three_frames() {
  return {24 + 5, 24 + 5 + 24, 24 + 5 + 24 + 24 + 41};
}

SupervisorOptions options_for(WorkerFunction function) {
  SupervisorOptions options;
  options.function = function;
  options.setup = "the setup";
  options.jobs_per_worker = 4;
  // Room for some answers and not for all, so that both ways are gone.
  options.arena_bytes = std::size_t{1} << 20;
  return options;
}

std::shared_ptr<Spawner> test_spawner() {
  return Spawner::obtain();
}

Run::Run(SupervisorOptions options, std::shared_ptr<Spawner> spawner)
    : supervisor_(std::move(spawner), std::move(options)) {}

void Run::note(const std::vector<Event>& events) {
  for (const Event& event : events) {
    if (event.kind == Event::Kind::part) parts_[event.job] += event.bytes.view();
    if (event.kind == Event::Kind::done || event.kind == Event::Kind::lost)
      ends_[event.job].push_back(event);
  }
}

void Run::until(const std::function<bool()>& claim) {
  TimePoint deadline = Clock::now() + std::chrono::seconds(30);
  while (!claim()) {
    if (Clock::now() > deadline) throw std::runtime_error("what was waited for did not happen");
    note(supervisor_.wait(std::chrono::milliseconds(10)));
  }
}

void Run::add_ready(int count) {
  for (int i = 0; i < count; ++i) supervisor_.add_worker();
  workers += count;
  for (int i = 0; i < workers; ++i) until_ready(i);
}

void Run::until_ready(int worker) {
  until([&] { return supervisor_.is_ready(worker); });
}

void Run::until_replaced(int worker, pid_t old) {
  until([&] { return supervisor_.is_ready(worker) && supervisor_.pid(worker) != old; });
}

JobId Run::submit_to(int worker, const std::string& request) {
  until([&] { return supervisor_.room(worker) > 0; });
  supervisor_.submit(worker, next_job_, request);
  return next_job_++;
}

JobId Run::submit(const std::string& request) {
  int chosen = -1;
  until([&] {
    for (int i = 0; i < workers && chosen < 0; ++i)
      if (supervisor_.room(i) > 0) chosen = i;
    return chosen >= 0;
  });
  return submit_to(chosen, request);
}

Event Run::end_of(JobId job) {
  until([&] { return ends_.count(job) > 0; });
  return ends_[job].back();
}

std::string Run::ask(const std::string& request) {
  JobId job = submit(request);
  Event event = end_of(job);
  return event.kind == Event::Kind::lost ? "LOST" : parts_[job] + event.bytes.str();
}

void Run::until_all_ended() {
  until([&] { return supervisor_.outstanding() == 0; });
}

char state_of(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  std::size_t name_end = text.rfind(')');
  return name_end == std::string::npos ? '\0' : text[name_end + 2];
}

bool is_gone(pid_t pid) {
  char state = state_of(pid);
  return state == '\0' || state == 'Z' || state == 'X';
}

bool goes(pid_t pid, std::chrono::milliseconds within) {
  TimePoint deadline = Clock::now() + within;
  // There is nothing to wait for with processes of others but time.
  while (!is_gone(pid) && Clock::now() < deadline) poll(nullptr, 0, 1);
  return is_gone(pid);
}

std::set<pid_t> children_of(pid_t parent) {
  std::set<pid_t> children;
  DIR* proc = opendir("/proc");
  while (struct dirent* entry = readdir(proc)) {
    pid_t pid = std::atoi(entry->d_name);
    if (pid <= 0) continue;
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::ostringstream read;
    read << stat.rdbuf();  // ends quietly where the process does meanwhile
    std::string text = read.str();
    std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) continue;
    if (std::atoi(text.c_str() + name_end + 4) == parent) children.insert(pid);
  }
  closedir(proc);
  return children;
}

bool passes_in_child(const std::function<bool()>& body) {
  pid_t child = fork();
  if (child == 0) {
    bool passed = false;
    try {
      passed = body();
    } catch (const std::exception& error) {
      std::string text = "in the child: " + std::string(error.what()) + "\n";
      (void)!write(2, text.data(), text.size());
    }
    _exit(passed && !test::has_violation() ? 0 : 1);
  }
  UniqueFd process = posix::open_process(child);
  struct pollfd ended {
    process.get(), POLLIN, 0
  };
  if (process.is_open() && posix::poll_for(&ended, 1, std::chrono::minutes(10)) == 0)
    kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void must(bool claim, const char* what) {
  if (!claim) throw std::runtime_error(std::string("this does not hold: ") + what);
}

}  // namespace fetchpool::process
