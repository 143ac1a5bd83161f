#include "fetchpool/exit_status.h"

#include <csignal>

#include "support/catch.h"

using fetchpool::ExitStatus;

TEST_CASE("an end is told in words", "[base]") {
  CHECK(ExitStatus::exited(3).text() == "exited with 3");
  CHECK(ExitStatus::signaled(SIGKILL).text() == "killed by SIGKILL");
  CHECK(ExitStatus::signaled(SIGSEGV).text() == "killed by SIGSEGV");
  CHECK(ExitStatus().text() == "ended unseen");
}

TEST_CASE("a status word of wait is read", "[base]") {
  CHECK(ExitStatus::from_wait_status(7 << 8) == ExitStatus::exited(7));
  CHECK(ExitStatus::from_wait_status(SIGTERM) == ExitStatus::signaled(SIGTERM));
  CHECK(ExitStatus::exited(7).signal() == 0);
  CHECK(ExitStatus::signaled(9).exit_code() == -1);
}
