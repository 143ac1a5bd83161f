// One line of the result list.
#pragma once

#include <string>
#include <string_view>

#include "fetchpool/fetch.h"
#include "output/json_line.h"

namespace fetchpool::output {

// What a record line holds beside its fixed members.
struct RecordForm {
  bool bodies = true;    // `body_encoding` and `body` at the end
  bool headers = false;  // `headers`: [[name, value], ...]
  bool stable = false;   // what differs between two runs is null
  bool files = false;    // `body_file`: where the body is, beneath the directory
  // Which of `body_sha256` and `body_xxh3` is FetchResult::body_hash; others are null.
  BodyHash hash = BodyHash::none;
};

// Writes results as lines of JSON. With the same form each line has the same members in the same
// order; each has one type, or is null where it does not apply. A line is valid UTF-8 whatever the
// strings in the result hold: bytes that are none become U+FFFD.
//
// `truncated` is true where the response's body is not all there because it ended early or was cut
// at a limit (outcomes truncated and too_large), else null. `ssl_verify_result` is null unless the
// last URL was https. Times, `num_connects` and `worker` are null where no request was made.
class RecordWriter {
 public:
  explicit RecordWriter(RecordForm form) : form_(form) {}

  // A line is its head, the pieces of the result's body if `has_body`, and its tail.
  struct Line {
    std::string_view head;  // the writer's, until its next call
    std::string_view tail;  // a literal
    bool has_body;
  };
  // Requires that the body is text or base64 as the inside of a JSON string, or none.
  // `body_file` is empty where there is none.
  Line write(const FetchResult& result, std::string_view body_file = {});

 private:
  void write_response(const FetchResult& result);
  void write_hash(const FetchResult& result);
  void write_redirects(const FetchResult& result);
  void write_connection(const FetchResult& result);
  void write_times(const FetchResult& result);

  RecordForm form_;
  JsonLine line_;
};

// The charset parameter of a Content-Type, in lower case; empty where it has none.
std::string charset_of(std::string_view content_type);

}  // namespace fetchpool::output
