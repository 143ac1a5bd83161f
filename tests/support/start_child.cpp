#include "support/start_child.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/posix.h"
#include "fetchpool/error.h"

namespace fetchpool::test {
namespace {

// Everything the child needs, made before the fork: between fork and exec nothing may allocate.
struct Plan {
  const CommandSettings* settings;
  std::string program;
  std::vector<char*> arguments;
  std::vector<std::string> environment_texts;
  std::vector<char*> environment;
  // What becomes descriptor 0, 1 and 2; -1: closed.
  int standard[3] = {-1, -1, -1};
  std::vector<int> kept;
  int terminal = -1;
  int trouble = -1;
  pid_t parent = 0;
};

[[noreturn]] void give_up(const Plan& plan) {
  int error = errno;
  (void)!::write(plan.trouble, &error, sizeof error);
  _exit(127);
}

void set_signals(const CommandSettings& settings) {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  for (int number : settings.ignored_signals) ::signal(number, SIG_IGN);
  sigset_t mask;
  sigemptyset(&mask);
  for (int number : settings.blocked_signals) sigaddset(&mask, number);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
}

[[noreturn]] void become(const Plan& plan) {
  const CommandSettings& settings = *plan.settings;
  if (settings.signal_when_test_ends != 0) {
    prctl(PR_SET_PDEATHSIG, settings.signal_when_test_ends);
    if (getppid() != plan.parent) _exit(127);
  }
  setsid();
  if (plan.terminal >= 0) ioctl(plan.terminal, TIOCSCTTY, 0);
  for (int target = 0; target < 3; ++target) {
    if (plan.standard[target] < 0) {
      ::close(target);
    } else if (dup2(plan.standard[target], target) < 0) {
      give_up(plan);
    }
  }
  posix::close_all_but(3, plan.kept.data(), plan.kept.size());
  for (int fd : settings.inherited) fcntl(fd, F_SETFD, 0);
  for (const auto& [resource, value] : settings.limits) {
    struct rlimit limit {
      value, value
    };
    setrlimit(static_cast<__rlimit_resource>(resource), &limit);
  }
  set_signals(settings);
  if (!settings.directory.empty() && chdir(settings.directory.c_str()) != 0) give_up(plan);
  execve(plan.program.c_str(), plan.arguments.data(), plan.environment.data());
  give_up(plan);
}

// A copy above the standard descriptors, so that filling these cannot overwrite it.
UniqueFd above_standard(UniqueFd fd) {
  return fd.get() > 2 ? std::move(fd) : posix::duplicate(fd.get());
}

Plan make_plan(const CommandSettings& settings) {
  Plan plan;
  plan.settings = &settings;
  plan.program = program_path(settings.program);
  plan.arguments.push_back(const_cast<char*>(settings.program.c_str()));
  for (const std::string& argument : settings.arguments)
    plan.arguments.push_back(const_cast<char*>(argument.c_str()));
  plan.arguments.push_back(nullptr);
  for (const auto& [name, value] : settings.environment)
    plan.environment_texts.push_back(name + "=" + value);
  for (std::string& text : plan.environment_texts) plan.environment.push_back(text.data());
  plan.environment.push_back(nullptr);
  plan.parent = getpid();
  return plan;
}

}  // namespace

StartedChild start_child(const CommandSettings& settings) {
  using Input = CommandSettings::Input;
  Plan plan = make_plan(settings);
  StartedChild child;
  std::vector<UniqueFd> childs_ends;
  auto give = [&](int target, UniqueFd fd) {
    childs_ends.push_back(above_standard(std::move(fd)));
    plan.standard[target] = childs_ends.back().get();
  };
  if (settings.terminal) {
    int master = -1;
    int slave = -1;
    struct winsize size {
      24, 80, 0, 0
    };
    if (openpty(&master, &slave, nullptr, nullptr, &size) != 0)
      throw SystemError("cannot make a terminal", errno);
    child.terminal = above_standard(UniqueFd(master));
    fcntl(child.terminal.get(), F_SETFD, FD_CLOEXEC);
    childs_ends.push_back(above_standard(UniqueFd(slave)));
    plan.terminal = childs_ends.back().get();
    for (int& fd : plan.standard) fd = plan.terminal;
  }

  if (settings.input == Input::file) {
    give(0, posix::open_file(settings.input_path, O_RDONLY));
  } else if (settings.input == Input::closed) {
    plan.standard[0] = -1;
  } else if (settings.input == Input::text || settings.input == Input::pipe) {
    posix::FdPair pipe = posix::make_pipe();
    give(0, std::move(pipe.first));
    child.input = above_standard(std::move(pipe.second));
  }
  auto give_output = [&](int target, const std::string& path, bool closed, UniqueFd& ours) {
    if (closed) {
      plan.standard[target] = -1;
    } else if (!path.empty()) {
      give(target, posix::open_file(path, O_WRONLY | O_CREAT | O_TRUNC));
    } else if (!settings.terminal) {
      posix::FdPair pipe = posix::make_pipe();
      give(target, std::move(pipe.second));
      ours = above_standard(std::move(pipe.first));
    }
  };
  give_output(1, settings.output_path, settings.output_closed, child.output);
  give_output(2, settings.error_path, settings.error_closed, child.error);

  posix::FdPair trouble = posix::make_pipe();
  UniqueFd tell = above_standard(std::move(trouble.second));
  plan.trouble = tell.get();
  plan.kept = settings.inherited;
  plan.kept.push_back(plan.trouble);
  std::sort(plan.kept.begin(), plan.kept.end());

  child.pid = fork();
  if (child.pid < 0) throw SystemError("cannot fork", errno);
  if (child.pid == 0) become(plan);
  tell.reset();
  int error = 0;
  auto said = posix::read_some(trouble.first.get(), reinterpret_cast<char*>(&error), sizeof error);
  if (said && *said == sizeof error) {
    waitpid(child.pid, nullptr, 0);
    throw CommandError("cannot run " + plan.program + ": " + std::strerror(error));
  }
  for (UniqueFd* fd : {&child.input, &child.output, &child.error, &child.terminal})
    if (fd->is_open()) posix::set_nonblocking(fd->get(), true);
  return child;
}

}  // namespace fetchpool::test
