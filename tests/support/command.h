// Runs real programs the way a user's shell does, and shows everything when a test fails.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/processes.h"

namespace fetchpool::test {

// The time limit of a command was reached, or it could not be started. The text shows the command,
// its directory and everything it has written.
class CommandError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// How a command ended and what it wrote.
struct Finished {
  // The exit code; 128 + n where signal n ended it, as a shell has it.
  int status = -1;
  // The signal that ended it, 0 where it exited by itself.
  int signal = 0;
  // What came out of stdout and stderr, as far as they were pipes.
  std::string out;
  std::string err;
  // What the terminal showed, for a command `on_terminal()`.
  std::string terminal;
  std::chrono::milliseconds took{0};
  // User and system time, and the largest resident memory of one process, of the command and of
  // the children it waited for.
  std::chrono::milliseconds cpu{0};
  std::size_t max_memory = 0;

  bool ok() const { return status == 0; }
  // The lines of `out`, without their ends.
  std::vector<std::string> lines() const;
};

// What a command is to be started with; see Command for the words.
struct CommandSettings {
  enum class Input { standard, text, file, pipe, closed };
  std::string program;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
  std::string directory;
  Input input = Input::standard;
  std::string input_text;
  std::string input_path;
  std::string output_path;
  std::string error_path;
  bool output_closed = false;
  bool error_closed = false;
  bool terminal = false;
  int signal_when_test_ends = 0;
  std::vector<int> inherited;
  std::vector<int> ignored_signals;
  std::vector<int> blocked_signals;
  std::vector<std::pair<int, rlim_t>> limits;
  std::chrono::milliseconds time_limit = std::chrono::seconds(30);
};

class RunningCommand;

// A command that was started. It is killed with its whole process group when this goes before
// `wait()`. Every wait has the command's time limit, counted from its start; when that is reached,
// the group is killed and CommandError thrown. To be used by one thread at a time.
class Running {
 public:
  explicit Running(const CommandSettings& settings);
  Running(Running&&) noexcept;
  Running& operator=(Running&&) noexcept;
  ~Running();

  pid_t pid() const;
  // False as soon as the command itself has ended (its children may go on).
  bool is_running();

  // Writes everything, reading the outputs in the meantime. False: nobody reads it any more.
  bool write_stdin(std::string_view text);
  void close_stdin();
  // Types on the command's terminal: "\x03" is Ctrl-C.
  void type(std::string_view keys);

  // The next line of stdout without its end, waiting for it; nothing at the end of output. What was
  // read is part of Finished::out all the same.
  std::optional<std::string> read_line();
  // Waits until what was written so far to stdout, stderr or the terminal contains `text`.
  void wait_for_out(std::string_view text);
  void wait_for_err(std::string_view text);
  void wait_for_terminal(std::string_view text);
  // What was written so far.
  const std::string& out();
  const std::string& err();
  // Closes our end of its stdout, as `head` does.
  void close_stdout();

  // To the command alone, and to its whole process group as a terminal does it.
  void signal(int number);
  void signal_group(int number);

  // The living processes of this command: itself, its children and what became of them.
  std::vector<Process> processes() const;

  // Closes stdin, waits for the end of the command and of its outputs.
  Finished wait();

 private:
  std::unique_ptr<RunningCommand> command_;
};

// The worker processes of a command that is a fetchpool.
std::vector<pid_t> workers_of(const Running& run);

// A command to run. The environment is clean: PATH (with the build's programs first), LC_ALL=C,
// HOME=/nonexistent, TMPDIR, the test's mark and the sanitizers' options; no proxies. It leads a
// session and process group of its own, has no descriptor but 0, 1 and 2, default signal
// dispositions and an empty signal mask.
//
//     Finished done = Command("fetchpool").args({"--raw", url}).run();
//     CHECK(done.out == "hello");
class Command {
 public:
  // A name without '/' is looked for among the programs of the build, then in PATH.
  explicit Command(std::string program);

  Command& arg(std::string argument);
  Command& args(const std::vector<std::string>& arguments);
  Command& env(std::string name, std::string value);
  Command& env_remove(const std::string& name);
  Command& cwd(std::string directory);

  // stdin: /dev/null for run() and an open pipe for start(), unless one of these is said.
  Command& stdin_text(std::string text);
  Command& stdin_file(std::string path);
  Command& stdin_closed();
  // stdout and stderr: pipes read by the test, unless one of these is said.
  Command& stdout_file(std::string path);
  Command& stdout_closed();
  Command& stderr_file(std::string path);
  Command& stderr_closed();
  // A new terminal of 80 x 24 is its controlling terminal, and its stdin, stdout and stderr as far
  // as nothing above is said.
  Command& on_terminal();

  // A resource limit (both soft and hard): limit(RLIMIT_NOFILE, 16).
  Command& limit(int resource, rlim_t value);
  // The signal is ignored at its start, as nohup does it.
  Command& ignore_signal(int number);
  Command& block_signal(int number);
  // The descriptor stays open in the command under the same number.
  Command& inherit(int fd);
  // The kernel sends it this signal when the calling thread ends, however that comes.
  Command& dies_with_test(int number = SIGKILL);
  Command& time_limit(std::chrono::milliseconds limit);

  // Runs it to its end. Throws CommandError where it cannot be started or reaches its time limit.
  Finished run() const;
  Running start() const;

 private:
  CommandSettings settings_;
};

// The full path of a program of this build.
std::string program_path(const std::string& name);

// Everything about the commands that ended since the last call, shortened: for failure messages.
std::string take_command_reports();

}  // namespace fetchpool::test
