// The head of a record in a WARC file (ISO 28500:2017, WARC 1.1).
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace fetchpool::archive {

// What follows a record's block.
inline constexpr std::string_view kRecordEnd = "\r\n\r\n";

std::int64_t microseconds(std::chrono::system_clock::time_point time);

// "2026-11-22T06:55:35.123456Z" of microseconds since the epoch of system_clock.
std::string date_text(std::int64_t microseconds);

// Makes ids of records: "urn:uuid:" and a random UUID (RFC 9562 section 5.4). A process that was
// forked needs one of its own.
class RecordIds {
 public:
  RecordIds();
  std::string next();

 private:
  std::mt19937_64 random_;
};

// Writes the head of one record: the type, id and date that each has, then field() by field, then
// finish() once. Control characters in values become blanks, so that a value is one line.
class RecordHead {
 public:
  // `id` as RecordIds makes it.
  RecordHead(std::string_view type, std::string_view id, std::int64_t microseconds);

  RecordHead& field(std::string_view name, std::string_view value);
  // The same, of an id.
  RecordHead& reference(std::string_view name, std::string_view id);
  // The whole head, of a block of so many bytes.
  std::string finish(std::uint64_t content_length);

 private:
  std::string text_;
};

// A line of an application/warc-fields block.
std::string block_field(std::string_view name, std::string_view value);

}  // namespace fetchpool::archive
