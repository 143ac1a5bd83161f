#include "output/warc_check.h"

#include "fetch/block_pool.h"
#include "fetch/exchange_records.h"
#include "fetch/member_reader.h"
#include "fetch/warc_info.h"
#include "output/samples.h"
#include "support/catch.h"
#include "support/temp_dir.h"

namespace fetchpool::output {
namespace {

std::string packed(const std::string& text) {
  archive::MemberPacker packer;
  ByteBuffer out;
  packer.append(out, text);
  return std::string(out.view());
}

std::string unpacked(const std::string& members) {
  test::TempDir directory;
  archive::MemberReader reader(directory.write("members", members));
  std::string text;
  char room[4096];
  while (reader.next_member())
    while (std::size_t count = reader.read(room)) text.append(room, count);
  return text;
}

std::string info() {
  return archive::info_member("a.warc.gz", "software", "agent").str();
}

std::string exchange_of(const std::string& body) {
  body::BlockPool pool(1);
  body::BodySpool spool(pool, "/var/tmp", body.size());
  spool.append(body);
  archive::Exchange exchange;
  exchange.url = "http://example.com/";
  exchange.request = "GET / HTTP/1.1\r\n\r\n";
  exchange.response = "HTTP/1.1 200 OK\r\n\r\n";
  exchange.http_version = "1.1";
  exchange.body = &spool;
  exchange.facts.size = body.size();
  ByteBuffer out;
  archive::ExchangeWriter().append(out, exchange);
  return std::string(out.view());
}

std::string record_of(const std::string& fields, const std::string& block) {
  return "WARC/1.1\r\nWARC-Type: metadata\r\nWARC-Record-ID: <urn:x>\r\n"
         "WARC-Date: 2026-11-22T06:55:35Z\r\n" +
         fields + "\r\n" + block + "\r\n\r\n";
}

class CheckTest {
 public:
  // The report's lines, one after the other.
  std::string faults(const std::string& bytes) {
    std::string lines;
    found_ = check_warc(directory_.write("a.warc.gz", bytes),
                        [&](std::string_view line) { lines += std::string(line) + "\n"; });
    CHECK(static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n')) ==
          found_.faults);
    return lines;
  }
  std::uint64_t records() const { return found_.records; }

 private:
  test::TempDir directory_;
  WarcReport found_;
};

TEST_CASE("an archive of ours has no fault", "[warc]") {
  CheckTest test;
  std::string body;
  for (unsigned i = 0; i < 400000; ++i) body += static_cast<char>(i * 7919 >> 7);
  CHECK(test.faults(info() + exchange_of("") + exchange_of("hello") + exchange_of(body)).empty());
  CHECK(test.records() == 7);
}

TEST_CASE("a cut at every byte of the last record is found", "[warc]") {
  CheckTest test;
  std::string whole = info();
  std::string last = packed(record_of("Content-Length: 5\r\n", "hello"));
  for (std::size_t cut = 1; cut < last.size(); ++cut) {
    REQUIRE(test.faults(whole + last.substr(0, cut)) ==
            "offset " + std::to_string(whole.size()) + ": cut by the end of the file\n");
    REQUIRE(test.records() == 1);
  }
  CHECK(test.faults(whole + last).empty());
}

TEST_CASE("a change of any byte of a record is found, and the record behind it is read", "[warc]") {
  CheckTest test;
  std::string before = info();
  std::string exchange = exchange_of("some text, some more text, and text again");
  std::string after = info();
  for (std::size_t at = 0; at < exchange.size(); ++at) {
    std::string changed = exchange;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    std::string faults = test.faults(before + changed + after);
    INFO("byte " << at);
    // Some bits of gzip mean nothing.
    REQUIRE((!faults.empty() || unpacked(changed) == unpacked(exchange)));
    REQUIRE(test.records() >= 2);
  }
}

TEST_CASE("what is wrong with a record is said, and where", "[warc]") {
  CheckTest test;
  std::string front = info();
  auto fault_of = [&](const std::string& text) {
    std::string lines = test.faults(front + packed(text) + info());
    CHECK(test.records() == 2);
    std::string begin = "offset " + std::to_string(front.size()) + ": ";
    REQUIRE(lines.starts_with(begin));
    return lines.substr(begin.size(), lines.size() - begin.size() - 1);
  };
  CHECK(fault_of("hello") == "a member that ends within the head of its record");
  CHECK(fault_of("HTTP/1.1 200 OK\r\n\r\n") == "a record that does not begin with WARC/1");
  CHECK(fault_of("WARC/1.1\r\nWARC-Type: x\r\n\r\n\r\n\r\n") == "a record without warc-record-id");
  CHECK(fault_of(record_of("nonsense\r\nContent-Length: 0\r\n", "")) ==
        "a line that is no field in the head of a record");
  CHECK(fault_of(record_of("", "")) == "a record without content-length");
  CHECK(fault_of(record_of("Content-Length: -1\r\n", "")) == "a Content-Length that is no number");
  CHECK(fault_of(record_of("Content-Length: 9\r\n", "")) ==
        "a block that is shorter than its Content-Length");
  CHECK(fault_of(record_of("Content-Length: 3\r\n", "hello")) ==
        "a record that does not end where its block does");
  std::string record = record_of("Content-Length: 5\r\n", "hello");
  CHECK(fault_of(record + record) == "more than one record in a gzip member");
  CHECK(fault_of(record_of("Content-Length: 5\r\nWARC-Block-Digest: sha1:X\r\n", "hello")) ==
        "a block that is not the one of its WARC-Block-Digest");
  CHECK(fault_of(record_of("Content-Length: 5\r\nWARC-Payload-Digest: sha1:X\r\n", "hello")) ==
        "a payload that is not the one of its WARC-Payload-Digest");
}

TEST_CASE("digests of kinds that we do not make are taken as they are", "[warc]") {
  CheckTest test;
  CHECK(test.faults(packed(record_of("Content-Length: 1\r\nWARC-Block-Digest: sha256:x\r\n", "h")))
            .empty());
}

TEST_CASE("a file that is no archive is said to be none", "[warc]") {
  CheckTest test;
  CHECK(test.faults("") == "offset 0: no record at all\n");
  CHECK(test.faults("WARC/1.1\r\n") == "offset 0: damaged, or no gzip member\n");
}

TEST_CASE("nothing is kept of a large record", "[warc]") {
  CheckTest test;
  std::string zeros(50 << 20, '\0');
  CHECK(test.faults(exchange_of(zeros.substr(0, 1 << 20)) +
                    packed(record_of("Content-Length: 52428800\r\n", zeros)))
            .empty());
}

TEST_CASE("a file that cannot be read is an error", "[warc]") {
  CHECK_THROWS_AS(check_warc("/nonexistent/a.warc.gz", [](std::string_view) {}), SystemError);
}

}  // namespace
}  // namespace fetchpool::output
