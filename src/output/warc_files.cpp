#include "output/warc_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <utility>

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

std::optional<std::uint64_t> size_of(const std::string& path) {
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
  // A run that came to its end, or was killed after it began the next file, has closed this one.
  if (!size_of(open_name(name()))) rename_file(name(), open_name(name()));
  std::string next = open_name(name_of(options_.path, number_ + 1));
  if (unlink(next.c_str()) != 0 && errno != ENOENT)
    throw SystemError("cannot remove " + next, errno);
  stream_.emplace(OutputStream::reopen(open_name(name()), {0, mark.bytes}, *options_.disk));
}

std::string WarcFiles::shortfall(const std::string& path, Mark mark) {
  std::string name = name_of(path, mark.number);
  std::optional<std::uint64_t> size = size_of(open_name(name));
  if (!size) size = size_of(name);
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
  if (!is_full()) return {number_, mark.bytes};
  close();
  ++number_;
  open();
  return {number_, stream_->settle(durable).bytes};
}

void WarcFiles::finish() {
  if (stream_) close();
}

}  // namespace fetchpool::output
