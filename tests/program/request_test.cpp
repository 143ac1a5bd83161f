// What requests look like, as the origin sees them.
#include <set>

#include "program/records.h"
#include "support/catch.h"
#include "support/listening_port.h"
#include "support/network_namespace.h"
#include "support/nginx.h"
#include "support/origin.h"
#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

std::string echo(const Origin& origin, const std::vector<std::string>& arguments,
                 const std::string& target = "/echo") {
  Finished done = fetchpool(arguments).arg(origin.url(target)).run();
  REQUIRE(done.status == 0);
  return read_records(done.out).at(0).body.value();
}

// One worker with one transfer after the other on the same handle.
std::vector<Arrival> arrivals(const Origin& origin, const std::vector<std::string>& urls) {
  REQUIRE(fetchpool({"-p", "1", "-j", "1"}).args(urls).run().status == 0);
  return origin.log();
}

TEST_CASE("a target is sent as it stands, whatever was sent before") {
  Origin origin;
  const std::vector<std::string> targets = {"/ok?n=1",         "/ok",
                                            "/ok?a%2Fb%c3%A4", "/ok?a?b&c=%20;d",
                                            "/ok?http://h/..", "/ok?{a}|[b]^`\"<>'",
                                            "/ok?*",           "/ok?" + std::string(5000, 'x'),
                                            "/ok?n=1"};
  std::vector<std::string> urls;
  for (const std::string& target : targets) urls.push_back(origin.url(target));
  std::vector<Arrival> seen = arrivals(origin, urls);
  REQUIRE(seen.size() == targets.size());
  for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i].target == targets[i]);
}

TEST_CASE("methods and hosts that change leave nothing behind on a handle") {
  Origin origin;
  std::string port = ":" + std::to_string(origin.port());
  auto line = [&](const std::string& host, const std::string& target, const std::string& more) {
    return "{\"url\":\"http://" + host + port + target + "\"" + more + "}\n";
  };
  std::string list = line("a.test", "/ok?1", "") + line("b.test", "/ok?22", R"(,"method":"HEAD")") +
                     line("a.test", "/ok?333", R"(,"method":"POST","body":"x")") +
                     line("a.test", "/ok?4", R"(,"method":"DELETE")") + line("b.test", "/ok?5", "");
  REQUIRE(fetchpool({"-p", "1", "-j", "1", "--resolve", "a.test" + port + ":127.0.0.1", "--resolve",
                     "b.test" + port + ":127.0.0.1"})
              .stdin_text(list)
              .run()
              .status == 0);
  std::multiset<std::string> seen;
  for (const Arrival& arrival : origin.log())
    seen.insert(arrival.method + " " + arrival.host + arrival.target);
  CHECK(seen == std::multiset<std::string>{
                    "GET a.test" + port + "/ok?1", "HEAD b.test" + port + "/ok?22",
                    "POST a.test" + port + "/ok?333", "DELETE a.test" + port + "/ok?4",
                    "GET b.test" + port + "/ok?5"});
}

// What a libcurl is given for such an address is another thing than for all others.
TEST_CASE("an address with a zone is reached, before and after others on the same handle") {
  if (!NetworkNamespace::is_possible()) return;
  NetworkNamespace network({"fe80::1"});
  NginxOptions options;
  // The port of a network that is the test's alone.
  options.server_lines = "  listen [::]:8080;";
  Nginx nginx(options);
  std::vector<std::string> urls;
  for (const char* host : {"[fe80::1%25lo]", "[::1]", "[fe80::1%25lo]", "[::1]", "[::1]"}) {
    std::string name = std::to_string(urls.size()) + ".txt";
    write_file(nginx.root() + "/" + name, name);
    urls.push_back("http://" + std::string(host) + ":8080/" + name + "?q");
  }
  Finished done = fetchpool({"-p", "1", "-j", "1", "--raw"}).args(urls).run();
  CHECK(done.status == 0);
  CHECK(done.out == "0.txt1.txt2.txt3.txt4.txt");
}

