#include "output/output_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include "base/posix.h"
#include "output/samples.h"
#include "support/catch.h"

namespace fetchpool::output {
namespace {

std::string read_now(int fd) {
  std::string all;
  std::string part(1 << 16, '\0');
  posix::set_nonblocking(fd, true);
  while (auto count = posix::read_some(fd, part.data(), part.size())) {
    if (*count == 0) break;
    all.append(part, 0, *count);
  }
  return all;
}

short events_of(const OutputStream& stream) {
  struct pollfd watched {
    stream.poll_fd(), stream.poll_events(), 0
  };
  posix::poll_for(&watched, 1, Clock::duration::zero());
  return watched.revents;
}

void ignore_sigpipe() {
  signal(SIGPIPE, SIG_IGN);
}

TEST_CASE("what is added arrives in a file in order", "[output_stream]") {
  TemporaryDirectory directory;
  std::string path = directory.file("out");
  OutputStream stream = OutputStream::open(path);
  std::string expected;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    std::string bytes = sample_bytes(i, i * 37 % 5000);
    expected += bytes;
    i % 3 == 0 ? stream.add_copy(bytes) : stream.add(Bytes(bytes));
    stream.end_record();
    if (i % 100 == 0) stream.write_full_batches();
  }
  CHECK(stream.pending_bytes() > 0);
  CHECK(stream.poll_events() == POLLOUT);
  stream.flush();
  CHECK(stream.pending_bytes() == 0);
  CHECK(stream.poll_events() == 0);
  CHECK(stream.records_written() == 3000);
  stream.finish();
  CHECK(contents_of(path) == expected);
}

TEST_CASE("an existing file is emptied, and little is written before there is much",
          "[output_stream]") {
  TemporaryDirectory directory;
  std::string path = directory.file("out");
  std::ofstream(path) << "what was there before";
  OutputStream stream = OutputStream::open(path);
  stream.add_copy("little");
  stream.write_full_batches();
  CHECK(contents_of(path).empty());
  stream.add(Bytes(std::string(300000, 'x')));
  stream.write_full_batches();
  CHECK(contents_of(path).size() == 299008);  // whole pages
  stream.add(Bytes(std::string(300000, 'y')));
  stream.write_full_batches();
  CHECK(contents_of(path).size() == 598016);
  stream.flush();
  CHECK(contents_of(path) == "little" + std::string(300000, 'x') + std::string(300000, 'y'));
}

TEST_CASE("a borrowed file gets whole pages wherever it stands", "[output_stream]") {
  TemporaryDirectory directory;
  std::string path = directory.file("out");
  std::ofstream(path) << "header";
  int mode = GENERATE(0, O_APPEND);
  int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | mode);
  REQUIRE(fd >= 0);
  if (mode == 0) lseek(fd, 6, SEEK_SET);
  OutputStream stream = OutputStream::borrow(fd, "out");
  ::close(fd);
  stream.add(Bytes(std::string(300000, 'x')));
  stream.write_full_batches();
  CHECK(contents_of(path).size() == 299008);
  stream.flush();
  CHECK(contents_of(path) == "header" + std::string(300000, 'x'));
}

TEST_CASE("a full disk is an error that names the file", "[output_stream]") {
  OutputStream stream = OutputStream::open("/dev/full");
  stream.add_copy("x");
  CHECK_THROWS_AS(stream.flush(), SystemError);
  OutputStream again = OutputStream::open("/dev/full");
  again.add_copy("x");
  CHECK_THROWS_WITH(again.finish(), "cannot write /dev/full: No space left on device");
  CHECK_THROWS_WITH(OutputStream::open("/nonexistent/out"),
                    ContainsSubstring("/nonexistent/out: No such file or directory"));
}

