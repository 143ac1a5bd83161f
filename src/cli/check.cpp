#include "cli/check.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/posix.h"
#include "cli/exit_code.h"
#include "cli/log.h"
#include "cli/quantities.h"
#include "cli/safe_text.h"
#include "cli/usage_error.h"
#include "fetchpool/error.h"
#include "output/output_check.h"
#include "output/warc_check.h"

namespace fetchpool::cli {
namespace {

// A damaged one may be known by its name alone.
bool is_archive(const std::string& path) {
  if (path.find(".warc.gz") != std::string::npos) return true;
  std::array<char, 2> start{};
  UniqueFd file = posix::open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  return posix::read_some(file.get(), start.data(), start.size()) == start.size() &&
         start == std::array{'\x1f', '\x8b'};
}

struct Found {
  std::string what;
  std::uint64_t faults = 0;
};

Found look_through(const std::string& path) {
  auto report = [](std::string_view line) { log::error(line); };
  if (std::filesystem::is_directory(path)) {
    output::CheckReport found = output::check_directory(path, report);
    return {format_count(found.records, "record") + " whole, " +
                format_count(found.bodies, "body file"),
            found.faults};
  }
  if (is_archive(path)) {
    auto report_in_file = [&](std::string_view line) { report(fmt::format("{}: {}", path, line)); };
    output::WarcReport found = output::check_warc(path, report_in_file);
    return {format_count(found.records, "record") + " whole", found.faults};
  }
  output::CheckReport found = output::check_records(path, report);
  if (found.records == 0 && found.faults > 0)
    report(path + ": holds no record; what --raw writes cannot be checked");
  return {format_count(found.records, "record") + " whole", found.faults};
}

// Whether it has no fault.
bool check_path(const std::string& path) {
  try {
    Found found = look_through(path);
    log::info(fmt::format("{}: {}, {}", path, found.what,
                          found.faults == 0 ? "no fault" : format_count(found.faults, "fault")));
    return found.faults == 0;
  } catch (const Error& error) {
    log::error(error.what());
    return false;
  }
}

}  // namespace

bool asks_for_check(std::span<const char* const> arguments) {
  return arguments.size() > 1 && std::string_view(arguments[1]) == "check";
}

int check(std::span<const char* const> arguments) {
  auto files = arguments.subspan(2);
  if (files.empty())
    throw UsageError("check: name directories of -P, files of -o or archives of --warc");
  for (const char* file : files)
    if (file[0] == '-')
      throw UsageError("check takes directories and files only, not " + safe_text(file));
  bool all_whole = true;
  for (const char* file : files) all_whole = check_path(file) && all_whole;
  return all_whole ? kExitOk : kExitLocalIo;
}

}  // namespace fetchpool::cli
