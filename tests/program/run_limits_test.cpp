// Limits of speed, and of the whole run.
#include "program/outcome_case.h"
#include "support/catch.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

std::string many(const Origin& origin, const std::string& target, int count) {
  std::string list;
  for (int i = 0; i < count; ++i) list += origin.url(target + "&i=" + std::to_string(i)) + "\n";
  return list;
}

TEST_CASE("099 and 140 to 142: what is too slow for too long is low_speed") {
  Origin origin;
  std::vector<std::string> limited = {"-Y", "100", "-y", "800ms"};
  check_outcomes(
      origin, {
                  {"/hang", "low_speed", 0, Whole::no, std::nullopt, limited},
                  {"/hang-body", "low_speed", 200, Whole::no, std::nullopt, limited},
                  {"/drip-body?ms=100", "low_speed", 200, Whole::no, std::nullopt, limited},
                  {"/endless-chunk-extension", "low_speed", 200, Whole::no, std::nullopt, limited},
                  {"/slow?ms=300", "ok", 200, Whole::yes, std::nullopt, limited},
                  {"/slow-body?ms=300", "ok", 200, Whole::yes, std::nullopt, limited},
              });
  Finished head =
      fetchpool({"-Y", "100", "-y", "800ms", "--retry", "0", origin.url("/drip-headers?ms=100")})
          .run();
  CHECK(read_records(head.out).at(0).outcome == "low_speed");
  CHECK(head.took < 10s);
}

TEST_CASE("a run stops at --max-failures, and what was not begun is cancelled") {
  Origin origin;
  TempDir dir;
  std::string list = dir.write("list", many(origin, "/status/404?x=1", 500));
  Finished done = fetchpool({"-i", list, "--max-failures", "10", "-j", "4", "--no-body"}).run();
  std::vector<Record> records = read_records(done.out);
  CHECK(done.status == 9);
  CHECK(count_of(records, "http_error") >= 10);
  CHECK(count_of(records, "http_error") < 100);
  CHECK(count_of(records, "cancelled") + count_of(records, "http_error") ==
        static_cast<long>(records.size()));
  CHECK(are_in_order(records));
  CHECK_THAT(done.err, ContainsSubstring("URLs failed"));
  CHECK(fetchpool({"-i", list, "--max-failures", "50%", "-j", "4", "--no-body"}).run().status == 9);
  CHECK(fetchpool({"-i", list, "--max-failures", "501", "--no-body"}).run().status == 8);
}

TEST_CASE("a run stops at --max-total-bytes") {
  Origin origin;
  Finished done = fetchpool({"--max-total-bytes", "50K", "-j", "2", "--no-body"})
                      .stdin_text(many(origin, "/ok?size=1024", 500))
                      .run();
  CHECK(done.status == 9);
  long ok = count_of(read_records(done.out), "ok");
  CHECK(ok >= 50);
  CHECK(ok < 100);
}

TEST_CASE("a run stops at --stop, though the list goes on") {
  Origin origin;
  Running run = fetchpool({"--stop", "500ms", "--no-body"}).start();
  run.write_stdin(origin.url("/ok") + "\n");
  run.wait_for_out("\"seq\":0");
  // Nothing more comes, and the list does not end.
  CHECK(eventually([&] { return !run.is_running(); }));
  Finished done = run.wait();
  CHECK(done.status == 9);
  CHECK(count_of(read_records(done.out), "ok") == 1);
  CHECK(done.took < 10s);
  // Time that is not used up changes nothing.
  CHECK(fetchpool({"--stop", "1m", origin.url("/ok")}).run().status == 0);
}

}  // namespace
}  // namespace fetchpool::test
