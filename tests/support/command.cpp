#include "support/command.h"

#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <string>

#include "support/running_command.h"

extern char** environ;

namespace fetchpool::test {
namespace {

std::string search_path() {
  const char* path = std::getenv("PATH");
  std::string folders = FETCHPOOL_PROGRAM_DIR;
  folders += ":";
  folders += path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  return folders + ":/usr/sbin:/sbin";
}

std::map<std::string, std::string> clean_environment() {
  std::map<std::string, std::string> clean{
      {"PATH", search_path()}, {"LC_ALL", "C"}, {"HOME", "/nonexistent"}};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string text = *entry;
    std::size_t equals = text.find('=');
    if (equals == std::string::npos) continue;
    std::string name = text.substr(0, equals);
    bool kept = name == "TMPDIR" || name == tag_variable || name == "LD_LIBRARY_PATH" ||
                name.ends_with("SAN_OPTIONS");
    if (kept) clean[name] = text.substr(equals + 1);
  }
  return clean;
}

}  // namespace

std::vector<std::string> Finished::lines() const {
  std::vector<std::string> lines;
  std::istringstream text(out);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::string program_path(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  std::istringstream folders(search_path());
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string path = folder + "/" + name;
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  throw CommandError("there is no program " + name + " in " + search_path());
}

Command::Command(std::string program) {
  settings_.program = std::move(program);
  settings_.environment = clean_environment();
}

Command& Command::arg(std::string argument) {
  settings_.arguments.push_back(std::move(argument));
  return *this;
}

Command& Command::args(const std::vector<std::string>& arguments) {
  settings_.arguments.insert(settings_.arguments.end(), arguments.begin(), arguments.end());
  return *this;
}

Command& Command::env(std::string name, std::string value) {
  settings_.environment[std::move(name)] = std::move(value);
  return *this;
}

Command& Command::env_remove(const std::string& name) {
  settings_.environment.erase(name);
  return *this;
}

Command& Command::cwd(std::string directory) {
  settings_.directory = std::move(directory);
  return *this;
}

Command& Command::stdin_text(std::string text) {
  settings_.input = CommandSettings::Input::text;
  settings_.input_text = std::move(text);
  return *this;
}

Command& Command::stdin_file(std::string path) {
  settings_.input = CommandSettings::Input::file;
  settings_.input_path = std::move(path);
  return *this;
}

Command& Command::stdin_closed() {
  settings_.input = CommandSettings::Input::closed;
  return *this;
}

Command& Command::stdout_file(std::string path) {
  settings_.output_path = std::move(path);
  return *this;
}

Command& Command::stdout_closed() {
  settings_.output_closed = true;
  return *this;
}

Command& Command::stderr_file(std::string path) {
  settings_.error_path = std::move(path);
  return *this;
}

Command& Command::stderr_closed() {
  settings_.error_closed = true;
  return *this;
}

Command& Command::on_terminal() {
  settings_.terminal = true;
  return *this;
}

Command& Command::limit(int resource, rlim_t value) {
  settings_.limits.emplace_back(resource, value);
  return *this;
}

Command& Command::ignore_signal(int number) {
  settings_.ignored_signals.push_back(number);
  return *this;
}

Command& Command::block_signal(int number) {
  settings_.blocked_signals.push_back(number);
  return *this;
}

Command& Command::inherit(int fd) {
  settings_.inherited.push_back(fd);
  return *this;
}

Command& Command::dies_with_test(int number) {
  settings_.signal_when_test_ends = number;
  return *this;
}

Command& Command::time_limit(std::chrono::milliseconds limit) {
  settings_.time_limit = limit;
  return *this;
}

Finished Command::run() const {
  CommandSettings settings = settings_;
  if (settings.input == CommandSettings::Input::standard && !settings.terminal) {
    settings.input = CommandSettings::Input::file;
    settings.input_path = "/dev/null";
  }
  return Running(settings).wait();
}

Running Command::start() const {
  CommandSettings settings = settings_;
  if (settings.input == CommandSettings::Input::standard && !settings.terminal)
    settings.input = CommandSettings::Input::pipe;
  return Running(settings);
}

Running::Running(const CommandSettings& settings)
    : command_(std::make_unique<RunningCommand>(settings)) {}
Running::Running(Running&&) noexcept = default;
Running& Running::operator=(Running&&) noexcept = default;
Running::~Running() = default;

pid_t Running::pid() const {
  return command_->pid();
}
bool Running::is_running() {
  return !command_->has_ended();
}
bool Running::write_stdin(std::string_view text) {
  return command_->write_input(text);
}
void Running::close_stdin() {
  command_->close_input();
}
void Running::type(std::string_view keys) {
  command_->type(keys);
}
std::optional<std::string> Running::read_line() {
  return command_->read_line();
}
void Running::wait_for_out(std::string_view text) {
  command_->wait_for(Stream::out, text);
}
void Running::wait_for_err(std::string_view text) {
  command_->wait_for(Stream::err, text);
}
void Running::wait_for_terminal(std::string_view text) {
  command_->wait_for(Stream::terminal, text);
}
const std::string& Running::out() {
  return command_->seen(Stream::out);
}
const std::string& Running::err() {
  return command_->seen(Stream::err);
}
void Running::close_stdout() {
  command_->close_output();
}
void Running::signal(int number) {
  command_->send_signal(command_->pid(), number);
}
void Running::signal_group(int number) {
  command_->send_signal(-command_->pid(), number);
}
std::vector<Process> Running::processes() const {
  return processes_tagged(command_->tag());
}
Finished Running::wait() {
  return command_->finish();
}

std::vector<pid_t> workers_of(const Running& run) {
  std::vector<pid_t> workers;
  for (const Process& process : run.processes())
    if (process.name == "fetchpool-work") workers.push_back(process.pid);
  return workers;
}

}  // namespace fetchpool::test
