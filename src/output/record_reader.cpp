#include "output/record_reader.h"

#include <charconv>

#include "fetch/json_text.h"

namespace fetchpool::output {
namespace {

constexpr auto kNowhere = std::string_view::npos;

// Behind the string that begins at `at` with its quote.
std::size_t string_end(std::string_view line, std::size_t at) {
  for (++at; at < line.size(); ++at) {
    if (line[at] == '\\')
      ++at;
    else if (line[at] == '"')
      return at + 1;
  }
  return kNowhere;
}

// Behind the value that begins at `at`: a string, a list or object with its inside, or a word.
std::size_t value_end(std::string_view line, std::size_t at) {
  std::size_t depth = 0;
  while (at < line.size()) {
    char c = line[at];
    if (c == '"') {
      at = string_end(line, at);
      if (at == kNowhere || depth == 0) return at;
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}')) return at;
    if (c == '[' || c == '{') ++depth;
    ++at;
    if ((c == ']' || c == '}') && --depth == 0) return at;
  }
  return kNowhere;
}

}  // namespace

std::optional<RecordReader::Member> RecordReader::next(std::size_t& position) const {
  std::size_t name = position + 1;  // behind the brace or the comma
  if (name >= line_.size() || line_[name] != '"') return std::nullopt;
  std::size_t colon = string_end(line_, name);
  if (colon == kNowhere || colon >= line_.size() || line_[colon] != ':') return std::nullopt;
  std::size_t end = value_end(line_, colon + 1);
  if (end == kNowhere) return std::nullopt;
  position = end;
  return Member{line_.substr(name + 1, colon - name - 2), line_.substr(colon + 1, end - colon - 1)};
}

std::optional<std::string_view> RecordReader::raw(std::string_view name) {
  for (int round = 0; round < 2; ++round, position_ = 0)
    while (auto member = next(position_))
      if (member->name == name) return member->value;
  return std::nullopt;
}

std::optional<std::string> RecordReader::text(std::string_view name) {
  auto value = raw(name);
  if (!value || value->size() < 2 || value->front() != '"') return std::nullopt;
  std::string text(value->substr(1, value->size() - 2));
  body::unescape_json(text);
  return text;
}

std::optional<std::uint64_t> RecordReader::number(std::string_view name) {
  auto value = raw(name);
  std::uint64_t number = 0;
  if (!value) return std::nullopt;
  auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc() || end != value->data() + value->size()) return std::nullopt;
  return number;
}

bool RecordReader::is_whole() const {
  std::size_t position = 0;
  if (line_.empty() || line_[0] != '{') return false;
  while (next(position)) {
  }
  return position > 0 && position + 1 == line_.size() && line_[position] == '}';
}

}  // namespace fetchpool::output
