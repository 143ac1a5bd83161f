// Measures fetchpool beside the programs it is used instead of, all on this machine.
//
//   fetch_bench [ROUNDS] [NAME]...
//
// Each name stands for one kind of work (see kContests); without one, all are done. nginx with one
// worker process serves the pages. The programs run in turn; what each brought is counted.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "fetch/contest.h"
#include "fetch/work.h"
#include "support/nginx.h"
#include "support/site.h"

namespace fetchpool::bench {
namespace {

using test::Command;
using test::Finished;

const std::string kCurl = "curl -Z";
const std::string kTwoCurls = "two curl -Z";
const std::string kJson = "fetchpool, JSON lines";
const std::string kRaw = "fetchpool --raw";
const std::string kDirectory = "fetchpool -P DIR";
const std::string kArchive = "fetchpool --no-body --warc FILE";

// How many requests nginx has answered, this question not counted.
class RequestCounter {
 public:
  explicit RequestCounter(const test::Nginx& nginx) : url_(nginx.url("/requests")) {}

  std::uint64_t operator()() {
    Finished status = Command("curl").args({"-s", url_}).run();
    // The third line: accepted and handled connections, requests.
    unsigned long long requests = 0;
    std::vector<std::string> lines = status.lines();
    if (!status.ok() || lines.size() < 3 ||
        std::sscanf(lines[2].c_str(), "%*u %*u %llu", &requests) != 1) {
      std::fprintf(stderr, "fetch_bench: nginx does not say what it has answered\n");
      std::exit(1);
    }
    return requests - ++asked_;
  }

 private:
  std::string url_;
  std::uint64_t asked_ = 0;
};

struct Pages {
  std::size_t count = 20000;
  std::size_t average_bytes = 12000;
  test::NginxOptions nginx = {};
  bool tls = false;
  bool compressed = false;  // before, not while it is asked for
};

// nginx with a site, and the work of fetching it.
class Origin {
 public:
  explicit Origin(Pages pages) : nginx_(with_certificate(pages)), requests_(nginx_) {
    test::Site site({.pages = pages.count, .average_bytes = pages.average_bytes});
    site.write(nginx_.root());
    if (pages.compressed) Command("gzip").args({"-r", "-k", nginx_.root()}).run();
    for (std::size_t page = 0; page < pages.count; ++page) {
      work_.bytes += site.text(page).size();
      work_.urls.push_back(pages.tls ? nginx_.tls_url(site.path(page))
                                     : nginx_.url(site.path(page)));
    }
    work_.requests = [this] { return requests_(); };
    if (pages.tls) work_.ca_file = ca_.file();
    work_.http2 = pages.nginx.http2;
    work_.compressed = pages.compressed;
    work_.keep_files = pages.average_bytes >= 1 << 20;
  }

  const Work& work() const { return work_; }

 private:
  test::NginxOptions with_certificate(const Pages& pages) {
    test::NginxOptions options = pages.nginx;
    options.server_lines += " location = /requests { stub_status; }";
    if (pages.compressed) options.server_lines += " gzip_static on;";
    if (pages.tls) options.certificate = ca_.valid();
    return options;
  }

