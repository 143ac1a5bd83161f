#include "fetch/warc_record.h"

#include <set>

#include "fetch/exchange_records.h"
#include "fetch/sha1.h"
#include "fetch/warc_info.h"
#include "support/catch.h"
#include "support/warc.h"

namespace fetchpool::archive {
namespace {

using test::WarcRecord;

TEST_CASE("digests are SHA-1 in Base32", "[warc]") {
  Sha1 sha1;
  CHECK(sha1.finish() == "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ");
  sha1.feed("a");
  sha1.feed("bc");
  CHECK(sha1.finish() == "sha1:VGMT4NSHA2AWVOR6EVYXQUGCNSONBWE5");
}

TEST_CASE("dates have microseconds", "[warc]") {
  CHECK(date_text(0) == "1970-01-01T00:00:00.000000Z");
  CHECK(date_text(1795330535123456) == "2026-11-22T06:55:35.123456Z");
}

TEST_CASE("ids are random", "[warc]") {
  std::set<std::string> ids;
  RecordIds one;
  RecordIds other;
  for (int i = 0; i < 1000; ++i) {
    ids.insert(one.next());
    ids.insert(other.next());
  }
  CHECK(ids.size() == 2000);
}

TEST_CASE("a value is one line whatever it is made of", "[warc]") {
  CHECK(block_field("error", "a\r\nWARC-Type: response\x7f\t\x01z") ==
        "error: a  WARC-Type: response   z\r\n");
}

// Both ways to make the records of an exchange must say the same, but for ids and packing.
class ExchangeTest {
 public:
  explicit ExchangeTest(const std::string& body)
      : memory_(no_blocks_, "/var/tmp", body.size()), file_(no_blocks_, "/var/tmp", 0) {
    memory_.append(body);
    file_.append(body);
    exchange_.url = "http://example.com/";
    exchange_.request = "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n";
    exchange_.response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    exchange_.http_version = "1.1";
    exchange_.remote_ip = "192.0.2.1";
    exchange_.started_at = 1795330535123456;
    exchange_.facts.size = body.size();
  }

  std::vector<WarcRecord> whole() {
    exchange_.body = &memory_;
    ByteBuffer out;
    std::string id = writer_.append(out, exchange_);
    return read(out, id);
  }

  std::vector<WarcRecord> in_parts() {
    exchange_.body = &file_;
    LongExchange parts(writer_, exchange_);
    ByteBuffer out;
    while (parts.append_next_part(out)) {
    }
    return read(out, parts.response_id());
  }

  Exchange& exchange() { return exchange_; }

 private:
  static std::vector<WarcRecord> read(const ByteBuffer& members, const std::string& id) {
    Bytes info = info_member("a.warc.gz", "software", "agent");
    std::vector<WarcRecord> records = test::read_warc(info.str() + std::string(members.view()));
    REQUIRE(records.size() == 3);
    CHECK(records[1].type == "request");
    CHECK(records[1].value("WARC-Concurrent-To") == "<" + id + ">");
    CHECK(records[2].type == "response");
    CHECK(records[2].value("WARC-Record-ID") == "<" + id + ">");
    return records;
  }

  body::BlockPool no_blocks_{0};
  body::BodySpool memory_;
  body::BodySpool file_;
  Exchange exchange_;
  ExchangeWriter writer_;
};

void check_same(const WarcRecord& one, const WarcRecord& other) {
  CHECK((one.block == other.block));
  for (const char* name : {"WARC-Target-URI", "WARC-Date", "WARC-IP-Address", "WARC-Protocol",
                           "WARC-Payload-Digest", "WARC-Block-Digest", "WARC-Truncated"})
    CHECK(one.value(name) == other.value(name));
}

TEST_CASE("a body in a file makes the same records as one in memory", "[warc]") {
  auto size = GENERATE(0U, 1U, 1000U, 16384U, 131072U, 3000001U);
  std::string body;
  for (unsigned i = 0; i < size; ++i) body += static_cast<char>(i * 7919 >> 5);
  ExchangeTest test(body);
  std::vector<WarcRecord> whole = test.whole();
  std::vector<WarcRecord> parts = test.in_parts();
  CHECK((whole[2].http_body() == body));
  for (int i : {1, 2})
    check_same(whole[static_cast<std::size_t>(i)], parts[static_cast<std::size_t>(i)]);
}

TEST_CASE("why a body is cut is told", "[warc]") {
  struct Case {
    Outcome outcome;
    bool cut;
    const char* reason;
  };
  auto [outcome, cut, reason] = GENERATE(
      Case{Outcome::ok, false, ""}, Case{Outcome::too_large, true, "length"},
      Case{Outcome::timeout, true, "time"}, Case{Outcome::low_speed, true, "time"},
      Case{Outcome::reset, true, "disconnect"}, Case{Outcome::truncated, true, "disconnect"},
      Case{Outcome::protocol, true, "unspecified"}, Case{Outcome::decode, false, ""});
  ExchangeTest test("half of it");
  test.exchange().outcome = outcome;
  test.exchange().cut = cut;
  CHECK(test.whole()[2].value("WARC-Truncated") == reason);
}

TEST_CASE("the protocol is told under the names of ALPN", "[warc]") {
  ExchangeTest test("x");
  test.exchange().http_version = "2";
  CHECK(test.whole()[2].value("WARC-Protocol") == "h2");
  test.exchange().http_version = "1.0";
  CHECK(test.whole()[2].value("WARC-Protocol") == "http/1.0");
}

}  // namespace
}  // namespace fetchpool::archive
