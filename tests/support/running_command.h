// The inside of Running: a child process and the test's ends of its descriptors.
#pragma once

#include <sys/types.h>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/posix.h"
#include "base/unique_fd.h"
#include "support/command.h"

namespace fetchpool::test {

enum class Stream { out, err, terminal };

// Starts the command in its constructor and kills its group in its destructor, unless `finish()`
// came before.
class RunningCommand {
 public:
  explicit RunningCommand(const CommandSettings& settings);
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;
  ~RunningCommand();

  pid_t pid() const { return pid_; }
  const std::string& tag() const { return tag_; }
  bool has_ended();
  bool write_input(std::string_view text);
  void close_input() { input_.reset(); }
  void type(std::string_view keys);
  std::optional<std::string> read_line();
  void wait_for(Stream stream, std::string_view text);
  const std::string& seen(Stream stream);
  void close_output() { outputs_[0].fd.reset(); }
  void send_signal(pid_t target, int number) const;
  Finished finish();

 private:
  struct Output {
    UniqueFd fd;
    std::string text;
  };

  Output& output(Stream stream) { return outputs_[static_cast<std::size_t>(stream)]; }
  // Moves bytes once they can move, waiting until `deadline` at most.
  void pump(TimePoint deadline);
  // Moves bytes until `done`; throws at the time limit, saying what was waited for.
  void pump_until(const std::function<bool()>& done, const std::string& what);
  void read_output(Output& output);
  void write_pending();
  void reap(bool wait);
  void kill_all();
  std::string report(const std::string& ending) const;

  CommandSettings settings_;
  std::string tag_;
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd input_;
  bool close_when_written_ = false;
  std::string pending_;
  std::array<Output, 3> outputs_;
  std::size_t lines_read_to_ = 0;
  TimePoint started_;
  TimePoint deadline_;
  bool ended_ = false;
  Finished result_;
};

}  // namespace fetchpool::test
