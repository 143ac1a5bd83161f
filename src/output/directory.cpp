#include "output/directory.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/posix.h"
#include "fetchpool/error.h"

namespace fetchpool::output {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

std::string folder_part(const std::string& name) {
  auto slash = name.rfind('/');
  return slash == std::string::npos ? std::string() : name.substr(0, slash);
}

const char* last_part(const std::string& name) {
  auto slash = name.rfind('/');
  return name.c_str() + (slash == std::string::npos ? 0 : slash + 1);
}

// What stands in the way of a name, and is nobody's fault.
bool is_impossible(int error) {
  return error == EEXIST || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG;
}

// All folders of `name` in one call, where the system has it.
int open_at_once(int directory, const std::string& name) {
  struct open_how how {};
  how.flags = kFolderFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how));
}

}  // namespace

Directory Directory::open(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  // An error is told by the next call, in its words.
  UniqueFd fd = posix::open_file(path, O_RDONLY | O_DIRECTORY);
  return {std::move(fd), path};
}

Directory Directory::folder(const std::string& name) {
  UniqueFd fd = open_folder(name, true);
  if (!fd.is_open()) fail("cannot make the folder", name);
  return {std::move(fd), full_name(name)};
}

void Directory::fail(const char* what, const std::string& name) const {
  throw SystemError(std::string(what) + " " + full_name(name), errno);
}

UniqueFd Directory::open_folder(const std::string& name, bool make) const {
  if (name.empty()) return posix::duplicate(fd_.get());
  int whole = open_at_once(fd_.get(), name);
  if (whole >= 0) return UniqueFd(whole);
  bool step_by_step = errno == ENOSYS || errno == EPERM || (errno == ENOENT && make);
  if (!step_by_step) return {};
  UniqueFd folder = posix::duplicate(fd_.get());
  for (std::size_t begin = 0; begin < name.size();) {
    std::size_t end = std::min(name.find('/', begin), name.size());
    std::string part = name.substr(begin, end - begin);
    if (make && mkdirat(folder.get(), part.c_str(), 0777) != 0 && errno != EEXIST) return {};
    UniqueFd next(openat(folder.get(), part.c_str(), kFolderFlags));
    if (!next.is_open()) return {};
    folder = std::move(next);
    begin = end + 1;
  }
  return folder;
}

int Directory::folder_of(const std::string& name, bool make) {
  std::string folder = folder_part(name);
  if (last_fd_.is_open() && folder == last_folder_) return last_fd_.get();
  last_fd_ = open_folder(folder, make);
  last_folder_ = std::move(folder);
  return last_fd_.get();
}

UniqueFd Directory::create(const std::string& name) {
  int folder = folder_of(name, true);
  if (folder < 0) {
    if (is_impossible(errno)) return {};
    fail("cannot make the folder of", name);
  }
  UniqueFd fd(
      openat(folder, last_part(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!fd.is_open() && !is_impossible(errno)) fail("cannot make", name);
  return fd;
}

UniqueFd Directory::open_existing(const std::string& name, int flags) {
  int folder = folder_of(name, false);
  if (folder < 0) {
    if (errno == ENOENT) return {};
    fail("cannot open the folder of", name);
  }
  UniqueFd fd(
      openat(folder, last_part(name), flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd.is_open()) {
    if (errno == ENOENT) return {};
    fail("cannot open", name);
  }
  struct stat info {};
  if (fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
    throw Error(full_name(name) + " is not a regular file");
  return fd;
}

bool Directory::move(const std::string& file, Directory& target, const std::string& name,
                     bool replace) {
  int folder = target.folder_of(name, true);
  if (folder < 0) {
    if (is_impossible(errno)) return false;
    target.fail("cannot make the folder of", name);
  }
  unsigned flags = replace ? 0 : RENAME_NOREPLACE;
  if (renameat2(fd_.get(), file.c_str(), folder, last_part(name), flags) == 0) return true;
  // Some file systems cannot promise that; looking first is the next best thing.
  if (errno == EINVAL && !replace) {
    if (target.has(name)) return false;
    if (renameat(fd_.get(), file.c_str(), folder, last_part(name)) == 0) return true;
  }
  if (!replace && is_impossible(errno)) return false;
  target.fail("cannot name", name);
}

std::string Directory::identity(const std::string& name) {
  int folder = folder_of(name, false);
  struct statx info {};
  constexpr unsigned kWanted = STATX_TYPE | STATX_INO | STATX_BTIME;
  bool is_there =
      folder >= 0 && statx(folder, last_part(name), AT_SYMLINK_NOFOLLOW, kWanted, &info) == 0;
  if (!is_there || !S_ISREG(info.stx_mode)) return {};
  return std::to_string(info.stx_ino) + "." + std::to_string(info.stx_btime.tv_sec) + "." +
         std::to_string(info.stx_btime.tv_nsec);
}

std::optional<Directory::File> Directory::look_at(const std::string& name) {
  int folder = folder_of(name, false);
  struct stat info {};
  bool is_there = folder >= 0 && fstatat(folder, last_part(name), &info, AT_SYMLINK_NOFOLLOW) == 0;
  if (!is_there || !S_ISREG(info.st_mode)) return std::nullopt;
  return File{static_cast<std::uint64_t>(info.st_size),
              std::int64_t{info.st_mtim.tv_sec} * 1000000000 + info.st_mtim.tv_nsec};
}

void Directory::make_folder(const std::string& name) {
  if (!open_folder(name, true).is_open()) fail("cannot make the folder", name);
}

bool Directory::has(const std::string& name) {
  int folder = folder_of(name, false);
  struct stat info {};
  return folder >= 0 && fstatat(folder, last_part(name), &info, AT_SYMLINK_NOFOLLOW) == 0;
}

void Directory::remove(const std::string& name) {
  int folder = folder_of(name, false);
  if (folder < 0) return;
  if (unlinkat(folder, last_part(name), 0) != 0 && errno != ENOENT) fail("cannot remove", name);
}

}  // namespace fetchpool::output
