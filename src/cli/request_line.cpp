#include "cli/request_line.h"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

#include "cli/quantities.h"
#include "cli/usage_error.h"

namespace fetchpool::cli {
namespace {

using rapidjson::Value;

constexpr std::size_t kShownOfLine = 200;

std::string_view view(const Value& text) {
  return {text.GetString(), text.GetStringLength()};
}

[[noreturn]] void refuse(std::string_view member, std::string_view expected) {
  throw UsageError(fmt::format("\"{}\" is not {}", member, expected));
}

std::string text_of(const Value& value, std::string_view member) {
  if (!value.IsString()) refuse(member, "a text");
  return std::string(view(value));
}

std::string id_of(const Value& value) {
  if (value.IsUint64()) return std::to_string(value.GetUint64());
  if (value.IsInt64()) return std::to_string(value.GetInt64());
  if (!value.IsString()) refuse("id", "a text or a whole number");
  return std::string(view(value));
}

std::vector<HeaderLine> headers_of(const Value& value) {
  std::vector<HeaderLine> headers;
  if (value.IsObject()) {
    for (const auto& member : value.GetObject())
      headers.emplace_back(view(member.name), text_of(member.value, "headers"));
    return headers;
  }
  if (!value.IsArray()) refuse("headers", "an object of texts or a list of pairs");
  for (const Value& pair : value.GetArray()) {
    if (!pair.IsArray() || pair.Size() != 2) refuse("headers", "a list of pairs");
    headers.emplace_back(text_of(pair[0], "headers"), text_of(pair[1], "headers"));
  }
  return headers;
}

std::chrono::milliseconds max_time_of(const Value& value) {
  if (value.IsString()) return parse_duration("\"max_time\"", view(value));
  constexpr double kWeek = 7 * 86400;
  if (!value.IsNumber() || !(value.GetDouble() >= 0.001 && value.GetDouble() <= kWeek))
    refuse("max_time", "a time from one millisecond to a week");
  return std::chrono::milliseconds(std::llround(value.GetDouble() * 1000));
}

void take_member(FetchRequest& request, std::string_view name, const Value& value) {
  if (value.IsNull()) return;
  if (name == "url")
    request.url = text_of(value, name);
  else if (name == "id")
    request.id = id_of(value);
  else if (name == "out")
    request.out = text_of(value, name);
  else if (name == "method")
    request.method = text_of(value, name);
  else if (name == "headers")
    request.headers = headers_of(value);
  else if (name == "body")
    request.body = text_of(value, name);
  else if (name == "max_time")
    request.max_time = max_time_of(value);
  else
    throw UsageError(fmt::format("unknown member \"{}\"", name.substr(0, 60)));
}

// The beginning of a line that is not JSON, up to where something secret may stand.
std::string shown_part(std::string_view line) {
  std::size_t end = std::min(line.size(), kShownOfLine);
  for (std::string_view secret : {"\"headers\"", "\"body\""})
    end = std::min(end, std::min(line.find(secret), line.size()));
  return std::string(line.substr(0, end)) + (end < line.size() ? "..." : "");
}

std::variant<FetchRequest, LineError> read_json(std::string_view line) {
  rapidjson::Document parsed;
  // Without recursion: a line of brackets costs no stack.
  parsed.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(line.data(),
                                                                                       line.size());
  if (parsed.HasParseError())
    return LineError{shown_part(line),
                     fmt::format("not JSON, at byte {}: {}", parsed.GetErrorOffset() + 1,
                                 rapidjson::GetParseError_En(parsed.GetParseError()))};
  const rapidjson::Document& object = parsed;
  if (!object.IsObject()) return LineError{shown_part(line), "not a JSON object"};
  auto url = object.FindMember("url");
  if (url == object.MemberEnd() || !url->value.IsString())
    return LineError{shown_part(line), "the JSON object has no text \"url\""};
  FetchRequest request;
  try {
    for (const auto& member : object.GetObject())
      take_member(request, view(member.name), member.value);
  } catch (const UsageError& error) {
    return LineError{std::string(view(url->value)), error.what()};
  }
  return request;
}

FetchRequest read_tsv(std::string_view line) {
  std::size_t tab = std::min(line.find('\t'), line.size());
  FetchRequest request;
  request.url = line.substr(0, tab);
  if (tab < line.size()) request.id = line.substr(tab + 1);
  return request;
}

}  // namespace

bool is_structured(std::string_view line, InputFormat format) {
  if (format == InputFormat::lines) return false;
  if (format == InputFormat::json) return true;
  bool has_tab = line.find('\t') != std::string_view::npos;
  return has_tab || (format == InputFormat::automatic && line.starts_with('{'));
}

std::variant<FetchRequest, LineError> read_request_line(std::string_view line, InputFormat format) {
  bool is_json =
      format == InputFormat::json || (format == InputFormat::automatic && line.starts_with('{'));
  if (is_json) return read_json(line);
  return read_tsv(line);
}

}  // namespace fetchpool::cli
