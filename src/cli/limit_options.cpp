#include <spdlog/fmt/fmt.h>

#include <limits>
#include <string>

#include "cli/arguments.h"
#include "cli/option_group.h"
#include "cli/option_list.h"
#include "cli/quantities.h"
#include "cli/safe_text.h"
#include "cli/status_list.h"
#include "cli/usage_error.h"

namespace fetchpool::cli {
namespace {

// "N" or "P%"; the last one counts.
void set_failures(FetchOptions& options, const std::string& word) {
  bool is_share = word.ends_with('%');
  std::string number = word.substr(0, word.size() - (is_share ? 1 : 0));
  int highest = is_share ? 100 : std::numeric_limits<int>::max();
  int count = parse_count("--max-failures", number, is_share ? 1 : 0, highest);
  options.max_failures = is_share ? 0 : static_cast<std::uint64_t>(count);
  options.max_failures_percent = is_share ? count : 0;
}

// libcurl itself ends what has 300 KiB of headers, and calls it something else.
void set_header_size(FetchOptions& options, const std::string& word) {
  constexpr const char* kOption = "--max-header-size";
  std::uint64_t size = parse_size(kOption, word);
  if (size == 0 || size > FetchOptions{}.max_header_bytes)
    throw UsageError(fmt::format("{}: \"{}\" is not from 1 to 256K", kOption, safe_text(word, 60)));
  options.max_header_bytes = size;
}

}  // namespace

void define_limits(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "Limits for each URL");
  group.value("--connect-timeout", "TIME", "to connect, with name look-up and TLS (10s)",
              [&a](const std::string& word) {
                a.fetch.connect_timeout = parse_duration("--connect-timeout", word);
              });
  group.value(
      "-m,--max-time", "TIME", "for one attempt with all its redirects (60s)",
      [&a](const std::string& word) { a.fetch.max_time = parse_duration("--max-time", word); });
  group.value(
      "-Y,--speed-limit", "SIZE", "give up below so many bytes a second, 0: never (0)",
      [&a](const std::string& word) { a.fetch.speed_limit = parse_size("--speed-limit", word); });
  group.value("-y,--speed-time", "TIME", "for which it may be slower (30s)",
              [&a](const std::string& word) {
                a.fetch.speed_time = parse_duration("--speed-time", word);
                if (a.fetch.speed_limit == 0) a.fetch.speed_limit = 1;  // as in curl
              });
  group.value("--max-filesize", "SIZE", "for the body, sent or unpacked, 0: no limit (64M)",
              [&a](const std::string& word) {
                a.fetch.max_body_bytes = parse_size("--max-filesize", word);
              });
  group.value("--max-header-size", "SIZE", "for the headers of one response, at most 256K (256K)",
              [&a](const std::string& word) { set_header_size(a.fetch, word); });
  group.value("--ok-status", "CODES",
              "codes that are no failure, as in 2xx,404 (2xx, 206 if asked for)",
              [&a](const std::string& word) {
                a.fetch.ok_status = parse_status_list("--ok-status", word);
              });
  group.flag("-L,--location", "follow redirects, as is done without it, too", [] {});
  group.value("--max-redirs", "N", "redirects to follow (20)", [&a](const std::string& word) {
    a.fetch.max_redirects = parse_count("--max-redirs", word, 0, 1000);
  });
}

void define_run_limits(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "Limits for the whole run (exit status 9)");
  group.value("--stop", "TIME", "start nothing more after TIME", [&a](const std::string& word) {
    a.fetch.stop_after = parse_duration("--stop", word);
  });
  group.value("--max-total-bytes", "SIZE", "nor once so many bytes of bodies have come",
              [&a](const std::string& word) {
                a.fetch.max_total_bytes = parse_size("--max-total-bytes", word);
              });
  group.value("--max-failures", "N|P%", "nor once so many URLs failed, or that share of 50 or more",
              [&a](const std::string& word) { set_failures(a.fetch, word); });
  group.flag("--fail-early", "nor once a URL failed: --max-failures 1",
             [&a] { set_failures(a.fetch, "1"); });
}

}  // namespace fetchpool::cli
