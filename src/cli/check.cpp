#include "cli/check.h"

#include <spdlog/fmt/fmt.h>

#include <string>
#include <string_view>

#include "cli/exit_code.h"
#include "cli/log.h"
#include "cli/quantities.h"
#include "cli/safe_text.h"
#include "cli/usage_error.h"
#include "fetchpool/error.h"
#include "output/warc_check.h"

namespace fetchpool::cli {
namespace {

// Whether it has no fault.
bool check_archive(const std::string& path) {
  std::string name = safe_text(path);
  auto report = [&name](std::string_view line) { log::error(fmt::format("{}: {}", name, line)); };
  try {
    output::WarcReport found = output::check_warc(path, report);
    log::info(fmt::format("{}: {} whole, {}", name, format_count(found.records, "record"),
                          found.faults == 0 ? "no fault" : format_count(found.faults, "fault")));
    return found.faults == 0;
  } catch (const SystemError& error) {
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
  if (files.empty()) throw UsageError("check: name the archives to check");
  for (const char* file : files)
    if (file[0] == '-') throw UsageError("check takes files only, not " + safe_text(file));
  bool all_whole = true;
  for (const char* file : files) all_whole = check_archive(file) && all_whole;
  return all_whole ? kExitOk : kExitLocalIo;
}

}  // namespace fetchpool::cli
