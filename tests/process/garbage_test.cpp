#include <random>

#include "support/catch.h"
#include "support/run_length.h"
#include "support/seed.h"
#include "test_workers.h"

namespace fetchpool::process {
namespace {

using ipc::FrameKind;

std::string raw_frame(FrameKind kind, std::uint64_t job, const std::string& payload) {
  ipc::FrameHeader header = ipc::make_header(kind, job, payload.size());
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + payload;
}

std::string raw_header(FrameKind kind, std::uint64_t job, std::size_t length) {
  ipc::FrameHeader header = ipc::make_header(kind, job, length);
  return std::string(reinterpret_cast<const char*>(&header), sizeof header);
}

// One for each of the first deaths; then the others are only counted.
void check_told_of_deaths(Run& run, int deaths) {
  std::vector<std::string> warnings = run.supervisor().take_warnings();
  REQUIRE(warnings.size() >= 10);
  CHECK(warnings.size() < static_cast<std::size_t>(deaths));
  for (const std::string& warning : warnings) {
    CHECK_THAT(warning, StartsWith("worker process "));
    CHECK_THAT(warning, ContainsSubstring(" ended (killed by SIGKILL) and is replaced"));
  }
}

// The worker that writes `bytes` in place of an answer is killed for it; its neighbour goes on.
void check_is_garbage(const std::string& bytes) {
  Run run(options_for(obedient));
  run.add_ready(2);
  pid_t pid = run.supervisor().pid(0);
  JobId neighbour = run.submit_to(1, "echo:x");
  JobId job = run.submit_to(0, "raw:" + bytes);
  JobId behind = run.submit_to(0, "echo:y");
  Event lost = run.end_of(job);
  CHECK(lost.kind == Event::Kind::lost);
  CHECK(lost.cause == Event::Cause::garbage);
  CHECK(run.end_of(behind).kind == Event::Kind::lost);
  CHECK(run.end_of(neighbour).kind == Event::Kind::done);
  run.until_replaced(0, pid);
  CHECK(run.ask("echo:x") == "x");
  CHECK(run.ends().at(job).size() == 1);
  std::vector<std::string> warnings = run.supervisor().take_warnings();
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0] ==
        "worker process " + std::to_string(pid) + " sent damaged data and is replaced");
}

TEST_CASE("a wrong magic ends the worker", "[garbage]") {
  check_is_garbage(std::string(24, 'x'));
}

TEST_CASE("a length of 2 GiB ends the worker", "[garbage]") {
  check_is_garbage(raw_header(FrameKind::done, 2, std::size_t{2} << 30));
}

TEST_CASE("an answer to an unknown job ends the worker", "[garbage]") {
  check_is_garbage(raw_frame(FrameKind::done, 12345, "who asked?"));
}

TEST_CASE("a part or progress of a job that is not its own ends the worker", "[garbage]") {
  // Job 1 is the neighbour's.
  check_is_garbage(raw_frame(FrameKind::part, 1, "mine"));
  check_is_garbage(raw_frame(FrameKind::progress, 1, ""));
}

TEST_CASE("a window that makes no sense ends the worker", "[garbage]") {
  check_is_garbage(raw_frame(FrameKind::window, 0, "a lot"));
  check_is_garbage(raw_frame(FrameKind::window, 0, std::string(4, '\0')));
  check_is_garbage(raw_frame(FrameKind::window, 2, "many"));
}

TEST_CASE("a kind that only the parent sends, or nobody, ends the worker", "[garbage]") {
  check_is_garbage(raw_frame(FrameKind::job, 2, ""));
  check_is_garbage(raw_frame(static_cast<FrameKind>(77), 2, ""));
}

TEST_CASE("a frame that leads to memory that was not handed over ends the worker", "[garbage]") {
  auto leads_to = [](std::uint64_t offset, std::uint64_t size) {
    std::uint64_t extent[] = {offset, size};
    return raw_frame(FrameKind::elsewhere, 0,
                     {reinterpret_cast<const char*>(extent), sizeof extent});
  };
  check_is_garbage(leads_to(0, 100));
  check_is_garbage(leads_to(std::uint64_t{1} << 40, 100));
  check_is_garbage(raw_frame(FrameKind::elsewhere, 0, "nowhere"));
}

TEST_CASE("a second Ready ends the worker", "[garbage]") {
  check_is_garbage(raw_frame(FrameKind::ready, 0, ""));
}

TEST_CASE("a repeated answer ends the worker, and the first one counts", "[garbage]") {
  Run run(options_for(obedient));
  run.add_ready(1);
  pid_t pid = run.supervisor().pid(0);
  JobId job = run.submit("twice:");
  CHECK(run.end_of(job).bytes.view() == "once");
  run.until_replaced(0, pid);
  CHECK(run.ends().at(job).size() == 1);
}

