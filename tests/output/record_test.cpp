#include "output/record.h"

#include <rapidjson/document.h>
#include <rapidjson/encodings.h>

#include <string>
#include <vector>

#include "output/json_body.h"
#include "output/samples.h"
#include "support/catch.h"

namespace fetchpool::output {
namespace {

std::string line_of(const FetchResult& result, RecordForm form = {}) {
  RecordWriter writer(form);
  RecordWriter::Line line = writer.write(result);
  return std::string(line.head) + (line.has_body ? result.body.str() : "") + std::string(line.tail);
}

rapidjson::Document parsed(const std::string& line) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(line.data(), line.size());
  INFO(line);
  REQUIRE_FALSE(document.HasParseError());
  REQUIRE(document.IsObject());
  REQUIRE(line.back() == '\n');
  REQUIRE(line.find('\n') == line.size() - 1);
  return document;
}

std::vector<std::string> keys_of(const rapidjson::Document& document) {
  std::vector<std::string> keys;
  for (const auto& member : document.GetObject())
    keys.emplace_back(member.name.GetString(), member.name.GetStringLength());
  return keys;
}

std::string text(const rapidjson::Value& value) {
  REQUIRE(value.IsString());
  return {value.GetString(), value.GetStringLength()};
}

const std::vector<std::string> kKeys{"seq",
                                     "id",
                                     "input",
                                     "url",
                                     "url_effective",
                                     "ok",
                                     "outcome",
                                     "exitcode",
                                     "errormsg",
                                     "response_code",
                                     "method",
                                     "scheme",
                                     "http_version",
                                     "content_type",
                                     "charset",
                                     "content_length",
                                     "content_encoding",
                                     "size_download",
                                     "size_body",
                                     "size_header",
                                     "complete",
                                     "truncated",
                                     "body_sha256",
                                     "body_xxh3",
                                     "num_redirects",
                                     "redirects",
                                     "num_attempts",
                                     "retry_after",
                                     "num_connects",
                                     "remote_ip",
                                     "remote_port",
                                     "ssl_verify_result",
                                     "time_queue",
                                     "time_namelookup",
                                     "time_connect",
                                     "time_appconnect",
                                     "time_pretransfer",
                                     "time_starttransfer",
                                     "time_redirect",
                                     "time_total",
                                     "speed_download",
                                     "timestamp",
                                     "worker",
                                     "body_encoding",
                                     "body"};

TEST_CASE("a record has its members in the fixed order whatever became of the URL", "[record]") {
  FetchResult nothing;
  for (const FetchResult& result : {full_result(7, "body"), failed_result(8), nothing})
    for (bool stable : {false, true})
      CHECK(keys_of(parsed(line_of(result, {.stable = stable}))) == kKeys);
}

TEST_CASE("headers and bodies are in the line where they are asked for", "[record]") {
  auto without_body = kKeys;
  without_body.resize(kKeys.size() - 2);
  CHECK(keys_of(parsed(line_of(full_result(0, "x"), {.bodies = false}))) == without_body);

  auto record = parsed(line_of(full_result(0, "x"), {.headers = true}));
  auto keys = keys_of(record);
  REQUIRE(keys[22] == "headers");
  keys.erase(keys.begin() + 22);
  CHECK(keys == kKeys);
  REQUIRE(record["headers"].Size() == 2);
  CHECK(text(record["headers"][1][0]) == "ETag");
  CHECK(text(record["headers"][1][1]) == "\"6b02910e-285\"");
  CHECK(parsed(line_of(failed_result(0), {.headers = true}))["headers"].Empty());
}

TEST_CASE("a record tells what the result holds", "[record]") {
  auto record = parsed(line_of(full_result(41, "the body")));
  CHECK(record["seq"].GetUint64() == 41);
  CHECK(record["id"].IsNull());
  CHECK(text(record["input"]) == "http://example.com/a?x=1#f");
  CHECK(record["ok"].GetBool());
  CHECK(text(record["outcome"]) == "ok");
  CHECK(record["exitcode"].GetInt() == 0);
  CHECK(record["errormsg"].IsNull());
  CHECK(record["response_code"].GetInt() == 200);
  CHECK(text(record["scheme"]) == "https");
  CHECK(text(record["charset"]) == "utf-8");
  CHECK(record["content_length"].GetUint64() == 412);
  CHECK(record["complete"].GetBool());
  CHECK(record["truncated"].IsNull());
  CHECK(record["num_redirects"].GetInt() == 1);
  CHECK(text(record["redirects"][0]["location"]) == "https://www.example.com/a?x=1");
  CHECK(record["retry_after"].GetInt() == 2);
  CHECK(record["ssl_verify_result"].GetInt() == 0);
  CHECK(record["speed_download"].GetInt() == 205);
  CHECK(text(record["timestamp"]) == "2026-11-22T06:55:35.123456Z");
  CHECK(text(record["body_encoding"]) == "utf-8");
  CHECK(text(record["body"]) == "the body");
}

TEST_CASE("seconds have six decimals", "[record]") {
  std::string line = line_of(full_result(0, ""));
  CHECK_THAT(line, ContainsSubstring("\"time_queue\":0.001200,\"time_namelookup\":0.000013,"));
  CHECK_THAT(line, ContainsSubstring("\"time_redirect\":1.500000,\"time_total\":2.000001,"));
  FetchResult odd = full_result(0, "");
  odd.times.queue = -1;
  odd.times.namelookup = std::numeric_limits<double>::quiet_NaN();
  odd.times.total = 0;
  line = line_of(odd);
  CHECK_THAT(line, ContainsSubstring("\"time_queue\":0.000000,\"time_namelookup\":0.000000,"));
  CHECK_THAT(line, ContainsSubstring("\"speed_download\":null"));
}

TEST_CASE("what does not apply is null", "[record]") {
  auto record = parsed(line_of(failed_result(0)));
  for (const char* key :
       {"response_code", "http_version", "content_type", "charset", "content_length",
        "content_encoding", "complete", "truncated", "retry_after", "remote_ip", "remote_port",
        "body_sha256", "body_xxh3", "ssl_verify_result", "speed_download", "timestamp", "worker",
        "body_encoding", "body"}) {
    INFO(key);
    CHECK(record[key].IsNull());
  }
  CHECK(text(record["errormsg"]) == "the name nowhere.example was not found");
  FetchResult bad;
  bad.input = "::";
  bad.outcome = Outcome::bad_url;
  record = parsed(line_of(bad));
  CHECK(record["url"].IsNull());
  CHECK(record["url_effective"].IsNull());
  CHECK(record["scheme"].IsNull());
  CHECK(record["time_total"].IsNull());
}

TEST_CASE("a record holds the hash that was asked for", "[record]") {
  FetchResult result = full_result(0, "x");
  result.body_hash = "00ff";
  auto record = parsed(line_of(result, {.hash = BodyHash::sha256}));
  CHECK(keys_of(record) == kKeys);
  CHECK(text(record["body_sha256"]) == "00ff");
  CHECK(record["body_xxh3"].IsNull());
  record = parsed(line_of(result, {.hash = BodyHash::xxh3}));
  CHECK(keys_of(record) == kKeys);
  CHECK(record["body_sha256"].IsNull());
  CHECK(text(record["body_xxh3"]) == "00ff");
  record = parsed(line_of(failed_result(0), {.hash = BodyHash::xxh3}));
  CHECK(record["body_xxh3"].IsNull());
}

TEST_CASE("a body that was cut is marked as truncated", "[record]") {
  FetchResult cut = full_result(0, "half of i");
  cut.complete = false;
  for (Outcome outcome : {Outcome::truncated, Outcome::too_large}) {
    cut.outcome = outcome;
    CHECK(parsed(line_of(cut))["truncated"].GetBool());
  }
  cut.response_code = 0;
  CHECK(parsed(line_of(cut))["truncated"].IsNull());
}

TEST_CASE("stable records hold nothing that differs between two runs", "[record]") {
  FetchResult one = full_result(3, "same");
  FetchResult other = one;
  other.num_attempts = 1;
  other.num_connects = 0;
  other.retry_after.reset();
  other.remote_ip = "2001:db8::1";
  other.remote_port = 8080;
  other.times = {};
  other.timestamp = {};
  other.worker = 0;
  CHECK(line_of(one, {.stable = true}) == line_of(other, {.stable = true}));
  auto record = parsed(line_of(one, {.stable = true}));
  for (const char* key :
       {"timestamp", "time_queue", "time_namelookup", "time_connect", "time_appconnect",
        "time_pretransfer", "time_starttransfer", "time_redirect", "time_total", "speed_download",
        "worker", "num_connects", "num_attempts", "retry_after", "remote_ip", "remote_port"}) {
    INFO(key);
    CHECK(record[key].IsNull());
  }
}

TEST_CASE("hostile bytes in any string leave the line valid", "[record]") {
  const std::string nul("a\0b", 3);
  const std::vector<std::pair<std::string, std::string>> hostile{
      {nul, nul},
      {"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"},
      {"quote\" backslash\\ slash/", "quote\" backslash\\ slash/"},
      {"line\r\nbreak\ttab\x7f", "line\r\nbreak\ttab\x7f"},
      {"bad \xff\xfe end", "bad \xef\xbf\xbd\xef\xbf\xbd end"},
      {"cut \xe2\x82", "cut \xef\xbf\xbd"},
      {"gr\xc3\xbc\xc3\x9f dich \xf0\x9f\x98\x80", "gr\xc3\xbc\xc3\x9f dich \xf0\x9f\x98\x80"}};
  for (const auto& [bytes, shown] : hostile) {
    FetchResult result = full_result(0, "");
    result.input = result.url = result.url_effective = result.error = bytes;
    result.method = result.http_version = result.content_type = result.content_encoding = bytes;
    result.remote_ip = bytes;
    result.headers = {{bytes, bytes}};
    result.redirects = {{bytes, 302, bytes}};
    auto record = parsed(line_of(result, {.headers = true}));
    for (const char* key : {"input", "url", "url_effective", "errormsg", "method", "http_version",
                            "content_type", "content_encoding", "remote_ip"})
      CHECK(text(record[key]) == shown);
    CHECK(text(record["headers"][0][0]) == shown);
    CHECK(text(record["headers"][0][1]) == shown);
    CHECK(text(record["redirects"][0]["url"]) == shown);
    CHECK(text(record["redirects"][0]["location"]) == shown);
  }
}

TEST_CASE("any special byte at any place of a string is found", "[record]") {
  for (std::size_t size = 1; size < 20; ++size)
    for (std::size_t at = 0; at < size; ++at)
      for (char special : {'"', '\\', '\n', '\x1f', '\0'}) {
        FetchResult result = full_result(0, "");
        result.input = std::string(size, 'x');
        result.input[at] = special;
        CHECK(text(parsed(line_of(result))["input"]) == result.input);
      }
}

TEST_CASE("a very long string is written whole", "[record]") {
  FetchResult result = full_result(0, "");
  result.input = sample_bytes(1, 300000);
  result.error = std::string(200000, '"');
  for (int i = 0; i < 1000; ++i) result.headers.emplace_back("name" + std::to_string(i), "v");
  auto record = parsed(line_of(result, {.headers = true}));
  CHECK(text(record["input"]) == result.input);
  CHECK(text(record["errormsg"]) == result.error);
  CHECK(record["headers"].Size() == 1002);
}

TEST_CASE("the charset is found in any Content-Type", "[record]") {
  CHECK(charset_of("text/html").empty());
  CHECK(charset_of("text/html; charset=UTF-8") == "utf-8");
  CHECK(charset_of("text/html;CHARSET=\"ISO-8859-1\"; x=y") == "iso-8859-1");
  CHECK(charset_of("text/html; a=b; charset=koi8-r;q=1") == "koi8-r");
  CHECK(charset_of("text/html; charset=\"cut") == "cut");
  CHECK(charset_of("text/html; charset=").empty());
  CHECK(charset_of("text/html; xcharset=utf-8").empty());
  CHECK(charset_of(";").empty());
}

TEST_CASE("a raw body becomes text or base64", "[record]") {
  FetchResult text_body = raw_result(0, "gr\xc3\xbc\xc3\x9f \"dich\"\n");
  encode_raw_body(text_body);
  auto record = parsed(line_of(text_body));
  CHECK(text(record["body_encoding"]) == "utf-8");
  CHECK(text(record["body"]) == "gr\xc3\xbc\xc3\x9f \"dich\"\n");

  FetchResult binary = raw_result(0, std::string("\xff\0\xfe", 3));
  encode_raw_body(binary);
  record = parsed(line_of(binary));
  CHECK(text(record["body_encoding"]) == "base64");
  CHECK(text(record["body"]) == "/wD+");
}

TEST_CASE("an empty body is an empty string", "[record]") {
  auto record = parsed(line_of(full_result(0, "")));
  CHECK(text(record["body"]).empty());
  CHECK(text(record["body_encoding"]) == "utf-8");
}

}  // namespace
}  // namespace fetchpool::output
