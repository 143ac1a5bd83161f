#include "output/output_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <climits>
#include <cstring>
#include <optional>

#include "base/posix.h"

namespace fetchpool::output {
namespace {

constexpr std::size_t kBatch = std::size_t{256} << 10;
constexpr std::size_t kMostBytesAtOnce = std::size_t{16} << 20;
// Batches for a file end where pages of the system do: to go on in the middle of one costs more.
// With several pages at once, large bodies took 1.1 of the time.
constexpr std::size_t kPage = 4096;
constexpr std::size_t kTextBlock = std::size_t{64} << 10;
// Below this, copying is cheaper than one more element to gather.
constexpr std::size_t kShort = 1024;
constexpr int kMostAtOnce = IOV_MAX;
// What a pipe that is writable takes without waiting.
constexpr std::size_t kCarefulBytes = PIPE_BUF;

mode_t type_of(int fd, const std::string& name) {
  struct stat info {};
  if (fstat(fd, &info) != 0) throw SystemError("cannot write " + name, errno);
  return info.st_mode & S_IFMT;
}

// Where the next write goes, as far as a file can tell.
std::uint64_t position_of(int fd) {
  int flags = fcntl(fd, F_GETFL);
  bool appends = flags >= 0 && (flags & O_APPEND) != 0;
  struct stat info {};
  if (appends && fstat(fd, &info) == 0) return static_cast<std::uint64_t>(info.st_size);
  off_t offset = lseek(fd, 0, SEEK_CUR);
  return offset < 0 ? 0 : static_cast<std::uint64_t>(offset);
}

short events_of(int fd) {
  struct pollfd watched {
    fd, 0, 0
  };
  posix::poll_for(&watched, 1, Clock::duration::zero());
  return watched.revents;
}

}  // namespace

OutputStream OutputStream::open(const std::string& path, Disk& disk) {
  UniqueFd fd = posix::open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, 0666);
  Mode mode = Mode::plain;
  // The descriptor is ours alone, so its mode may be changed.
  if (type_of(fd.get(), path) == S_IFIFO || isatty(fd.get())) {
    posix::set_nonblocking(fd.get(), true);
    mode = Mode::non_blocking;
  }
  OutputStream stream(std::move(fd), mode, path, disk);
  stream.has_name_ = mode == Mode::plain;
  return stream;
}

OutputStream OutputStream::reopen(const std::string& path, Mark mark, Disk& disk) {
  return adopt(posix::open_file(path, O_WRONLY | O_NOCTTY | O_NONBLOCK), path, mark, disk);
}

OutputStream OutputStream::adopt(UniqueFd fd, std::string name, Mark mark, Disk& disk) {
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) throw SystemError("cannot examine " + name, errno);
  if (!S_ISREG(info.st_mode) || static_cast<std::uint64_t>(info.st_size) < mark.bytes)
    throw Error("cannot go on with " + name + ": it is shorter than it was");
  auto end = static_cast<off_t>(mark.bytes);
  if (disk.truncate(fd.get(), end) != 0 || lseek(fd.get(), end, SEEK_SET) < 0)
    throw SystemError("cannot cut " + name, errno);
  OutputStream stream(std::move(fd), Mode::plain, std::move(name), disk);
  stream.records_written_ = mark.records;
  stream.bytes_written_ = mark.bytes;
  stream.added_ = mark;
  stream.has_name_ = true;
  return stream;
}

OutputStream OutputStream::borrow(int fd, std::string name) {
  mode_t type = type_of(fd, name);
  if (type == S_IFSOCK) return OutputStream(posix::duplicate(fd), Mode::socket, std::move(name));
  bool is_pipe = type == S_IFIFO;
  if (!is_pipe && !isatty(fd)) {
    OutputStream stream(posix::duplicate(fd), Mode::plain, std::move(name));
    stream.begins_at_ = position_of(fd);
    return stream;
  }
  std::string path = "/proc/self/fd/" + std::to_string(fd);
  int own = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (own >= 0) return OutputStream(UniqueFd(own), Mode::non_blocking, std::move(name));
  if (is_pipe && errno == ENXIO) throw OutputClosed(name + " was closed by its reader");
  // No /proc, or somebody else's pipe or terminal.
  return OutputStream(posix::duplicate(fd), Mode::careful, std::move(name));
}

void OutputStream::add(Bytes piece) {
  if (piece.size() < kShort) return add_copy(piece.view());
  pending_ += piece.size();
  pieces_.push_back({std::move(piece), 0});
  text_grows_ = false;
}

void OutputStream::add_copy(std::string_view text) {
  pending_ += text.size();
  while (!text.empty()) {
    if (text_used_ == kTextBlock || !text_) {
      text_grows_ = false;
      if (!text_ || text_.use_count() > 1)
        text_ = std::make_shared_for_overwrite<char[]>(kTextBlock);
      text_used_ = 0;
    }
    std::size_t count = std::min(text.size(), kTextBlock - text_used_);
    std::memcpy(text_.get() + text_used_, text.data(), count);
    if (!text_grows_) {
      text_begin_ = text_used_;
      pieces_.push_back({});
      text_grows_ = true;
    }
    text_used_ += count;
    text.remove_prefix(count);
    pieces_.back().bytes = Bytes(text_, {text_.get() + text_begin_, text_used_ - text_begin_});
  }
}

