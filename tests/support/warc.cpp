#include "support/warc.h"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>

namespace fetchpool::test {
namespace {

// Compiling one takes a hundred times as long as using it.
const std::regex& compiled(const std::string& pattern) {
  static std::map<std::string, std::regex> known;
  auto found = known.find(pattern);
  return found != known.end() ? found->second
                              : known.emplace(pattern, std::regex(pattern)).first->second;
}

[[noreturn]] void fail(std::size_t offset, const std::string& what) {
  throw std::runtime_error("WARC member at " + std::to_string(offset) + ": " + what);
}

void require(bool condition, std::size_t offset, const std::string& what) {
  if (!condition) fail(offset, what);
}

// Unpacks the member at the front of `rest`, which is then without it.
std::string take_member(std::string_view& rest, std::size_t offset) {
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) throw std::bad_alloc();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
  stream.avail_in = static_cast<uInt>(rest.size());
  std::string text;
  int result = Z_OK;
  while (result == Z_OK) {
    char room[65536];
    stream.next_out = reinterpret_cast<Bytef*>(room);
    stream.avail_out = sizeof room;
    result = inflate(&stream, Z_NO_FLUSH);
    text.append(room, sizeof room - stream.avail_out);
  }
  rest.remove_prefix(rest.size() - stream.avail_in);
  inflateEnd(&stream);
  require(result == Z_STREAM_END, offset, "is no whole gzip member");
  return text;
}

std::string sha1_in_base32(std::string_view bytes) {
  unsigned char digest[20];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha1(), nullptr) != 1)
    throw std::runtime_error("no SHA-1");
  std::string bits;
  for (unsigned char byte : digest)
    for (int bit = 7; bit >= 0; --bit) bits += static_cast<char>('0' + (byte >> bit & 1));
  std::string text = "sha1:";
  for (std::size_t at = 0; at < bits.size(); at += 5)
    text += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[std::stoul(bits.substr(at, 5), nullptr, 2)];
  return text;
}

void read_fields(std::string_view head, WarcRecord& record) {
  require(head.starts_with("WARC/1.1\r\n"), record.offset, "has no version line");
  head.remove_prefix(10);
  std::set<std::string> names;
  while (!head.empty()) {
    std::size_t end = head.find("\r\n");
    require(end != std::string_view::npos, record.offset, "a line without its end");
    std::string line(head.substr(0, end));
    head.remove_prefix(end + 2);
    std::size_t colon = line.find(": ");
    require(colon != std::string::npos && colon > 0, record.offset, "not a field: " + line);
    require(std::none_of(line.begin(), line.end(),
                         [](char c) { return static_cast<unsigned char>(c) < ' '; }),
            record.offset, "a control character in: " + line);
    record.fields.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    require(names.insert(line.substr(0, colon)).second, record.offset, "twice: " + line);
  }
}

void require_match(const WarcRecord& record, const char* field, const char* pattern) {
  require(std::regex_match(record.value(field), compiled(pattern)), record.offset,
          std::string(field) + ": " + record.value(field));
}

void check_digest(const WarcRecord& record, const char* field, const std::string& bytes) {
  std::string said = record.value(field);
  require(said.empty() || said == sha1_in_base32(bytes), record.offset,
          std::string(field) + " is not that of the bytes");
}

void check_http(const WarcRecord& record) {
  require(!record.url().empty(), record.offset, "no WARC-Target-URI");
  require(!record.value("WARC-Block-Digest").empty(), record.offset, "no WARC-Block-Digest");
  check_digest(record, "WARC-Block-Digest", record.block);
  check_digest(record, "WARC-Payload-Digest", record.http_body());
  require(record.value("Content-Type") == "application/http; msgtype=" + record.type, record.offset,
          "Content-Type: " + record.value("Content-Type"));
}

WarcRecord read_record(std::string_view& rest, std::size_t offset) {
  WarcRecord record;
  record.offset = offset;
  std::size_t before = rest.size();
  std::string text = take_member(rest, offset);
  record.size = before - rest.size();
  std::size_t blank = text.find("\r\n\r\n");
  require(blank != std::string::npos, offset, "its head has no end");
  read_fields(std::string_view(text).substr(0, blank + 2), record);
  record.type = record.value("WARC-Type");
  require_match(record, "Content-Length", "[0-9]+");
  std::size_t length = std::stoul(record.value("Content-Length"));
  require(text.size() == blank + 4 + length + 4, offset, "is not as long as it says");
  require(text.ends_with("\r\n\r\n"), offset, "its end is missing");
  record.block = text.substr(blank + 4, length);
  return record;
}

}  // namespace

std::string WarcRecord::value(std::string_view name) const {
  for (const auto& [field, value] : fields)
    if (field == name) return value;
  return {};
}

std::string WarcRecord::http_head() const {
  return block.substr(0, block.size() - http_body().size());
}

std::string WarcRecord::http_body() const {
  // Lines may end without a CR.
  static const std::regex kBlankLine("\r?\n\r?\n");
  std::smatch found;
  if (!std::regex_search(block, found, kBlankLine)) fail(offset, "an HTTP head without end");
  return found.suffix();
}

std::vector<WarcRecord> read_warc(std::string_view file) {
  std::vector<WarcRecord> records;
  std::string_view rest = file;
  while (!rest.empty()) {
    WarcRecord record = read_record(rest, file.size() - rest.size());
    require_match(record, "WARC-Record-ID",
                  "<urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}>");
    require_match(record, "WARC-Date",
                  "20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{6}Z");
    require((record.type == "warcinfo") == records.empty(), record.offset, "is " + record.type);
    if (record.type == "request" || record.type == "response")
      check_http(record);
    else
      require(record.value("Content-Type") == "application/warc-fields", record.offset,
              record.type + " of type " + record.value("Content-Type"));
    records.push_back(std::move(record));
  }
  return records;
}

std::vector<WarcRecord> of_type(const std::vector<WarcRecord>& records, std::string_view type) {
  std::vector<WarcRecord> found;
  for (const WarcRecord& record : records)
    if (record.type == type) found.push_back(record);
  return found;
}

}  // namespace fetchpool::test
