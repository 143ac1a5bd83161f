// Every sample does what it says.
#include "support/catch.h"
#include "support/command.h"
#include "support/origin.h"

using namespace fetchpool::test;

TEST_CASE("the sample that fetches one URL says what became of it", "[samples]") {
  Origin origin;
  Finished page = Command("sample_fetch_one").arg(origin.url("/ok?size=30")).run();
  CHECK(page.ok());
  CHECK(page.out == "200, 30 bytes of text/html; charset=utf-8\n");
  Finished missing = Command("sample_fetch_one").arg(origin.url("/status/404")).run();
  CHECK(missing.status == 1);
  CHECK(missing.err == origin.url("/status/404") + ": the server answered 404\n");
}

TEST_CASE("the sample that fetches a list keeps its order", "[samples]") {
  Origin origin;
  std::vector<std::string> urls = {origin.url("/slow?ms=200"), origin.url("/ok?size=5"),
                                   origin.url("/status/404"), "nonsense"};
  Finished list = Command("sample_fetch_list").args(urls).run();
  CHECK(list.ok());
  REQUIRE(list.lines().size() == 4);
  CHECK(list.lines()[0].rfind("ok ", 0) == 0);
  CHECK(list.lines()[1] == "ok 5 " + urls[1]);
  CHECK(list.lines()[2].rfind("http_error ", 0) == 0);
  CHECK(list.lines()[3] == "bad_url 0 nonsense");
}

TEST_CASE("the sample that maps a function over URLs brings its values back", "[samples]") {
  Origin origin;
  origin.put("/a", "<title>First</title>");
  origin.put("/b", "<title>Second</title>");
  Finished titles = Command("sample_pool_fetch")
                        .args({origin.url("/a"), origin.url("/b"), origin.url("/status/404")})
                        .run();
  CHECK(titles.ok());
  REQUIRE(titles.lines().size() == 3);
  CHECK(titles.lines()[0] == "First");
  CHECK(titles.lines()[1] == "Second");
}
