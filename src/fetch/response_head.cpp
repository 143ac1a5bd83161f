#include "fetch/response_head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "fetch/url_text.h"

namespace fetchpool::engine {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view without_line_end(std::string_view raw) {
  if (raw.ends_with('\n')) raw.remove_suffix(1);
  if (raw.ends_with('\r')) raw.remove_suffix(1);
  return raw;
}

// The versions as libcurl takes them on any connection: a server may call itself "HTTP/2" in clear
// text.
std::string_view known_version(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kVersions{
      {{"1.1", "1.1"}, {"2", "2"}, {"1.0", "1.0"}, {"2.0", "2"}, {"3", "3"}, {"3.0", "3"}}};
  for (const auto& [written, version] : kVersions) {
    if (text == written) return version;
  }
  return {};
}

std::optional<int> three_digits(std::string_view text) {
  if (text.size() != 3) return std::nullopt;
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 3, number);
  if (error != std::errc() || end != text.data() + 3 || number < 100) return std::nullopt;
  return number;
}

// Calls `visit` with each element of a comma-separated list, trimmed, while it returns true.
template <typename Visit>
bool all_of_list(std::string_view list, Visit visit) {
  while (true) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (!visit(trimmed(list.substr(0, comma)))) return false;
    if (comma == list.size()) return true;
    list.remove_prefix(comma + 1);
  }
}

// Digits only (RFC 9110 section 8.6). A '+' is tolerated by libcurl before 8, and not after.
std::optional<std::uint64_t> length(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Others are sent only to who asks for them (TE), which nobody does: the body would not be what the
// page is.
bool is_transfer_coding(std::string_view name) {
  return equal_ignoring_case(name, "chunked") || equal_ignoring_case(name, "identity");
}

}  // namespace

ResponseHead::Verdict ResponseHead::refuse(Verdict verdict, std::string reason) {
  reason_ = std::move(reason);
  return verdict;
}

ResponseHead::Verdict ResponseHead::line(std::string_view raw) {
  const std::string_view text = without_line_end(raw);
  bytes_ += raw.size();
  if (limits_.max_bytes != 0 && bytes_ > limits_.max_bytes) {
    return refuse(Verdict::too_large,
                  "more than " + std::to_string(limits_.max_bytes) + " bytes of headers");
  }
  if (!text.empty() && limits_.max_lines != 0 && ++lines_ > limits_.max_lines) {
    return refuse(Verdict::too_large,
                  "more than " + std::to_string(limits_.max_lines) + " header lines");
  }
  // What a trailer says is not used, so it is not judged either.
  if (state_ == State::trailers) return Verdict::ok;
  if (text.find('\0') != std::string_view::npos) {
    return refuse(Verdict::protocol, "a NUL byte in the headers");
  }
  const std::size_t offset = raw_.size();
  if (state_ != State::interim) raw_ += raw;
  if (state_ == State::status_line) return status_line(text);
  if (text.empty()) return end_of_headers();
  return is_blank(text.front()) ? fold(text) : header(text, offset);
}

ResponseHead::Verdict ResponseHead::status_line(std::string_view text) {
  constexpr std::string_view kName = "HTTP/";
  const std::size_t space = std::min(text.find(' '), text.size());
  const std::string_view version =
      text.starts_with(kName) ? known_version(text.substr(kName.size(), space - kName.size())) : "";
  const std::string_view after = text.substr(std::min(space + 1, text.size()));
  const std::optional<int> code = three_digits(after.substr(0, after.find(' ')));
  if (version.empty() || !code)
    return refuse(Verdict::protocol, "a status line that is not HTTP's");
  if (*code == 101) {
    return refuse(Verdict::protocol, "the server changes the protocol, which was not asked for");
  }
  if (*code < 200) {
    state_ = State::interim;
    interim_has_header_ = false;
    raw_.clear();
    return Verdict::ok;
  }
  state_ = State::final;
  status_ = *code;
  version_ = version;
  return Verdict::ok;
}

ResponseHead::Verdict ResponseHead::header(std::string_view text, std::size_t offset) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return refuse(Verdict::protocol, "a header line without a name or a colon");
  }
  if (state_ == State::interim) {
    interim_has_header_ = true;
    return Verdict::ok;
  }
  const std::string_view value = trimmed(text.substr(colon + 1));
  const std::size_t value_begin =
      offset + (value.empty() ? colon + 1 : static_cast<std::size_t>(value.data() - text.data()));
  fields_.push_back({static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(colon),
                     static_cast<std::uint32_t>(value_begin),
                     static_cast<std::uint32_t>(value.size()), false});
  return Verdict::ok;
}

