#include "support/leak_check.h"

#include <signal.h>

#include <string>

#include "support/catch.h"
#include "support/command.h"
#include "support/temp_dir.h"

using namespace fetchpool::test;

namespace {

Finished run_leaking_test(const std::string& name) {
  TempDir folder;
  Running test = Command("fetchpool_leaking_tests")
                     .arg(name)
                     .env("FETCHPOOL_TEST_FOLDER", folder.path())
                     .start();
  Finished done = test.wait();
  // What it left carries our mark as well.
  for (const Process& left : test.processes()) kill(left.pid, SIGKILL);
  return done;
}

}  // namespace

TEST_CASE("a test that leaves nothing behind passes", "[leaks]") {
  Finished done = run_leaking_test("clean");
  CHECK(done.status == 0);
  CHECK(done.err.empty());
}

TEST_CASE("a child that a test leaves behind fails it", "[leaks]") {
  Finished done = run_leaking_test("leaves a child");
  CHECK(done.status != 0);
  CHECK_THAT(done.err, ContainsSubstring("processes left: fetchpool_leaki"));
}

TEST_CASE("an orphan in a session of its own is found by its mark", "[leaks]") {
  Finished done = run_leaking_test("leaves an orphan that leads a session of its own");
  CHECK(done.status != 0);
  CHECK_THAT(done.err, ContainsSubstring("processes left"));
}

TEST_CASE("a child that ended and that nobody waited for fails the test", "[leaks]") {
  Finished done = run_leaking_test("leaves a zombie");
  CHECK(done.status != 0);
  CHECK_THAT(done.err, ContainsSubstring("zombie left: fetchpool_leaki"));
}

TEST_CASE("a descriptor that a test leaves open fails it", "[leaks]") {
  Finished done = run_leaking_test("leaves a descriptor");
  CHECK(done.status != 0);
  CHECK_THAT(done.err, ContainsSubstring("-> /dev/null"));
}

TEST_CASE("a deleted file that is still open fails the test", "[leaks]") {
  Finished done = run_leaking_test("leaves a deleted file open");
  CHECK(done.status != 0);
  CHECK_THAT(done.err, ContainsSubstring("(deleted)"));
}

TEST_CASE("a file left in TMPDIR fails the test", "[leaks]") {
  Finished done = run_leaking_test("leaves a file in TMPDIR");
  CHECK(done.status != 0);
  CHECK_THAT(done.err, ContainsSubstring("file left"));
}

TEST_CASE("a file named after the program that stays in /tmp or /var/tmp fails the test",
          "[leaks]") {
  Finished done = run_leaking_test("leaves a file named after the program");
  CHECK(done.status != 0);
  CHECK_THAT(done.err, ContainsSubstring("file left: "));
  CHECK_THAT(done.err, ContainsSubstring("/fetchpool-left"));
}

TEST_CASE("a failed test shows the commands it ran", "[leaks]") {
  Finished done = run_leaking_test("fails after a command");
  CHECK(done.status != 0);
  CHECK_THAT(done.err, ContainsSubstring("$ sh -c 'echo seen >&2; exit 3'"));
  CHECK_THAT(done.err, ContainsSubstring("exit status 3"));
  CHECK_THAT(done.err, ContainsSubstring("seen"));
}
