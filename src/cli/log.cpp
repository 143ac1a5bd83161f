#include "cli/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <memory>
#include <string>

#include "cli/safe_text.h"

namespace fetchpool::cli::log {
namespace {

constexpr std::string_view kEraseLine = "\r\x1b[K";

std::string status;

// Synchronous and without a thread: worker processes are forked from this one.
spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto created = std::make_shared<spdlog::logger>(
        "fetchpool", std::make_shared<spdlog::sinks::stderr_sink_st>());
    created->set_pattern("fetchpool: %v");
    created->set_level(spdlog::level::info);
    // Nobody is left to be told that standard error cannot be written.
    created->set_error_handler([](const std::string&) {});
    return created;
  }();
  return *instance;
}

void write_raw(std::string_view text) {
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
  (void)std::fflush(stderr);
}

void message(spdlog::level::level_enum level, std::string_view text) {
  if (!logger().should_log(level)) return;
  if (!status.empty()) write_raw(kEraseLine);
  logger().log(level, "{}", safe_text(text));
  if (!status.empty()) write_raw(status);
}

}  // namespace

void set_level(Level level) {
  switch (level) {
    case Level::quiet:
      return logger().set_level(spdlog::level::err);
    case Level::normal:
      return logger().set_level(spdlog::level::info);
    case Level::verbose:
      return logger().set_level(spdlog::level::debug);
    case Level::debug:
      return logger().set_level(spdlog::level::trace);
  }
}

void error(std::string_view text) {
  message(spdlog::level::err, text);
}
void progress(std::string_view text) {
  message(spdlog::level::critical, text);
}
void warning(std::string_view text) {
  message(spdlog::level::warn, text);
}
void info(std::string_view text) {
  message(spdlog::level::info, text);
}
void verbose(std::string_view text) {
  message(spdlog::level::debug, text);
}
void debug(std::string_view text) {
  message(spdlog::level::trace, text);
}

void show_status(std::string_view line) {
  if (line == status) return;
  status = printable(line);
  write_raw(std::string(kEraseLine) + status);
}

}  // namespace fetchpool::cli::log
