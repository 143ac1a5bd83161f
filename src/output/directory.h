// Files beneath one directory, and nowhere else.
#pragma once

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

  // Makes the file, and the folders above it, for writing. Not open: something of that name is
  // there already, whatever it is, or stands where a folder is needed.
  UniqueFd create(const std::string& name);
  // An existing regular file, for reading or writing as in open(2). Not open: there is none.
  UniqueFd open_existing(const std::string& name, int flags);
  // Gives a file its name, in the same folder. False: the name is taken. `replace`: a file that has
  // it already goes.
  bool rename(const std::string& from, const std::string& to, bool replace = false);
  void make_folder(const std::string& name);
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
