#include "fetch/hop.h"

#include "fetch/transfer_settings.h"
#include "support/catch.h"

using namespace fetchpool;
using namespace std::chrono_literals;
using engine::HopRequest;
using engine::HopResult;

TEST_CASE("a hop's request arrives as it was sent", "[fetch]") {
  HopRequest request;
  request.url = "http://example.com/a?b=c";
  request.method = "HEAD";
  request.host = 77;
  request.host_quota = 3;
  request.time_left = 1500ms;
  request.tell_connected = true;
  request.fresh_connection = true;
  HopRequest copy = HopRequest::decode(request.encode());
  CHECK(copy.url == request.url);
  CHECK(copy.method == request.method);
  CHECK(copy.host == 77);
  CHECK(copy.host_quota == 3);
  CHECK(copy.time_left == 1500ms);
  CHECK(copy.tell_connected);
  CHECK(copy.fresh_connection);
}

TEST_CASE("what is special about a hop arrives as well", "[fetch]") {
  HopRequest request;
  request.url = "http://example.com/";
  request.method = "POST";
  request.content = HopRequest::Content::own;
  request.headers = {{"X", "1"}, {"Y", ""}};
  request.body = std::string("a\0b", 3);
  HopRequest copy = HopRequest::decode(request.encode());
  CHECK(copy.content == HopRequest::Content::own);
  CHECK(copy.headers == request.headers);
  CHECK(copy.body == request.body);
  request.headers.clear();
  request.content = HopRequest::Content::common;
  CHECK(HopRequest::decode(request.encode()).content == HopRequest::Content::common);
  CHECK_FALSE(copy.may_be_postponed);
  request.may_be_postponed = true;
  request.waited_for_name = 700ms;
  copy = HopRequest::decode(request.encode());
  CHECK(copy.may_be_postponed);
  CHECK(copy.waited_for_name == 700ms);
}

TEST_CASE("a hop that waits for a name elsewhere says so", "[fetch]") {
  HopResult result;
  result.outcome = Outcome::cancelled;
  result.name_pending = true;
  std::string message;
  result.encode(message);
  message += static_cast<char>(FetchResult::Encoding::none);
  std::string_view body;
  CHECK(HopResult::decode(message, body).name_pending);
}

TEST_CASE("a hop's result arrives as it was sent, and its body after it", "[fetch]") {
  HopResult result;
  result.outcome = Outcome::truncated;
  result.error = "cut";
  result.response_code = 200;
  result.http_version = "1.1";
  result.content_type = "text/html";
  result.content_encoding = "gzip";
  result.content_length = 123;
  result.locations = {"/a", ""};
  result.retry_after = "5";
  result.headers = {{"a", "b"}, {"c", ""}};
  result.size_download = 1;
  result.size_body = 2;
  result.size_header = 3;
  result.body_hash = "00ff";
  result.complete = false;
  result.remote_ip = "127.0.0.1";
  result.remote_port = 80;
  result.times.total = 42;
  result.stale_connection = true;
  std::string message;
  result.encode(message);
  message += "the body";
  message += static_cast<char>(FetchResult::Encoding::utf8);

  std::string_view body;
  HopResult copy = HopResult::decode(message, body);
  CHECK(body == "the body");
  CHECK(copy.body_encoding == FetchResult::Encoding::utf8);
  CHECK(copy.outcome == Outcome::truncated);
  CHECK(copy.error == "cut");
  CHECK(copy.content_length == 123U);
  CHECK(copy.locations == result.locations);
  CHECK(copy.headers == result.headers);
  CHECK(copy.body_hash == "00ff");
  CHECK(copy.complete == false);
  CHECK(copy.times.total == 42);
  CHECK(copy.stale_connection);
  CHECK_FALSE(copy.local_shortage);
}

TEST_CASE("a result that is cut short anywhere is an error", "[fetch]") {
  HopResult result;
  result.error = "why";
  std::string message;
  result.encode(message);
  for (std::size_t size = 0; size < message.size(); ++size) {
    std::string_view body;
    CHECK_THROWS_AS(HopResult::decode(std::string_view(message).substr(0, size), body), Error);
  }
}

TEST_CASE("a worker's settings arrive as they were sent", "[fetch]") {
  engine::TransferSettings settings;
  settings.transfers = 9;
  settings.paced = true;
  settings.options.headers = {{"X-A", "1"}};
  settings.options.user_agent = "me";
  settings.options.max_body_bytes = 5;
  settings.options.body = BodyForm::json_text;
  settings.options.connect_timeout = 3s;
  settings.options.worker_timeout = 4s;
  auto copy = engine::TransferSettings::decode(settings.encode());
  CHECK(copy.transfers == 9);
  CHECK(copy.paced);
  CHECK(copy.options.headers == settings.options.headers);
  CHECK(copy.options.user_agent == "me");
  CHECK(copy.options.max_body_bytes == 5);
  CHECK(copy.options.body == BodyForm::json_text);
  CHECK(copy.options.connect_timeout == 3s);
  CHECK(copy.options.worker_timeout == 4s);
}