// RFC 9112 section 5.2: the line goes on with the value before, one blank between them.
ResponseHead::Verdict ResponseHead::fold(std::string_view text) {
  const bool first = state_ == State::interim ? !interim_has_header_ : fields_.empty();
  if (first) return refuse(Verdict::protocol, "a folded header line that folds nothing");
  if (state_ == State::interim) return Verdict::ok;
  Field& field = fields_.back();
  if (!field.folded) {
    const std::size_t begin = folded_.size();
    folded_.append(raw_, field.value_begin, field.value_size);
    field.value_begin = static_cast<std::uint32_t>(begin);
    field.folded = true;
  }
  const std::string_view more = trimmed(text);
  if (field.value_size != 0 && !more.empty()) folded_ += ' ';
  folded_ += more;
  field.value_size = static_cast<std::uint32_t>(folded_.size() - field.value_begin);
  return Verdict::ok;
}

ResponseHead::Verdict ResponseHead::end_of_headers() {
  if (state_ == State::interim) {
    state_ = State::status_line;
    return Verdict::ok;
  }
  state_ = State::trailers;
  const Verdict verdict = judge_transfer_encoding();
  return verdict == Verdict::ok ? judge_content_length() : verdict;
}

ResponseHead::Verdict ResponseHead::judge_transfer_encoding() {
  const bool known = std::all_of(fields_.begin(), fields_.end(), [this](const Field& field) {
    if (!is_named(field, "transfer-encoding")) return true;
    return all_of_list(value_of(field), [this](std::string_view coding) {
      chunked_ = equal_ignoring_case(coding, "chunked");
      return coding.empty() || is_transfer_coding(coding);
    });
  });
  return known ? Verdict::ok
               : refuse(Verdict::protocol, "a Transfer-Encoding that nobody asked for");
}

ResponseHead::Verdict ResponseHead::judge_content_length() {
  const auto take = [this](std::string_view text) {
    const std::optional<std::uint64_t> value = length(text);
    if (!value) return false;
    if (content_length_.state == ContentLength::State::none) {
      content_length_ = {ContentLength::State::valid, *value};
    } else if (content_length_.value != *value) {
      content_length_.state = ContentLength::State::conflicting;
    }
    return true;
  };
  const bool valid = std::all_of(fields_.begin(), fields_.end(), [&](const Field& field) {
    return !is_named(field, "content-length") || all_of_list(value_of(field), take);
  });
  return valid ? Verdict::ok : refuse(Verdict::protocol, "a Content-Length that is no number");
}

void ResponseHead::reset() {
  state_ = State::status_line;
  bytes_ = 0;
  lines_ = 0;
  status_ = 0;
  version_ = {};
  interim_has_header_ = false;
  chunked_ = false;
  content_length_ = {};
  raw_.clear();
  folded_.clear();
  fields_.clear();
  reason_.clear();
}

std::string_view ResponseHead::name_of(const Field& field) const {
  return std::string_view(raw_).substr(field.name_begin, field.name_size);
}

std::string_view ResponseHead::value_of(const Field& field) const {
  const std::string_view text = field.folded ? folded_ : raw_;
  return text.substr(field.value_begin, field.value_size);
}

bool ResponseHead::is_named(const Field& field, std::string_view name) const {
  return field.name_size == name.size() && equal_ignoring_case(name_of(field), name);
}

std::optional<std::string_view> ResponseHead::value(std::string_view name) const {
  const auto found = std::find_if(fields_.rbegin(), fields_.rend(),
                                  [&](const Field& field) { return is_named(field, name); });
  if (found == fields_.rend()) return std::nullopt;
  return value_of(*found);
}

std::vector<std::string_view> ResponseHead::values(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const Field& field : fields_) {
    if (is_named(field, name)) found.push_back(value_of(field));
  }
  return found;
}

std::string ResponseHead::joined(std::string_view name) const {
  std::string list;
  for (const Field& field : fields_) {
    if (!is_named(field, name)) continue;
    if (!list.empty()) list += ", ";
    list += value_of(field);
  }
  return list;
}

std::vector<HeaderLine> ResponseHead::headers() const {
  std::vector<HeaderLine> all;
  all.reserve(fields_.size());
  for (const Field& field : fields_) all.emplace_back(name_of(field), value_of(field));
  return all;
}

}  // namespace fetchpool::engine
