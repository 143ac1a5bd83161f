#include "cli/exit_code.h"

#include <csignal>

#include "support/catch.h"

using namespace fetchpool;
using namespace fetchpool::cli;

TEST_CASE("a run without failures exits with 0", "[exit_code]") {
  ExitCode exit;
  CHECK(exit.code(false) == 0);
  exit.add(Outcome::ok, 200);
  exit.add(Outcome::not_modified, 304);
  CHECK(exit.code(false) == 0);
}

TEST_CASE("the lowest code that occurred counts", "[exit_code]") {
  ExitCode exit;
  exit.add(Outcome::http_error, 500);
  CHECK(exit.code(false) == 8);
  exit.add(Outcome::bad_url, 0);
  CHECK(exit.code(false) == 7);
  exit.add(Outcome::http_error, 401);
  CHECK(exit.code(false) == 6);
  exit.add(Outcome::tls, 0);
  CHECK(exit.code(false) == 5);
  exit.add(Outcome::timeout, 0);
  CHECK(exit.code(false) == 4);
  exit.add(Outcome::http_error, 404);
  CHECK(exit.code(false) == 4);
}

TEST_CASE("zero instead of failures forgives URLs and nothing else", "[exit_code]") {
  ExitCode exit;
  exit.add(Outcome::timeout, 0);
  CHECK(exit.code(true) == 0);
  exit.add(Outcome::cancelled, 0);
  CHECK(exit.code(true) == 9);
  exit.stop_by_signal(SIGINT);
  CHECK(exit.code(true) == 130);
  exit.fail(kExitLocalIo);
  CHECK(exit.code(true) == 3);
}

TEST_CASE("a signal is told by its number", "[exit_code]") {
  for (int signal : {SIGHUP, SIGINT, SIGTERM}) {
    ExitCode exit;
    exit.add(Outcome::timeout, 0);
    exit.add(Outcome::cancelled, 0);
    exit.stop_by_signal(signal);
    CHECK(exit.code(false) == 128 + signal);
  }
}

TEST_CASE("the first failure of the run itself wins over all", "[exit_code]") {
  ExitCode exit;
  exit.add(Outcome::timeout, 0);
  exit.stop_by_signal(SIGTERM);
  exit.fail(kExitUsage);
  exit.fail(kExitLocalIo);
  CHECK(exit.code(false) == kExitUsage);
}
