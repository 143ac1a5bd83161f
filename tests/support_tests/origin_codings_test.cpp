#include <zlib.h>

#include <string>

#include "support/catch.h"
#include "support/origin.h"
#include "support/raw_client.h"

using namespace fetchpool::test;

namespace {

// How zlib's inflate ends for all of `bytes` (its first stream), and what comes out.
struct Inflated {
  int result = Z_OK;
  std::string text;
};

Inflated inflate_all(const std::string& bytes, int window) {
  Inflated done;
  z_stream stream{};
  inflateInit2(&stream, window);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string block(65536, '\0');
  do {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    done.result = inflate(&stream, Z_NO_FLUSH);
    done.text.append(block, 0, block.size() - stream.avail_out);
  } while (done.result == Z_OK);
  inflateEnd(&stream);
  return done;
}

constexpr int gzip_window = 15 + 16;

}  // namespace

TEST_CASE("gzip and deflate bodies decode to the text of their target", "[origin]") {
  Origin origin;
  auto check = [&](const std::string& target, int window) {
    Inflated done = inflate_all(body_of(raw_get(origin.port(), target)), window);
    CHECK(done.result == Z_STREAM_END);
    CHECK(done.text == origin_body(target, 5000));
  };
  check("/gzip?size=5000", gzip_window);
  check("/gzip-junk?size=5000", gzip_window);
  check("/deflate-zlib?size=5000", 15);
  check("/deflate-raw?size=5000", -15);
}

TEST_CASE("broken gzip bodies are broken in the way they say", "[origin]") {
  Origin origin;
  auto result = [&](const std::string& target) {
    return inflate_all(body_of(raw_get(origin.port(), target)), gzip_window).result;
  };
  CHECK(result("/gzip-cut?size=5000") == Z_BUF_ERROR);
  CHECK(result("/gzip-corrupt?size=5000") == Z_DATA_ERROR);
  CHECK(result("/gzip-bad-checksum?size=5000") == Z_DATA_ERROR);
  CHECK(result("/gzip-plain?size=5000") == Z_DATA_ERROR);
}

TEST_CASE("a gzip bomb is small and sound", "[origin]") {
  Origin origin;
  std::string bomb = body_of(raw_get(origin.port(), "/gzip-bomb?mb=20"));
  CHECK(bomb.size() < 100'000);
  Inflated done = inflate_all(bomb, gzip_window);
  CHECK(done.result == Z_STREAM_END);
  CHECK(done.text.size() == 20U << 20U);
}

TEST_CASE("the codings that curl knows decode with curl", "[origin]") {
  Origin origin;
  for (const std::string& target : {std::string("/gzip?size=3000"), std::string("/br?size=3000"),
                                    std::string("/deflate-zlib?size=3000")}) {
    Finished done = Command("curl").args({"-sS", "--compressed", origin.url(target)}).run();
    CHECK(done.out == origin_body(target, 3000));
  }
}

TEST_CASE("chunked bodies are framed as announced", "[origin]") {
  Origin origin;
  Finished whole = Command("curl").args({"-sS", origin.url("/chunked?size=3000&piece=7")}).run();
  CHECK(whole.out == origin_body("/chunked?size=3000&piece=7", 3000));
  Finished cut = Command("curl").args({"-sS", origin.url("/chunked-no-end?size=30")}).run();
  CHECK(cut.status == 18);
  Finished bad = Command("curl").args({"-sS", origin.url("/chunked-bad-hex")}).run();
  CHECK(bad.status == 56);
}
