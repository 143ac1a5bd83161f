#include "output/warc_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "fetch/warc_info.h"

namespace fetchpool::output {
namespace {

constexpr const char* kOpen = ".open";

}  // namespace

WarcFiles::WarcFiles(std::string path, std::uint64_t most_bytes, WarcInfo info)
    : path_(std::move(path)), most_bytes_(most_bytes), info_(std::move(info)) {
  open();
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
  std::string name = name_of(path_, number_);
  stream_.emplace(OutputStream::open(name + kOpen));
  size_ = 0;
  add(archive::info_member(name.substr(name.rfind('/') + 1), info_.software, info_.user_agent));
  stream_->end_record();
}

void WarcFiles::close() {
  stream_->finish();
  stream_.reset();
  std::string name = name_of(path_, number_);
  if (std::rename((name + kOpen).c_str(), name.c_str()) != 0)
    throw SystemError("cannot rename " + name + kOpen + " to " + name, errno);
}

void WarcFiles::add(Bytes members) {
  if (!stream_) open();
  size_ += members.size();
  stream_->add(std::move(members));
  stream_->write_full_batches();
}

void WarcFiles::end_url() {
  if (most_bytes_ == 0 || size_ < most_bytes_) return;
  close();
  ++number_;
}

void WarcFiles::flush() {
  if (stream_) stream_->flush();
}

void WarcFiles::finish() {
  if (stream_) close();
}

}  // namespace fetchpool::output
