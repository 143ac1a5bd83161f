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

TEST_CASE("the sample with a poll loop reports the pages of its standard input", "[samples]") {
  Origin origin;
  std::string lines = origin.url("/slow?ms=200") + "\n" + origin.url("/ok?size=5") + "\nnonsense";
  Finished loop = Command("sample_poll_loop").stdin_text(lines).run();
  CHECK(loop.ok());
  REQUIRE(loop.lines().size() == 3);
  CHECK(loop.lines()[0] == "200 1000 " + origin.url("/slow?ms=200"));
  CHECK(loop.lines()[1] == "200 5 " + origin.url("/ok?size=5"));
  CHECK(loop.lines()[2] == "0 0 nonsense");
}

#ifdef FETCHPOOL_SAMPLE_MAP_LINKS
TEST_CASE("the sample that parses pages in the workers finds titles and links", "[samples]") {
  Origin origin;
  origin.put("/a",
             "<html><head><title>First &amp; best</title></head><body>"
             "<a href=\"/b?x=1&amp;y=2\">b</a><a name=here></a><A HREF=c>c</A></body></html>");
  origin.put("/b", "<title>Second</title><p>no links, no end");
  Finished links = Command("sample_map_links")
                       .args({origin.url("/a"), origin.url("/b"), origin.url("/status/404")})
                       .run();
  CHECK(links.ok());
  CHECK(links.out == "First & best\n  /b?x=1&y=2\n  c\nSecond\n" + origin.url("/status/404") +
                         ": the server answered 404\n");
}
#endif

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
