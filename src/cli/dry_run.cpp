#include "cli/dry_run.h"

#include <poll.h>

#include <cstdio>

#include "base/posix.h"
#include "cli/exit_code.h"
#include "cli/log.h"
#include "cli/request_reader.h"
#include "cli/summary.h"
#include "cli/url_reader.h"
#include "fetch/request_rules.h"
#include "fetch/url.h"

namespace fetchpool::cli {
namespace {

// What is known of the entry without a request: its URL, or why there is none.
FetchResult preview(ListEntry&& entry, const FetchOptions& options) {
  if (auto* known = std::get_if<FetchResult>(&entry.more)) return std::move(*known);
  FetchResult result;
  result.input = entry.text;
  if (auto* request = std::get_if<FetchRequest>(&entry.more)) {
    result.id = request->id;
    result.input = request->url;
    result.error = engine::problem_of(*request, options);
  }
  auto parsed = engine::parse_url(result.input, {options.allow_userinfo});
  result.outcome = result.error.empty() ? Outcome::ok : Outcome::bad_url;
  if (auto* error = std::get_if<engine::UrlError>(&parsed)) {
    result.outcome = error->outcome;
    result.error = error->reason;
  } else {
    result.url = std::get<engine::Url>(parsed).text;
  }
  return result;
}

bool print(const FetchResult& result) {
  std::string line = result.url;
  if (!result.id.empty()) line += '\t' + result.id;
  line += '\n';
  return std::fwrite(line.data(), 1, line.size(), stdout) == line.size();
}

}  // namespace

int dry_run(const Arguments& arguments) {
  RequestReader requests(arguments);
  UrlReader reader(arguments.urls, lists_to_read(arguments));
  ExitCode exit_code;
  bool written = true;
  while (written && !reader.at_end()) {
    auto line = reader.next();
    if (!line) {
      written = std::fflush(stdout) == 0;
      struct pollfd readable {
        reader.poll_fd(), POLLIN, 0
      };
      if (!reader.at_end()) posix::poll_for(&readable, 1, std::nullopt);
      continue;
    }
    auto entry = requests.read(std::move(*line));
    if (!entry) continue;
    FetchResult result = preview(std::move(*entry), arguments.fetch);
    exit_code.add(result.outcome, 0);
    if (result.outcome == Outcome::ok) written = print(result);
    if (!result.ok()) log::warning(failure_text(result));
  }
  if (!written || std::fflush(stdout) != 0) {
    log::error("cannot write to standard output");
    exit_code.fail(kExitLocalIo);
  }
  return exit_code.code(arguments.exit_zero);
}

}  // namespace fetchpool::cli
