// A fresh directory for one test.
#pragma once

#include <string>
#include <string_view>

namespace fetchpool::test {

// A new empty directory beneath $TMPDIR (or /tmp), removed with everything in it at the end.
class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  const std::string& path() const { return path_; }
  // The path of `name` in the directory, whether or not there is such a file.
  std::string file(std::string_view name) const;
  bool has(std::string_view name) const;
  // Makes or replaces the file, and the folders above it; returns its path.
  std::string write(std::string_view name, std::string_view text) const;
  // The whole file; throws where there is none.
  std::string read(std::string_view name) const;

 private:
  std::string path_;
};

// The whole file; throws where there is none.
std::string read_file(const std::string& path);
// Makes or replaces the file; its folder must exist.
void write_file(const std::string& path, std::string_view text);

}  // namespace fetchpool::test
