#include <random>

#include "support/catch.h"
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

TEST_CASE("a kind that only the parent sends, or nobody, ends the worker", "[garbage]") {
  check_is_garbage(raw_frame(FrameKind::job, 2, ""));
  check_is_garbage(raw_frame(static_cast<FrameKind>(77), 2, ""));
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
  auto seed = std::random_device{}();
  INFO("seed " << seed);
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

TEST_CASE("death at every byte of a frame loses only its job", "[garbage]") {
  Run run(options_for(obedient));
  run.add_ready(1);
  for (int cut = 0; cut <= 30; ++cut) {
    JobId good = run.submit("echo:good");
    JobId torn = run.submit("torn:" + std::to_string(cut));
    REQUIRE(run.end_of(good).kind == Event::Kind::done);
    REQUIRE(run.end_of(torn).kind == Event::Kind::lost);
    REQUIRE(run.end_of(torn).cause == Event::Cause::died);
  }
}

}  // namespace
}  // namespace fetchpool::process
