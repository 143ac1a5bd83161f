#include "output/record.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cmath>
#include <string>

#include "base/ascii.h"

namespace fetchpool::output {
namespace {

std::string_view without_blanks_before(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text;
}

std::string_view scheme_of(const FetchResult& result) {
  const std::string& url = result.url_effective.empty() ? result.url : result.url_effective;
  if (starts_with_ignoring_case(url, "https:")) return "https";
  if (starts_with_ignoring_case(url, "http:")) return "http";
  auto colon = std::min(url.find(':'), url.size());
  return std::string_view(url).substr(0, colon == url.size() ? 0 : colon);
}

// RFC 3339 in UTC with microseconds: 2026-11-22T06:55:35.123456Z.
void write_timestamp(JsonLine& line, std::chrono::system_clock::time_point time) {
  using std::chrono::floor;
  auto micros = floor<std::chrono::microseconds>(time);
  auto day = floor<std::chrono::days>(micros);
  std::chrono::year_month_day date(day);
  auto of_day = static_cast<std::uint64_t>((micros - day).count());
  std::uint64_t second = of_day / 1000000;
  char text[] = "\"0000-00-00T00:00:00.000000Z\"";
  auto digits = [&text](int at, int count, std::uint64_t value) {
    for (int i = at + count - 1; i >= at; --i, value /= 10)
      text[i] = static_cast<char>('0' + value % 10);
  };
  digits(1, 4, static_cast<std::uint64_t>(std::clamp(int{date.year()}, 0, 9999)));
  digits(6, 2, unsigned{date.month()});
  digits(9, 2, unsigned{date.day()});
  digits(12, 2, second / 3600);
  digits(15, 2, second / 60 % 60);
  digits(18, 2, second % 60);
  digits(21, 6, of_day % 1000000);
  line.short_text(text);
}

}  // namespace

std::string charset_of(std::string_view content_type) {
  constexpr std::string_view kName = "charset=";
  for (auto semicolon = content_type.find(';'); semicolon != std::string_view::npos;
       semicolon = content_type.find(';')) {
    content_type = without_blanks_before(content_type.substr(semicolon + 1));
    if (!starts_with_ignoring_case(content_type, kName)) continue;
    std::string_view value = without_blanks_before(content_type.substr(kName.size()));
    if (value.starts_with('"') || value.starts_with('\'')) {
      value = value.substr(1, value.find(value[0], 1) - 1);
    } else {
      value = value.substr(0, value.find_first_of("; \t,"));
    }
    return lower_case(value);
  }
  return {};
}

RecordWriter::Line RecordWriter::write(const FetchResult& result, std::string_view body_file) {
  using Encoding = FetchResult::Encoding;
  line_.clear();
  line_.literal("{\"seq\":");
  line_.number(result.seq);
  line_.literal(",\"id\":");
  line_.string_or_null(result.id);
  line_.literal(",\"input\":");
  line_.string(result.input);
  line_.literal(",\"url\":");
  line_.string_or_null(result.url);
  line_.literal(",\"url_effective\":");
  line_.string_or_null(result.url_effective);
  line_.literal(",\"ok\":");
  line_.boolean(result.ok());
  line_.literal(",\"outcome\":\"");
  line_.short_text(name(result.outcome));
  line_.literal("\",\"exitcode\":");
  line_.number(static_cast<std::int64_t>(exit_code(result.outcome, result.response_code)));
  line_.literal(",\"errormsg\":");
  line_.string_or_null(result.error);
  write_response(result);
  if (form_.files) {
    line_.literal(",\"body_file\":");
    line_.string_or_null(body_file);
  }
  write_hash(result);
  write_redirects(result);
  write_connection(result);
  write_times(result);

  if (!form_.bodies) {
    line_.literal("}\n");
    return {line_.view(), {}, false};
  }
  if (result.body_encoding == Encoding::none) {
    line_.literal(",\"body_encoding\":null,\"body\":null}\n");
    return {line_.view(), {}, false};
  }
  assert(result.body_encoding != Encoding::raw);
  if (result.body_encoding == Encoding::base64)
    line_.literal(",\"body_encoding\":\"base64\",\"body\":\"");
  else
    line_.literal(",\"body_encoding\":\"utf-8\",\"body\":\"");
  return {line_.view(), "\"}\n", true};
}

void RecordWriter::write_response(const FetchResult& result) {
  line_.literal(",\"response_code\":");
  if (result.response_code == 0)
    line_.null();
  else
    line_.number(static_cast<std::int64_t>(result.response_code));
  line_.literal(",\"method\":");
  line_.string_or_null(result.method);
  line_.literal(",\"scheme\":");
  line_.string_or_null(scheme_of(result));
  line_.literal(",\"http_version\":");
  line_.string_or_null(result.http_version);
  line_.literal(",\"content_type\":");
  line_.string_or_null(result.content_type);
  line_.literal(",\"charset\":");
  line_.string_or_null(charset_of(result.content_type));
  line_.literal(",\"content_length\":");
  if (result.content_length)
    line_.number(*result.content_length);
  else
    line_.null();
  line_.literal(",\"content_encoding\":");
  line_.string_or_null(result.content_encoding);
  line_.literal(",\"size_download\":");
  line_.number(result.size_download);
  line_.literal(",\"size_body\":");
  line_.number(result.size_body);
  line_.literal(",\"size_header\":");
  line_.number(result.size_header);
  line_.literal(",\"complete\":");
  if (result.complete)
    line_.boolean(*result.complete);
  else
    line_.null();
  line_.literal(",\"truncated\":");
  bool is_cut = result.response_code != 0 &&
                (result.outcome == Outcome::truncated || result.outcome == Outcome::too_large);
  if (is_cut)
    line_.boolean(true);
  else
    line_.null();
  if (!form_.headers) return;
  line_.literal(",\"headers\":[");
  for (const HeaderLine& header : result.headers) {
    if (&header == &result.headers.front())
      line_.literal("[");
    else
      line_.literal(",[");
    line_.string(header.first);
    line_.literal(",");
    line_.string(header.second);
    line_.literal("]");
  }
  line_.literal("]");
}

void RecordWriter::write_hash(const FetchResult& result) {
  if (form_.hash == BodyHash::none) {
    line_.literal(",\"body_sha256\":null,\"body_xxh3\":null");
    return;
  }
  line_.literal(",\"body_sha256\":");
  line_.string_or_null(form_.hash == BodyHash::sha256 ? result.body_hash : std::string_view());
  line_.literal(",\"body_xxh3\":");
  line_.string_or_null(form_.hash == BodyHash::xxh3 ? result.body_hash : std::string_view());
}

void RecordWriter::write_redirects(const FetchResult& result) {
  line_.literal(",\"num_redirects\":");
  line_.number(std::uint64_t{result.redirects.size()});
  line_.literal(",\"redirects\":[");
  for (const Redirect& redirect : result.redirects) {
    if (&redirect == &result.redirects.front())
      line_.literal("{\"url\":");
    else
      line_.literal(",{\"url\":");
    line_.string(redirect.url);
    line_.literal(",\"response_code\":");
    line_.number(static_cast<std::int64_t>(redirect.response_code));
    line_.literal(",\"location\":");
    line_.string_or_null(redirect.location);
    line_.literal("}");
  }
  line_.literal("]");
}

void RecordWriter::write_connection(const FetchResult& result) {
  line_.literal(",\"num_attempts\":");
  if (form_.stable)
    line_.null();
  else
    line_.number(static_cast<std::int64_t>(result.num_attempts));
  line_.literal(",\"retry_after\":");
  if (form_.stable || !result.retry_after)
    line_.null();
  else
    line_.number(std::uint64_t{*result.retry_after});
  line_.literal(",\"num_connects\":");
  if (form_.stable || result.num_attempts == 0)
    line_.null();
  else
    line_.number(static_cast<std::int64_t>(result.num_connects));
  line_.literal(",\"remote_ip\":");
  line_.string_or_null(form_.stable ? std::string_view() : result.remote_ip);
  line_.literal(",\"remote_port\":");
  if (form_.stable || result.remote_port == 0)
    line_.null();
  else
    line_.number(static_cast<std::int64_t>(result.remote_port));
  line_.literal(",\"ssl_verify_result\":");
  if (scheme_of(result) != "https")
    line_.null();
  else
    line_.number(std::int64_t{result.ssl_verify_result});
}

void RecordWriter::write_times(const FetchResult& result) {
  bool is_known = !form_.stable && result.num_attempts > 0;
  if (is_known) {
    const FetchTimes& times = result.times;
    line_.literal(",\"time_queue\":");
    line_.seconds(times.queue);
    line_.literal(",\"time_namelookup\":");
    line_.seconds(times.namelookup);
    line_.literal(",\"time_connect\":");
    line_.seconds(times.connect);
    line_.literal(",\"time_appconnect\":");
    line_.seconds(times.appconnect);
    line_.literal(",\"time_pretransfer\":");
    line_.seconds(times.pretransfer);
    line_.literal(",\"time_starttransfer\":");
    line_.seconds(times.starttransfer);
    line_.literal(",\"time_redirect\":");
    line_.seconds(times.redirect);
    line_.literal(",\"time_total\":");
    line_.seconds(times.total);
    line_.literal(",\"speed_download\":");
  } else {
    line_.literal(
        ",\"time_queue\":null,\"time_namelookup\":null,\"time_connect\":null"
        ",\"time_appconnect\":null,\"time_pretransfer\":null,\"time_starttransfer\":null"
        ",\"time_redirect\":null,\"time_total\":null,\"speed_download\":");
  }
  double speed = is_known ? static_cast<double>(result.size_download) / result.times.total : 0;
  if (is_known && result.times.total > 0 && speed < 1e18)
    line_.number(static_cast<std::uint64_t>(speed));
  else
    line_.null();
  line_.literal(",\"timestamp\":");
  if (form_.stable || result.timestamp.time_since_epoch().count() == 0)
    line_.null();
  else
    write_timestamp(line_, result.timestamp);
  line_.literal(",\"worker\":");
  if (form_.stable || result.worker < 0)
    line_.null();
  else
    line_.number(static_cast<std::int64_t>(result.worker));
}

}  // namespace fetchpool::output
