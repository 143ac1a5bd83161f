// Hashes of bodies: --hash.
#include <xxhash.h>

#include <cinttypes>
#include <cstdio>

#include "program/records.h"
#include "support/catch.h"
#include "support/origin.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

// By a program that has nothing in common with ours.
std::string sha256_of(const std::string& bytes) {
  Finished done = Command("sha256sum").stdin_text(bytes).run();
  REQUIRE(done.ok());
  return done.out.substr(0, 64);
}

// The whole at once.
std::string xxh3_of(const std::string& bytes) {
  char text[17];
  std::snprintf(text, sizeof text, "%016" PRIx64,
                std::uint64_t{XXH3_64bits(bytes.data(), bytes.size())});
  return text;
}

// Bodies that take every way through a worker: small and large, coded and not, empty.
std::vector<std::pair<std::string, std::string>> pages() {
  std::vector<std::pair<std::string, std::string>> pages;
  for (const auto& [target, size] :
       std::vector<std::pair<std::string, std::size_t>>{{"/ok?size=0", 0},
                                                        {"/ok?size=3000", 3000},
                                                        {"/ok?size=900000", 900000},
                                                        {"/gzip?size=3000", 3000},
                                                        {"/gzip?size=3000000", 3000000},
                                                        {"/br?size=3000", 3000}})
    pages.emplace_back(target, origin_body(target, size));
  return pages;
}

TEST_CASE("records hold the hashes of their bodies") {
  Origin origin;
  std::vector<std::string> urls;
  for (const auto& [target, body] : pages()) urls.push_back(origin.url(target));
  TempDir dir;
  auto form = GENERATE(std::vector<std::string>{}, std::vector<std::string>{"--no-body"},
                       std::vector<std::string>{"-P"});
  CAPTURE(form);
  auto lines_of = [&](const std::string& hash) {
    auto arguments = form;
    if (form == std::vector<std::string>{"-P"}) arguments.push_back(dir.file(hash));
    Finished done = fetchpool({"--hash", hash}).args(arguments).args(urls).run();
    CHECK(done.status == 0);
    if (form == std::vector<std::string>{"-P"}) done.out = dir.read(hash + "/manifest.jsonl");
    return done.lines();
  };
  auto sha256 = lines_of("sha256");
  auto xxh3 = lines_of("xxh3");
  auto none = lines_of("none");
  auto expected = pages();
  REQUIRE(sha256.size() == expected.size());
  REQUIRE(xxh3.size() == expected.size());
  REQUIRE(none.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto& [target, body] = expected[i];
    INFO(target);
    CHECK_THAT(sha256[i], ContainsSubstring(",\"body_sha256\":\"" + sha256_of(body) +
                                            "\",\"body_xxh3\":null,"));
    CHECK_THAT(xxh3[i],
               ContainsSubstring(",\"body_sha256\":null,\"body_xxh3\":\"" + xxh3_of(body) + "\","));
    CHECK_THAT(none[i], ContainsSubstring(",\"body_sha256\":null,\"body_xxh3\":null,"));
  }
}

TEST_CASE("a hash is that of the bytes that are handed over, and null where there is no body") {
  Origin origin;
  auto line_of = [&](const std::vector<std::string>& arguments) {
    return fetchpool({"--hash", "sha256", "--retry", "0"}).args(arguments).run().lines().at(0);
  };
  for (const char* target : {"/gzip-plain?size=3000", "/gzip-plain?size=900000", "/short-body"}) {
    INFO(target);
    std::string line = line_of({origin.url(target)});
    std::string body = read_record(line).body.value();
    CHECK_FALSE(body.empty());
    CHECK_THAT(line, ContainsSubstring("\"body_sha256\":\"" + sha256_of(body) + "\""));
  }
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"-I", origin.url("/ok")},
        {origin.url("/status/204")},
        {"nonsense"}})
    CHECK_THAT(line_of(arguments), ContainsSubstring("\"body_sha256\":null"));
}

TEST_CASE("a run with another hash is not gone on with") {
  Origin origin;
  TempDir dir;
  std::vector<std::string> arguments = {"-c", "-o", dir.file("out"), origin.url("/ok")};
  CHECK(fetchpool(arguments).args({"--hash", "xxh3"}).run().status == 0);
  Finished done = fetchpool(arguments).args({"--hash", "sha256"}).run();
  CHECK(done.status == 2);
  CHECK_THAT(done.err, ContainsSubstring("--hash=xxh3"));
  CHECK(fetchpool(arguments).args({"--hash", "md5"}).run().status == 2);
}

}  // namespace
}  // namespace fetchpool::test
