#include "cli/url_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/posix.h"
#include "cli/safe_text.h"
#include "cli/usage_error.h"

namespace fetchpool::cli {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

std::string shown_name(const std::string& name) {
  return name == "-" ? "standard input" : safe_text(name);
}

UniqueFd open_input(const std::string& name) {
  if (name == "-") return posix::duplicate(STDIN_FILENO);
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for its writer.
    return posix::open_file(name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  } catch (const SystemError& error) {
    throw UsageError(
        SystemError("cannot open the list " + shown_name(name), error.error_number()).what());
  }
}

// Where the beginning can be looked at without taking it, a wrong encoding shows before the first
// request.
void check_beginning(int fd, const struct stat& info, const std::string& name) {
  if (!S_ISREG(info.st_mode)) return;
  char start[2];
  if (pread(fd, start, sizeof start, 0) != sizeof start) return;
  LineSplitter splitter(name);
  splitter.feed(std::string(start, sizeof start) + '\n');
  splitter.next();
}

}  // namespace

std::vector<std::string> lists_to_read(const Arguments& arguments) {
  bool nothing_named = arguments.urls.empty() && arguments.input_files.empty();
  return nothing_named ? std::vector<std::string>{"-"} : arguments.input_files;
}

UrlReader::UrlReader(const std::vector<std::string>& urls, const std::vector<std::string>& lists)
    : urls_(urls.begin(), urls.end()) {
  for (const std::string& name : lists) lists_.push_back(open_list(name));
}

UrlReader::List UrlReader::open_list(const std::string& name) {
  UniqueFd fd = open_input(name);
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) throw SystemError("cannot examine " + shown_name(name), errno);
  if (S_ISDIR(info.st_mode))
    throw UsageError("the list " + shown_name(name) +
                     " is a directory; name a file with one URL a line");
  check_beginning(fd.get(), info, "the list " + shown_name(name));
  return {std::move(fd), shown_name(name), LineSplitter("the list " + shown_name(name)), false};
}

std::optional<ListLine> UrlReader::next() {
  if (!urls_.empty()) {
    ListLine line{std::move(urls_.front()), false, true};
    urls_.pop_front();
    return line;
  }
  try {
    return next_of_list();
  } catch (const Error&) {
    lists_.clear();
    throw;
  }
}

std::optional<ListLine> UrlReader::next_of_list() {
  while (!lists_.empty()) {
    if (auto line = lists_.front().splitter.next()) return line;
    if (lists_.front().ended)
      lists_.pop_front();
    else if (!read_piece())
      return std::nullopt;
  }
  return std::nullopt;
}

// Reads once from the first list, if something is there; false where it would have to wait.
bool UrlReader::read_piece() {
  List& list = lists_.front();
  // Asking first, because standard input cannot be made non-blocking (others share it), and a FIFO
  // without a writer yet reads as ended.
  struct pollfd readable {
    list.fd.get(), POLLIN, 0
  };
  if (posix::poll_for(&readable, 1, Clock::duration::zero()) == 0) return false;
  std::string piece(kPieceBytes, '\0');
  std::optional<std::size_t> count;
  try {
    count = posix::read_some(list.fd.get(), piece.data(), piece.size());
  } catch (const SystemError& error) {
    throw SystemError("cannot read the list " + list.name, error.error_number());
  }
  if (!count) return false;
  piece.resize(*count);
  list.ended = piece.empty();
  if (list.ended) list.splitter.finish();
  list.splitter.feed(std::move(piece));
  return true;
}

int UrlReader::poll_fd() const {
  return urls_.empty() && !lists_.empty() ? lists_.front().fd.get() : -1;
}

}  // namespace fetchpool::cli
