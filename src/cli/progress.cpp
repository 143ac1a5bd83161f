#include "cli/progress.h"

#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "cli/log.h"
#include "cli/quantities.h"

namespace fetchpool::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLinePeriod{100};
constexpr seconds kPlainPeriod{10};
constexpr seconds kRateWindow{10};
constexpr milliseconds kRateStep{500};

std::size_t terminal_width() {
  struct winsize size {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2) return 80;
  return size.ws_col;
}

std::string eta(std::uint64_t left, double rate) {
  constexpr double kLongest = 100 * 3600.0;
  double wait = rate > 0 ? static_cast<double>(left) / rate : kLongest;
  if (wait >= kLongest) return "ETA -";
  return "ETA " + format_duration(std::chrono::duration_cast<std::chrono::nanoseconds>(
                      std::chrono::duration<double>(wait)));
}

}  // namespace

std::string progress_text(const ProgressCounts& counts, double rate, std::size_t width) {
  std::string text = std::to_string(counts.done);
  if (counts.total) text += fmt::format(" of {}", *counts.total);
  text += "  " + format_rate(rate);
  if (counts.total && *counts.total > counts.done)
    text += "  " + eta(*counts.total - counts.done, rate);
  if (counts.failed > 0) text += fmt::format("  {} failed", counts.failed);
  if (text.size() > width) text.resize(width);
  return text;
}

void RateMeter::add(TimePoint now, std::uint64_t done) {
  bool too_soon = samples_.size() > 1 && now - samples_[samples_.size() - 2].time < kRateStep;
  if (too_soon)
    samples_.back() = {now, done};
  else
    samples_.push_back({now, done});
  while (samples_.size() > 2 && now - samples_[1].time >= kRateWindow) samples_.pop_front();
}

double RateMeter::rate() const {
  if (samples_.size() < 2) return 0;
  const Sample& first = samples_.front();
  const Sample& last = samples_.back();
  double elapsed = std::chrono::duration<double>(last.time - first.time).count();
  return elapsed > 0 ? static_cast<double>(last.done - first.done) / elapsed : 0;
}

Progress::Progress(ProgressMode mode, bool quiet, TimePoint start)
    : style_(style(mode, quiet)),
      next_(start + (style_ == Style::line ? milliseconds(kLinePeriod) : kPlainPeriod)) {
  meter_.add(start, 0);
}

Progress::~Progress() {
  if (style_ == Style::line) log::show_status("");
}

Progress::Style Progress::style(ProgressMode mode, bool quiet) {
  if (mode == ProgressMode::none) return Style::none;
  if (mode == ProgressMode::plain) return Style::plain;
  if (quiet) return Style::none;
  const char* terminal = std::getenv("TERM");
  bool can_rewrite = isatty(STDERR_FILENO) == 1 && terminal != nullptr && *terminal != '\0' &&
                     std::string_view(terminal) != "dumb";
  return can_rewrite ? Style::line : Style::plain;
}

std::optional<Progress::TimePoint> Progress::next_update() const {
  if (style_ == Style::none) return std::nullopt;
  return next_;
}

void Progress::update(TimePoint now, const ProgressCounts& counts) {
  if (style_ == Style::none || now < next_) return;
  meter_.add(now, counts.done);
  if (style_ == Style::line) {
    // The last column stays free: a character there makes some terminals begin a new line.
    log::show_status(progress_text(counts, meter_.rate(), terminal_width() - 1));
    next_ = now + kLinePeriod;
  } else {
    log::progress(progress_text(counts, meter_.rate(), std::string::npos));
    next_ = now + kPlainPeriod;
  }
}

}  // namespace fetchpool::cli