void OutputStream::end_record() {
  if (pieces_.empty())
    ++records_written_;
  else
    ++pieces_.back().records;
  ++added_.records;
  added_.bytes = bytes_written_ + pending_;
}

void OutputStream::write_full_batches() {
  if (pending_ < kBatch || is_blocked_) return;
  std::size_t rest = is_plain() ? (begins_at_ + bytes_written_ + pending_) % kPage : 0;
  write_pending(pending_ - rest);
}

void OutputStream::flush() {
  is_blocked_ = false;
  if (pending_ > 0)
    write_pending(kMostBytesAtOnce);
  else
    require_reader();
}

// What is written to a file that was removed is lost with its last descriptor.
void OutputStream::require_name() const {
  struct stat info {};
  if (has_name_ && fstat(fd_.get(), &info) == 0 && info.st_nlink == 0)
    throw SystemError("cannot write " + name_ + ", which was removed meanwhile", ENOENT);
}

OutputStream::Mark OutputStream::settle(bool durable) {
  assert(is_plain());
  while (pending_ > 0) write_pending(kMostBytesAtOnce);
  require_name();
  // Never tried again: after a failure nobody knows what is on the disk.
  if (durable && bytes_synced_ != bytes_written_ && disk_->sync(fd_.get()) != 0)
    throw SystemError("cannot force " + name_ + " to disk", errno);
  if (durable) bytes_synced_ = bytes_written_;
  return added_;
}

void OutputStream::finish() {
  while (pending_ > 0) {
    is_blocked_ = false;
    write_pending(kMostBytesAtOnce);
    if (pending_ == 0) break;
    struct pollfd writable {
      fd_.get(), POLLOUT, 0
    };
    posix::poll_for(&writable, 1, std::nullopt);
  }
  if (fd_.is_open()) require_name();
  // Network file systems report a full disk no earlier than here. Interrupted or not, the
  // descriptor is gone after close().
  if (int fd = fd_.release(); fd >= 0 && ::close(fd) != 0 && errno != EINTR) fail(errno);
}

short OutputStream::poll_events() const {
  return pending_ > 0 ? POLLOUT : 0;
}

void OutputStream::write_pending(std::size_t most) {
  std::size_t written = 0;
  for (std::size_t left = std::min(most, pending_); left > 0; left -= written) {
    if (!write_once(left, written)) {
      is_blocked_ = true;
      return;
    }
    advance(written);
  }
}

bool OutputStream::write_once(std::size_t most, std::size_t& written) {
  struct iovec vector[kMostAtOnce];
  if (mode_ == Mode::careful) {
    struct pollfd writable {
      fd_.get(), POLLOUT, 0
    };
    if (posix::poll_for(&writable, 1, Clock::duration::zero()) == 0) return false;
    most = std::min(most, kCarefulBytes);
  }
  int count = 0;
  for (const Piece& piece : pieces_) {
    if (count == kMostAtOnce || most == 0) break;
    std::string_view view = piece.bytes.view();
    if (count == 0) view.remove_prefix(offset_);
    view = view.substr(0, most);
    most -= view.size();
    vector[count++] = {const_cast<char*>(view.data()), view.size()};
  }
  for (;;) {
    ssize_t result;
    if (mode_ == Mode::socket) {
      struct msghdr message {};
      message.msg_iov = vector;
      message.msg_iovlen = static_cast<std::size_t>(count);
      result = ::sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
      result = disk_->write(fd_.get(), vector, count);
    }
    if (result >= 0) {
      written = static_cast<std::size_t>(result);
      return true;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    if (errno != EINTR) fail(errno);
  }
}

void OutputStream::advance(std::size_t written) {
  pending_ -= written;
  bytes_written_ += written;
  offset_ += written;
  while (!pieces_.empty() && offset_ >= pieces_.front().bytes.size()) {
    offset_ -= pieces_.front().bytes.size();
    records_written_ += pieces_.front().records;
    pieces_.pop_front();
  }
  if (pieces_.empty()) {
    text_grows_ = false;
    if (text_ && text_.use_count() == 1) text_used_ = 0;
  }
}

void OutputStream::require_reader() {
  if (mode_ == Mode::plain || !fd_.is_open()) return;
  if (events_of(fd_.get()) & (POLLERR | POLLHUP)) fail(EPIPE);
}

void OutputStream::fail(int error_number) const {
  if (error_number == EPIPE || error_number == ECONNRESET)
    throw OutputClosed(name_ + " was closed by its reader");
  throw SystemError("cannot write " + name_, error_number);
}

}  // namespace fetchpool::output
