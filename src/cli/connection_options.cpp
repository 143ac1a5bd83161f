#include <string>

#include "cli/arguments.h"
#include "cli/option_group.h"
#include "cli/option_list.h"
#include "cli/outside_value.h"
#include "cli/usage_error.h"

namespace fetchpool::cli {
namespace {

void define_proxy(OptionGroup& group, Arguments& a) {
  group.value("-x,--proxy", "URL", "go through this proxy (none; the environment does not count)",
              [&a](const std::string& word) {
                a.fetch.proxy = word;
                check_option("--proxy", a.fetch);
              });
  group.value("-U,--proxy-user", "USER", "NAME:PASSWORD for the proxy, or @FILE, @env:VARIABLE",
              [&a](const std::string& word) {
                take_secret(a, "--proxy-user", word, [](Arguments& all, const std::string& found) {
                  all.fetch.proxy_user = without_line_end(found);
                  check_option("--proxy-user", all.fetch);
                });
              });
  group.value("--noproxy", "HOSTS", "reach these hosts without it, as in \"a.org,.b.org\"",
              [&a](const std::string& word) {
                a.fetch.no_proxy = word;
                check_option("--noproxy", a.fetch);
              });
  group.flag("--proxy-env", "use the proxies of the environment (http_proxy, no_proxy ...)",
             [&a] { a.fetch.proxy_environment = true; });
}

void define_tls(OptionGroup& group, Arguments& a) {
  group.flag("-k,--insecure", "accept any TLS certificate", [&a] { a.fetch.insecure = true; });
  group.value(
      "--cacert", "FILE", "trust the certificates in FILE (those of the system)",
      [&a](const std::string& word) { a.fetch.ca_file = not_empty("--cacert", word, "the file"); });
  group.value("-E,--cert", "FILE", "show the certificate in FILE to servers that ask",
              [&a](const std::string& word) {
                a.fetch.certificate_file = not_empty("--cert", word, "the file");
              });
  group.value("--key", "FILE", "its key (in the same file)", [&a](const std::string& word) {
    a.fetch.key_file = not_empty("--key", word, "the file");
  });
  group.value("--pass", "TEXT", "the password of the key, or @FILE, @env:VARIABLE",
              [&a](const std::string& word) {
                take_secret(a, "--pass", word, [](Arguments& all, const std::string& found) {
                  all.fetch.key_password = without_line_end(found);
                });
              });
}

}  // namespace

void define_connection(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "The connections");
  group.flag("--http1.1", "speak HTTP/1.1 only",
             [&a] { a.fetch.http_version = HttpVersion::http1_1; });
  group.flag("--http2", "speak HTTP/2 where a TLS server does, even with libcurl before 8.0",
             [&a] { a.fetch.http_version = HttpVersion::http2; });
  group.flag("-4,--ipv4", "use IPv4 addresses only", [&a] { a.fetch.ip_version = IpVersion::v4; });
  group.flag("-6,--ipv6", "use IPv6 addresses only", [&a] { a.fetch.ip_version = IpVersion::v6; });
  group.values("--resolve", "ENTRY", "HOST:PORT:ADDRESS[,ADDRESS]: do not look the name up",
               [&a](const OptionGroup::Words& words) {
                 a.fetch.resolve = words;
                 check_option("--resolve", a.fetch);
               });
  group.values("--connect-to", "ENTRY", "HOST1:PORT1:HOST2:PORT2: connect to the second instead",
               [&a](const OptionGroup::Words& words) {
                 a.fetch.connect_to = words;
                 check_option("--connect-to", a.fetch);
               });
  group.value("--interface", "NAME", "the network interface or local address to use",
              [&a](const std::string& word) {
                a.fetch.interface = not_empty("--interface", word, "the interface");
                check_option("--interface", a.fetch);
              });
  define_proxy(group, a);
  define_tls(group, a);
}

}  // namespace fetchpool::cli
