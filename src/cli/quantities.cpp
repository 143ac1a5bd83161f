#include "cli/quantities.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/ascii.h"
#include "cli/safe_text.h"
#include "cli/usage_error.h"

namespace fetchpool::cli {
namespace {

constexpr std::uint64_t kMaxSize = std::uint64_t{1024} << 40;
constexpr std::size_t kShownBytes = 60;

[[noreturn]] void refuse(std::string_view option, std::string_view text, std::string_view allowed) {
  throw UsageError(
      fmt::format("{}: \"{}\" is not {}", option, safe_text(text, kShownBytes), allowed));
}

// The number that `text` begins with, and what follows it.
template <typename Number>
struct Leading {
  std::optional<Number> number;
  std::string_view rest;
};

Leading<std::uint64_t> leading_integer(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return {};
  return {value, text.substr(static_cast<std::size_t>(end - text.data()))};
}

Leading<double> leading_decimal(std::string_view text) {
  bool begins_as_number = !text.empty() && (is_digit(text[0]) || text[0] == '.');
  if (!begins_as_number) return {};
  double value = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc()) return {};
  return {value, text.substr(static_cast<std::size_t>(end - text.data()))};
}

std::optional<int> size_shift(std::string_view unit) {
  if (unit.empty()) return 0;
  if (unit.size() > 1) return std::nullopt;
  switch (unit[0]) {
    case 'K':
    case 'k':
      return 10;
    case 'M':
    case 'm':
      return 20;
    case 'G':
    case 'g':
      return 30;
    case 'T':
    case 't':
      return 40;
    default:
      return std::nullopt;
  }
}

std::optional<double> milliseconds_in(std::string_view unit) {
  if (unit.empty() || unit == "s") return 1e3;
  if (unit == "ms") return 1;
  if (unit == "m") return 60e3;
  if (unit == "h") return 3600e3;
  return std::nullopt;
}

}  // namespace

int parse_count(std::string_view option, std::string_view text, int lowest, int highest) {
  auto [number, rest] = leading_integer(text);
  bool fits = number && rest.empty() && *number <= static_cast<std::uint64_t>(highest) &&
              static_cast<int>(*number) >= lowest;
  if (!fits) refuse(option, text, fmt::format("a whole number from {} to {}", lowest, highest));
  return static_cast<int>(*number);
}

std::uint64_t parse_size(std::string_view option, std::string_view text) {
  auto [number, unit] = leading_integer(text);
  auto shift = size_shift(unit);
  if (!number || !shift || *number > kMaxSize >> *shift)
    refuse(option, text, "a size from 0 to 1024T, as in 1000000, 64K, 10M or 1G");
  return *number << *shift;
}

std::chrono::milliseconds parse_duration(std::string_view option, std::string_view text) {
  using std::chrono::milliseconds;
  constexpr milliseconds kLongest = std::chrono::hours(24 * 7);
  auto [number, unit] = leading_decimal(text);
  auto factor = milliseconds_in(unit);
  double value = number && factor ? *number * *factor : 0;
  if (value < 1 || value > static_cast<double>(kLongest.count()))
    refuse(option, text, "a time from 1ms to 168h, as in 10 (seconds), 0.5, 500ms or 2m");
  return milliseconds(std::llround(value));
}

double parse_rate(std::string_view option, std::string_view text) {
  auto [number, unit] = leading_decimal(text);
  double seconds = unit == "/s" ? 1 : unit == "/m" ? 60 : unit == "/h" ? 3600 : 0;
  if (unit == "/d") seconds = 24 * 3600;
  double rate = number && seconds > 0 ? *number / seconds : 0;
  // The slowest is one a day.
  if (rate < 1.0 / (24 * 3600) || rate > 1e6)
    refuse(option, text, "a rate from 1/d to 1000000/s, as in 20/s, 100/m or 1000/h");
  return rate;
}

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // 1023.95 would be rounded to "1024.0".
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string format_duration(std::chrono::nanoseconds duration) {
  double exact = std::chrono::duration<double>(duration).count();
  if (exact < 59.95) return fmt::format("{:.1f} s", exact);
  auto seconds = std::llround(exact);
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string format_rate(double per_second) {
  return per_second < 9.95 ? fmt::format("{:.1f}/s", per_second)
                           : fmt::format("{:.0f}/s", per_second);
}

std::string format_count(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace fetchpool::cli
