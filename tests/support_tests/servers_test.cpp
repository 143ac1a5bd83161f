#include <string>

#include "support/catch.h"
#include "support/listening_port.h"
#include "support/nginx.h"
#include "support/origin.h"
#include "support/raw_client.h"
#include "support/site.h"
#include "support/test_ca.h"

using namespace fetchpool::test;

namespace {

Finished curl(const std::vector<std::string>& arguments) {
  return Command("curl").args({"-sS", "-m", "5"}).args(arguments).run();
}

}  // namespace

TEST_CASE("nginx serves a site, plain and with TLS", "[nginx]") {
  TestCa ca;
  NginxOptions options;
  options.certificate = ca.valid();
  Nginx nginx(options);
  Site site({.pages = 5, .average_bytes = 3000});
  site.write(nginx.root());
  CHECK(body_of(raw_get(nginx.port(), site.path(3))) == site.text(3));
  CHECK(curl({"--cacert", ca.file(), nginx.tls_url(site.path(4))}).out == site.text(4));
}

TEST_CASE("two nginx run beside each other, one with several workers", "[nginx]") {
  NginxOptions options;
  options.workers = 2;
  options.server_lines = "location = /hello { return 200 hi; }";
  Nginx one(options);
  Nginx two;
  CHECK(body_of(raw_get(one.port(), "/hello")) == "hi");
  CHECK_THAT(raw_get(two.port(), "/hello"), ContainsSubstring("404 Not Found"));
}

TEST_CASE("the origin serves TLS, and certificates are good and bad as named", "[tls]") {
  TestCa ca;
  auto fetch = [&](const Certificate& certificate) {
    Origin origin({.addresses = {"127.0.0.1"}, .certificate = certificate});
    return curl({"--cacert", ca.file(), origin.tls_url("/ok?size=20000")});
  };
  CHECK(fetch(ca.valid()).out == origin_body("/ok?size=20000", 20000));
  constexpr int curl_bad_certificate = 60;
  CHECK(fetch(ca.expired()).status == curl_bad_certificate);
  CHECK(fetch(ca.not_yet_valid()).status == curl_bad_certificate);
  CHECK(fetch(ca.wrong_host()).status == curl_bad_certificate);
  CHECK(fetch(ca.self_signed()).status == curl_bad_certificate);
}

TEST_CASE("TLS spoken to the plain port is answered in the clear", "[tls]") {
  Origin origin;
  std::string url = "https://127.0.0.1:" + std::to_string(origin.port()) + "/ok";
  constexpr int curl_tls_connect = 35;
  CHECK(curl({"-k", url}).status == curl_tls_connect);
}

TEST_CASE("ports that refuse, hang and stay silent do so", "[ports]") {
  ClosedPort closed;
  CHECK(curl({closed.url()}).status == 7);
  constexpr int curl_timeout = 28;
  BlackholePort blackhole;
  Finished hanging = curl({"--connect-timeout", "0.3", blackhole.url()});
  CHECK(hanging.status == curl_timeout);
  ListeningPort silent;
  CHECK(curl({"-m", "0.3", silent.url()}).status == curl_timeout);
  CHECK(curl({"-k", "-m", "0.3", silent.url("https")}).status == curl_timeout);
}