TEST_CASE("a damaged frame after good ones loses only what was not answered", "[garbage]") {
  unsigned seed = test::new_seed();
  std::mt19937 random(seed);
  Run run(options_for(obedient));
  run.add_ready(1);
  for (int i = 0; i < 50; ++i) {
    std::string bytes = raw_header(FrameKind::done, 1, 5);
    std::size_t at = random() % bytes.size();
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
    JobId good = run.submit("echo:good");
    JobId bad = run.submit("raw:" + bytes);
    REQUIRE(run.end_of(good).kind == Event::Kind::done);
    REQUIRE(run.end_of(bad).cause == Event::Cause::garbage);
  }
}

TEST_CASE("death at every byte of three frames loses only its own jobs", "[garbage]") {
  SupervisorOptions options = options_for(obedient);
  options.transport =
      GENERATE(SupervisorOptions::Transport::pipes, SupervisorOptions::Transport::socket);
  Run run(options);
  run.add_ready(2);
  std::size_t whole = ends_of_three_frames().back();
  for (std::size_t cut = 0; cut <= whole; ++cut) {
    JobId neighbour = run.submit_to(1, "echo:fine");
    JobId good = run.submit_to(0, "echo:good");
    JobId torn = run.submit_to(0, "three:" + std::to_string(cut));
    JobId behind = run.submit_to(0, "echo:behind");
    REQUIRE(run.end_of(neighbour).kind == Event::Kind::done);
    REQUIRE(run.end_of(good).kind == Event::Kind::done);
    Event end = run.end_of(torn);
    // An answer that is whole counts; all others are lost.
    REQUIRE(end.kind == (cut == whole ? Event::Kind::done : Event::Kind::lost));
    if (end.kind == Event::Kind::lost) REQUIRE(end.cause == Event::Cause::died);
    REQUIRE(run.end_of(behind).kind == Event::Kind::lost);
    REQUIRE_FALSE(run.end_of(behind).started);
    REQUIRE(run.ends().at(torn).size() == 1);
  }
  CHECK(run.supervisor().outstanding() == 0);
  check_told_of_deaths(run, static_cast<int>(whole) + 1);
}

TEST_CASE("a worker that dies in the middle of an answer is told of in one line", "[garbage]") {
  Run run(options_for(obedient));
  run.add_ready(2);
  pid_t pid = run.supervisor().pid(0);
  JobId torn = run.submit_to(0, "torn:4000000");
  REQUIRE(run.end_of(torn).kind == Event::Kind::lost);
  run.until_replaced(0, pid);
  std::vector<std::string> warnings = run.supervisor().take_warnings();
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0] ==
        "worker process " + std::to_string(pid) + " ended (killed by SIGKILL) and is replaced");
}

TEST_CASE("death at every byte of what leads to 8 MiB in shared memory loses only that answer",
          "[garbage]") {
  SupervisorOptions options = options_for(obedient);
  options.arena_bytes = std::size_t{16} << 20;
  Run run(options);
  run.add_ready(2);
  // A header, and where the answer lies.
  constexpr std::size_t kWhole = sizeof(ipc::FrameHeader) + sizeof(ipc::SharedArena::Extent);
  for (std::size_t cut = 0; cut <= kWhole; ++cut) {
    INFO("cut at " << cut);
    JobId left = run.submit_to(0, "left:" + std::to_string(cut));
    JobId neighbour = run.submit_to(1, "size:100000");
    Event end = run.end_of(left);
    REQUIRE(end.kind == (cut == kWhole ? Event::Kind::done : Event::Kind::lost));
    if (end.kind == Event::Kind::done)
      CHECK((end.bytes.view() == pattern_of(std::size_t{8} << 20)));
    REQUIRE((run.end_of(neighbour).bytes.view() == pattern_of(100'000)));
    REQUIRE(run.ends().at(left).size() == 1);
  }
  check_told_of_deaths(run, static_cast<int>(kWhole) + 1);
}

TEST_CASE("death at 200 random bytes of an 8 MiB answer loses only that answer", "[garbage]") {
  unsigned seed = test::new_seed();
  std::mt19937 random(seed);
  SupervisorOptions options = options_for(obedient);
  options.transport =
      seed % 2 ? SupervisorOptions::Transport::pipes : SupervisorOptions::Transport::socket;
  Run run(options);
  run.add_ready(2);
  const int cuts = test::shorter_if_sanitized(200);
  for (int i = 0; i < cuts; ++i) {
    // Half of them near the block size and the pipe's, where the reader has most to do.
    std::size_t cut = random() % (std::size_t{8} << 20);
    if (i % 2) cut = (std::size_t{1} << (16 + random() % 7)) - 40 + random() % 80;
    INFO("cut at " << cut);
    JobId torn = run.submit_to(0, "torn:" + std::to_string(cut));
    JobId neighbour = run.submit_to(1, "size:100000");
    REQUIRE(run.end_of(torn).kind == Event::Kind::lost);
    REQUIRE(run.end_of(torn).cause == Event::Cause::died);
    REQUIRE((run.end_of(neighbour).bytes.view() == pattern_of(100'000)));
    REQUIRE(run.ends().at(torn).size() == 1);
  }
}

}  // namespace
}  // namespace fetchpool::process