TEST_CASE("a request goes to its own host, also again after its connection was closed") {
  Origin origin({.addresses = {"127.0.0.1", "127.0.0.2"}, .certificate = std::nullopt});
  // The second one to each host finds its connection closed, so libcurl sends it again by itself.
  std::vector<std::string> urls;
  std::vector<std::string> expected;
  for (const std::string address : {"127.0.0.1", "127.0.0.2"}) {
    std::string broken = "/flaky?fail=1&how=close&key=" + address;
    for (const std::string& target : {std::string("/ok"), broken})
      urls.push_back(origin.url(address, target));
    for (const std::string& target : {std::string("/ok"), broken, broken})
      expected.push_back(address + ":" + std::to_string(origin.port()) + target);
  }
  std::vector<std::string> seen;
  for (const Arrival& arrival : arrivals(origin, urls))
    seen.push_back(arrival.host + arrival.target);
  CHECK(seen == expected);
}

TEST_CASE("option -X names the method, -I asks for the headers only") {
  Origin origin;
  CHECK_THAT(echo(origin, {"-X", "DELETE"}), ContainsSubstring(R"("method":"DELETE")"));
  std::string post = echo(origin, {"-X", "POST"});
  CHECK_THAT(post, ContainsSubstring(R"("method":"POST")"));
  CHECK_THAT(post, ContainsSubstring(R"(["content-length","0"])"));
  CHECK(post.find("content-type") == std::string::npos);
  for (const std::vector<std::string>& head : {std::vector<std::string>{"-I"}, {"-X", "HEAD"}}) {
    Finished done = fetchpool(head).arg(origin.url("/head-length?length=1000")).run();
    Record record = read_records(done.out).at(0);
    CHECK(record.ok);
    CHECK(record.complete == true);
    CHECK(record.size_body == 0);
  }
}

TEST_CASE("option -d sends its values as a form, in their order") {
  Origin origin;
  TempDir dir;
  std::string file = dir.write("data", "c=3\r\n&d=4\n");
  std::string seen = echo(origin, {"-d", "a=1", "-d", "@" + file, "-d", "b=2"});
  CHECK_THAT(seen, ContainsSubstring(R"("method":"POST")"));
  CHECK_THAT(seen, ContainsSubstring(R"("body":"a=1&c=3&d=4&b=2")"));
  CHECK_THAT(seen, ContainsSubstring(R"(["content-type","application/x-www-form-urlencoded"])"));
  CHECK_THAT(echo(origin, {"--data-binary", "@" + file}),
             ContainsSubstring(R"("c=3\u000d\u000a&d=4\u000a")"));
  CHECK_THAT(echo(origin, {"--data-raw", "@x"}), ContainsSubstring(R"("body":"@x")"));
  CHECK_THAT(echo(origin, {"-X", "PUT", "-d", "x"}), ContainsSubstring(R"("method":"PUT")"));
}

