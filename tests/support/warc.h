// WARC files, read as strictly as they may be.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fetchpool::test {

struct WarcRecord {
  std::size_t offset = 0;  // of its gzip member, and how long that is
  std::size_t size = 0;
  std::string type;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string block;

  // The value of the field, empty where there is none.
  std::string value(std::string_view name) const;
  std::string url() const { return value("WARC-Target-URI"); }
  // Of an HTTP message: its head up to the blank line, and what follows.
  std::string http_head() const;
  std::string http_body() const;
};

// All records. Throws std::runtime_error, with the offset, where anything is not as WARC 1.1 has
// it: each record a gzip member of its own, the mandatory fields there and no field twice, the
// length of the block as said, its digests those of its bytes, a warcinfo record first.
std::vector<WarcRecord> read_warc(std::string_view file);

// Those of one type.
std::vector<WarcRecord> of_type(const std::vector<WarcRecord>& records, std::string_view type);

}  // namespace fetchpool::test
