#include "output/spill_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

#include "fetchpool/error.h"

namespace fetchpool::output {
namespace {

constexpr std::uint32_t kReadAhead = 256 << 10;
// Free segments that keep their disk for the next records; punching all of them costs more than
// writing does.
constexpr std::size_t kKeptSegments = 16;

bool is_in_memory(const std::string& directory) {
  struct statfs info {};
  if (statfs(directory.c_str(), &info) != 0) return false;
  return info.f_type == TMPFS_MAGIC || info.f_type == RAMFS_MAGIC;
}

}  // namespace

SpillFile::SpillFile(std::vector<std::string> directories) : directories_(std::move(directories)) {}

bool SpillFile::make_file_in(const std::string& directory) {
  int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  // Not every file system has O_TMPFILE (NFS, overlay on old kernels).
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    std::string name = directory + "/.fetchpool-XXXXXX";
    fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd >= 0) ::unlink(name.c_str());
  }
  if (fd < 0) return false;
  file_.reset(fd);
  directory_ = directory;
  return true;
}

void SpillFile::make_file() {
  std::vector<std::string> order = directories_;
  std::stable_partition(order.begin(), order.end(),
                        [](const std::string& directory) { return !is_in_memory(directory); });
  int error = ENOENT;
  for (const std::string& directory : order) {
    if (make_file_in(directory)) return;
    error = errno;
  }
  throw SystemError("cannot make a temporary file for parked results in " +
                        (directories_.empty() ? "any directory" : directories_.front()),
                    error);
}

void SpillFile::write_tail() {
  if (!file_.is_open()) make_file();
  auto base = static_cast<off_t>(tail_.segment) * kSegmentBytes;
  for (std::size_t done = 0; done < kSegmentBytes;) {
    ssize_t count = ::pwrite(file_.get(), tail_.data.get() + done, kSegmentBytes - done,
                             base + static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      throw SystemError("cannot write parked results to a temporary file in " + directory_,
                        count < 0 ? errno : ENOSPC);
    done += static_cast<std::size_t>(count);
  }
  has_written_ = true;
  tail_.segment = kNone;
}

std::uint64_t SpillFile::append(const std::vector<Bytes>& pieces) {
  std::optional<std::uint64_t> begin;
  for (const Bytes& piece : pieces) {
    for (std::string_view rest = piece.view(); !rest.empty();) {
      SegmentTable::Run run = table_.extend(rest.size());
      if (run.segment != tail_.segment) {
        tail_.segment = run.segment;
        // What was taken from the last one may still be waiting to be written.
        if (!tail_.data || tail_.data.use_count() > 1)
          tail_.data = std::make_shared_for_overwrite<char[]>(kSegmentBytes);
      }
      std::memcpy(tail_.data.get() + run.offset, rest.data(), run.size);
      if (run.offset + run.size == kSegmentBytes) write_tail();
      if (!begin) begin = table_.position(run);
      rest.remove_prefix(run.size);
    }
  }
  assert(begin);
  return *begin;
}

void SpillFile::read_window(const SegmentTable::Run& run) {
  // Records that are asked for in the order they were written come many at a time; for others,
  // reading ahead would be reading in vain.
  bool is_in_order = table_.position(run) == expected_;
  std::uint32_t size = run.size;
  if (is_in_order) size = std::min(std::max(size, kReadAhead), kSegmentBytes - run.offset);
  read_ = {run.segment, run.offset, run.offset + size,
           std::make_shared_for_overwrite<char[]>(size)};
  auto base = static_cast<off_t>(run.segment) * kSegmentBytes + run.offset;
  for (std::size_t done = 0; done < size;) {
    ssize_t count =
        ::pread(file_.get(), read_.data.get() + done, size - done, base + static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      throw SystemError("cannot read parked results from a temporary file in " + directory_,
                        count < 0 ? errno : EIO);
    done += static_cast<std::size_t>(count);
  }
}

Bytes SpillFile::take(std::uint64_t& position, std::uint64_t left) {
  SegmentTable::Run run = table_.run_at(position, left);
  Bytes bytes;
  if (run.segment == tail_.segment) {
    bytes = Bytes(tail_.data, {tail_.data.get() + run.offset, run.size});
  } else {
    if (run.segment != read_.segment || run.offset < read_.begin || run.offset >= read_.end)
      read_window(run);
    run.size = std::min(run.size, read_.end - run.offset);
    bytes = Bytes(read_.data, {read_.data.get() + (run.offset - read_.begin), run.size});
  }
  SegmentTable::Released released = table_.release(run);
  position = expected_ = released.following;
  if (released.segment_is_free) forget(run.segment);
  return bytes;
}

void SpillFile::forget(std::uint32_t segment) {
  if (read_.segment == segment) read_ = {};
  if (table_.live_bytes() == 0) {
    tail_.segment = kNone;
    read_ = {};
    // Best effort: a file that keeps its room uses it again.
    if (has_written_ && ::ftruncate(file_.get(), 0) == 0) has_written_ = false;
  } else if (segment == tail_.segment) {
    tail_.segment = kNone;
  } else if (can_punch_ && table_.free_segments() > kKeptSegments) {
    can_punch_ = ::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                             static_cast<off_t>(segment) * kSegmentBytes, kSegmentBytes) == 0;
  }
}

std::uint64_t SpillFile::disk_bytes() const {
  struct stat info {};
  if (!file_.is_open() || fstat(file_.get(), &info) != 0) return 0;
  return static_cast<std::uint64_t>(info.st_blocks) * 512;
}

}  // namespace fetchpool::output
