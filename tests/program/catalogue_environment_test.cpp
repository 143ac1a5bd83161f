// The catalogue of bad input: where the program is started.
#include <sys/resource.h>

#include "program/records.h"
#include "support/catch.h"
#include "support/network_namespace.h"
#include "support/origin.h"
#include "support/run_length.h"

namespace fetchpool::test {
namespace {

// Runs the program after some shell commands, in its own mount namespace.
Finished run_after(const std::string& commands, const std::vector<std::string>& arguments) {
  return Command("unshare")
      .args({"--mount", "sh", "-c", commands + " && exec \"$@\"", "sh", program_path("fetchpool")})
      .args(arguments)
      .run();
}

TEST_CASE("177: 200 MB of address space are enough") {
  // A sanitizer's own memory is terabytes.
  if (is_sanitized()) return;
  Origin origin;
  Finished done = fetchpool({"-p", "2", "--no-body", "--retry", "0", origin.url("/ok?size=3000000"),
                             "http://host.invalid/", origin.url("/gzip"), "http://a.invalid/"})
                      .limit(RLIMIT_AS, rlim_t{200} << 20)
                      .run();
  INFO(done.err);
  CHECK(done.status == 4);
  std::vector<Record> records = read_records(done.out);
  CHECK(count_of(records, "ok") == 2);
  CHECK(count_of(records, "dns") == 2);
}

TEST_CASE("182: a working directory that is gone is not needed") {
  Origin origin;
  Finished done = Command("sh")
                      .args({"-c", "cd \"$(mktemp -d)\" && rmdir \"$PWD\" && exec \"$@\"", "sh",
                             program_path("fetchpool"), origin.url("/ok"), origin.url("/gzip")})
                      .run();
  CHECK(done.status == 0);
  CHECK(count_of(read_records(done.out), "ok") == 2);
}

TEST_CASE("183: neither /proc nor /dev/shm is needed") {
  // The search for leaks needs /proc.
  if (is_sanitized() || !NetworkNamespace::is_possible()) return;
  Origin origin;
  // One body that is larger than memory for it.
  std::string hide;
  for (const char* directory : {"/dev/shm", "/proc"})
    hide +=
        std::string(hide.empty() ? "" : " && ") + "mount -t tmpfs -o ro,size=4k none " + directory;
  Finished done = run_after(hide, {"-p", "2", "--no-body", origin.url("/ok?size=3000000"),
                                   origin.url("/ok?size=10"), origin.url("/status/404")});
  INFO(done.err);
  CHECK(done.status == 8);
  CHECK(count_of(read_records(done.out), "ok") == 2);
}

TEST_CASE("184: without resolv.conf, and all else in /etc, numbers work and names are dns") {
  if (!NetworkNamespace::is_possible()) return;
  NetworkNamespace network;
  Origin origin;
  Finished done = run_after("mount -t tmpfs none /etc", {"--retry", "0", "http://host.invalid/",
                                                         origin.url("/ok"), "http://name.test/"});
  INFO(done.err);
  CHECK(done.status == 4);
  std::vector<Record> records = read_records(done.out);
  REQUIRE(records.size() == 3);
  CHECK(records[0].outcome == "dns");
  CHECK(records[1].outcome == "ok");
  CHECK(records[2].outcome == "dns");
}

TEST_CASE("186: the locale changes nothing") {
  Origin origin;
  auto output = [&](const std::string& locale) {
    Finished done = fetchpool({"--stable", "--include-headers", "--retry", "0", "-m", "1.5",
                               origin.url("/ok?size=1500000"),
                               "HTTP://B\xc3\x9c"
                               "CHER.invalid/I",
                               origin.url("/status/404"), origin.url("/header?line=I:%20%ff")})
                        .env("LC_ALL", locale)
                        .env("LANGUAGE", locale)
                        .run();
    CHECK(done.status == 4);
    return done.out;
  };
  std::string usual = output("C");
  CHECK(read_records(usual).size() == 4);
  // Those that are not installed are C for a program, but then some of these are.
  for (const char* locale : {"C.UTF-8", "en_US.UTF-8", "tr_TR.UTF-8", "de_DE.UTF-8", "nonsense"}) {
    INFO(locale);
    CHECK(output(locale) == usual);
  }
}

}  // namespace
}  // namespace fetchpool::test
