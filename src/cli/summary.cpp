#include "cli/summary.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "cli/quantities.h"
#include "cli/safe_text.h"

namespace fetchpool::cli {
namespace {

constexpr std::size_t kShownKinds = 5;
constexpr std::size_t kShownUrlBytes = 200;
constexpr std::size_t kShownErrorBytes = 300;

std::size_t index(Outcome outcome) {
  return static_cast<std::size_t>(outcome);
}

}  // namespace

std::string failure_text(const FetchResult& result) {
  std::string text = safe_text(result.input, kShownUrlBytes);
  text += fmt::format(": {}", name(result.outcome));
  if (!result.error.empty()) text += ": " + safe_text(result.error, kShownErrorBytes);
  return text;
}

void Summary::add(const FetchResult& result) {
  ++done_;
  bytes_ += result.size_download;
  Kind& kind = kinds_[index(result.outcome)];
  ++kind.count;
  if (result.ok())
    ++succeeded_;
  else if (kind.example.empty())
    kind.example = failure_text(result);
}

std::string Summary::first_line(const RunFigures& figures) const {
  double seconds = std::chrono::duration<double>(figures.duration).count();
  std::string text = failed() == 0
                         ? fmt::format("{} ok", format_count(done_, "URL"))
                         : fmt::format("{} of {} ok", succeeded_, format_count(done_, "URL"));
  text += fmt::format(", {} in {}", format_bytes(bytes_), format_duration(figures.duration));
  if (done_ > 0 && seconds >= 0.1)
    text += fmt::format(" ({})", format_rate(static_cast<double>(done_) / seconds));
  if (figures.retries > 0) text += ", " + format_count(figures.retries, "more attempt");
  if (figures.workers_replaced > 0)
    text += ", " + format_count(figures.workers_replaced, "worker") + " replaced";
  return text;
}

std::vector<std::string> Summary::failure_lines(bool examples) const {
  std::vector<Outcome> failures;
  for (int i = 0; i < kOutcomeCount; ++i)
    if (auto outcome = static_cast<Outcome>(i);
        !is_success(outcome) && outcome != Outcome::cancelled && kinds_[index(outcome)].count > 0)
      failures.push_back(outcome);
  std::stable_sort(failures.begin(), failures.end(), [this](Outcome a, Outcome b) {
    return kinds_[index(a)].count > kinds_[index(b)].count;
  });
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < std::min(failures.size(), kShownKinds); ++i) {
    const Kind& kind = kinds_[index(failures[i])];
    lines.push_back(examples ? fmt::format("{} failed, as in {}", kind.count, kind.example)
                             : fmt::format("{} failed: {}", kind.count, name(failures[i])));
  }
  if (failures.size() > kShownKinds)
    lines.push_back(fmt::format("and {} more kinds of failure", failures.size() - kShownKinds));
  return lines;
}

std::vector<std::string> Summary::lines(const RunFigures& figures, bool examples) const {
  std::vector<std::string> lines = failure_lines(examples);
  if (auto cancelled = kinds_[index(Outcome::cancelled)].count; cancelled > 0)
    lines.push_back(fmt::format("{} not fetched", cancelled));
  if (!figures.stopped_by.empty())
    lines.push_back(fmt::format("stopped by {} before the end of the list", figures.stopped_by));
  lines.insert(lines.begin(), first_line(figures));
  return lines;
}

}  // namespace fetchpool::cli
