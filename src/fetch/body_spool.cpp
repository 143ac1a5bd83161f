#include "fetch/body_spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/posix.h"
#include "fetchpool/error.h"

namespace fetchpool::body {
namespace {

// For file systems without O_TMPFILE.
UniqueFd open_and_unlink(const std::string& directory) {
  std::string path = directory + "/fetchpool-XXXXXX";
  UniqueFd file(::mkostemp(path.data(), O_CLOEXEC));
  if (!file.is_open()) throw SystemError("cannot make a temporary file in " + directory, errno);
  ::unlink(path.c_str());
  return file;
}

UniqueFd open_unnamed(const std::string& directory) {
  try {
    return posix::open_file(directory, O_TMPFILE | O_RDWR, 0600);
  } catch (const SystemError& error) {
    // EISDIR is how kernels before 3.11 refuse the flag.
    if (error.error_number() == EOPNOTSUPP || error.error_number() == EISDIR)
      return open_and_unlink(directory);
    throw SystemError("cannot make a temporary file in " + directory, error.error_number());
  }
}

}  // namespace

BodySpool::BodySpool(std::string directory, std::size_t memory_limit)
    : directory_(std::move(directory)), memory_limit_(memory_limit) {}

void BodySpool::append(std::string_view bytes) {
  if (bytes.size() <= memory_limit_ - memory_.size()) {
    memory_.append(bytes);
    return;
  }
  if (!file_.is_open()) file_ = open_unnamed(directory_);
  write_out(memory_.view());
  memory_.clear();
  if (bytes.size() <= memory_limit_ / 2) {
    memory_.append(bytes);
  } else {
    write_out(bytes);
  }
}

void BodySpool::write_out(std::string_view bytes) {
  try {
    posix::write_all(file_.get(), bytes.data(), bytes.size());
  } catch (const SystemError& error) {
    throw SystemError("cannot write a temporary file in " + directory_, error.error_number());
  }
  written_ += bytes.size();
}

std::string_view BodySpool::whole() const {
  assert(is_in_memory());
  return memory_.view();
}

std::size_t BodySpool::read(std::uint64_t offset, std::span<char> room) const {
  assert(offset <= size());
  std::size_t done = 0;
  while (done < room.size() && offset + done < written_) {
    auto count = static_cast<std::size_t>(
        std::min<std::uint64_t>(room.size() - done, written_ - offset - done));
    ssize_t got =
        ::pread(file_.get(), room.data() + done, count, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      throw SystemError("cannot read a temporary file in " + directory_, got < 0 ? errno : EIO);
    done += static_cast<std::size_t>(got);
  }
  if (done == room.size() || offset + done >= size()) return done;
  std::string_view tail = memory_.view().substr(static_cast<std::size_t>(offset + done - written_));
  return done + tail.copy(room.data() + done, room.size() - done);
}

void BodySpool::clear() {
  memory_.clear();
  file_.reset();
  written_ = 0;
}

}  // namespace fetchpool::body
