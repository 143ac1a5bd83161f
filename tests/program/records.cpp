#include "program/records.h"

#include <rapidjson/document.h>

#include <stdexcept>
#include <thread>

#include "base/posix.h"

namespace fetchpool::test {
namespace {

using rapidjson::Value;

const Value& member(const Value& object, const char* name) {
  auto found = object.FindMember(name);
  if (found == object.MemberEnd()) throw std::runtime_error(std::string("no member ") + name);
  return found->value;
}

std::string text(const Value& value) {
  return value.IsNull() ? std::string() : std::string(value.GetString(), value.GetStringLength());
}
std::string text(const Value& object, const char* name) {
  return text(member(object, name));
}

long number(const Value& object, const char* name) {
  const Value& value = member(object, name);
  return value.IsNull() ? 0 : static_cast<long>(value.GetInt64());
}

int value_of_base64(char c) {
  static const std::string letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  auto at = letters.find(c);
  if (at == std::string::npos) throw std::runtime_error("not base64");
  return static_cast<int>(at);
}

std::string from_base64(const std::string& encoded) {
  std::string decoded;
  unsigned bits = 0;
  int count = 0;
  for (char c : encoded.substr(0, encoded.find('='))) {
    bits = bits << 6 | static_cast<unsigned>(value_of_base64(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    decoded += static_cast<char>(bits >> count & 0xff);
  }
  return decoded;
}

void read_body(const Value& object, Record& record) {
  auto body = object.FindMember("body");
  record.has_body_member = object.HasMember("body");
  if (!record.has_body_member || body->value.IsNull()) return;
  record.body_encoding = text(object, "body_encoding");
  record.body = text(body->value);
  if (record.body_encoding == "base64") record.body = from_base64(*record.body);
}

}  // namespace

Record read_record(std::string_view line) {
  rapidjson::Document object;
  object.Parse<rapidjson::kParseValidateEncodingFlag>(line.data(), line.size());
  if (object.HasParseError() || !object.IsObject())
    throw std::runtime_error("not a record: " + std::string(line.substr(0, 300)));
  Record record;
  record.seq = number(object, "seq");
  record.input = text(object, "input");
  record.url = text(object, "url");
  record.url_effective = text(object, "url_effective");
  record.ok = member(object, "ok").GetBool();
  record.outcome = text(object, "outcome");
  record.exit_code = static_cast<int>(number(object, "exitcode"));
  record.error = text(object, "errormsg");
  record.response_code = static_cast<int>(number(object, "response_code"));
  record.content_encoding = text(object, "content_encoding");
  if (const Value& complete = member(object, "complete"); !complete.IsNull())
    record.complete = complete.GetBool();
  record.size_download = number(object, "size_download");
  record.size_body = number(object, "size_body");
  record.num_redirects = static_cast<int>(number(object, "num_redirects"));
  record.num_attempts = static_cast<int>(number(object, "num_attempts"));
  if (object.HasMember("headers") && object["headers"].IsArray()) {
    record.headers.emplace();
    for (const Value& header : object["headers"].GetArray())
      record.headers->emplace_back(text(header[0]), text(header[1]));
  }
  read_body(object, record);
  return record;
}

std::vector<Record> read_records(std::string_view text) {
  std::vector<Record> records;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    if (end == std::string_view::npos)
      throw std::runtime_error("the last line has no end: " + std::string(text.substr(0, 300)));
    records.push_back(read_record(text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
  return records;
}

long count_of(const std::vector<Record>& records, std::string_view outcome) {
  long count = 0;
  for (const Record& record : records) count += record.outcome == outcome ? 1 : 0;
  return count;
}

bool are_in_order(const std::vector<Record>& records) {
  for (std::size_t i = 0; i < records.size(); ++i)
    if (records[i].seq != static_cast<long>(i)) return false;
  return true;
}

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  TimePoint deadline = Clock::now() + limit;
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

Command fetchpool(const std::vector<std::string>& arguments) {
  Command command("fetchpool");
  command.args(arguments).time_limit(std::chrono::minutes(2));
  return command;
}

}  // namespace fetchpool::test
