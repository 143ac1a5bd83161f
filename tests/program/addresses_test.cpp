// Where connections may go: --public-only, and redirects from the open internet.
#include <filesystem>

#include "program/outcome_case.h"
#include "support/catch.h"
#include "support/name_server.h"
#include "support/network_namespace.h"

namespace fetchpool::test {
namespace {

// Addresses of the test's network that look like what they are not.
const std::string public_address = "93.184.216.34";
const std::string deserted_address = "93.184.216.35";  // where nobody listens
const std::vector<std::string> private_addresses = {
    "127.0.0.1",  "10.1.2.3",   "172.16.0.9", "192.168.1.1", "169.254.169.254",
    "100.64.1.1", "198.18.0.1", "192.0.2.7",  "203.0.113.9", "168.63.129.16",
};

std::vector<std::string> all_addresses() {
  std::vector<std::string> all = private_addresses;
  all.push_back(public_address);
  return all;
}

// The network, with names, and an origin that listens at all of its addresses but one.
struct Internet {
  NetworkNamespace network{[] {
    std::vector<std::string> all = all_addresses();
    all.push_back(deserted_address);
    return all;
  }()};
  NameServer names{{"public.test=" + public_address, "private.test=10.1.2.3",
                    "mixed.test=10.1.2.3," + public_address, "zero.test=0.0.0.0",
                    "mapped.test=::ffff:10.1.2.3", "metadata.test=169.254.169.254",
                    "rebind.test=" + public_address + "/10.1.2.3",
                    "rebind-within.test=" + deserted_address + "/10.1.2.3"}};
  Origin origin{{.addresses = all_addresses(), .certificate = {}}};
  std::string port = ":" + std::to_string(origin.port());

