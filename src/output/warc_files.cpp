#include "output/warc_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <utility>

#include "base/posix.h"
#include "fetch/warc_info.h"

namespace fetchpool::output {
namespace {

std::string open_name(const std::string& name) {
  return name + ".open";
}

void rename_file(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0)
    throw SystemError("cannot rename " + from + " to " + to, errno);
}

std::optional<std::uint64_t> file_size(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(info.st_size);
}

}  // namespace

WarcFiles::WarcFiles(WarcFilesOptions options) : options_(std::move(options)) {
  open();
}

WarcFiles::WarcFiles(WarcFilesOptions options, Mark mark)
    : options_(std::move(options)), number_(mark.number), size_(mark.bytes) {
  // A power failure may have undone that these were closed.
  for (unsigned number = 0; number < number_; ++number) {
    std::string closed = name_of(options_.path, number);
    if (file_size(open_name(closed)) && !file_size(closed)) rename_file(open_name(closed), closed);
  }
  // A run that came to its end, or was killed after it began the next file, has closed this one.
  if (!file_size(open_name(name()))) rename_file(name(), open_name(name()));
  for (unsigned number = number_ + 1; drop(name_of(options_.path, number)); ++number) {
  }
  stream_.emplace(OutputStream::reopen(open_name(name()), {0, mark.bytes}, *options_.disk));
}

// What comes behind the mark comes again. A file that was closed there says that somebody has cut
// others, or is of another run: that is not removed, and not in the way. False: none was there.
bool WarcFiles::drop(const std::string& name) {
  bool was_open = unlink(open_name(name).c_str()) == 0;
  if (!was_open && errno != ENOENT) throw SystemError("cannot remove " + open_name(name), errno);
  bool was_closed = file_size(name).has_value();
  if (was_closed) rename_file(name, name + ".old");
  return was_open || was_closed;
}

std::string WarcFiles::shortfall(const std::string& path, Mark mark) {
  std::string name = name_of(path, mark.number);
  std::optional<std::uint64_t> size = file_size(open_name(name));
  if (!size) size = file_size(name);
  if (!size) return name + " is missing, and " + open_name(name) + ", too";
  return *size >= mark.bytes ? "" : name + " is shorter than it was";
}

std::string WarcFiles::name_of(const std::string& path, unsigned number) {
  if (number == 0) return path;
  std::string digits = std::to_string(number);
  std::string suffix = "-" + std::string(5 - std::min<std::size_t>(digits.size(), 5), '0') + digits;
  for (std::string_view extension : {".warc.gz", ".gz", ".warc"})
    if (path.ends_with(extension))
      return path.substr(0, path.size() - extension.size()) + suffix + std::string(extension);
  return path + suffix;
}

void WarcFiles::open() {
  stream_.emplace(OutputStream::open(open_name(name()), *options_.disk));
  name_is_safe_ = false;
  size_ = 0;
  add(archive::info_member(name().substr(name().rfind('/') + 1), options_.software,
                           options_.user_agent));
  stream_->end_record();
}

void WarcFiles::close() {
  stream_->finish();
  stream_.reset();
  rename_file(open_name(name()), name());
}

void WarcFiles::add(Bytes members) {
  if (!stream_) open();
  size_ += members.size();
  stream_->add(std::move(members));
  stream_->write_full_batches();
}

void WarcFiles::end_url() {
  if (!stream_) return;
  stream_->end_record();
  if (options_.settles || !is_full()) return;
  close();
  ++number_;
}

void WarcFiles::flush() {
  if (stream_) stream_->flush();
}

WarcFiles::Mark WarcFiles::settle(bool durable) {
  OutputStream::Mark mark = stream_->settle(durable);
  if (is_full()) {
    close();
    ++number_;
    open();
    mark = stream_->settle(durable);
  }
  if (durable) force_name();
  return {number_, mark.bytes};
}

// That the file is there, and that the one before was closed.
void WarcFiles::force_name() {
  if (name_is_safe_) return;
  name_is_safe_ = true;
  auto slash = options_.path.rfind('/');
  std::string directory = slash == std::string::npos ? "." : options_.path.substr(0, slash + 1);
  UniqueFd fd = posix::open_file(directory, O_RDONLY | O_DIRECTORY);
  // Some file systems cannot force a directory, and say so with EINVAL.
  if (options_.disk->sync(fd.get()) != 0 && errno != EINVAL)
    throw SystemError("cannot force " + directory + " to disk", errno);
}

void WarcFiles::finish() {
  if (stream_) close();
}

}  // namespace fetchpool::output
