#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/option_list.h"
#include "cli/usage_error.h"
#include "support/catch.h"
#include "support/temp_dir.h"

using namespace fetchpool;
using namespace fetchpool::cli;
using namespace std::chrono_literals;

namespace {

using Words = std::vector<std::string>;

Arguments parse(const Words& words) {
  std::vector<const char*> argv{"fetchpool"};
  for (const auto& word : words) argv.push_back(word.c_str());
  return parse_arguments(static_cast<int>(argv.size()), argv.data());
}

std::string complaint(const Words& words) {
  try {
    parse(words);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("without options every default is in place", "[arguments]") {
  Arguments a = parse({});
  CHECK(a.action == Arguments::Action::fetch);
  CHECK(a.urls.empty());
  CHECK(a.input_files.empty());
  CHECK(a.output.empty());
  CHECK(a.fetch.processes == 0);
  CHECK(a.fetch.concurrency == 128);
  CHECK(a.fetch.per_host == 6);
  CHECK(a.fetch.retries == 2);
  CHECK(a.fetch.connect_timeout == 10s);
  CHECK(a.fetch.max_time == 60s);
  CHECK(a.fetch.max_body_bytes == 64U << 20);
  CHECK(a.fetch.max_redirects == 20);
  CHECK(a.fetch.compressed);
  CHECK(a.fetch.body == BodyForm::json_text);
  CHECK(a.order_window == 64U << 20);
  CHECK(a.order_spill == std::uint64_t{4} << 30);
  CHECK(a.progress == ProgressMode::automatic);
}

TEST_CASE("every option with a value sets its field", "[arguments]") {
  struct Case {
    Words words;
    bool (*holds)(const Arguments&);
  };
  const Case cases[] = {
      {{"-i", "a", "-i", "b"},
       [](auto& a) {
         return a.input_files == Words{"a", "b"};
       }},
      {{"--input-file=a", "-ib"},
       [](auto& a) {
         return a.input_files == Words{"a", "b"};
       }},
      {{"-i", "-"}, [](auto& a) { return a.input_files == Words{"-"}; }},
      {{"--base", "http://h/"}, [](auto& a) { return a.base == "http://h/"; }},
      {{"--default-scheme", "https"}, [](auto& a) { return a.default_scheme == "https"; }},
      {{"-o", "out"}, [](auto& a) { return a.output == "out"; }},
      {{"--output", "out"}, [](auto& a) { return a.output == "out"; }},
      {{"-o", "-"}, [](auto& a) { return a.output.empty(); }},
      {{"--order-window", "1M"}, [](auto& a) { return a.order_window == 1U << 20; }},
      {{"--order-spill", "0"}, [](auto& a) { return a.order_spill == 0; }},
      {{"-p", "3"}, [](auto& a) { return a.fetch.processes == 3; }},
      {{"--processes=3"}, [](auto& a) { return a.fetch.processes == 3; }},
      {{"-j", "7"}, [](auto& a) { return a.fetch.concurrency == 7; }},
      {{"-j7"}, [](auto& a) { return a.fetch.concurrency == 7; }},
      {{"--concurrency", "7"}, [](auto& a) { return a.fetch.concurrency == 7; }},
      {{"--max-concurrent-downloads=7"}, [](auto& a) { return a.fetch.concurrency == 7; }},
      {{"--parallel-max", "7"}, [](auto& a) { return a.fetch.concurrency == 7; }},
      {{"--per-host", "0"}, [](auto& a) { return a.fetch.per_host == 0; }},
      {{"--parallel-max-host", "9"}, [](auto& a) { return a.fetch.per_host == 9; }},
      {{"--wait", "2"}, [](auto& a) { return a.fetch.wait_per_host == 2s; }},
      {{"--rate", "30/m"}, [](auto& a) { return a.fetch.rate == 0.5; }},
      {{"--rate-per-host", "2/s"}, [](auto& a) { return a.fetch.rate_per_host == 2; }},
      {{"--limit-rate", "64K"}, [](auto& a) { return a.fetch.limit_rate == 65536; }},
      {{"--max-host-errors", "9"}, [](auto& a) { return a.fetch.max_host_errors == 9; }},
      {{"--retry-delay", "3"}, [](auto& a) { return a.fetch.retry_delay == 3s; }},
      {{"--retry-max-time", "3m"}, [](auto& a) { return a.fetch.retry_max_time == 3min; }},
      {{"--max-retry-after", "1h"}, [](auto& a) { return a.fetch.max_retry_after == 1h; }},
      {{"--retry-on", "418"}, [](auto& a) { return a.fetch.retry_on.at(0).last == 418; }},
      {{"--ok-status", "2xx,404"}, [](auto& a) { return a.fetch.ok_status.at(1).first == 404; }},
      {{"--retry", "0"}, [](auto& a) { return a.fetch.retries == 0; }},
      {{"--connect-timeout", "0.5"}, [](auto& a) { return a.fetch.connect_timeout == 500ms; }},
      {{"-m", "2m"}, [](auto& a) { return a.fetch.max_time == 2min; }},
      {{"--max-time", "750ms"}, [](auto& a) { return a.fetch.max_time == 750ms; }},
      {{"-Y", "1K"}, [](auto& a) { return a.fetch.speed_limit == 1024; }},
      {{"-y", "5"}, [](auto& a) { return a.fetch.speed_time == 5s && a.fetch.speed_limit == 1; }},
      {{"--speed-time", "5", "--speed-limit", "9"},
       [](auto& a) { return a.fetch.speed_time == 5s && a.fetch.speed_limit == 9; }},
      {{"--stop", "2m"}, [](auto& a) { return a.fetch.stop_after == 2min; }},
      {{"--max-total-bytes", "1G"}, [](auto& a) { return a.fetch.max_total_bytes == 1U << 30; }},
      {{"--max-failures", "3"}, [](auto& a) { return a.fetch.max_failures == 3; }},
      {{"--max-failures", "5%"}, [](auto& a) { return a.fetch.max_failures_percent == 5; }},
      {{"--max-header-size", "32K"}, [](auto& a) { return a.fetch.max_header_bytes == 32768; }},
      {{"--allow-userinfo"}, [](auto& a) { return a.fetch.allow_userinfo; }},
      {{"--max-filesize", "64K"}, [](auto& a) { return a.fetch.max_body_bytes == 65536; }},
      {{"--max-redirs", "0"}, [](auto& a) { return a.fetch.max_redirects == 0; }},
      {{"-A", "me"}, [](auto& a) { return a.fetch.user_agent == "me"; }},
      {{"--user-agent="}, [](auto& a) { return a.fetch.user_agent.empty(); }},
      {{"--cacert", "ca.pem"}, [](auto& a) { return a.fetch.ca_file == "ca.pem"; }},
      {{"--progress", "plain"}, [](auto& a) { return a.progress == ProgressMode::plain; }},
      {{"--progress", "none"}, [](auto& a) { return a.progress == ProgressMode::none; }},
  };
  for (const Case& c : cases) {
    CAPTURE(c.words);
    CHECK(c.holds(parse(c.words)));
  }
}

TEST_CASE("every flag sets its field", "[arguments]") {
  struct Case {
    Words words;
    bool (*holds)(const Arguments&);
  };
  const Case cases[] = {
      {{"--raw"}, [](auto& a) { return a.raw && a.fetch.body == BodyForm::raw; }},
      {{"--no-body"}, [](auto& a) { return a.no_body && a.fetch.body == BodyForm::none; }},
      {{"--include-headers"},
       [](auto& a) { return a.include_headers && a.fetch.response_headers; }},
      {{"--stable"}, [](auto& a) { return a.stable; }},
      {{"--unordered"}, [](auto& a) { return a.unordered; }},
      {{"--random-wait", "--wait", "1"}, [](auto& a) { return a.fetch.random_wait; }},
      {{"-L"}, [](auto& a) { return a.fetch.max_redirects == 20; }},
      {{"--retry-all-errors"}, [](auto& a) { return a.fetch.retry_all_errors; }},
      {{"--retry-connrefused"}, [](auto& a) { return a.fetch.retry_connrefused; }},
      {{"-k"}, [](auto& a) { return a.fetch.insecure; }},
      {{"--insecure"}, [](auto& a) { return a.fetch.insecure; }},
      {{"--no-compressed"}, [](auto& a) { return !a.fetch.compressed; }},
      {{"--compressed"}, [](auto& a) { return a.fetch.compressed; }},
      {{"--no-compressed", "--compressed"}, [](auto& a) { return a.fetch.compressed; }},
      {{"--compressed", "--no-compressed"}, [](auto& a) { return !a.fetch.compressed; }},
      {{"--public-only"}, [](auto& a) { return a.fetch.public_only; }},
      {{"--allow-private-redirects"}, [](auto& a) { return a.fetch.allow_private_redirects; }},
      {{"--allow-downgrade"}, [](auto& a) { return a.fetch.allow_downgrade; }},
      {{"--location-trusted"}, [](auto& a) { return a.fetch.location_trusted; }},
      {{"--exit-zero"}, [](auto& a) { return a.exit_zero; }},
      {{"-q"}, [](auto& a) { return a.quiet; }},
      {{"--quiet"}, [](auto& a) { return a.quiet; }},
      {{"-v"}, [](auto& a) { return a.verbosity == 1; }},
      {{"-vv"}, [](auto& a) { return a.verbosity == 2; }},
      {{"-v", "--verbose", "-v"}, [](auto& a) { return a.verbosity == 3; }},
      {{"-V"}, [](auto& a) { return a.action == Arguments::Action::show_version; }},
      {{"--version"}, [](auto& a) { return a.action == Arguments::Action::show_version; }},
      {{"-h"}, [](auto& a) { return a.action == Arguments::Action::show_help; }},
      {{"--help"}, [](auto& a) { return a.action == Arguments::Action::show_help; }},
  };
  for (const Case& c : cases) {
    CAPTURE(c.words);
    CHECK(c.holds(parse(c.words)));
  }
}

TEST_CASE("a single-value option given twice takes the last value", "[arguments]") {
  CHECK(parse({"-j", "3", "--concurrency", "5"}).fetch.concurrency == 5);
  CHECK(parse({"-o", "a", "-o", "b"}).output == "b");
  CHECK((parse({"--http2", "--http1.1"}).fetch.http_version == HttpVersion::http1_1));
  CHECK((parse({"--http1.1", "--http2"}).fetch.http_version == HttpVersion::http2));
  CHECK((parse({"-6", "-4"}).fetch.ip_version == IpVersion::v4));
  CHECK((parse({"-4", "-6", "--ipv6"}).fetch.ip_version == IpVersion::v6));
}

TEST_CASE("a bad earlier value of an option given twice does not matter", "[arguments]") {
  CHECK(parse({"-j", "abc", "-j", "5"}).fetch.concurrency == 5);
}

TEST_CASE("URLs keep their order and their bytes among options", "[arguments]") {
  Arguments a =
      parse({"http://a/", "-j", "2", "[x,y]", "-H", "A: b", "{}", "", "--", "-z", "--raw"});
  CHECK(a.urls == Words{"http://a/", "[x,y]", "{}", "", "-z", "--raw"});
  CHECK_FALSE(a.raw);
}

TEST_CASE("headers add up in their order", "[arguments]") {
  Arguments a = parse({"-H", "A: 1", "--header=B:", "-HC: [x,y]"});
  CHECK(a.fetch.headers == std::vector<HeaderLine>{{"A", "1"}, {"B", ""}, {"C", "[x,y]"}});
}

TEST_CASE("a bad value is refused with the option, the value and the range", "[arguments]") {
  struct Case {
    Words words;
    std::string part;
  };
  const std::string count = "\" is not a whole number from 1 to 65535";
  const std::string time = "\" is not a time from 1ms to 168h";
  const std::string size = "\" is not a size from 0 to 1024T";
  const Case cases[] = {
      {{"-j", "0"}, "--concurrency: \"0" + count},
      {{"-j", "-1"}, "--concurrency: \"-1" + count},
      {{"-j", "1000000000"}, "--concurrency: \"1000000000" + count},
      {{"-j", "65536"}, "--concurrency: \"65536" + count},
      {{"-j", "99999999999999999999"}, count},
      {{"-j", "1e9"}, "--concurrency: \"1e9" + count},
      {{"-j", "abc"}, "--concurrency: \"abc" + count},
      {{"-j", ""}, "--concurrency: \"" + count},
      {{"--concurrency="}, "--concurrency: \"" + count},
      {{"-j", " 5"}, count},
      {{"-j", "5 "}, count},
      {{"-j", "+5"}, count},
      {{"-j", "0x10"}, count},
      {{"-p", "0"}, "--processes: \"0\" is not a whole number from 1 to 1024"},
      {{"--per-host", "-1"}, "--per-host: \"-1\" is not a whole number from 0 to 65536"},
      {{"--retry", "1001"}, "--retry: \"1001\" is not a whole number from 0 to 1000"},
      {{"--max-redirs", "-1"}, "--max-redirs: \"-1\" is not a whole number from 0 to 1000"},
      {{"-m", "0"}, "--max-time: \"0" + time},
      {{"-m", "-1"}, "--max-time: \"-1" + time},
      {{"-m", "1e400"}, "--max-time: \"1e400" + time},
      {{"-m", "5x"}, "--max-time: \"5x" + time},
      {{"-m", "5 s"}, "--max-time: \"5 s" + time},
      {{"-m", "inf"}, time},
      {{"-m", "nan"}, time},
      {{"-m", "169h"}, time},
      {{"-m", ""}, time},
      {{"--connect-timeout", "0.0001"}, "--connect-timeout: \"0.0001" + time},
      {{"--max-filesize", "9000000000000000000"}, "--max-filesize: \"9000000000000000000" + size},
      {{"--max-filesize", "18446744073709551616"}, size},
      {{"--max-filesize", "18014398509481984K"}, size},
      {{"--max-filesize", "1.5M"}, size},
      {{"--max-filesize", "1MB"}, size},
      {{"--max-filesize", "-1"}, size},
      {{"--max-header-size", "0"}, "--max-header-size: \"0\" is not from 1 to 256K"},
      {{"--max-header-size", "1M"}, "--max-header-size: \"1M\" is not from 1 to 256K"},
      {{"--max-header-size", "x"}, "--max-header-size: \"x" + size},
      {{"--max-failures", "101%"}, "--max-failures: \"101\" is not a whole number from 1 to 100"},
      {{"--max-failures", "%"}, "--max-failures: \"\" is not a whole number"},
      {{"--max-failures", "-1"}, "--max-failures: \"-1\" is not a whole number"},
      {{"--random-wait"}, "--random-wait is of use with --wait"},
      {{"--order-window", "x"}, "--order-window: \"x" + size},
      {{"--order-spill", ""}, "--order-spill: \"" + size},
      {{"--progress", "bar"}, "--progress: \"bar\" is not one of auto, plain, none"},
      {{"--default-scheme", "ftp"}, "--default-scheme: \"ftp\" is not one of http, https"},
      {{"-i", ""}, "--input-file: the name of the list is empty"},
      {{"-o", ""}, "--output: the name of the file is empty"},
      {{"--cacert", ""}, "--cacert: the name of the file is empty"},
      {{"-A", "a\r\nB: c"}, "--user-agent: line ends are not allowed"},
      {{"-H", "X: a\r\nY: b"}, "--header: line ends and NUL bytes are not allowed"},
      {{"-j"}, "--concurrency needs a value"},
      {{"-i"}, "--input-file needs a value"},
      {{"--raw=1"}, "--raw takes no value"},
      {{"--raw", "--no-body"}, "exclude each other"},
      {{"--base", "http://h/", "--default-scheme", "http"}, "exclude each other"},
      {{"-"}, "-i - reads the list from standard input"},
      {{"-j", "\x1b[31m"}, "\"\\x1b[31m\""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.words);
    CHECK_THAT(complaint(c.words), ContainsSubstring(c.part));
  }
}

TEST_CASE("an unknown option is named with the nearest one", "[arguments]") {
  CHECK_THAT(complaint({"--proceses", "2"}),
             ContainsSubstring("--proceses; did you mean --processes?"));
  CHECK_THAT(complaint({"--conc=2"}), ContainsSubstring("--conc; did you mean --concurrency?"));
  CHECK_THAT(complaint({"--xyzzy"}), ContainsSubstring("--xyzzy; --help lists all options"));
  CHECK_THAT(complaint({"-Z"}), ContainsSubstring("-Z; --help lists all options"));
}

TEST_CASE("no message repeats the value of a header", "[arguments]") {
  for (const char* header : {"Authorization Bearer s3cret", "Authorization; s3cret",
                             "Authorization: s3cret\r\nX: y", ": s3cret"})
    CHECK_THAT(complaint({"-H", header}), !ContainsSubstring("s3cret"));
}

TEST_CASE("the help has a line for every option and fits a terminal", "[arguments]") {
  std::string help = help_text();
  CLI::App app;
  Arguments unused;
  define_options(app, unused);
  std::size_t count = 0;
  for (const CLI::App* group : option_groups(app)) {
    for (const CLI::Option* option : group->get_options()) {
      ++count;
      std::string name = "--" + option->get_lnames().front();
      CAPTURE(name);
      CHECK_FALSE(option->get_description().empty());
      CHECK_THAT(help, ContainsSubstring(name));
      // Apart from the names, however long these are.
      CHECK_THAT(help, ContainsSubstring(" " + option->get_description() + "\n"));
    }
  }
  CHECK(count > 90);
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 100);
}

TEST_CASE("the defaults in the help are the defaults", "[arguments]") {
  std::string help = help_text();
  Arguments a = parse({});
  for (int value : {a.fetch.concurrency, a.fetch.per_host, a.fetch.retries, a.fetch.max_redirects})
    CHECK_THAT(help, ContainsSubstring("(" + std::to_string(value) + ")\n"));
  for (auto time : {a.fetch.connect_timeout, a.fetch.max_time})
    CHECK_THAT(help, ContainsSubstring("(" + std::to_string(time / 1s) + "s)\n"));
  CHECK_THAT(help, ContainsSubstring("(" + std::to_string(a.fetch.max_body_bytes >> 20) + "M)\n"));
  CHECK_THAT(help, ContainsSubstring("(" + std::to_string(a.order_window >> 20) + "M)\n"));
  CHECK_THAT(help, ContainsSubstring("(" + std::to_string(a.order_spill >> 30) + "G)\n"));
}

TEST_CASE("a configuration file holds options, and the command line has the last word",
          "[arguments]") {
  test::TempDir dir;
  std::string file =
      dir.write("config",
                "# mine\nretry = 7\n-j 9\nuser-agent \"a b\"\nraw\n"
                "header = \"X-One: 1\"\nurl = http://from-config/\nreferer = \"\"\n");
  Arguments a = parse({"-K", file, "--retry", "3", "-H", "X-Two: 2", "http://a/"});
  CHECK(a.fetch.retries == 3);
  CHECK(a.fetch.concurrency == 9);
  CHECK(a.fetch.user_agent == "a b");
  CHECK(a.raw);
  CHECK(a.fetch.headers == std::vector<HeaderLine>{{"X-One", "1"}, {"X-Two", "2"}});
  CHECK(a.urls == Words{"http://from-config/", "http://a/"});
  CHECK(parse({"--retry", "3", "--config=" + file}).fetch.retries == 3);
  CHECK(parse({"-vK" + file}).verbosity == 1);
}

TEST_CASE("what is wrong in a configuration file is said with its line", "[arguments]") {
  test::TempDir dir;
  std::string file = dir.file("config");
  auto says = [&](const std::string& text) {
    dir.write("config", text);
    return complaint({"-K", file});
  };
  CHECK(says("retry = 1\nretri = 2\n") ==
        file + ":2: unknown option --retri; did you mean --retry?");
  CHECK(says("config = x") == file + ":1: a configuration cannot name another one");
  CHECK(says("raw = yes") == "--raw takes no value");
  CHECK(says("retry = secret") != "accepted");
  CHECK_THAT(complaint({"-K", "/nonexistent"}), ContainsSubstring("--config: cannot read"));
}

TEST_CASE("request options exclude each other where both cannot be had", "[arguments]") {
  CHECK_THAT(complaint({"-I", "-d", "x"}), ContainsSubstring("--head and --data"));
  CHECK_THAT(complaint({"-d", "x", "--json", "y"}), ContainsSubstring("--data and --json"));
  CHECK_THAT(complaint({"-x", "http://p/", "--proxy-env"}), ContainsSubstring("--proxy-env"));
  CHECK_THAT(complaint({"-x", "http://p/", "--public-only"}), ContainsSubstring("--proxy: behind"));
  CHECK_THAT(complaint({"--proxy-env", "--public-only"}), ContainsSubstring("--proxy-env exclude"));
  CHECK_THAT(complaint({"-u", "a:b", "--oauth2-bearer", "c"}),
             ContainsSubstring("--oauth2-bearer"));
  CHECK_THAT(complaint({"--key", "file"}), ContainsSubstring("--cert"));
  CHECK_THAT(complaint({"-x", "http://h:65536"}), ContainsSubstring("--proxy"));
  CHECK_THAT(complaint({"--resolve", "h:80:name"}), ContainsSubstring("--resolve"));
  CHECK_THAT(complaint({"-X", "A B"}), ContainsSubstring("--request"));
  CHECK_THAT(complaint({"--resolve", "x"}), ContainsSubstring("--resolve"));
  CHECK_THAT(complaint({"--connect-to", "x"}), ContainsSubstring("--connect-to"));
  CHECK(parse({"-b", "a=1", "--oauth2-bearer", "t", "-4", "--http2"}).fetch.cookie == "a=1");
}
