// Records kept in a temporary file that has no name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "fetchpool/bytes.h"
#include "output/segment_table.h"

namespace fetchpool::output {

// Appends records to an unlinked temporary file and hands them out again in any order. Room of
// what was taken is used again, so the file never takes more disk than the largest amount that was
// in it at one time; freed room beyond a few MiB is given back to the file system at once, and all
// of it when everything was taken. The file is made when the first MiB is full; nothing of it is
// left however the process ends.
//
// Every function that writes or reads throws SystemError naming the directory (disk full, no
// directory can be written).
class SpillFile {
 public:
  // The file is made in the first of `directories` that can be written and is not a file system in
  // memory, else in the first that can be written.
  explicit SpillFile(std::vector<std::string> directories);

  // Appends the record made of `pieces` and returns where it begins. Requires at least one byte.
  std::uint64_t append(const std::vector<Bytes>& pieces);
  // Takes the at most `left` bytes from `position` on, up to 1 MiB and fewer where a segment ends,
  // and moves `position` to the byte that follows in the record. Each byte can be taken once.
  Bytes take(std::uint64_t& position, std::uint64_t left);

  // Bytes not yet taken.
  std::uint64_t live_bytes() const { return table_.live_bytes(); }
  // Bytes of the segments they lie in: the disk that is needed for them.
  std::uint64_t allocated_bytes() const { return table_.allocated_bytes(); }
  // What the file takes of the disk now.
  std::uint64_t disk_bytes() const;
  // The file's descriptor, -1 as long as there is none.
  int fd() const { return file_.get(); }

 private:
  static constexpr std::uint32_t kSegmentBytes = 1 << 20;
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  // Bytes [begin, end) of a segment, in memory.
  struct Window {
    std::uint32_t segment = kNone;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::shared_ptr<char[]> data;
  };

  void make_file();
  bool make_file_in(const std::string& directory);
  void write_tail();
  void read_window(const SegmentTable::Run& run);
  void forget(std::uint32_t segment);

  std::vector<std::string> directories_;
  std::string directory_;
  UniqueFd file_;
  SegmentTable table_{kSegmentBytes};
  Window tail_;  // the segment being filled is in memory until it is full
  Window read_;
  std::uint64_t expected_ = 0;  // where a reader in file order reads next
  bool can_punch_ = true;
  bool has_written_ = false;
};

}  // namespace fetchpool::output