TEST_CASE("a file size limit keeps what fits and is an error", "[output_stream]") {
  TemporaryDirectory directory;
  std::string path = directory.file("out");
  pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit {
      100000, 100000
    };
    setrlimit(RLIMIT_FSIZE, &limit);
    OutputStream stream = OutputStream::open(path);
    stream.add(Bytes(std::string(150000, 'x')));
    try {
      stream.finish();
    } catch (const SystemError& error) {
      _exit(error.error_number() == EFBIG ? 0 : 1);
    }
    _exit(2);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(contents_of(path).size() == 100000);
}

TEST_CASE("a descriptor's offset and append mode are respected", "[output_stream]") {
  TemporaryDirectory directory;
  for (int flags : {O_APPEND, 0}) {
    std::string path = directory.file("out" + std::to_string(flags));
    std::ofstream(path) << "first line\n";
    UniqueFd fd = posix::open_file(path, O_WRONLY | flags);
    if (flags == 0) lseek(fd.get(), 0, SEEK_END);
    OutputStream stream = OutputStream::borrow(fd.get(), "standard output");
    stream.add_copy("second line\n");
    stream.finish();
    posix::write_all(fd.get(), "third line\n", 11);
    CHECK(contents_of(path) == "first line\nsecond line\nthird line\n");
  }
}

TEST_CASE("a slow pipe never makes the writer wait", "[output_stream]") {
  auto pipe = posix::make_pipe();
  OutputStream stream = OutputStream::borrow(pipe.second.get(), "standard output");
  std::string expected = sample_bytes(1, 1 << 20);
  stream.add(Bytes(expected));
  stream.end_record();
  stream.write_full_batches();
  CHECK(stream.is_blocked());
  CHECK(stream.pending_bytes() > 0);
  CHECK(stream.poll_events() == POLLOUT);
  CHECK(events_of(stream) == 0);
  std::string received;
  while (received.size() < expected.size()) {
    CHECK(stream.records_written() == 0);
    received += read_now(pipe.first.get());
    CHECK(events_of(stream) == (stream.pending_bytes() > 0 ? POLLOUT : 0));
    stream.flush();
    if (stream.pending_bytes() == 0) received += read_now(pipe.first.get());
  }
  CHECK(received == expected);
  CHECK(stream.records_written() == 1);
}

TEST_CASE("the mode of a shared descriptor stays as it was", "[output_stream]") {
  auto pipe = posix::make_pipe();
  auto pair = posix::make_socket_pair(SOCK_STREAM);
  for (int fd : {pipe.second.get(), pair.first.get()}) {
    int before = fcntl(fd, F_GETFL);
    OutputStream stream = OutputStream::borrow(fd, "standard output");
    stream.add(Bytes(std::string(4 << 20, 'x')));
    stream.flush();
    CHECK(stream.is_blocked());
    CHECK(fcntl(fd, F_GETFL) == before);
  }
  int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(terminal >= 0);
  UniqueFd master(terminal);
  REQUIRE(grantpt(terminal) == 0);
  REQUIRE(unlockpt(terminal) == 0);
  UniqueFd slave = posix::open_file(ptsname(terminal), O_RDWR | O_NOCTTY);
  int before = fcntl(slave.get(), F_GETFL);
  {
    OutputStream stream = OutputStream::borrow(slave.get(), "the terminal");
    stream.add(Bytes(std::string(1 << 20, 'x')));
    stream.flush();
    CHECK(stream.is_blocked());
    CHECK(fcntl(slave.get(), F_GETFL) == before);
  }
}

TEST_CASE("a reader that left is noticed though nothing is due", "[output_stream]") {
  ignore_sigpipe();
  auto pipe = posix::make_pipe();
  OutputStream stream = OutputStream::borrow(pipe.second.get(), "standard output");
  stream.flush();
  CHECK(stream.poll_events() == 0);
  CHECK(events_of(stream) == 0);
  pipe.first.reset();
  CHECK((events_of(stream) & POLLERR) != 0);
  CHECK_THROWS_AS(stream.flush(), OutputClosed);
  OutputStream late = OutputStream::borrow(pipe.second.get(), "standard output");
  CHECK_THROWS_AS(late.flush(), OutputClosed);
}

