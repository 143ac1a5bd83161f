#include "cli/request_line.h"

#include "support/catch.h"

using namespace fetchpool;
using namespace fetchpool::cli;
using namespace std::chrono_literals;

namespace {

FetchRequest request(std::string_view line, InputFormat format = InputFormat::automatic) {
  return std::get<FetchRequest>(read_request_line(line, format));
}

LineError error(std::string_view line) {
  return std::get<LineError>(read_request_line(line, InputFormat::json));
}

}  // namespace

TEST_CASE("a line tells by its look what it is, unless said otherwise", "[request_line]") {
  CHECK_FALSE(is_structured("http://a/", InputFormat::automatic));
  CHECK(is_structured("{}", InputFormat::automatic));
  CHECK(is_structured("http://a/\tx", InputFormat::automatic));
  CHECK_FALSE(is_structured("{}", InputFormat::lines));
  CHECK_FALSE(is_structured("http://a/\tx", InputFormat::lines));
  CHECK_FALSE(is_structured("{}", InputFormat::tsv));
  CHECK(is_structured("http://a/", InputFormat::json));
}

TEST_CASE("what follows a tab is the id", "[request_line]") {
  FetchRequest read = request("http://a/\tmy id\tand more");
  CHECK(read.url == "http://a/");
  CHECK(read.id == "my id\tand more");
  CHECK(request("{\t7", InputFormat::tsv).url == "{");
}

TEST_CASE("a JSON object says everything about a request", "[request_line]") {
  FetchRequest read = request(
      R"({"url":"http://a/","id":"x\u00fc","out":"o","method":"PUT","headers":{"A":"1","B":""},)"
      R"("body":"a\u0000b","max_time":1.5})");
  CHECK(read.url == "http://a/");
  CHECK(read.id == "x\xC3\xBC");
  CHECK(read.out == "o");
  CHECK(read.method == "PUT");
  CHECK(read.headers == std::vector<HeaderLine>{{"A", "1"}, {"B", ""}});
  CHECK(read.body == std::string("a\0b", 3));
  CHECK(read.max_time == 1500ms);
  CHECK(request(R"({"url":"u","headers":[["A","1"],["A","2"]]})").headers ==
        std::vector<HeaderLine>{{"A", "1"}, {"A", "2"}});
  CHECK(request(R"({"url":"u","max_time":"500ms"})").max_time == 500ms);
  CHECK(request(R"({"url":"u","id":18446744073709551615})").id == "18446744073709551615");
  CHECK(request(R"({"url":"u","id":-3})").id == "-3");
  CHECK(request(R"({"url":"u","id":null,"body":null})").id.empty());
}

TEST_CASE("what is wrong with a line is said, and nothing secret is shown", "[request_line]") {
  CHECK(error(R"({"url":"u","idd":1})").reason == "unknown member \"idd\"");
  CHECK(error(R"({"url":"u","idd":1})").shown == "u");
  for (const char* line : {R"({"url":"u","headers":{"A":1}})", R"({"url":"u","headers":"canary"})",
                           R"({"url":"u","headers":[["canary"]]})",
                           R"({"url":"u","headers":{"X":"canary"},"method":1})",
                           R"({"url":"u","body":{"canary":1}})", R"({"url":"u","max_time":-1})",
                           R"({"url":"u","max_time":"canary"})", R"({"url":"u","id":1.5})",
                           R"({"url":"u","out":[]})", R"({"url":"u","headers":{"X":"canary"})",
                           R"({"headers":{"X":"canary"}})", R"({"url":7,"body":"canary"})",
                           R"({"body":"canary")", "{", "[]", "7", "", "{\"url\":\"\xff\"}"}) {
    CAPTURE(line);
    LineError found = error(line);
    CHECK_FALSE(found.reason.empty());
    CHECK(found.shown.find("canary") == std::string::npos);
  }
  CHECK_FALSE(error(std::string(1'000'000, '[')).reason.empty());
}
