#include "output/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/posix.h"
#include "base/wire.h"

namespace fetchpool::output {
namespace {

constexpr std::string_view kMagic = "fetchpool journal 1\n";
constexpr std::size_t kLength = sizeof(std::uint32_t);
constexpr std::size_t kChecksum = sizeof(std::uint64_t);
constexpr std::size_t kMostPayload = std::size_t{256} << 20;

std::string encode(const Commit& commit) {
  std::string out;
  WireWriter writer(out);
  writer.value(commit.output.records);
  writer.value(static_cast<std::uint32_t>(commit.output.files.size()));
  for (const FileEnd& file : commit.output.files) {
    writer.text(file.name);
    writer.value(file.bytes);
  }
  writer.text(commit.output.state);
  writer.value(commit.lines);
  writer.value(commit.list_hash);
  writer.value(static_cast<std::uint32_t>(commit.tally.size()));
  for (const Tally& tally : commit.tally) {
    writer.value(tally.exit_code);
    writer.value(tally.count);
  }
  writer.value(static_cast<std::uint32_t>(commit.numbers.size()));
  for (std::uint64_t number : commit.numbers) writer.value(number);
  return out;
}

Commit decode(std::string_view payload) {
  WireReader reader(payload);
  Commit commit;
  reader.value(commit.output.records);
  for (auto count = reader.value<std::uint32_t>(); count > 0; --count) {
    FileEnd file;
    reader.text(file.name);
    reader.value(file.bytes);
    commit.output.files.push_back(std::move(file));
  }
  reader.text(commit.output.state);
  reader.value(commit.lines);
  reader.value(commit.list_hash);
  for (auto count = reader.value<std::uint32_t>(); count > 0; --count) {
    Tally tally;
    reader.value(tally.exit_code);
    reader.value(tally.count);
    commit.tally.push_back(tally);
  }
  for (auto count = reader.value<std::uint32_t>(); count > 0; --count)
    commit.numbers.push_back(reader.value<std::uint64_t>());
  return commit;
}

// An entry's place is part of what its checksum covers.
std::uint64_t checksum_of(std::string_view payload, std::uint64_t before) {
  return XXH3_64bits_withSeed(payload.data(), payload.size(), before + payload.size());
}

bool names_same_file(const std::string& path, int fd) {
  struct stat there {};
  struct stat here {};
  return stat(path.c_str(), &there) == 0 && fstat(fd, &here) == 0 && there.st_dev == here.st_dev &&
         there.st_ino == here.st_ino;
}

void lock(int fd, const std::string& path) {
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      throw JournalLocked("another fetchpool is at work here: it has locked " + path);
    if (errno != EINTR) throw SystemError("cannot lock " + path, errno);
  }
}

std::string read_whole(int fd, const std::string& path) {
  std::string text;
  struct stat info {};
  if (fstat(fd, &info) != 0) throw SystemError("cannot read " + path, errno);
  text.resize(static_cast<std::size_t>(info.st_size));
  std::size_t size = 0;
  while (size < text.size()) {
    ssize_t count = ::pread(fd, text.data() + size, text.size() - size, static_cast<off_t>(size));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemError("cannot read " + path, errno);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  text.resize(size);
  return text;
}

}  // namespace

Journal Journal::open(const std::string& path, bool create, Sync sync, Disk& disk) {
  return open_with(path, O_RDWR | (create ? O_CREAT : 0), sync, disk);
}

Journal Journal::open_to_read(const std::string& path) {
  return open_with(path, O_RDONLY, Sync::none, system_disk());
}

Journal Journal::open_with(const std::string& path, int flags, Sync sync, Disk& disk) {
  for (;;) {
    UniqueFd fd = posix::open_file(path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0666);
    lock(fd.get(), path);
    // Its last owner may have taken it away between these two calls.
    if (!names_same_file(path, fd.get())) continue;
    struct stat info {};
    if (fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
      throw ResumeRefused(path + " is not a regular file; the journal of a run is to be there");
    Journal journal(std::move(fd), path, sync, disk);
    journal.read_beginning();
    return journal;
  }
}

void Journal::read_beginning() {
  text_ = read_whole(fd_.get(), path_);
  size_ = text_.size();
  std::size_t shown = std::min(kMagic.size(), text_.size());
  if (std::string_view(text_).substr(0, shown) != kMagic.substr(0, shown))
    throw ResumeRefused(path_ + " is not a journal of this version of fetchpool, or is damaged");
  if (text_.size() < kMagic.size()) return;
  position_ = kMagic.size();
  std::string_view payload;
  std::size_t whole = position_ + kLength;
  if (next_entry(payload)) {
    job_ = payload;
    has_job_ = true;
    return;
  }
  // A beginning that was not written to its end is as good as none. What can be there is what fits
  // in before the first commit.
  std::uint32_t length = 0;
  if (text_.size() >= whole) std::memcpy(&length, text_.data() + position_, kLength);
  if (text_.size() >= whole + kChecksum && text_.size() - whole - kChecksum >= length)
    throw ResumeRefused(path_ + " is damaged at its beginning");
}

bool Journal::next_entry(std::string_view& payload) {
  std::string_view rest = std::string_view(text_).substr(position_);
  if (rest.size() < kLength + kChecksum) return false;
  std::uint32_t length = 0;
  std::memcpy(&length, rest.data(), kLength);
  if (length > kMostPayload || rest.size() - kLength - kChecksum < length) return false;
  std::uint64_t checksum = 0;
  std::memcpy(&checksum, rest.data() + kLength + length, kChecksum);
  payload = rest.substr(kLength, length);
  if (checksum != checksum_of(payload, chain_)) return false;
  chain_ = checksum;
  position_ += kLength + length + kChecksum;
  return true;
}

void Journal::begin(std::string_view job) {
  text_.clear();
  if (disk_->truncate(fd_.get(), 0) != 0) throw SystemError("cannot empty " + path_, errno);
  position_ = 0;
  chain_ = 0;
  append(kMagic);
  append_entry(job);
  force();
  job_ = job;
  has_job_ = true;
}

void Journal::replay(const std::function<bool(Commit&&)>& believe) {
  std::uint64_t end = position_;
  std::uint64_t chain = chain_;
  for (std::string_view payload; next_entry(payload);) {
    if (!believe(decode(payload))) continue;
    end = position_;
    chain = chain_;
  }
  position_ = end;
  chain_ = chain;
  text_.clear();
  text_.shrink_to_fit();
}

void Journal::go_on() {
  if (disk_->truncate(fd_.get(), static_cast<off_t>(position_)) != 0)
    throw SystemError("cannot cut " + path_, errno);
  force();
}

void Journal::commit(const Commit& commit) {
  force_names();
  append_entry(encode(commit));
  force();
}

void Journal::append_entry(std::string_view payload) {
  std::string entry;
  WireWriter writer(entry);
  writer.text(payload);
  chain_ = checksum_of(payload, chain_);
  writer.value(chain_);
  append(entry);
}

void Journal::append(std::string_view bytes) {
  if (lseek(fd_.get(), static_cast<off_t>(position_), SEEK_SET) < 0)
    throw SystemError("cannot write " + path_, errno);
  while (!bytes.empty()) {
    struct iovec piece {
      const_cast<char*>(bytes.data()), bytes.size()
    };
    ssize_t written = disk_->write(fd_.get(), &piece, 1);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw SystemError("cannot write " + path_, written < 0 ? errno : ENOSPC);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    position_ += static_cast<std::uint64_t>(written);
  }
}

void Journal::force() {
  if (sync_ == Sync::none) return;
  if (disk_->sync(fd_.get()) != 0) throw SystemError("cannot force " + path_ + " to disk", errno);
}

void Journal::force_names() {
  if (sync_ == Sync::none || names_are_safe_) return;
  names_are_safe_ = true;
  auto slash = path_.rfind('/');
  std::string directory = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
  UniqueFd fd = posix::open_file(directory, O_RDONLY | O_DIRECTORY);
  // Some file systems cannot force a directory, and say so with EINVAL.
  if (disk_->sync(fd.get()) != 0 && errno != EINVAL)
    throw SystemError("cannot force " + directory + " to disk", errno);
}

void Journal::remove() {
  if (::unlink(path_.c_str()) != 0) throw SystemError("cannot remove " + path_, errno);
  fd_.reset();
}

}  // namespace fetchpool::output