TEST_CASE("writing to a reader that left says so", "[output_stream]") {
  ignore_sigpipe();
  auto pipe = posix::make_pipe();
  auto pair = posix::make_socket_pair(SOCK_STREAM);
  OutputStream to_pipe = OutputStream::borrow(pipe.second.get(), "standard output");
  OutputStream to_socket = OutputStream::borrow(pair.first.get(), "standard output");
  pipe.first.reset();
  pair.second.reset();
  to_pipe.add_copy("x");
  CHECK_THROWS_AS(to_pipe.flush(), OutputClosed);
  to_socket.add_copy("x");
  CHECK_THROWS_WITH(to_socket.finish(), "standard output was closed by its reader");
}

TEST_CASE("a closed socket does not need SIGPIPE to be ignored", "[output_stream]") {
  pid_t child = fork();
  if (child == 0) {
    auto pair = posix::make_socket_pair(SOCK_STREAM);
    signal(SIGPIPE, SIG_DFL);
    OutputStream stream = OutputStream::borrow(pair.first.get(), "standard output");
    pair.second.reset();
    stream.add_copy("x");
    try {
      stream.flush();
    } catch (const OutputClosed&) {
      _exit(0);
    }
    _exit(1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("finishing waits for a slow reader", "[output_stream]") {
  for (bool is_socket : {false, true}) {
    auto ends = is_socket ? posix::make_socket_pair(SOCK_STREAM) : posix::make_pipe();
    std::string expected = sample_bytes(2, 3 << 20);
    std::string received;
    std::thread reader([&] {
      std::string part(10000, '\0');
      while (auto count = posix::read_some(ends.first.get(), part.data(), part.size())) {
        if (*count == 0) break;
        received.append(part, 0, *count);
      }
    });
    OutputStream stream = OutputStream::borrow(ends.second.get(), "standard output");
    ends.second.reset();
    stream.add(Bytes(expected));
    stream.finish();
    reader.join();
    CHECK(received == expected);
  }
}

TEST_CASE("a pipe that cannot be opened again is written without waiting", "[output_stream]") {
  if (geteuid() != 0) return;  // only root can become somebody else
  auto pipe = posix::make_pipe();
  fchmod(pipe.second.get(), 0);
  pid_t child = fork();
  if (child == 0) {
    // The pipe now belongs to another user.
    if (setresuid(65534, 65534, 65534) != 0) _exit(3);
    OutputStream stream = OutputStream::borrow(pipe.second.get(), "standard output");
    stream.add(Bytes(sample_bytes(3, 1 << 20)));
    stream.flush();
    bool is_right = stream.is_blocked() && stream.bytes_written() >= 4096 &&
                    (fcntl(pipe.second.get(), F_GETFL) & O_NONBLOCK) == 0;
    std::string received = read_now(pipe.first.get());
    stream.flush();
    received += read_now(pipe.first.get());
    is_right = is_right && received == sample_bytes(3, 1 << 20).substr(0, received.size());
    _exit(is_right ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("a named pipe is written without waiting", "[output_stream]") {
  TemporaryDirectory directory;
  std::string path = directory.file("pipe");
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  UniqueFd reader = posix::open_file(path, O_RDONLY | O_NONBLOCK);
  OutputStream stream = OutputStream::open(path);
  stream.add(Bytes(std::string(1 << 20, 'x')));
  stream.flush();
  CHECK(stream.is_blocked());
}

TEST_CASE("short pieces are written together", "[output_stream]") {
  auto pair = posix::make_socket_pair(SOCK_SEQPACKET);
  OutputStream stream = OutputStream::borrow(pair.first.get(), "standard output");
  for (int i = 0; i < 2000; ++i) {
    stream.add_copy("0123456789");
    stream.end_record();
  }
  stream.flush();
  CHECK(stream.records_written() == 2000);
  std::string packet(100000, '\0');
  CHECK(posix::read_some(pair.second.get(), packet.data(), packet.size()) == 20000);
}

}  // namespace
}  // namespace fetchpool::output
