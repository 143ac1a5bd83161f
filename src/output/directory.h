// Files beneath one directory, and nowhere else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "output/disk.h"

namespace fetchpool::output {

// Everything here is done relative to the directory that was opened, and no symbolic link is
// followed: a name leads to something beneath it or nowhere (openat2 with RESOLVE_BENEATH and
// RESOLVE_NO_SYMLINKS; without it, folder by folder with O_NOFOLLOW). Names are relative paths
// without "..". Throws SystemError naming the file.
class Directory {
 public:
  // Opens `path`, which is made where it is missing, with the folders above it. It may be a
  // symbolic link itself: the person at the terminal said so.
  static Directory open(const std::string& path);
  // A folder of it as a directory of its own, made where it is missing.
  Directory folder(const std::string& name);

  // Makes the file, and the folders above it, for writing. Not open: something of that name is
  // there already, whatever it is, or stands where a folder is needed, or the name is too long.
  UniqueFd create(const std::string& name);
  // An existing regular file, for reading or writing as in open(2). Not open: there is none.
  UniqueFd open_existing(const std::string& name, int flags);
  // Moves a file of this very directory to a name in `target`, whose folders are made. False: it
  // cannot have that name, as with create(). `replace`: a file that has it already goes.
  bool move(const std::string& file, Directory& target, const std::string& name,
            bool replace = false);
  void make_folder(const std::string& name);
  // What no other file has while this one lives, and hardly any one after it: inode and time of
  // birth. It stays when the file is moved. Empty: no regular file of that name is there.
  std::string identity(const std::string& name);
  struct File {
    std::uint64_t size = 0;
    std::int64_t modified = 0;  // nanoseconds
  };
  // Nothing: no regular file of that name is there.
  std::optional<File> look_at(const std::string& name);
  // Whether something of that name is there, a symbolic link among that.
  bool has(const std::string& name);
  // Removes the file if it is there.
  void remove(const std::string& name);

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }
  std::string full_name(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  Directory(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  // The folder in which `name` is, made if `make`; -1 with errno where it is missing. It is kept
  // open: bodies come folder by folder.
  int folder_of(const std::string& name, bool make);
  UniqueFd open_folder(const std::string& name, bool make) const;
  [[noreturn]] void fail(const char* what, const std::string& name) const;

  UniqueFd fd_;
  std::string path_;
  std::string last_folder_;
  UniqueFd last_fd_;
};

}  // namespace fetchpool::output
