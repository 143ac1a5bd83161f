// Tests that leave something behind, each something else. Run by leak_check_test.cpp only.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "support/catch.h"
#include "support/command.h"
#include "support/temp_dir.h"

TEST_CASE("clean") {
  fetchpool::test::TempDir dir;
  dir.write("file", "text");
  CHECK(fetchpool::test::Command("true").run().ok());
}

TEST_CASE("leaves a child") {
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    pause();
    _exit(0);
  }
  CHECK(child > 0);
}

TEST_CASE("leaves a zombie") {
  pid_t child = fork();
  if (child == 0) _exit(0);
  siginfo_t info{};
  CHECK(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
}

TEST_CASE("leaves an orphan that leads a session of its own") {
  pid_t child = fork();
  if (child == 0) {
    setsid();
    if (fork() == 0) {
      for (int fd = 0; fd < 64; ++fd) close(fd);
      alarm(20);
      pause();
    }
    _exit(0);
  }
  CHECK(waitpid(child, nullptr, 0) == child);
}

TEST_CASE("leaves a descriptor") {
  CHECK(open("/dev/null", O_RDONLY) >= 0);
}

TEST_CASE("leaves a deleted file open") {
  fetchpool::test::TempDir dir;
  CHECK(open(dir.write("spool", "text").c_str(), O_RDONLY) >= 0);
}

TEST_CASE("leaves a file in TMPDIR") {
  std::string file = std::string(std::getenv("TMPDIR")) + "/left";
  fetchpool::test::write_file(file, "text");
  CHECK(std::filesystem::exists(file));
}

TEST_CASE("leaves a file named after the program") {
  std::string file = std::string(std::getenv("FETCHPOOL_TEST_FOLDER")) + "/fetchpool-left";
  fetchpool::test::write_file(file, "text");
  CHECK(std::filesystem::exists(file));
}

TEST_CASE("fails after a command") {
  fetchpool::test::Command("sh").args({"-c", "echo seen >&2; exit 3"}).run();
  FAIL("on purpose");
}
