// Measures fetchpool beside curl on one list: 20,000 HTML pages of 12 KB on average from nginx with
// one worker process, kept-alive connections, all on this machine. The programs run in turn, so
// that whatever else the machine does meets them all alike.
//
//   fetch_bench [ROUNDS]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "support/command.h"
#include "support/nginx.h"
#include "support/site.h"
#include "support/temp_dir.h"

using namespace fetchpool::test;

namespace {

constexpr std::size_t kPages = 20000;

struct Contender {
  std::string name;
  std::function<void()> run;
  std::function<void()> verify;
  std::vector<double> pages_per_second;

  double median() const {
    std::vector<double> sorted = pages_per_second;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
};

void must(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "fetch_bench: %s\n", what.c_str());
  std::exit(1);
}

std::size_t size_of(const std::string& path) {
  std::ifstream file(path, std::ios::ate | std::ios::binary);
  return static_cast<std::size_t>(file.tellg());
}

std::size_t lines_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(file), {}, '\n'));
}

std::string curl_config(const std::vector<std::string>& urls, std::size_t first, std::size_t step) {
  std::string config;
  for (std::size_t i = first; i < urls.size(); i += step)
    config += "url = \"" + urls[i] + "\"\noutput = \"/dev/null\"\n";
  return config;
}

}  // namespace

int main(int argc, char** argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  TempDir directory;
  Nginx nginx;
  Site site({.pages = kPages});
  site.write(nginx.root());
  std::size_t bytes = 0;
  for (std::size_t page = 0; page < kPages; ++page) bytes += site.text(page).size();
  std::string list = site.list(nginx.url(""));
  std::string urls = directory.write("urls.txt", list);
  std::vector<std::string> all;
  for (std::size_t at = 0; at < list.size(); at = list.find('\n', at) + 1)
    all.push_back(list.substr(at, list.find('\n', at) - at));
  std::string config = directory.write("all.cfg", curl_config(all, 0, 1));
  std::string first = directory.write("first.cfg", curl_config(all, 0, 2));
  std::string second = directory.write("second.cfg", curl_config(all, 1, 2));
  std::string out = directory.file("out");

  auto fetchpool = [&](std::vector<std::string> options) {
    Finished done =
        Command("fetchpool")
            .args({"-q", "-i", urls, "-o", out, "-p", "2", "-j", "64", "--per-host", "0"})
            .args(options)
            .time_limit(std::chrono::seconds(120))
            .run();
    must(done.ok(), "fetchpool failed: " + done.err);
  };
  auto shell = [&](const std::string& command) {
    Finished done = Command("sh").args({"-c", command}).time_limit(std::chrono::seconds(120)).run();
    must(done.ok(), command + " failed: " + done.err);
  };
  std::string curl = "curl --no-progress-meter -Z --parallel-immediate --parallel-max ";

  std::vector<Contender> contenders = {
      {"fetchpool, JSON lines to a file",
       [&] { fetchpool({}); },
       [&] { must(lines_of(out) == kPages, "records are missing"); },
       {}},
      {"fetchpool --raw to a file",
       [&] { fetchpool({"--raw"}); },
       [&] { must(size_of(out) == bytes, "bytes are missing"); },
       {}},
      {"curl -Z, bodies to /dev/null", [&] { shell(curl + "64 -K " + config); }, [] {}, {}},
      {"two curl -Z on half the list each",
       [&] { shell(curl + "32 -K " + first + " & " + curl + "32 -K " + second + " && wait $!"); },
       [] {},
       {}},
  };
  for (int round = 0; round < rounds; ++round)
    for (Contender& contender : contenders) {
      // Emptying the file of the run before is no part of fetching.
      std::remove(out.c_str());
      auto begin = std::chrono::steady_clock::now();
      contender.run();
      std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
      contender.pages_per_second.push_back(kPages / took.count());
      contender.verify();
    }

  double beside = contenders[2].median();
  std::printf("%zu pages, %.1f KB on average, %d rounds\n\n", kPages,
              static_cast<double>(bytes) / kPages / 1000, rounds);
  std::printf("| | pages/s, median | lowest to highest | beside curl -Z |\n|---|---|---|---|\n");
  for (const Contender& contender : contenders) {
    auto [low, high] =
        std::minmax_element(contender.pages_per_second.begin(), contender.pages_per_second.end());
    std::printf("| %s | %.0f | %.0f to %.0f | %.2f x |\n", contender.name.c_str(),
                contender.median(), *low, *high, contender.median() / beside);
  }
}
