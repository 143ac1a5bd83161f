#include "output/test_disk.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>

#include "output/samples.h"

namespace fetchpool::output {
namespace {

std::string path_of(int fd) {
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)).string();
}

}  // namespace

bool FailingDisk::fails() {
  if (calls_++ < fatal_) return false;
  if (error_number_ == 0) throw Killed();
  errno = error_number_;
  return true;
}

ssize_t FailingDisk::write(int fd, const struct iovec* pieces, int count) {
  if (calls_ == fatal_) {
    struct iovec half = pieces[0];
    half.iov_len /= 2;
    if (half.iov_len > 0) (void)!Disk::write(fd, &half, 1);
  }
  return fails() ? -1 : Disk::write(fd, pieces, count);
}

int FailingDisk::sync(int) {
  if (sync_failed_) ++syncs_after_failure_;
  if (!fails()) return 0;
  sync_failed_ = true;
  return -1;
}

int FailingDisk::sync_file_system(int fd) {
  return sync(fd);
}

int FailingDisk::truncate(int fd, off_t size) {
  return fails() ? -1 : Disk::truncate(fd, size);
}

ssize_t RecordingDisk::write(int fd, const struct iovec* pieces, int count) {
  auto offset = static_cast<std::uint64_t>(lseek(fd, 0, SEEK_CUR));
  ssize_t written = Disk::write(fd, pieces, count);
  if (written <= 0) return written;
  std::string bytes;
  for (int i = 0; i < count; ++i)
    bytes.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  bytes.resize(static_cast<std::size_t>(written));
  calls_.push_back({path_of(fd), Call::kWrite, offset, std::move(bytes)});
  return written;
}

int RecordingDisk::sync(int fd) {
  calls_.push_back({path_of(fd), Call::kSync, 0, {}});
  return 0;
}

int RecordingDisk::sync_file_system(int) {
  calls_.push_back({"", Call::kSync, 0, {}});
  return 0;
}

int RecordingDisk::truncate(int fd, off_t size) {
  calls_.push_back({path_of(fd), Call::kTruncate, static_cast<std::uint64_t>(size), {}});
  return Disk::truncate(fd, size);
}

void RecordingDisk::apply(std::string& file, const Call& call, const std::string& bytes) {
  if (call.kind == Call::kTruncate) file.resize(call.offset);
  if (call.kind != Call::kWrite) return;
  if (file.size() < call.offset + bytes.size()) file.resize(call.offset + bytes.size());
  file.replace(call.offset, bytes.size(), bytes);
}

// Which calls had been forced to the disk by those before `index`.
std::vector<bool> RecordingDisk::forced_before(std::size_t index) const {
  std::vector<bool> forced(index);
  std::set<std::string> synced;
  for (std::size_t i = index; i-- > 0;) {
    forced[i] = synced.count("") > 0 || synced.count(calls_[i].path) > 0;
    if (calls_[i].kind == Call::kSync) synced.insert(calls_[i].path);
  }
  return forced;
}

void RecordingDisk::crash(std::size_t index, Fate fate, std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  std::map<std::string, std::string> files;
  std::vector<bool> safe = forced_before(index);
  for (const Call& call : calls_) {
    bool is_file = !call.path.empty() && std::filesystem::is_regular_file(call.path);
    if (is_file) std::filesystem::remove(call.path);
  }
  for (std::size_t i = 0; i < index; ++i) {
    const Call& call = calls_[i];
    if (call.kind == Call::kSync) continue;
    std::string bytes = call.bytes;
    std::string& file = files[call.path];
    if (!safe[i]) {
      if (fate == Fate::dropped || random() % 2 == 0) continue;
      if (fate == Fate::trashed)
        for (std::size_t at = random() % (bytes.size() + 1); at < bytes.size(); ++at)
          bytes[at] = static_cast<char>(random());
    }
    apply(file, call, bytes);
  }
  for (const auto& [path, text] : files) std::ofstream(path, std::ios::binary) << text;
}

bool PowerlessDisk::has_power() {
  std::size_t call = calls_++;
  if (call == fatal_) throw Killed();
  errno = EIO;
  return !fatal_ || call < *fatal_;
}

std::map<std::string, std::string> PowerlessDisk::files() const {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_))
    if (entry.is_regular_file()) files[entry.path().string()] = contents_of(entry.path().string());
  return files;
}

ssize_t PowerlessDisk::write(int fd, const struct iovec* pieces, int count) {
  return has_power() ? Disk::write(fd, pieces, count) : -1;
}

int PowerlessDisk::truncate(int fd, off_t size) {
  return has_power() ? Disk::truncate(fd, size) : -1;
}

int PowerlessDisk::sync(int fd) {
  if (!has_power()) return -1;
  std::string path = path_of(fd);
  if (std::filesystem::is_directory(path)) {
    for (auto& [name, safe] : safe_)
      if (std::filesystem::path(name).parent_path() == path)
        safe.has_name = std::filesystem::exists(name);
    for (const auto& entry : std::filesystem::directory_iterator(path))
      if (entry.is_regular_file()) safe_[entry.path().string()].has_name = true;
  } else {
    safe_[path].bytes = contents_of(path);
  }
  return 0;
}

int PowerlessDisk::sync_file_system(int) {
  if (!has_power()) return -1;
  safe_.clear();
  for (auto& [path, bytes] : files()) safe_[path] = {true, std::move(bytes)};
  return 0;
}

void PowerlessDisk::lose_power(std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  std::map<std::string, std::string> now = files();
  std::map<std::string, SafeFile> paths = safe_;
  for (const auto& [path, bytes] : now) paths.try_emplace(path);
  for (const auto& [path, safe] : paths) {
    auto found = now.find(path);
    bool is_there = found != now.end();
    if (!is_there && !safe.has_name) continue;
    if (is_there != safe.has_name && random() % 2 == 0) {
      std::filesystem::remove(path);
      continue;
    }
    std::string bytes = is_there ? found->second : safe.bytes;
    if (is_there && bytes == safe.bytes) continue;
    switch (is_there ? random() % 4 : 1) {
      case 0:
        break;
      case 1:
        bytes = safe.bytes;
        break;
      case 2:
        bytes.resize(std::max(bytes.size(), safe.bytes.size()));  // zeros, as a hole has them
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(safe.bytes.size()), bytes.end(),
                  '\0');
        std::copy(safe.bytes.begin(), safe.bytes.end(), bytes.begin());
        break;
      default:
        for (std::size_t at = random() % (bytes.size() + 1); at < bytes.size(); ++at)
          if (at >= safe.bytes.size() || bytes[at] != safe.bytes[at])
            bytes[at] = static_cast<char>(random());
    }
    std::ofstream(path, std::ios::binary) << bytes;
  }
}

}  // namespace fetchpool::output
