#include "cli/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "base/posix.h"
#include "support/catch.h"

using namespace fetchpool;
using namespace fetchpool::cli;

namespace {

// What `act` writes to standard error, up to what a pipe holds.
std::string standard_error_of(const std::function<void()>& act) {
  auto pipe = posix::make_pipe();
  UniqueFd saved = posix::duplicate(STDERR_FILENO);
  dup2(pipe.second.get(), STDERR_FILENO);
  act();
  dup2(saved.get(), STDERR_FILENO);
  pipe.second.reset();
  std::string text(65536, '\0');
  text.resize(posix::read_some(pipe.first.get(), text.data(), text.size()).value_or(0));
  return text;
}

std::string heard_at(log::Level level) {
  return standard_error_of([level] {
    log::set_level(level);
    log::debug("d");
    log::verbose("v");
    log::info("i");
    log::warning("w");
    log::error("e");
    log::progress("p");
    log::set_level(log::Level::normal);
  });
}

std::string lines(const std::string& letters) {
  std::string text;
  for (char letter : letters) text += std::string("fetchpool: ") + letter + "\n";
  return text;
}

}  // namespace

TEST_CASE("each level lets through what it promises", "[log]") {
  CHECK(heard_at(log::Level::quiet) == lines("ep"));
  CHECK(heard_at(log::Level::normal) == lines("iwep"));
  CHECK(heard_at(log::Level::verbose) == lines("viwep"));
  CHECK(heard_at(log::Level::debug) == lines("dviwep"));
}

TEST_CASE("a message is one line without secrets or control bytes", "[log]") {
  CHECK(standard_error_of([] { log::error("http://u:p@h/\n\x1b[2J {} %v"); }) ==
        "fetchpool: http://***@h/\\n\\x1b[2J {} %v\n");
}

TEST_CASE("messages go above the status line", "[log]") {
  std::string text = standard_error_of([] {
    log::show_status("1 of 2");
    log::info("hello");
    log::show_status("2 of 2");
    log::show_status("2 of 2");
    log::show_status("");
    log::info("bye");
  });
  const std::string erase = "\r\x1b[K";
  CHECK(text == erase + "1 of 2" + erase + "fetchpool: hello\n1 of 2" + erase + "2 of 2" + erase +
                    "fetchpool: bye\n");
}
