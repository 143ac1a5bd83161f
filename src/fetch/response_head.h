// The head of an HTTP response, as it arrives line by line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fetchpool/fetch.h"

namespace fetchpool::engine {

struct HeadLimits {
  std::uint64_t max_bytes = 256 << 10;  // 0: no limit
  int max_lines = 1000;                 // blank lines are not counted; 0: no limit
};

// What the Content-Length headers of a response say together (RFC 9110 section 8.6).
struct ContentLength {
  enum class State {
    none,
    valid,
    conflicting,  // several values that differ: how long the body is cannot be known
  };
  State state = State::none;
  std::uint64_t value = 0;  // where valid
};

// Is fed with the lines of one exchange in the order in which libcurl hands them over: status line
// and headers of 1xx responses, those of the final response, the blank lines that end them, then
// trailers. Limits count all of them; kept are the lines of the final response only.
//
// Reuse one for many responses: once it has seen a few, it allocates no more.
class ResponseHead {
 public:
  explicit ResponseHead(HeadLimits limits = {}) : limits_(limits) {}

  enum class Verdict {
    ok,
    too_large,  // beyond a limit
    protocol,   // not HTTP; also a 101, which nobody asked for
  };
  // Takes one line with its line end. After another verdict than ok, `reason()` says why, and the
  // transfer is to be ended.
  Verdict line(std::string_view raw);
  const std::string& reason() const { return reason_; }
  // Forgets everything but the limits.
  void reset();

  // Whether the blank line after the final response's headers came: else they were cut.
  bool complete() const { return state_ == State::trailers; }
  // Bytes of all lines so far, 1xx and trailers included.
  std::uint64_t size() const { return bytes_; }

  // Of the final response as far as it came; 0 and empty before its status line.
  int status() const { return status_; }
  std::string_view version() const { return version_; }  // "1.0", "1.1", "2"
  // Status line, headers and the blank line, byte by byte as received.
  std::string_view raw() const { return raw_; }

  // Views, valid until the next call of line() or reset(). Names compare without regard to case.
  // The last value of that name; nothing where there is none.
  std::optional<std::string_view> value(std::string_view name) const;
  std::vector<std::string_view> values(std::string_view name) const;
  // All values of that name, joined with ", " as a list (RFC 9110 section 5.3).
  std::string joined(std::string_view name) const;

  std::string content_type() const { return std::string(value("content-type").value_or("")); }
  std::string content_encoding() const { return joined("content-encoding"); }
  std::vector<std::string_view> locations() const { return values("location"); }
  std::optional<std::string_view> retry_after() const { return value("retry-after"); }
  // Whether the body comes in chunks; then Content-Length does not count (RFC 9112 section 6.3).
  bool chunked() const { return chunked_; }
  ContentLength content_length() const { return content_length_; }

  // All headers in their order, folded lines made one.
  std::vector<HeaderLine> headers() const;

 private:
  enum class State { status_line, interim, final, trailers };

  // Offsets, because the strings they point into grow.
  struct Field {
    std::uint32_t name_begin;
    std::uint32_t name_size;
    std::uint32_t value_begin;
    std::uint32_t value_size;
    bool folded;  // the value is in folded_, else in raw_
  };

  Verdict status_line(std::string_view text);
  Verdict header(std::string_view text, std::size_t offset);
  Verdict fold(std::string_view text);
  Verdict end_of_headers();
  Verdict judge_content_length();
  Verdict judge_transfer_encoding();
  Verdict refuse(Verdict verdict, std::string reason);

  std::string_view name_of(const Field& field) const;
  std::string_view value_of(const Field& field) const;
  bool is_named(const Field& field, std::string_view name) const;

  HeadLimits limits_;
  State state_ = State::status_line;
  std::uint64_t bytes_ = 0;
  int lines_ = 0;
  int status_ = 0;
  std::string_view version_;
  bool interim_has_header_ = false;
  bool chunked_ = false;
  ContentLength content_length_;
  std::string raw_;
  std::string folded_;
  std::vector<Field> fields_;
  std::string reason_;
};

}  // namespace fetchpool::engine