TEST_CASE("option --json sends JSON") {
  Origin origin;
  std::string seen = echo(origin, {"--json", "{\"a\":", "--json", "1}"});
  CHECK_THAT(seen, ContainsSubstring(R"("body":"{\"a\":1}")"));
  CHECK_THAT(seen, ContainsSubstring(R"(["content-type","application/json"])"));
  CHECK_THAT(seen, ContainsSubstring(R"(["accept","application/json"])"));
}

TEST_CASE("a large body is sent whole, to every URL") {
  Origin origin;
  TempDir dir;
  std::string body(3'000'000, 'x');
  std::string file = dir.write("data", body);
  Finished done = fetchpool({"--data-binary", "@" + file, "-p", "2", origin.url("/echo?1"),
                             origin.url("/echo?2"), origin.url("/echo?3")})
                      .run();
  CHECK(done.status == 0);
  for (const Record& record : read_records(done.out))
    CHECK(record.body.value().find("\"" + body + "\"") != std::string::npos);
}

TEST_CASE("credentials, cookies and referers are sent to whom they are meant for only") {
  Origin origin;
  Origin other;
  std::vector<std::string> secret_options{"-u", "me:secret1",      "-b", "key=secret2",
                                          "-e", "http://secret3/", "-H", "X-Api-Key: secret4"};
  std::string seen = echo(origin, secret_options);
  CHECK_THAT(seen, ContainsSubstring(R"(["authorization","Basic bWU6c2VjcmV0MQ=="])"));
  CHECK_THAT(seen, ContainsSubstring(R"(["cookie","key=secret2"])"));
  CHECK_THAT(seen, ContainsSubstring(R"(["referer","http://secret3/"])"));
  CHECK_THAT(seen, ContainsSubstring("secret4"));
  CHECK_THAT(echo(origin, secret_options, "/redirect/1?to=/echo"), ContainsSubstring("secret4"));
  std::string away = echo(origin, secret_options, "/location?to=" + other.url("/echo"));
  CHECK(away.find("secret") == std::string::npos);
  CHECK(away.find("authorization") == std::string::npos);
  CHECK_THAT(echo(origin, {"--oauth2-bearer", "token5"}),
             ContainsSubstring(R"(["authorization","Bearer token5"])"));
}

TEST_CASE("a redirect that makes a GET of a POST leaves the body behind") {
  Origin origin;
  std::string seen =
      echo(origin, {"-d", "a=1", "-H", "Content-Type: text/x"}, "/redirect/1?code=303&to=/echo");
  CHECK_THAT(seen, ContainsSubstring(R"("method":"GET")"));
  CHECK(seen.find("content-type") == std::string::npos);
  CHECK(seen.find("a=1") == std::string::npos);
  seen = echo(origin, {"-d", "a=1"}, "/redirect/1?code=307&to=/echo");
  CHECK_THAT(seen, ContainsSubstring(R"("method":"POST")"));
  CHECK_THAT(seen, ContainsSubstring(R"("body":"a=1")"));
}

TEST_CASE("a POST is sent once, unless it never went out or the user asks for more") {
  Origin origin;
  Finished once = fetchpool({"-d", "x", "--retry", "2", origin.url("/close")}).run();
  CHECK(read_records(once.out).at(0).outcome == "empty_reply");
  CHECK(origin.counts("/close").requests == 1);
  fetchpool({"-d", "x", "--retry", "2", "--retry-non-idempotent", origin.url("/close")}).run();
  CHECK(origin.counts("/close").requests == 4);
}

// Every second one meets a kept connection that the server has closed meanwhile.
TEST_CASE("a POST on a connection that was closed meanwhile is not sent again") {
  Origin origin;
  std::string list;
  for (int i = 0; i < 20; ++i) list += origin.url("/silent-close?i=" + std::to_string(i)) + "\n";
  Finished done =
      fetchpool({"-d", "x", "-p", "1", "--per-host", "1", "--retry", "2"}).stdin_text(list).run();
  std::vector<Record> records = read_records(done.out);
  CHECK(records.size() == 20);
  for (const Record& record : records)
    if (!record.ok) CHECK((record.outcome == "empty_reply" || record.outcome == "reset"));
  for (int i = 0; i < 20; ++i)
    CHECK(origin.counts("/silent-close?i=" + std::to_string(i)).requests <= 1);
  CHECK(origin.counts("/silent-close").requests <= 20);
}

TEST_CASE("a POST whose worker dies is not sent again") {
  Origin origin;
  std::string url = origin.url("/slow?ms=20000");
  Running running = fetchpool({"-d", "x", "-p", "1", url}).start();
  origin.wait_for_requests("/slow", 1);
  for (const Process& process : running.processes())
    if (process.pid != running.pid()) kill(process.pid, SIGKILL);
  Finished done = running.wait();
  Record record = read_records(done.out).at(0);
  CHECK(record.outcome == "worker_crash");
  CHECK_THAT(record.error, ContainsSubstring("sent twice"));
  CHECK(origin.counts("/slow").requests == 1);
}

TEST_CASE("options say where to connect to") {
  Origin origin;
  std::string port = std::to_string(origin.port());
  std::string url = "http://nowhere.invalid:" + port + "/echo";
  for (const std::vector<std::string>& how :
       {std::vector<std::string>{"--resolve", "nowhere.invalid:" + port + ":127.0.0.1"},
        {"--connect-to", "nowhere.invalid:" + port + ":127.0.0.1:" + port},
        {"-x", origin.url("")}}) {
    CAPTURE(how);
    Finished done = fetchpool(how).args({"-4", "--interface", "lo"}).arg(url).run();
    REQUIRE(done.status == 0);
    CHECK_THAT(read_records(done.out).at(0).body.value(),
               ContainsSubstring("[\"host\",\"nowhere.invalid:" + port + "\"]"));
  }
  Record record =
      read_records(fetchpool({"-6", "--retry", "0", origin.url("/echo")}).run().out).at(0);
  CHECK(record.outcome == "dns");
  CHECK_THAT(record.error, ContainsSubstring("no address of the kind asked for"));
}

TEST_CASE("a proxy is used as asked, that of the environment only when asked") {
  Origin proxy;
  Origin origin;
  std::string seen = echo(proxy, {"-x", proxy.url("/"), "-U", "me:secret"});
  CHECK_THAT(seen, ContainsSubstring("[\"absolute-target\",\"http://"));
  CHECK_THAT(seen, ContainsSubstring(R"(["proxy-authorization","Basic bWU6c2VjcmV0"])"));
  auto with_environment = [&](const std::vector<std::string>& arguments) {
    return read_records(fetchpool(arguments)
                            .arg(origin.url("/echo"))
                            .env("http_proxy", proxy.url("/"))
                            .run()
                            .out)
        .at(0)
        .body.value();
  };
  CHECK_THAT(with_environment({"--proxy-env"}),
             ContainsSubstring("[\"absolute-target\",\"http://"));
  CHECK_THAT(with_environment({}), !ContainsSubstring("absolute-target"));
  CHECK_THAT(echo(origin, {"-x", proxy.url("/"), "--noproxy", "127.0.0.1"}),
             !ContainsSubstring("absolute-target"));
}

TEST_CASE("a proxy that refuses or is not there is a failed connection") {
  Origin proxy;
  Finished refused =
      fetchpool({"--retry", "0", "-x", proxy.url("/"), "https://localhost:1/"}).run();
  Record record = read_records(refused.out).at(0);
  CHECK(record.outcome == "connect");
  CHECK(refused.status == 4);
  Finished absent =
      fetchpool({"--retry", "0", "-x", "http://nowhere.invalid:1/", "http://localhost:1/"}).run();
  CHECK(read_records(absent.out).at(0).outcome == "connect");
}

TEST_CASE("option --cert shows a certificate to the server that asks, and to no other origin") {
  if (!Nginx::is_installed()) return;
  TestCa ca;
  Certificate server = ca.valid();
  Certificate client = ca.valid();
  NginxOptions options;
  options.certificate = server;
  options.errors_expected = true;
  options.server_lines = "  ssl_verify_client optional;\n  ssl_client_certificate " + ca.file() +
                         ";\n  location / { return 200 \"$ssl_client_verify\"; }\n";
  Nginx nginx(options);
  Origin origin;
  auto answer = [&](const std::vector<std::string>& arguments, const std::string& url) {
    Finished done = fetchpool(arguments).args({"--raw", "--cacert", ca.file(), url}).run();
    CHECK(done.status == 0);
    return done.out;
  };
  std::vector<std::string> with{"--cert", client.certificate, "--key", client.key};
  CHECK(answer({}, nginx.tls_url("/")) == "NONE");
  CHECK(answer(with, nginx.tls_url("/")) == "SUCCESS");
  CHECK(answer(with, origin.url("/location?to=" + nginx.tls_url("/"))) == "NONE");
  Finished missing = fetchpool({"--cert", "/nonexistent", nginx.tls_url("/")}).run();
  CHECK(missing.status == 2);
  CHECK_THAT(missing.err, ContainsSubstring("--cert"));
}

}  // namespace
}  // namespace fetchpool::test
