// gzip members of a file, one after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace fetchpool::archive {

// Unpacks a file of gzip members (RFC 1952) member by member, with a bounded amount of memory.
//
//   MemberReader reader(path);
//   while (reader.next_member())
//     while (std::size_t count = reader.read(room)) use({room.data(), count});
//
// Throws SystemError where the file cannot be read.
class MemberReader {
 public:
  enum class State {
    inside,   // of a member
    ended,    // whole, checksum and length were right
    cut,      // the file ends within the member
    damaged,  // what follows is not, or no longer, gzip
  };

  explicit MemberReader(const std::string& path);
  ~MemberReader();
  MemberReader(const MemberReader&) = delete;
  MemberReader& operator=(const MemberReader&) = delete;

  // Goes to the member that begins where the last one ended; false at the end of the file. Requires
  // that the last one has ended.
  bool next_member();
  // After one that is cut or damaged: goes to the next place at which a member begins whose first
  // unpacked bytes are `begins_with`; false where there is none.
  bool find_member(std::string_view begins_with);

  // Where the member begins in the file.
  std::uint64_t offset() const { return offset_; }
  State state() const { return state_; }
  // Unpacks into `room`; 0 where the member's end was reached or it cannot go on, see state().
  std::size_t read(std::span<char> room);

 private:
  struct Inflater;

  void go_to(std::uint64_t offset);
  bool find_magic(std::uint64_t& at);
  bool fill();

  std::string path_;
  UniqueFd file_;
  std::unique_ptr<Inflater> inflater_;
  std::string input_;               // read from the file and not yet unpacked, from
  std::size_t used_ = 0;            // this byte on
  std::uint64_t input_offset_ = 0;  // of its first byte in the file
  std::uint64_t offset_ = 0;
  State state_ = State::ended;
};

}  // namespace fetchpool::archive
