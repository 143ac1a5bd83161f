#include "support/command.h"

#include <signal.h>
#include <sys/resource.h>

#include <cstdlib>
#include <string>

#include "support/catch.h"
#include "support/temp_dir.h"

using namespace fetchpool::test;
using namespace std::chrono_literals;

TEST_CASE("a command's status and outputs come back", "[command]") {
  Finished done = Command("sh").args({"-c", "echo out; echo err >&2; exit 7"}).run();
  CHECK(done.status == 7);
  CHECK(done.signal == 0);
  CHECK(done.out == "out\n");
  CHECK(done.err == "err\n");
}

TEST_CASE("the signal that ended a command is told", "[command]") {
  Finished done = Command("sh").args({"-c", "kill -TERM $$"}).run();
  CHECK(done.signal == SIGTERM);
  CHECK(done.status == 128 + SIGTERM);
}

TEST_CASE("text goes through stdin, however much it is", "[command]") {
  std::string text(3'000'000, 'x');
  CHECK(Command("cat").stdin_text(text).run().out == text);
  CHECK(Command("cat").stdin_text("").run().out.empty());
}

TEST_CASE("a command that does not read its stdin ends all the same", "[command]") {
  Finished done = Command("true").stdin_text(std::string(3'000'000, 'x')).run();
  CHECK(done.status == 0);
}

TEST_CASE("the environment is clean but for what is asked for", "[command]") {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  Finished done = Command("env").env("NAME", "value").env_remove("HOME").run();
  unsetenv("http_proxy");
  CHECK_THAT(done.out, ContainsSubstring("NAME=value\n"));
  CHECK_THAT(done.out, ContainsSubstring("LC_ALL=C\n"));
  CHECK(done.out.find("http_proxy") == std::string::npos);
  CHECK(done.out.find("HOME=") == std::string::npos);
}

TEST_CASE("a command has only descriptors 0 to 2, its directory and its limits", "[command]") {
  TempDir dir;
  Finished done = Command("sh")
                      .args({"-c", "pwd; ulimit -n; ls /proc/$$/fd"})
                      .cwd(dir.path())
                      .limit(RLIMIT_NOFILE, 77)
                      .run();
  // The shell keeps one more for itself at times; nothing of ours is among them.
  CHECK_THAT(done.out, ContainsSubstring(dir.path() + "\n77\n0\n1\n2\n"));
}

TEST_CASE("standard descriptors can be closed", "[command]") {
  TempDir dir;
  Command("sh")
      .args({"-c", "ls /proc/$$/fd > " + dir.file("list")})
      .stdin_closed()
      .stderr_closed()
      .run();
  std::string list = dir.read("list");
  CHECK(list.find("1\n") != std::string::npos);
  CHECK(list.find("2\n") == std::string::npos);
}

TEST_CASE("outputs can go to a file", "[command]") {
  TempDir dir;
  Finished done = Command("echo").arg("hello").stdout_file(dir.file("out")).run();
  CHECK(done.out.empty());
  CHECK(dir.read("out") == "hello\n");
}

TEST_CASE("a command that takes too long is killed with its children", "[command]") {
  std::string message;
  try {
    Command("sh").args({"-c", "echo started; sleep 100 & wait"}).time_limit(300ms).run();
  } catch (const CommandError& error) {
    message = error.what();
  }
  CHECK_THAT(message, ContainsSubstring("time limit of 300 ms"));
  CHECK_THAT(message, ContainsSubstring("started"));
}

TEST_CASE("a program that does not exist is an error with its name", "[command]") {
  CHECK_THROWS_WITH(Command("/no/such/program").run(),
                    ContainsSubstring("/no/such/program: No such file"));
  CHECK_THROWS_WITH(Command("no-such-program").run(), ContainsSubstring("no-such-program"));
}

TEST_CASE("a running command answers line by line", "[command]") {
  Running cat = Command("cat").start();
  CHECK(cat.write_stdin("one\n"));
  CHECK(cat.read_line() == "one");
  CHECK(cat.write_stdin("two\nthree"));
  CHECK(cat.read_line() == "two");
  CHECK(cat.is_running());
  cat.close_stdin();
  CHECK(cat.read_line() == "three");
  CHECK(cat.read_line() == std::nullopt);
  Finished done = cat.wait();
  CHECK(done.ok());
  CHECK(done.out == "one\ntwo\nthree");
}

TEST_CASE("a running command can be signalled, and its processes seen", "[command]") {
  // Of a child that were just becoming another program nothing could be seen for a moment.
  Running shell =
      Command("sh").args({"-c", "exec 3<&0; { echo ready; read line <&3; } & wait"}).start();
  CHECK(shell.read_line() == "ready");
  CHECK(shell.processes().size() == 2);
  shell.signal_group(SIGINT);
  shell.signal_group(SIGTERM);
  CHECK(shell.wait().signal != 0);
  CHECK(wait_until_gone(shell.processes(), 2s));
}

TEST_CASE("a running command that is forgotten is killed", "[command]") {
  Running shell = Command("sh").args({"-c", "sleep 100 & echo ready; wait"}).start();
  CHECK(shell.read_line() == "ready");
}

TEST_CASE("writing to a command that reads no more says so", "[command]") {
  Running head = Command("true").start();
  while (head.is_running()) CHECK(head.read_line() == std::nullopt);
  CHECK_FALSE(head.write_stdin("text"));
}

TEST_CASE("a command whose stdout is closed gets SIGPIPE", "[command]") {
  Running yes = Command("yes").start();
  CHECK(yes.read_line() == "y");
  yes.close_stdout();
  CHECK(yes.wait().signal == SIGPIPE);
}

TEST_CASE("Ctrl-C typed on a terminal reaches the command as SIGINT", "[command]") {
  Running shell = Command("sh")
                      .args({"-c",
                             "trap 'echo caught; exit 5' INT; test -t 2 && echo terminal;"
                             "while :; do sleep 0.01; done"})
                      .on_terminal()
                      .start();
  shell.wait_for_terminal("terminal");
  shell.type("\x03");
  Finished done = shell.wait();
  CHECK(done.status == 5);
  CHECK_THAT(done.terminal, ContainsSubstring("caught"));
}

TEST_CASE("on a terminal stdout may still be a file", "[command]") {
  TempDir dir;
  Finished done = Command("sh")
                      .args({"-c", "test -t 0 && test -t 2 && echo data; echo shown >&2"})
                      .on_terminal()
                      .stdout_file(dir.file("out"))
                      .run();
  CHECK(dir.read("out") == "data\n");
  CHECK(done.terminal == "shown\r\n");
}

TEST_CASE("signals can be ignored or blocked from the start", "[command]") {
  Finished done = Command("grep")
                      .args({"-E", "SigIgn|SigBlk", "/proc/self/status"})
                      .ignore_signal(SIGHUP)
                      .block_signal(SIGUSR1)
                      .run();
  CHECK_THAT(done.out, ContainsSubstring("SigBlk:\t0000000000000200"));
  CHECK_THAT(done.out, ContainsSubstring("SigIgn:\t0000000000000001"));
}

TEST_CASE("a large output is read while the command runs", "[command]") {
  Finished done = Command("sh").args({"-c", "yes | head -c 5000000; echo done >&2"}).run();
  CHECK(done.out.size() == 5'000'000);
}
