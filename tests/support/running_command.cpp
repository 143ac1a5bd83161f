#include "support/running_command.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <vector>

#include "fetchpool/error.h"
#include "support/start_child.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

// How long a command that has ended may keep its outputs open through its children.
constexpr auto output_grace = 2s;

std::vector<std::string>& reports() {
  static std::vector<std::string> texts;
  return texts;
}

// The head and the tail of a long text.
std::string shortened(const std::string& text) {
  constexpr std::size_t kept = 4096;
  if (text.size() <= 2 * kept) return text;
  return text.substr(0, kept) + "\n[... " + std::to_string(text.size() - 2 * kept) +
         " bytes ...]\n" + text.substr(text.size() - kept);
}

std::string quoted(const std::string& word) {
  bool plain = !word.empty() && word.find_first_of(" \t\n'\"\\$&;|<>*?()[]{}#!~`") == word.npos;
  if (plain) return word;
  std::string text = "'";
  for (char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

// Writes without being ended by SIGPIPE and without changing its disposition for the others.
ssize_t write_quietly(int fd, std::string_view text) {
  sigset_t pipe_signal;
  sigset_t before;
  sigset_t pending;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  sigpending(&pending);
  bool was_pending = sigismember(&pending, SIGPIPE) == 1;
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  ssize_t count = ::write(fd, text.data(), text.size());
  int error = errno;
  if (count < 0 && error == EPIPE && !was_pending) {
    struct timespec now {};
    while (sigtimedwait(&pipe_signal, nullptr, &now) < 0 && errno == EINTR) {
    }
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return count;
}

}  // namespace

std::string take_command_reports() {
  std::string text;
  for (const std::string& report : reports()) text += report;
  reports().clear();
  return text;
}

RunningCommand::RunningCommand(const CommandSettings& settings) : settings_(settings) {
  static std::atomic<int> count{0};
  std::string number = "c" + std::to_string(++count);
  tag_ = program_tag().empty() ? "t" + std::to_string(getpid()) + "/" + number
                               : program_tag() + "/" + number;
  settings_.environment[tag_variable] = tag_;
  started_ = Clock::now();
  deadline_ = started_ + settings_.time_limit;
  StartedChild child = start_child(settings_);
  pid_ = child.pid;
  pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  input_ = std::move(child.input);
  output(Stream::out).fd = std::move(child.output);
  output(Stream::err).fd = std::move(child.error);
  output(Stream::terminal).fd = std::move(child.terminal);
  if (settings_.input == CommandSettings::Input::text) {
    pending_ = settings_.input_text;
    close_when_written_ = true;
    if (pending_.empty()) input_.reset();
  }
}

RunningCommand::~RunningCommand() {
  if (pid_ < 0) return;
  if (!ended_) kill_all();
  reports().push_back(report("was not waited for; killed by the test"));
}

bool RunningCommand::has_ended() {
  reap(false);
  return ended_;
}

void RunningCommand::reap(bool wait) {
  if (ended_) return;
  int status = 0;
  struct rusage usage {};
  pid_t got;
  do {
    got = wait4(pid_, &status, wait ? 0 : WNOHANG, &usage);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return;
  if (got < 0) throw SystemError("somebody else has waited for the command", errno);
  ended_ = true;
  result_.took = std::chrono::duration_cast<milliseconds>(Clock::now() - started_);
  result_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  result_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + result_.signal;
  auto milliseconds_of = [](const struct timeval& time) {
    return milliseconds(time.tv_sec * 1000 + time.tv_usec / 1000);
  };
  result_.cpu = milliseconds_of(usage.ru_utime) + milliseconds_of(usage.ru_stime);
  result_.max_memory = static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

void RunningCommand::read_output(Output& output) {
  std::array<char, 65536> block;
  ssize_t count = ::read(output.fd.get(), block.data(), block.size());
  if (count > 0) {
    output.text.append(block.data(), static_cast<std::size_t>(count));
  } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
    // A terminal says EIO when its last user has gone.
    output.fd.reset();
  }
}

void RunningCommand::write_pending() {
  ssize_t count = write_quietly(input_.get(), pending_);
  if (count > 0) pending_.erase(0, static_cast<std::size_t>(count));
  if (count < 0 && errno != EAGAIN && errno != EINTR) {
    pending_.clear();
    input_.reset();
  }
  if (pending_.empty() && close_when_written_) input_.reset();
}

void RunningCommand::pump(TimePoint deadline) {
  std::vector<struct pollfd> fds;
  for (Output& output : outputs_)
    if (output.fd.is_open()) fds.push_back({output.fd.get(), POLLIN, 0});
  if (input_.is_open() && !pending_.empty()) fds.push_back({input_.get(), POLLOUT, 0});
  auto limit = std::max(deadline - Clock::now(), Clock::duration::zero());
  if (!ended_ && pidfd_.is_open()) {
    fds.push_back({pidfd_.get(), POLLIN, 0});
  } else if (!ended_) {
    limit = std::min<Clock::duration>(limit, 5ms);
  }
  posix::poll_for(fds.data(), fds.size(), limit);
  for (const struct pollfd& ready : fds) {
    if (ready.revents == 0) continue;
    for (Output& output : outputs_)
      if (output.fd.is_open() && output.fd.get() == ready.fd) read_output(output);
    if (input_.is_open() && input_.get() == ready.fd) write_pending();
  }
  reap(false);
}

void RunningCommand::pump_until(const std::function<bool()>& done, const std::string& what) {
  while (!done()) {
    if (Clock::now() >= deadline_) {
      if (!ended_) kill_all();
      pump(Clock::now());
      std::string text =
          report("reached its time limit of " + std::to_string(settings_.time_limit.count()) +
                 " ms, waiting for " + what);
      pid_ = -1;
      throw CommandError(text);
    }
    pump(deadline_);
  }
}

bool RunningCommand::write_input(std::string_view text) {
  if (!input_.is_open()) return false;
  pending_ += text;
  pump_until([&] { return pending_.empty() || ended_; }, "its stdin to be read");
  return input_.is_open() && pending_.empty();
}

void RunningCommand::type(std::string_view keys) {
  if (!output(Stream::terminal).fd.is_open()) throw CommandError("the command has no terminal");
  while (!keys.empty()) {
    ssize_t count = ::write(output(Stream::terminal).fd.get(), keys.data(), keys.size());
    if (count < 0 && errno != EAGAIN && errno != EINTR)
      throw SystemError("cannot type on the terminal", errno);
    if (count > 0) keys.remove_prefix(static_cast<std::size_t>(count));
    if (!keys.empty()) pump_until([] { return true; }, "the terminal");
  }
}

std::optional<std::string> RunningCommand::read_line() {
  Output& out = output(Stream::out);
  auto line_end = [&] { return out.text.find('\n', lines_read_to_); };
  pump_until([&] { return line_end() != std::string::npos || !out.fd.is_open(); }, "a line");
  std::size_t end = std::min(line_end(), out.text.size());
  if (lines_read_to_ >= out.text.size()) return std::nullopt;
  std::string line = out.text.substr(lines_read_to_, end - lines_read_to_);
  lines_read_to_ = end + 1;
  return line;
}

void RunningCommand::wait_for(Stream stream, std::string_view text) {
  Output& from = output(stream);
  auto there = [&] { return from.text.find(text) != std::string::npos; };
  pump_until([&] { return there() || !from.fd.is_open(); }, "'" + std::string(text) + "'");
  if (!there()) throw CommandError(report("never wrote '" + std::string(text) + "'"));
}

const std::string& RunningCommand::seen(Stream stream) {
  pump(Clock::now());
  return output(stream).text;
}

void RunningCommand::send_signal(pid_t target, int number) const {
  if (ended_ && target > 0) return;
  if (::kill(target, number) != 0 && errno != ESRCH) throw SystemError("cannot signal", errno);
}

void RunningCommand::kill_all() {
  ::kill(-pid_, SIGKILL);
  reap(true);
  // Those that lead groups of their own.
  for (const Process& process : processes_tagged(tag_)) ::kill(process.pid, SIGKILL);
}

Finished RunningCommand::finish() {
  if (pid_ < 0) throw CommandError("the command was waited for already");
  if (pending_.empty()) input_.reset();
  close_when_written_ = true;
  pump_until([&] { return ended_; }, "its end");
  auto closed = [&] {
    return std::none_of(outputs_.begin(), outputs_.end(),
                        [](const Output& output) { return output.fd.is_open(); });
  };
  TimePoint grace = Clock::now() + output_grace;
  while (!closed() && Clock::now() < grace) pump(grace);
  for (Output& output : outputs_) output.fd.reset();
  input_.reset();
  result_.out = std::move(output(Stream::out).text);
  result_.err = std::move(output(Stream::err).text);
  result_.terminal = std::move(output(Stream::terminal).text);
  reports().push_back(report(result_.signal != 0
                                 ? "ended by signal " + std::to_string(result_.signal)
                                 : "exit status " + std::to_string(result_.status)));
  if (reports().size() > 20) reports().erase(reports().begin());
  pid_ = -1;
  return result_;
}

std::string RunningCommand::report(const std::string& ending) const {
  std::string text = "$ " + quoted(settings_.program);
  for (const std::string& argument : settings_.arguments) text += " " + quoted(argument);
  if (!settings_.directory.empty()) text += "\n  in " + settings_.directory;
  text += "\n  " + ending + "\n";
  auto add = [&](const char* name, const std::string& moved, const std::string& kept) {
    const std::string& seen = moved.empty() ? kept : moved;
    if (!seen.empty()) text += "  --- " + std::string(name) + "\n" + shortened(seen) + "\n";
  };
  add("stdout", result_.out, outputs_[0].text);
  add("stderr", result_.err, outputs_[1].text);
  add("terminal", result_.terminal, outputs_[2].text);
  return text;
}

}  // namespace fetchpool::test
