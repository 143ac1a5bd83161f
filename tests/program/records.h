// The program's output, read the way its users read it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/command.h"

namespace fetchpool::test {

// What tests look at of one line of the result list; null is 0, empty or nothing.
struct Record {
  long seq = -1;
  std::string input;
  std::string url;
  std::string url_effective;
  bool ok = false;
  std::string outcome;
  int exit_code = -1;
  std::string error;
  int response_code = 0;
  std::string content_encoding;
  std::optional<bool> complete;
  long size_download = 0;
  long size_body = 0;
  int num_redirects = 0;
  int num_attempts = 0;
  std::optional<std::vector<std::pair<std::string, std::string>>> headers;
  std::string body_encoding;
  // Decoded where it came as base64; nothing where the member is null or missing.
  std::optional<std::string> body;
  bool has_body_member = false;
};

// Throws std::runtime_error where the line is no JSON object in UTF-8.
Record read_record(std::string_view line);
// One record a line; a last line without its end is an error.
std::vector<Record> read_records(std::string_view text);

// How many of them have that outcome.
long count_of(const std::vector<Record>& records, std::string_view outcome);
// Whether they are numbered 0, 1, 2 ... in this order.
bool are_in_order(const std::vector<Record>& records);

// Looks again and again until `condition` holds, at most `limit`.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds limit = std::chrono::seconds(20));

// The program, with a time limit for busy machines.
Command fetchpool(const std::vector<std::string>& arguments = {});

}  // namespace fetchpool::test
