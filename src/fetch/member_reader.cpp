#include "fetch/member_reader.h"

#include <fcntl.h>

#include <cerrno>
#include <string_view>

#include "base/posix.h"
#include "fetch/inflate_stream.h"
#include "fetchpool/error.h"

namespace fetchpool::archive {
namespace {

constexpr std::size_t kReadAtOnce = std::size_t{64} << 10;
constexpr char kMagic = '\x1f';

}  // namespace

struct MemberReader::Inflater {
  body::InflateStream stream{body::InflateFormat::gzip};
};

MemberReader::MemberReader(const std::string& path)
    : path_(path),
      file_(posix::open_file(path, O_RDONLY)),
      inflater_(std::make_unique<Inflater>()) {}

MemberReader::~MemberReader() = default;

void MemberReader::go_to(std::uint64_t offset) {
  offset_ = offset;
  state_ = State::inside;
  inflater_->stream.restart(body::InflateFormat::gzip);
  if (offset >= input_offset_ && offset <= input_offset_ + input_.size()) {
    used_ = static_cast<std::size_t>(offset - input_offset_);
    return;
  }
  input_.clear();
  used_ = 0;
  input_offset_ = offset;
}

// Reads on where all input is used; false at the end of the file.
bool MemberReader::fill() {
  if (used_ < input_.size()) return true;
  input_offset_ += input_.size();
  input_.resize(kReadAtOnce);
  used_ = 0;
  for (;;) {
    ssize_t count =
        ::pread(file_.get(), input_.data(), input_.size(), static_cast<off_t>(input_offset_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemError("cannot read " + path_, errno);
    input_.resize(static_cast<std::size_t>(count));
    return count > 0;
  }
}

bool MemberReader::next_member() {
  if (!fill()) return false;
  go_to(input_offset_ + used_);
  return true;
}

bool MemberReader::find_member(std::string_view begins_with) {
  std::string begin(begins_with.size(), '\0');
  for (std::uint64_t at = offset_ + 1; find_magic(at); ++at) {
    go_to(at);
    if (read(begin) != begins_with.size() || begin != begins_with) continue;
    go_to(at);
    return true;
  }
  return false;
}

// Moves `at` on to where the first byte of a member stands; false where there is none.
bool MemberReader::find_magic(std::uint64_t& at) {
  for (go_to(at); fill(); used_ = input_.size()) {
    used_ = input_.find(kMagic, used_);
    if (used_ == std::string::npos) continue;
    at = input_offset_ + used_;
    return true;
  }
  return false;
}

std::size_t MemberReader::read(std::span<char> room) {
  std::size_t done = 0;
  while (state_ == State::inside && done < room.size()) {
    if (!fill()) {
      state_ = State::cut;
      break;
    }
    std::string_view rest = std::string_view(input_).substr(used_);
    std::size_t before = rest.size();
    std::size_t written = 0;
    int result = inflater_->stream.step(rest, room.data() + done, room.size() - done, written);
    used_ += before - rest.size();
    done += written;
    if (result == Z_STREAM_END)
      state_ = State::ended;
    else if (result != Z_OK && result != Z_BUF_ERROR)
      state_ = State::damaged;
  }
  return done;
}

}  // namespace fetchpool::archive
