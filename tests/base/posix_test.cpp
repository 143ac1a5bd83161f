#include "base/posix.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <string>
#include <thread>

#include "fetchpool/error.h"
#include "support/catch.h"

using namespace fetchpool;

TEST_CASE("descriptors are born close-on-exec", "[base]") {
  posix::FdPair pipe = posix::make_pipe();
  posix::FdPair sockets = posix::make_socket_pair(1);
  UniqueFd file = posix::open_file("/dev/null", O_RDWR);
  for (int fd : {pipe.first.get(), pipe.second.get(), sockets.first.get(), file.get(),
                 posix::duplicate(file.get()).get()})
    CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("everything is written, also where the pipe is small and non-blocking", "[base]") {
  posix::FdPair pipe = posix::make_pipe();
  posix::set_nonblocking(pipe.second.get(), true);
  std::string text(1 << 20, 'x');
  std::size_t received = 0;
  std::thread reader([&] {
    std::string room(4096, '\0');
    while (received < text.size())
      received += posix::read_some(pipe.first.get(), room.data(), room.size()).value_or(0);
  });
  posix::write_all(pipe.second.get(), text.data(), text.size());
  reader.join();
  CHECK(received == text.size());
}

TEST_CASE("an error names what was tried and why it failed", "[base]") {
  try {
    posix::open_file("/nonexistent/file", O_RDONLY);
    FAIL("no error");
  } catch (const SystemError& error) {
    CHECK(std::string(error.what()) == "cannot open /nonexistent/file: No such file or directory");
    CHECK(error.error_number() == ENOENT);
  }
}

TEST_CASE("who has too few descriptors is told how many and how to get more", "[base]") {
  struct rlimit limit {};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(std::string(SystemError("cannot make a pipe", EMFILE).what()) ==
        "cannot make a pipe: Too many open files (this process may have " +
            std::to_string(limit.rlim_cur) + "; \"ulimit -n\" allows more)");
}

TEST_CASE("closing all but some closes exactly the others", "[base]") {
  // In a child, because it closes what belongs to the test, too.
  pid_t child = fork();
  if (child == 0) {
    for (int fd = 20; fd <= 40; ++fd) dup2(0, fd);
    int keep[] = {22, 23, 30};
    posix::close_all_but(3, keep, 3);
    bool right = true;
    for (int fd = 3; fd <= 60; ++fd) {
      bool kept = fd == 22 || fd == 23 || fd == 30;
      if ((fcntl(fd, F_GETFD) >= 0) != kept) right = false;
    }
    _exit(right ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("a descriptor is noted as ours while a UniqueFd owns it", "[base]") {
  posix::FdPair pipe = posix::make_pipe();
  int fd = pipe.first.get();
  CHECK(OwnedFds::contains(fd));
  UniqueFd moved = std::move(pipe.first);
  CHECK(OwnedFds::contains(fd));
  UniqueFd other(moved.release());
  CHECK(OwnedFds::contains(fd));
  int released = other.release();
  CHECK_FALSE(OwnedFds::contains(released));
  ::close(released);
  int second = pipe.second.get();
  pipe.second.reset();
  CHECK_FALSE(OwnedFds::contains(second));
  CHECK_FALSE(OwnedFds::contains(-1));
  CHECK_FALSE(OwnedFds::contains(1 << 20));
}

TEST_CASE("descriptors closed by number are noted as ours no more", "[base]") {
  for (int fd : {70, 127, 128, 191, 192, 300}) OwnedFds::add(fd);
  OwnedFds::remove_between(100, 260);
  for (int fd : {70, 300}) CHECK(OwnedFds::contains(fd));
  for (int fd : {127, 128, 191, 192}) CHECK_FALSE(OwnedFds::contains(fd));
  for (int fd : {70, 300}) OwnedFds::remove(fd);
}

TEST_CASE("there is at least one CPU, and one thread", "[base]") {
  CHECK(posix::usable_cpus() >= 1);
  CHECK(posix::thread_count() >= 1);
}
