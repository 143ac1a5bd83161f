#include "fetch/http_date.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace fetchpool::engine {

namespace {

using std::chrono::sys_seconds;

// Takes the text apart from its beginning; `failed` once something was not as asked for.
struct Reader {
  std::string_view rest;
  bool failed = false;

  void literal(std::string_view text) {
    if (!rest.starts_with(text)) failed = true;
    if (!failed) rest.remove_prefix(text.size());
  }

  int number(std::size_t digits) {
    if (failed || rest.size() < digits) {
      failed = true;
      return 0;
    }
    int value = 0;
    for (const char c : rest.substr(0, digits)) {
      if (c < '0' || c > '9') failed = true;
      value = value * 10 + (c - '0');
    }
    rest.remove_prefix(digits);
    return value;
  }

  template <std::size_t N>
  unsigned one_of(const std::array<std::string_view, N>& words) {
    for (std::size_t i = 0; i < N; ++i) {
      if (failed || !rest.starts_with(words[i])) continue;
      rest.remove_prefix(words[i].size());
      return static_cast<unsigned>(i + 1);
    }
    failed = true;
    return 0;
  }
};

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> kLongDays{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                    "Friday", "Saturday", "Sunday"};

struct Fields {
  int year = 0;
  unsigned month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

void read_time(Reader& reader, Fields& fields) {
  fields.hour = reader.number(2);
  reader.literal(":");
  fields.minute = reader.number(2);
  reader.literal(":");
  fields.second = reader.number(2);
}

std::optional<sys_seconds> assembled(const Reader& reader, const Fields& fields) {
  if (reader.failed || !reader.rest.empty()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(fields.year),
                                         std::chrono::month(fields.month),
                                         std::chrono::day(static_cast<unsigned>(fields.day))};
  if (!date.ok() || fields.hour > 23 || fields.minute > 59 || fields.second > 60) {
    return std::nullopt;
  }
  return std::chrono::sys_days(date) + std::chrono::hours(fields.hour) +
         std::chrono::minutes(fields.minute) + std::chrono::seconds(fields.second);
}

std::optional<sys_seconds> read_fixdate(std::string_view text) {
  Reader reader{text};
  Fields fields;
  reader.one_of(kDays);
  reader.literal(", ");
  fields.day = reader.number(2);
  reader.literal(" ");
  fields.month = reader.one_of(kMonths);
  reader.literal(" ");
  fields.year = reader.number(4);
  reader.literal(" ");
  read_time(reader, fields);
  reader.literal(" GMT");
  return assembled(reader, fields);
}

std::optional<sys_seconds> read_rfc850(std::string_view text, sys_seconds now) {
  Reader reader{text};
  Fields fields;
  reader.one_of(kLongDays);
  reader.literal(", ");
  fields.day = reader.number(2);
  reader.literal("-");
  fields.month = reader.one_of(kMonths);
  reader.literal("-");
  const int two_digits = reader.number(2);
  reader.literal(" ");
  read_time(reader, fields);
  reader.literal(" GMT");
  const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
  const int this_year = static_cast<int>(today.year());
  fields.year = this_year - this_year % 100 + two_digits;
  if (fields.year > this_year + 50) fields.year -= 100;
  if (fields.year <= this_year - 50) fields.year += 100;
  return assembled(reader, fields);
}

std::optional<sys_seconds> read_asctime(std::string_view text) {
  Reader reader{text};
  Fields fields;
  reader.one_of(kDays);
  reader.literal(" ");
  fields.month = reader.one_of(kMonths);
  reader.literal(" ");
  if (reader.rest.starts_with(' ')) {
    reader.literal(" ");
    fields.day = reader.number(1);
  } else {
    fields.day = reader.number(2);
  }
  reader.literal(" ");
  read_time(reader, fields);
  reader.literal(" ");
  fields.year = reader.number(4);
  return assembled(reader, fields);
}

}  // namespace

std::optional<sys_seconds> parse_http_date(std::string_view text, sys_seconds now) {
  if (const auto date = read_fixdate(text)) return date;
  if (const auto date = read_rfc850(text, now)) return date;
  return read_asctime(text);
}

}  // namespace fetchpool::engine
