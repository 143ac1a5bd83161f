#include "support/temp_dir.h"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/posix.h"
#include "fetchpool/error.h"

namespace fetchpool::test {

TempDir::TempDir() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/test-XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) throw SystemError("cannot make " + path_, errno);
}

TempDir::~TempDir() {
  std::error_code ignored;
  // A test may have taken its own rights away.
  std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::file(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

bool TempDir::has(std::string_view name) const {
  return std::filesystem::exists(std::filesystem::symlink_status(file(name)));
}

std::string TempDir::write(std::string_view name, std::string_view text) const {
  std::string path = file(name);
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  write_file(path, text);
  return path;
}

std::string TempDir::read(std::string_view name) const {
  return read_file(file(name));
}

std::string read_file(const std::string& path) {
  UniqueFd fd = posix::open_file(path, O_RDONLY);
  std::string text;
  std::array<char, 65536> block;
  while (auto count = posix::read_some(fd.get(), block.data(), block.size())) {
    if (*count == 0) break;
    text.append(block.data(), *count);
  }
  return text;
}

void write_file(const std::string& path, std::string_view text) {
  UniqueFd fd = posix::open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  posix::write_all(fd.get(), text.data(), text.size());
}

}  // namespace fetchpool::test
