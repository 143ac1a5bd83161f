#include "output/warc_check.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "fetch/member_reader.h"
#include "fetch/sha1.h"

namespace fetchpool::output {
namespace {

using archive::MemberReader;
using archive::Sha1;

constexpr std::size_t kReadSize = std::size_t{64} << 10;
constexpr std::size_t kLongestHead = std::size_t{1} << 20;

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The named fields of a record.
class Fields {
 public:
  // `head` without the blank line. Returns what is wrong with it, or nothing.
  std::string read(std::string_view head) {
    if (!take_line(head).starts_with("WARC/1.")) return "a record that does not begin with WARC/1";
    while (!head.empty()) {
      std::string_view line = take_line(head);
      std::size_t colon = line.find(':');
      if (colon == std::string_view::npos || colon == 0)
        return "a line that is no field in the head of a record";
      std::string_view value = line.substr(colon + 1);
      value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
      fields_.emplace_back(line.substr(0, colon), value);
    }
    for (const char* name : {"warc-type", "warc-record-id", "warc-date", "content-length"})
      if (value(name).empty()) return std::string("a record without ") + name;
    return "";
  }

  std::string_view value(std::string_view lower_case) const {
    for (const auto& [name, value] : fields_)
      if (equal_ignoring_case(name, lower_case)) return value;
    return {};
  }

 private:
  static std::string_view take_line(std::string_view& text) {
    std::string_view line = text.substr(0, text.find("\r\n"));
    text.remove_prefix(std::min(line.size() + 2, text.size()));
    return line;
  }

  std::vector<std::pair<std::string, std::string>> fields_;
};

// The digests of a block and of its payload, which begins behind the head of an HTTP message.
class BlockDigests {
 public:
  explicit BlockDigests(bool is_http) : in_head_(is_http) {}

  void feed(std::string_view bytes) {
    block_.feed(bytes);
    if (in_head_) bytes.remove_prefix(take_head(bytes));
    payload_.feed(bytes);
  }
  std::string block() { return block_.finish(); }
  std::string payload() { return payload_.finish(); }
  bool has_transfer_coding() const { return has_transfer_coding_; }

 private:
  // How many of the bytes belong to the head, whose lines may end without a CR.
  std::size_t take_head(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (bytes[i] != '\n') {
        line_ += bytes[i];
        continue;
      }
      if (line_.ends_with('\r')) line_.pop_back();
      if (equal_ignoring_case(std::string_view(line_).substr(0, line_.find(':')),
                              "transfer-encoding"))
        has_transfer_coding_ = true;
      in_head_ = !line_.empty();
      line_.clear();
      if (!in_head_) return i + 1;
    }
    return bytes.size();
  }

  bool in_head_;
  std::string line_;
  bool has_transfer_coding_ = false;
  Sha1 block_;
  Sha1 payload_;
};

// Checks the record in one member. Each function returns what is wrong, or nothing.
class RecordCheck {
 public:
  explicit RecordCheck(MemberReader& reader) : reader_(reader) {}

  std::string run() {
    std::string fault = read_head();
    if (fault.empty()) fault = read_block();
    if (fault.empty()) fault = read_end();
    std::string of_packing = fault_of_packing();
    return of_packing.empty() ? fault : of_packing;
  }

 private:
  // Explains what was found wrong inside.
  std::string fault_of_packing() const {
    if (reader_.state() == MemberReader::State::damaged) return "damaged, or no gzip member";
    if (reader_.state() == MemberReader::State::cut) return "cut by the end of the file";
    return "";
  }

  bool read_more() {
    std::array<char, kReadSize> room;
    std::size_t count = reader_.read(room);
    text_.append(room.data(), count);
    return count > 0;
  }

  std::string read_head() {
    std::size_t end;
    while ((end = text_.find("\r\n\r\n")) == std::string::npos) {
      if (text_.size() > kLongestHead) return "a record whose head has no end";
      if (!read_more()) return "a member that ends within the head of its record";
    }
    std::string fault = fields_.read(std::string_view(text_).substr(0, end));
    text_.erase(0, end + 4);
    return fault;
  }

  std::string read_block() {
    std::optional<std::uint64_t> left = number(fields_.value("content-length"));
    if (!left) return "a Content-Length that is no number";
    BlockDigests digests(fields_.value("content-type").starts_with("application/http"));
    while (*left > 0) {
      if (text_.empty() && !read_more()) return "a block that is shorter than its Content-Length";
      auto count = static_cast<std::size_t>(std::min<std::uint64_t>(*left, text_.size()));
      digests.feed(std::string_view(text_).substr(0, count));
      text_.erase(0, count);
      *left -= count;
    }
    return compare(digests);
  }

  std::string compare(BlockDigests& digests) const {
    auto differs = [this](std::string_view name, const std::string& is) {
      std::string_view said = fields_.value(name);
      return said.starts_with("sha1:") && said != is;
    };
    if (differs("warc-block-digest", digests.block()))
      return "a block that is not the one of its WARC-Block-Digest";
    bool has_payload = fields_.value("warc-type") != "revisit" && !digests.has_transfer_coding();
    if (has_payload && differs("warc-payload-digest", digests.payload()))
      return "a payload that is not the one of its WARC-Payload-Digest";
    return "";
  }

  // The member is to end with the record.
  std::string read_end() {
    while (text_.size() <= 4 && read_more()) {
    }
    if (text_ == "\r\n\r\n") return "";
    return text_.starts_with("\r\n\r\n") ? "more than one record in a gzip member"
                                         : "a record that does not end where its block does";
  }

  MemberReader& reader_;
  std::string text_;  // unpacked and not yet checked
  Fields fields_;
};

// Unpacks what is left of a member, so that the next one can follow.
void skip_rest(MemberReader& reader) {
  std::array<char, kReadSize> room;
  while (reader.read(room) > 0) {
  }
}

}  // namespace

WarcReport check_warc(const std::string& path,
                      const std::function<void(std::string_view line)>& report) {
  WarcReport found;
  auto fault_at = [&](std::uint64_t offset, const std::string& fault) {
    ++found.faults;
    report("offset " + std::to_string(offset) + ": " + fault);
  };
  MemberReader reader(path);
  for (bool more = reader.next_member(); more;) {
    std::string fault = RecordCheck(reader).run();
    skip_rest(reader);
    if (fault.empty())
      ++found.records;
    else
      fault_at(reader.offset(), fault);
    more = reader.state() == MemberReader::State::ended ? reader.next_member()
                                                        : reader.find_member("WARC/");
  }
  if (found.records + found.faults == 0) fault_at(0, "no record at all");
  return found;
}

}  // namespace fetchpool::output
