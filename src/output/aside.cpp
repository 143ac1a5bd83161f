#include "output/aside.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "base/posix.h"

namespace fetchpool::output {
namespace {

// Of a regular file; nothing else counts.
std::optional<std::uint64_t> size_of(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(info.st_size);
}

void rename_file(const std::string& from, const std::string& to, unsigned flags) {
  int result = renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags);
  // Some file systems cannot promise that nothing has the name.
  if (result != 0 && errno == EINVAL && flags != 0) result = std::rename(from.c_str(), to.c_str());
  if (result != 0) throw SystemError("cannot rename " + from + " to " + to, errno);
}

void remove_file(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT)
    throw SystemError("cannot remove " + path, errno);
}

}  // namespace

Aside::Aside(std::string records, std::string journal, std::string aside)
    : records_(std::move(records)), journal_(std::move(journal)), aside_(std::move(aside)) {}

bool Aside::is_there() const {
  return size_of(aside_) && size_of(aside_journal());
}

std::optional<Commit> Aside::last_commit() const {
  std::uint64_t size = size_of(aside_).value_or(0);
  std::optional<Commit> last;
  Journal::open_to_read(aside_journal()).replay([&](Commit&& commit) {
    bool is_reached = !commit.output.files.empty() && commit.output.files[0].bytes <= size;
    if (is_reached) last = std::move(commit);
    return is_reached;
  });
  return last;
}

void Aside::put() const {
  rename_file(records_, aside_, RENAME_NOREPLACE);
  posix::open_file(records_, O_WRONLY | O_CREAT | O_EXCL, 0666);
  rename_file(journal_, aside_journal(), 0);
  rename_file(next_journal(), journal_, 0);
}

void Aside::undo_half() const {
  if (!size_of(next_journal())) return;
  bool journal_is_aside = !size_of(journal_) && size_of(aside_journal());
  // Whoever puts something aside has locked this.
  if (journal_is_aside || size_of(journal_))
    Journal::open_to_read(journal_is_aside ? aside_journal() : journal_);
  if (journal_is_aside) rename_file(aside_journal(), journal_, RENAME_NOREPLACE);
  if (size_of(aside_) && size_of(records_).value_or(0) == 0) rename_file(aside_, records_, 0);
  remove_file(next_journal());
}

// The records first: alone, a journal is of no use to anybody.
void Aside::remove() const {
  if (!size_of(aside_journal())) return;
  try {
    Journal::open_to_read(aside_journal());
  } catch (const ResumeRefused&) {
    return;
  }
  remove_file(aside_);
  remove_file(aside_journal());
}

}  // namespace fetchpool::output
