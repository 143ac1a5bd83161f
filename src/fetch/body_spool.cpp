#include "fetch/body_spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/posix.h"
#include "fetchpool/error.h"

namespace fetchpool::body {
namespace {

// Up to this size a body's memory stays with its transfer.
constexpr std::size_t kOwnPiece = std::size_t{64} << 10;

// For file systems without O_TMPFILE.
UniqueFd open_and_unlink(const std::string& directory) {
  std::string path = directory + "/fetchpool-XXXXXX";
  UniqueFd file(::mkostemp(path.data(), O_CLOEXEC));
  if (!file.is_open()) throw SystemError("cannot make a temporary file in " + directory, errno);
  ::unlink(path.c_str());
  return file;
}

UniqueFd open_unnamed(const std::string& directory) {
  try {
    return posix::open_file(directory, O_TMPFILE | O_RDWR, 0600);
  } catch (const SystemError& error) {
    // EISDIR is how kernels before 3.11 refuse the flag.
    if (error.error_number() == EOPNOTSUPP || error.error_number() == EISDIR)
      return open_and_unlink(directory);
    throw SystemError("cannot make a temporary file in " + directory, error.error_number());
  }
}

}  // namespace

BodySpool::BodySpool(BlockPool& pool, std::string directory, std::size_t small, BlockPool::Use use)
    : pool_(pool), directory_(std::move(directory)), small_(small), use_(use), blocks_(pool, use) {}

BodySpool::~BodySpool() {
  if (is_large_) pool_.large_body_ends();
}

void BodySpool::append(std::string_view bytes) {
  bool fits = bytes.size() <= small_ - piece_.size();
  if (is_in_one_piece() && fits && !begins_in_blocks()) {
    make_room(bytes.size());
    piece_.append(bytes);
    return;
  }
  if (!std::exchange(is_large_, true)) pool_.large_body_begins();
  if (is_in_memory()) blocks_.append(bytes);
  if (bytes.empty()) return;
  if (is_in_memory()) move_to_file();
  bool is_long = bytes.size() > small_ / 2;
  if (is_long || bytes.size() > small_ - piece_.size()) {
    write_out(piece_.view());
    piece_.clear();
  }
  if (is_long)
    write_out(bytes);
  else
    piece_.append(bytes);
}

bool BodySpool::begins_in_blocks() const {
  return piece_.empty() && expected_ > small_ && use_ == BlockPool::Use::sent &&
         pool_.suits_beginnings();
}

// Large pieces go from body to body: each transfer keeping its own would be too much memory.
void BodySpool::make_room(std::size_t count) {
  std::size_t wanted = piece_.size() + count;
  if (wanted <= piece_.capacity() || wanted <= kOwnPiece) return;
  ByteBuffer larger = pool_.take_piece(small_);
  larger.append(piece_.view());
  piece_ = std::move(larger);
}

// What is in memory stays there until all of it is in the file.
void BodySpool::move_to_file() {
  UniqueFd file = open_unnamed(directory_);
  write_to(file, piece_.view());
  std::string_view block;
  for (std::size_t at = 0; !(block = blocks_.look(at, blocks_.size())).empty(); at += block.size())
    write_to(file, block);
  written_ = size();
  file_ = std::move(file);
  piece_.clear();
  blocks_.clear();
}

void BodySpool::write_out(std::string_view bytes) {
  write_to(file_, bytes);
  written_ += bytes.size();
}

void BodySpool::write_to(const UniqueFd& file, std::string_view bytes) const {
  try {
    posix::write_all(file.get(), bytes.data(), bytes.size());
  } catch (const SystemError& error) {
    throw SystemError("cannot write a temporary file in " + directory_, error.error_number());
  }
}

std::string_view BodySpool::whole() const {
  assert(is_in_one_piece());
  return piece_.view();
}

std::string_view BodySpool::look(std::uint64_t offset, std::span<char> room) const {
  assert(offset <= size());
  if (offset < written_) {
    auto count = static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), written_ - offset));
    return {room.data(), read_file(offset, room.first(count))};
  }
  auto at = static_cast<std::size_t>(offset - written_);
  if (at < piece_.size()) return piece_.view().substr(at, room.size());
  return blocks_.look(at - piece_.size(), room.size());
}

std::size_t BodySpool::read_file(std::uint64_t offset, std::span<char> room) const {
  ssize_t count;
  do {
    count = ::pread(file_.get(), room.data(), room.size(), static_cast<off_t>(offset));
  } while (count < 0 && errno == EINTR);
  if (count <= 0)
    throw SystemError("cannot read a temporary file in " + directory_, count < 0 ? errno : EIO);
  return static_cast<std::size_t>(count);
}

std::size_t BodySpool::read(std::uint64_t offset, std::span<char> room) const {
  std::size_t done = 0;
  while (done < room.size()) {
    std::span<char> rest = room.subspan(done);
    std::string_view found = look(offset + done, rest);
    if (found.empty()) break;
    if (found.data() != rest.data()) found.copy(rest.data(), found.size());
    done += found.size();
  }
  return done;
}

std::optional<BlockBuffer::Run> BodySpool::take_run(std::uint64_t offset) {
  if (!is_in_memory() || offset < piece_.size()) return std::nullopt;
  return blocks_.take_run(static_cast<std::size_t>(offset - piece_.size()));
}

void BodySpool::clear() {
  expected_ = 0;
  if (piece_.capacity() >= small_) pool_.give_back(std::exchange(piece_, {}));
  piece_.clear();
  if (std::exchange(is_large_, false)) pool_.large_body_ends();
  blocks_.clear();
  file_.reset();
  written_ = 0;
}

}  // namespace fetchpool::body
