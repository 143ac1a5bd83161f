#include <poll.h>

#include "support/catch.h"
#include "test_workers.h"

namespace fetchpool::process {
namespace {

using Transport = SupervisorOptions::Transport;

SupervisorOptions over(Transport transport) {
  SupervisorOptions options = options_for(obedient);
  options.transport = transport;
  return options;
}

TEST_CASE("jobs are answered over pipes and sockets", "[jobs]") {
  Run run(over(GENERATE(Transport::pipes, Transport::socket)));
  run.add_ready(2);
  CHECK(run.ask("echo:hello") == "hello");
  CHECK(run.ask("echo:") == "");
  CHECK(run.ask("setup:") == "the setup");
  CHECK(run.ask("signals:") == "ok");
  CHECK(run.ask("parts:3") == "0,1,2,end");
  CHECK(run.supervisor().outstanding() == 0);
}

TEST_CASE("ten thousand jobs end exactly once each", "[jobs]") {
  SupervisorOptions options = over(GENERATE(Transport::pipes, Transport::socket));
  options.jobs_per_worker = 64;
  Run run(options);
  run.add_ready(3);
  std::map<JobId, std::string> wanted;
  for (int i = 0; i < 10'000; ++i) {
    std::string text = std::to_string(i);
    wanted[run.submit("echo:" + text)] = text;
  }
  run.until_all_ended();
  REQUIRE(run.ends().size() == wanted.size());
  for (const auto& [job, text] : wanted) {
    REQUIRE(run.ends().at(job).size() == 1);
    REQUIRE(run.ends().at(job)[0].bytes.view() == text);
  }
}

TEST_CASE("answers of 8 MiB arrive whole from several workers at once", "[jobs]") {
  Run run(over(GENERATE(Transport::pipes, Transport::socket)));
  run.add_ready(2);
  std::string wanted = pattern_of(std::size_t{8} << 20);
  std::vector<JobId> jobs;
  for (int i = 0; i < 8; ++i) jobs.push_back(run.submit("size:8388608"));
  for (JobId job : jobs) REQUIRE((run.end_of(job).bytes.view() == wanted));
}

TEST_CASE("a request larger than the channel's buffer gets through", "[jobs]") {
  Run run(over(GENERATE(Transport::pipes, Transport::socket)));
  run.add_ready(1);
  std::string large = pattern_of(std::size_t{5} << 20);
  CHECK((run.ask("echo:" + large) == large));
}

TEST_CASE("a foreign loop learns from poll_fd when there is something to do", "[jobs]") {
  Run run(over(Transport::pipes));
  Supervisor& supervisor = run.supervisor();
  supervisor.add_worker();
  bool done = false;
  bool submitted = false;
  auto turn = [&] {
    for (const Event& event : supervisor.wait(Clock::duration{0}))
      done = done || event.kind == Event::Kind::done;
  };
  while (!done) {
    struct pollfd polled {
      supervisor.poll_fd(), POLLIN, 0
    };
    REQUIRE(poll(&polled, 1, 20'000) == 1);
    turn();
    if (submitted || supervisor.room(0) == 0) continue;
    supervisor.submit(0, 1, std::string_view("echo:x"));
    submitted = true;
    turn();
  }
  supervisor.stop();
  while (!supervisor.all_gone()) {
    struct pollfd polled {
      supervisor.poll_fd(), POLLIN, 0
    };
    REQUIRE(poll(&polled, 1, 20'000) == 1);
    supervisor.wait(Clock::duration{0});
  }
}

TEST_CASE("room follows the jobs of a worker", "[jobs]") {
  Run run(over(Transport::pipes));
  CHECK(run.supervisor().room(0) == 0);
  run.add_ready(1);
  CHECK(run.supervisor().room(0) == 4);
  JobId job = run.submit("echo:x");
  CHECK(run.supervisor().room(0) == 3);
  run.end_of(job);
  CHECK(run.supervisor().room(0) == 4);
}

TEST_CASE("a worker that says how many jobs it wants is given no more where its owner asks",
          "[jobs]") {
  Run run(over(Transport::pipes));
  CHECK(run.supervisor().wanted(0) == 0);
  run.add_ready(1);
  CHECK(run.supervisor().wanted(0) == 4);
  CHECK(run.ask("want:2") == "wanted");
  CHECK(run.supervisor().wanted(0) == 2);
  JobId first = run.submit("hang:");
  CHECK(run.supervisor().wanted(0) == 1);
  run.submit("echo:x");
  run.submit("echo:y");
  CHECK(run.supervisor().wanted(0) == 0);
  CHECK(run.supervisor().room(0) == 1);
  // The next worker has said nothing yet.
  pid_t pid = run.supervisor().pid(0);
  run.supervisor().kill_worker(0);
  CHECK(run.end_of(first).kind == Event::Kind::lost);
  run.until_replaced(0, pid);
  CHECK(run.supervisor().wanted(0) == 4);
  CHECK(run.ask("want:100") == "wanted");
  CHECK(run.supervisor().wanted(0) == 4);
}

}  // namespace
}  // namespace fetchpool::process
