// From any order to the order of the list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "fetchpool/bytes.h"
#include "output/fresh_records.h"
#include "output/packed_memory.h"
#include "output/spill_file.h"

namespace fetchpool::output {

struct ReorderOptions {
  std::uint64_t window = std::uint64_t{64} << 20;  // bytes of memory
  std::uint64_t spill = std::uint64_t{4} << 30;    // bytes of disk; 0: no file is made
  std::vector<std::string> spill_directories{"/var/tmp", "/tmp"};  // as SpillFile takes them
  std::uint64_t first = 0;  // the number that is awaited first
};

// Takes records in any order and gives them back in the order of their sequence numbers, which
// begin at ReorderOptions::first and have no gaps in the end.
//
// Memory: what came a moment ago is kept as it came, without a copy, a few hundred records up to
// 4 MiB, and up to 16 MiB of those of 256 KiB or more. What waits longer is packed together, so
// that it does not keep the blocks alive that it was received in, up to `window` bytes in all; what
// comes beyond that goes to a temporary file up to `spill` bytes. Beside that it takes 16 bytes for
// each sequence number between the awaited one and the highest one that came, and the 1 MiB of the
// file that is being filled. When the file is full, too, is_full() asks for no more; what comes all
// the same is kept.
//
// put() and next() throw SystemError when the temporary file cannot be made, written or read; the
// buffer is of no use after that.
class ReorderBuffer {
 public:
  explicit ReorderBuffer(ReorderOptions options = {});

  // Takes a record in the order of its pieces. Each number once; a record may be empty.
  void put(std::uint64_t seq, std::vector<Bytes> pieces);

  // For a record that need not wait: whether it is `seq`'s turn now. If so it counts as given back,
  // and the caller uses its `bytes` bytes itself.
  bool pass(std::uint64_t seq, std::uint64_t bytes);

  struct Piece {
    Bytes bytes;       // at most 1 MiB where it comes out of a file
    bool ends_record;  // the next piece belongs to the next record
  };
  // The next piece of the record whose turn it is; nothing as long as that record is not here.
  std::optional<Piece> next();
  bool has_next() const;
  // The number of the first record that was not given back whole.
  std::uint64_t awaited() const { return awaited_; }

  // Whether nothing more should be begun: memory and file are full. True until a quarter of the
  // room is free again. What is awaited must be let go on all the same, or it never ends.
  bool is_full() const { return is_full_; }

  std::uint64_t parked_records() const { return parked_records_; }
  // Bytes of the records in memory, by what they take, and on disk, likewise.
  std::uint64_t memory_bytes() const {
    return fresh_small_.bytes() + fresh_large_.bytes() + packed_.allocated_bytes();
  }
  std::uint64_t spilled_bytes() const { return spilled_.allocated_bytes(); }
  // Bytes that were copied since the start, into memory or into the file.
  std::uint64_t copied_bytes() const { return copied_bytes_; }
  const SpillFile& spill_file() const { return spilled_; }

 private:
  enum class Place : std::uint8_t { absent, fresh, packed, spilled };

  // Where the record of one sequence number is.
  struct Entry {
    std::uint64_t position = 0;  // in the store that `place` names; of fresh ones their number
    std::uint64_t size : 62 = 0;
    std::uint64_t place : 2 = 0;
  };
  static_assert(sizeof(Entry) == 16);

  Place place_of(std::uint64_t seq) const;
  FreshRecords& fresh_for(std::uint64_t size);
  void flow(std::uint64_t bytes);
  void settle();
  void settle_oldest(FreshRecords& fresh);
  void begin_record();
  void finish_record();
  void judge_fullness();

  ReorderOptions options_;

  std::uint64_t awaited_ = 0;
  std::deque<Entry> entries_;  // of awaited_, awaited_ + 1, ...
  std::uint64_t parked_records_ = 0;

  FreshRecords fresh_small_;
  FreshRecords fresh_large_;
  PackedMemory packed_;
  SpillFile spilled_;
  std::uint64_t copied_bytes_ = 0;

  // The record being given back.
  bool in_record_ = false;
  std::uint64_t left_ = 0;
  std::vector<Bytes> current_;
  std::size_t current_index_ = 0;

  bool is_full_ = false;
};

}  // namespace fetchpool::output