  test::TestCa ca_;
  test::Nginx nginx_;
  RequestCounter requests_;
  Work work_;
};

void print_targets(const Contest& contest) {
  struct Target {
    std::string ours, beside;
    double ratio;
  };
  const std::vector<Target> targets = {
      {kRaw, "bare libcurl loop in two processes", 0.9},
      {kJson, "bare libcurl loop in two processes", 0.75},
      {kJson, kCurl, 1.5},
      {kJson, kTwoCurls, 1.0},
      {kRaw, kTwoCurls, 1.2},
      {kJson, "Python Pool(2), requests", 14},
      {kRaw, "h2load, bodies dropped", 0.55},
      // Those that leave the same on the disk.
      {kDirectory, "curl -Z, bodies to files", 1.0},
      {kArchive, "wget --warc-file", 1.0},
  };
  std::printf("\n| ours | beside | to reach | reached |\n|---|---|---|---|\n");
  for (const Target& target : targets) {
    double reached = contest.ratio(target.ours, target.beside);
    if (reached == 0) continue;  // one of the two was not there
    std::printf("| %s | %s | %.2f x | %.2f x |\n", target.ours.c_str(), target.beside.c_str(),
                target.ratio, reached);
  }
}

// The main job, with everything it can be done with.
void pages(int rounds) {
  Origin origin({});
  Contenders contenders(origin.work());
  Contest contest("20,000 pages of 12 KB, kept-alive connections");
  contest.add(contenders.fetchpool(kJson, {}));
  contest.add(contenders.fetchpool(kRaw, {"--raw"}));
  contest.add(contenders.fetchpool("fetchpool --no-body", {"--no-body"}));
  contest.add(contenders.fetchpool("fetchpool --unordered", {"--unordered"}));
  contest.add(contenders.fetchpool("fetchpool --hash xxh3", {"--hash", "xxh3"}));
  contest.add(contenders.fetchpool_directory(kDirectory));
  contest.add(contenders.fetchpool_archive(kArchive, {}));
  contest.add(contenders.fetchpool("fetchpool -p 1", {"-p", "1"}));
  contest.add(contenders.fetchpool("fetchpool -p 4", {"-p", "4"}));
  contest.add(contenders.curl());
  contest.add(contenders.curl_to_files());
  contest.add(contenders.two_curls());
  contest.add(contenders.wget2());
  contest.add(contenders.wget_archive());
  contest.add(contenders.aria2());
  contest.add(contenders.python_pool());
  contest.add(contenders.aiohttp());
  contest.add(contenders.h2load());
  contest.add(contenders.bare_loop());
  contest.run(rounds);
  contest.print(kCurl);
  print_targets(contest);
}

// Only those among which a ratio is to be reached, so that more rounds fit in the same time.
void ratios(int rounds) {
  Origin origin({});
  Contenders contenders(origin.work());
  Contest contest("20,000 pages of 12 KB, kept-alive connections");
  contest.add(contenders.fetchpool(kJson, {}));
  contest.add(contenders.fetchpool(kRaw, {"--raw"}));
  contest.add(contenders.curl());
  contest.add(contenders.two_curls());
  contest.add(contenders.h2load());
  contest.add(contenders.bare_loop());
  contest.run(rounds);
  contest.print(kCurl);
  print_targets(contest);
}

// Another kind of site, beside those peers that can fetch it.
void other_pages(const std::string& title, const Pages& kind, int rounds) {
  Origin origin(kind);
  Contenders contenders(origin.work());
  Contest contest(title);
  contest.add(contenders.fetchpool(kJson, {}));
  contest.add(contenders.fetchpool(kRaw, {"--raw"}));
  contest.add(contenders.curl());
  contest.add(contenders.two_curls());
  contest.add(contenders.wget2());
  if (!kind.nginx.http2) contest.add(contenders.aiohttp());
  contest.run(rounds);
  contest.print(kCurl);
}

void small(int rounds) {
  other_pages("20,000 pages of 200 bytes", {.average_bytes = 200}, rounds);
}

void large(int rounds) {
  other_pages("500 files of 1 MiB, kept by everybody", {.count = 500, .average_bytes = 1 << 20},
              rounds);
}

void tls(int rounds) {
  other_pages("20,000 pages of 12 KB, TLS, kept-alive connections", {.tls = true}, rounds);
}

void handshakes(int rounds) {
  Pages kind{.count = 2000, .tls = true};
  kind.nginx.server_lines = "keepalive_timeout 0;";
  other_pages("2,000 pages of 12 KB, TLS, a connection for each", kind, rounds);
}

void http2(int rounds) {
  Pages kind{.tls = true};
  kind.nginx.http2 = true;
  other_pages("20,000 pages of 12 KB, HTTP/2", kind, rounds);
}

void gzip(int rounds) {
  other_pages("20,000 pages of 12 KB, compressed with gzip", {.compressed = true}, rounds);
}

// Everybody with the number of connections he takes by himself.
void latency(int rounds) {
  test::Running origin = Command("latency_origin").time_limit(std::chrono::hours(1)).start();
  std::string port = origin.read_line().value();
  Work work;
  work.default_options = true;
  for (int page = 0; page < 10; ++page)
    for (int host = 1; host <= 200; ++host)
      work.urls.push_back("http://127.0.0." + std::to_string(host) + ":" + port + "/" +
                          std::to_string(page));
  work.bytes = work.urls.size() * 12000;
  Contenders contenders(work);
  Contest contest("2,000 pages from 200 hosts 5 to 300 ms away, default options");
  Contender ours = contenders.fetchpool(kJson, {});
  ours.verify = [verify = ours.verify, port](const Finished& done) {
    std::string most = Command("curl").args({"-s", "http://127.0.0.1:" + port + "/most"}).run().out;
    std::string wrong = verify(done);
    if (wrong.empty() && std::atoi(most.c_str()) > 6) wrong = most + " connections to one host";
    return wrong;
  };
  ours.prepare = [prepare = ours.prepare, port] {
    Command("curl").args({"-s", "http://127.0.0.1:" + port + "/most"}).run();
    prepare();
  };
  contest.add(ours);
  contest.add(contenders.curl());
  contest.add(contenders.wget2());
  contest.add(contenders.aria2());
  contest.run(rounds);
  contest.print(kCurl);
}

// The same list again and again, up to `count` URLs, a multiple of what it has.
Work repeated(Work work, std::size_t count) {
  std::size_t once = work.urls.size();
  work.bytes *= count / once;
  work.urls.reserve(count);
  while (work.urls.size() < count) work.urls.push_back(work.urls[work.urls.size() - once]);
  return work;
}

// What is the workers' to compute must go faster with more of them. Pages are large, and come
// compressed where that is not the workers' to do, so that the server has little to do beside them.
void cores(int rounds) {
  Origin plain({.count = 200, .average_bytes = 1 << 20});
  Origin coded({.count = 200, .average_bytes = 1 << 20, .compressed = true});
  Contenders contenders(plain.work());
  Contenders coded_contenders(repeated(coded.work(), 2000));
  Contest contest("pages of 1 MiB, in one and in two processes");
  for (const char* processes : {"1", "2"}) {
    std::string name = " -p " + std::string(processes);
    std::vector<std::string> options = {"-p", processes};
    contest.add(contenders.fetchpool_archive("--warc" + name, options));
    options.emplace_back("--no-body");
    contest.add(coded_contenders.fetchpool("gzip" + name, options));
    options.insert(options.end(), {"--hash", "sha256"});
    contest.add(coded_contenders.fetchpool("gzip, --hash sha256" + name, options));
  }
  contest.run(rounds);
  contest.print("gzip -p 1");
  std::printf("\n| work | two processes beside one |\n|---|---|\n");
  for (const std::string work : {"--warc", "gzip", "gzip, --hash sha256"})
    std::printf("| %s | %.2f x |\n", work.c_str(), contest.ratio(work + " -p 2", work + " -p 1"));
}

// The cost of a URL must not depend on how many others there are.
void million(int rounds) {
  Origin origin({.average_bytes = 200});
  Contenders few(origin.work());
  Contenders many(repeated(origin.work(), 1000000));
  Contest contest("pages of 200 bytes, records without bodies, from lists of different length");
  contest.add(few.fetchpool("20,000 URLs", {"--no-body"}));
  contest.add(many.fetchpool("1,000,000 URLs", {"--no-body"}));
  contest.run(rounds);
  contest.print("20,000 URLs");
}

// From the command to its end, for one page.
void start(int rounds) {
  Origin origin({.count = 1});
  Contenders contenders(origin.work());
  Contest contest("one page: pages/s are starts of the program");
  contest.add(contenders.fetchpool(kJson, {}));
  contest.add(contenders.curl());
  contest.run(rounds * 10);
  contest.print(kCurl);
}

struct NamedContest {
  std::string name;
  void (*run)(int rounds);
};

const std::vector<NamedContest> kContests = {
    {"pages", pages},     {"ratios", ratios},         {"small", small},     {"large", large},
    {"tls", tls},         {"handshakes", handshakes}, {"http2", http2},     {"gzip", gzip},
    {"latency", latency}, {"cores", cores},           {"million", million}, {"start", start},
};

int usage() {
  std::fprintf(stderr, "usage: fetch_bench [ROUNDS] [NAME]...\nnames:");
  for (const NamedContest& contest : kContests) std::fprintf(stderr, " %s", contest.name.c_str());
  std::fprintf(stderr, "\n");
  return 2;
}

int run(const std::vector<std::string>& arguments) {
  int rounds = 5;
  std::vector<NamedContest> chosen;
  for (const std::string& argument : arguments) {
    auto named = std::find_if(kContests.begin(), kContests.end(), [&](const NamedContest& contest) {
      return contest.name == argument;
    });
    if (named != kContests.end())
      chosen.push_back(*named);
    else if ((rounds = std::atoi(argument.c_str())) <= 0)
      return usage();
  }
  for (const NamedContest& contest : chosen.empty() ? kContests : chosen) contest.run(rounds);
  return 0;
}

}  // namespace
}  // namespace fetchpool::bench

int main(int argc, char** argv) {
  return fetchpool::bench::run({argv + 1, argv + argc});
}
