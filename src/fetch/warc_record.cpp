#include "fetch/warc_record.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace fetchpool::archive {
namespace {

void append_digits(std::string& text, std::uint64_t value, int count) {
  std::string digits(static_cast<std::size_t>(count), '0');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, value /= 10)
    *digit = static_cast<char>('0' + value % 10);
  text += digits;
}

void append_hex(std::string& text, std::uint64_t value, int count) {
  for (int shift = 4 * (count - 1); shift >= 0; shift -= 4)
    text += "0123456789abcdef"[value >> shift & 15];
}

// A seed of 256 bits: with the usual 32, the ids of two runs would soon meet.
std::mt19937_64 seeded() {
  std::random_device device;
  std::array<std::random_device::result_type, 8> words;
  std::generate(words.begin(), words.end(), std::ref(device));
  std::seed_seq seed(words.begin(), words.end());
  return std::mt19937_64(seed);
}

void append_line(std::string& text, std::string_view name, std::string_view value) {
  text += name;
  text += ": ";
  auto begin = static_cast<std::ptrdiff_t>(text.size());
  text += value;
  std::replace_if(
      text.begin() + begin, text.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  text += "\r\n";
}

}  // namespace

std::int64_t microseconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

std::string date_text(std::int64_t microseconds) {
  std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds(microseconds)};
  auto day = std::chrono::floor<std::chrono::days>(time);
  std::chrono::year_month_day date(day);
  auto of_day = static_cast<std::uint64_t>((time - day).count());
  std::uint64_t second = of_day / 1'000'000;
  std::string text;
  auto part = [&text](std::uint64_t value, int digits, char after) {
    append_digits(text, value, digits);
    text += after;
  };
  part(static_cast<std::uint64_t>(std::clamp(int{date.year()}, 0, 9999)), 4, '-');
  part(unsigned{date.month()}, 2, '-');
  part(unsigned{date.day()}, 2, 'T');
  part(second / 3600, 2, ':');
  part(second / 60 % 60, 2, ':');
  part(second % 60, 2, '.');
  part(of_day % 1'000'000, 6, 'Z');
  return text;
}

RecordIds::RecordIds() : random_(seeded()) {}

std::string RecordIds::next() {
  std::uint64_t high = random_();
  std::uint64_t low = random_();
  // Version 4, variant 10.
  high = (high & ~std::uint64_t{0xf000}) | 0x4000;
  low = (low & ~(std::uint64_t{3} << 62)) | std::uint64_t{2} << 62;
  std::string text = "urn:uuid:";
  append_hex(text, high >> 32, 8);
  text += '-';
  append_hex(text, high >> 16, 4);
  text += '-';
  append_hex(text, high, 4);
  text += '-';
  append_hex(text, low >> 48, 4);
  text += '-';
  append_hex(text, low, 12);
  return text;
}

RecordHead::RecordHead(std::string_view type, std::string_view id, std::int64_t microseconds)
    : text_("WARC/1.1\r\n") {
  field("WARC-Type", type);
  reference("WARC-Record-ID", id);
  field("WARC-Date", date_text(microseconds));
}

RecordHead& RecordHead::field(std::string_view name, std::string_view value) {
  append_line(text_, name, value);
  return *this;
}

RecordHead& RecordHead::reference(std::string_view name, std::string_view id) {
  return field(name, "<" + std::string(id) + ">");
}

std::string RecordHead::finish(std::uint64_t content_length) {
  field("Content-Length", std::to_string(content_length));
  text_ += "\r\n";
  return std::move(text_);
}

std::string block_field(std::string_view name, std::string_view value) {
  std::string text;
  append_line(text, name, value);
  return text;
}

}  // namespace fetchpool::archive