  std::string url(const std::string& host, const std::string& target = "/ok") const {
    return "http://" + host + port + target;
  }
  Record fetch(const std::string& url, const std::vector<std::string>& arguments) const {
    return read_records(fetchpool(arguments).args({"--retry", "0", url}).run().out).at(0);
  }
  long requests_at(const std::string& host) const {
    return origin.counts_of_host(host + port).requests;
  }
};

TEST_CASE("030 to 048: no spelling of a forbidden address is connected to under --public-only") {
  if (!NetworkNamespace::is_possible()) return;
  Internet internet;
  std::vector<std::string> hosts = private_addresses;
  for (const char* host : {"127.1",
                           "127.0.1",
                           "0x7f000001",
                           "0x7f.1",
                           "2130706433",
                           "0177.0.0.1",
                           "017700000001",
                           "0",
                           "0x0",
                           "0.0.0.0",
                           "%31%32%37.0.0.1",
                           "127%2e0.0.1",
                           "10.66051",
                           "0xa010203",
                           "167838211",
                           "0251.0376.0251.0376",
                           "0xa9fea9fe",
                           "2852039166",
                           "[::1]",
                           "[0:0:0:0:0:0:0:1]",
                           "[::]",
                           "[::ffff:127.0.0.1]",
                           "[::ffff:7f00:1]",
                           "[::ffff:a01:203]",
                           "[::127.0.0.1]",
                           "[64:ff9b::127.0.0.1]",
                           "[2002:7f00:1::]",
                           "[2001:0:7f00:1::]",
                           "[fd00:ec2::254]",
                           "[fe80::1%25lo]",
                           "[ff02::1]",
                           "localhost",
                           "a.localhost",
                           "private.test",
                           "private.test.",
                           "metadata.test",
                           "zero.test",
                           "mapped.test"})
    hosts.emplace_back(host);
  std::vector<std::string> arguments = {"--public-only", "--retry", "0"};
  for (const std::string& host : hosts) arguments.push_back(internet.url(host));
  std::vector<Record> records = read_records(fetchpool(arguments).run().out);
  REQUIRE(records.size() == hosts.size());
  CHECK(records.size() >= 36);
  for (const Record& record : records) {
    INFO(record.input << ": " << record.error);
    CHECK(record.outcome == "addr_denied");
    CHECK(record.exit_code == 7);
  }
  CHECK(internet.origin.connections().requests == 0);
  CHECK(internet.origin.requests() == 0);
}

TEST_CASE("041: of a name with public and private addresses the public ones are used") {
  if (!NetworkNamespace::is_possible()) return;
  Internet internet;
  CHECK(internet.fetch(internet.url("mixed.test"), {"--public-only"}).outcome == "ok");
  CHECK(internet.fetch(internet.url("public.test"), {"--public-only"}).outcome == "ok");
  CHECK(internet.fetch(internet.url(public_address), {"--public-only"}).outcome == "ok");
  // Where they do not work, that is what is said.
  CHECK(internet.fetch(internet.url(deserted_address), {"--public-only"}).outcome == "connect");
}

TEST_CASE("042: a name that changes its mind is judged at each connection") {
  if (!NetworkNamespace::is_possible()) return;
  Internet internet;
  CHECK(internet.fetch(internet.url("rebind.test"), {"--public-only"}).outcome == "ok");
  CHECK(internet.fetch(internet.url("rebind.test"), {"--public-only"}).outcome == "addr_denied");
  CHECK(internet.origin.requests() == 1);
  Finished done = fetchpool({"--public-only", "--retry", "1", "--retry-connrefused",
                             internet.url("rebind-within.test")})
                      .run();
  Record record = read_records(done.out).at(0);
  CHECK(record.outcome == "addr_denied");
  CHECK(record.num_attempts == 2);
  CHECK(internet.origin.requests() == 1);
  CHECK(internet.origin.connections().requests == 1);
}

TEST_CASE("049: without --public-only every address is connected to") {
  if (!NetworkNamespace::is_possible()) return;
  Internet internet;
  for (const std::string& host : {std::string("127.1"), std::string("private.test"),
                                  std::string("169.254.169.254"), public_address})
    CHECK(internet.fetch(internet.url(host), {}).outcome == "ok");
}

TEST_CASE("045 and 113: a redirect from a public to another address is not followed") {
  if (!NetworkNamespace::is_possible()) return;
  Internet internet;
  for (const std::string& where :
       {internet.url("10.1.2.3"), internet.url("169.254.169.254"), internet.url("metadata.test"),
        internet.url("private.test"), "//10.1.2.3" + internet.port + "/ok", internet.url("[::1]"),
        internet.url("0x7f.1"), internet.url("localhost")}) {
    std::string url = internet.url(public_address, "/location?to=" + where);
    INFO(where);
    for (const char* option : {"--public-only", "--no-body"}) {
      Record record = internet.fetch(url, {option});
      INFO(record.error);
      CHECK(record.outcome == "addr_denied");
      CHECK(record.exit_code == 7);
      CHECK(record.num_redirects == 1);
      CHECK(record.response_code == 0);
    }
  }
  CHECK(internet.origin.requests() == internet.requests_at(public_address));
  std::string url = internet.url("public.test", "/location?to=" + internet.url("10.1.2.3"));
  CHECK(internet.fetch(url, {}).outcome == "addr_denied");
  CHECK(internet.fetch(url, {"--allow-private-redirects"}).outcome == "ok");
  CHECK(internet.fetch(url, {"--allow-private-redirects", "--public-only"}).outcome ==
        "addr_denied");
}

TEST_CASE("a redirect between private addresses, or out of them, is followed") {
  if (!NetworkNamespace::is_possible()) return;
  Internet internet;
  std::string within = internet.url("10.1.2.3", "/location?to=" + internet.url("192.168.1.1"));
  CHECK(internet.fetch(within, {}).outcome == "ok");
  std::string out = internet.url("10.1.2.3", "/location?to=" + internet.url(public_address));
  CHECK(internet.fetch(out, {}).outcome == "ok");
  // But not back in.
  std::string back = internet.url(
      "10.1.2.3",
      "/location?to=" + internet.url(public_address, "/location%3Fto=" + internet.url("10.1.2.3")));
  CHECK(internet.fetch(back, {}).outcome == "addr_denied");
}

TEST_CASE("a redirect does not use a kept connection that it could not have made") {
  if (!NetworkNamespace::is_possible()) return;
  Internet internet;
  std::string list;
  for (int i = 0; i < 5; ++i) {
    list += internet.url("10.1.2.3", "/ok?i=" + std::to_string(i)) + "\n";
    list +=
        internet.url(public_address, "/location?to=" + internet.url("10.1.2.3", "/secret")) + "\n";
  }
  Finished done = fetchpool({"-p", "1", "-j", "1", "--no-body"}).stdin_text(list).run();
  std::vector<Record> records = read_records(done.out);
  CHECK(count_of(records, "ok") == 5);
  CHECK(count_of(records, "addr_denied") == 5);
  CHECK(internet.requests_at("10.1.2.3") == 5);
}

}  // namespace
}  // namespace fetchpool::test
