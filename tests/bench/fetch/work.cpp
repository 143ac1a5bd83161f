#include "fetch/work.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>

namespace fetchpool::bench {
namespace {

using test::Command;
using test::Finished;

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int kConnections = 64;

std::string wrong_count(const char* what, std::uint64_t is, std::uint64_t expected) {
  if (is == expected) return {};
  return std::to_string(is) + " " + what + " instead of " + std::to_string(expected);
}

Command python(const std::string& script) {
  return Command("/usr/bin/python3").arg(std::string(FETCHPOOL_BENCH_DIR "/fetch/") + script);
}

// The sum of the values of `"size_body":` over all records, and how many there are.
std::pair<std::uint64_t, std::uint64_t> sizes_in_records(const std::string& path) {
  constexpr std::string_view kKey = "\"size_body\":";
  std::ifstream file(path, std::ios::binary);
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  for (std::string line; std::getline(file, line); ++records) {
    std::size_t at = line.find(kKey);
    if (at != std::string::npos) bytes += std::stoull(line.substr(at + kKey.size(), 20));
  }
  return {records, bytes};
}

}  // namespace

Contenders::Contenders(Work work) : work_(std::move(work)), out_(dir_.file("out")) {}

std::string Contenders::url_list() {
  if (dir_.has("urls.txt")) return dir_.file("urls.txt");
  std::string list;
  for (const std::string& url : work_.urls) list += url + "\n";
  return dir_.write("urls.txt", list);
}

// All that a contender leaves is in `out_`, a file or a directory, and in files whose names begin
// like that; nobody is measured while the output of another is deleted.
Contender Contenders::contender(std::string name, Command command, Bodies bodies) {
  auto prepare = [this, bodies] {
    remove_outputs();
    if (bodies == Bodies::in_directory) fs::create_directory(out_);
    if (work_.requests) requests_before_ = work_.requests();
  };
  auto verify = [this, bodies](const Finished&) {
    std::string wrong = count_requests();
    if (wrong.empty() && bodies == Bodies::in_directory) wrong = count_files();
    return wrong;
  };
  return {std::move(name), command.time_limit(20min), prepare, verify, work_.urls.size()};
}

void Contenders::remove_outputs() const {
  std::vector<fs::path> outputs;
  for (const auto& entry : fs::directory_iterator(dir_.path()))
    if (entry.path().filename().string().starts_with("out")) outputs.push_back(entry.path());
  for (const fs::path& output : outputs) fs::remove_all(output);
}

std::string Contenders::count_requests() {
  if (!work_.requests) return {};
  return wrong_count("requests", work_.requests() - requests_before_, work_.urls.size());
}

std::string Contenders::count_files() const {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(out_)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    bytes += entry.file_size();
  }
  std::string wrong = wrong_count("files", files, work_.urls.size());
  return wrong.empty() ? wrong_count("bytes", bytes, work_.bytes) : wrong;
}

Contender Contenders::fetchpool(const std::string& name, const std::vector<std::string>& options) {
  Command command("fetchpool");
  command.args({"-q", "-i", url_list(), "-o", out_});
  if (!work_.default_options)
    command.args({"-p", "2", "-j", std::to_string(kConnections), "--per-host", "0"});
  if (!work_.ca_file.empty()) command.args({"--cacert", work_.ca_file});
  if (work_.http2) command.arg("--http2");
  if (!work_.compressed) command.arg("--no-compressed");
  command.args(options);
  Contender made = contender(name, command, Bodies::dropped);
  bool raw = std::find(options.begin(), options.end(), "--raw") != options.end();
  made.verify = [this, raw](const Finished&) {
    if (std::string wrong = count_requests(); !wrong.empty()) return wrong;
    if (raw) return wrong_count("bytes", fs::file_size(out_), work_.bytes);
    auto [records, bytes] = sizes_in_records(out_);
    std::string wrong = wrong_count("records", records, work_.urls.size());
    return wrong.empty() ? wrong_count("bytes", bytes, work_.bytes) : wrong;
  };
  return made;
}

Contender Contenders::fetchpool_directory(const std::string& name) {
  Contender made = fetchpool(name, {});
  Command command("fetchpool");
  command.args({"-q", "-i", url_list(), "-P", out_, "-p", "2", "-j", std::to_string(kConnections),
                "--per-host", "0", "--no-compressed"});
  made.command = command.time_limit(20min);
  made.verify = [this](const Finished&) {
    auto [records, bytes] = sizes_in_records(out_ + "/manifest.jsonl");
    std::string wrong = wrong_count("records", records, work_.urls.size());
    return wrong.empty() ? wrong_count("bytes", bytes, work_.bytes) : wrong;
  };
  return made;
}

// Of every page a request and a response record, and metadata.
Contender Contenders::fetchpool_archive(const std::string& name,
                                        const std::vector<std::string>& options) {
  std::vector<std::string> all = options;
  std::string archive = out_ + ".warc.gz";
  all.insert(all.end(), {"--no-body", "--warc", archive});
  Contender made = fetchpool(name, all);
  made.verify = [verify = made.verify, archive](const Finished& done) {
    std::string wrong = verify(done);
    if (wrong.empty() &&
        !Command("fetchpool").args({"check", archive}).time_limit(20min).run().ok())
      wrong = "the archive is damaged";
    return wrong;
  };
  return made;
}

std::string Contenders::curl_config(const std::string& name, std::size_t first, std::size_t step,
                                    Bodies bodies) {
  bool keeps = bodies == Bodies::in_directory;
  std::string config;
  for (std::size_t i = first; i < work_.urls.size(); i += step)
    config += "url = \"" + work_.urls[i] + "\"\noutput = \"" +
              (keeps ? out_ + "/" + std::to_string(i) : "/dev/null") + "\"\n";
  return dir_.write(name, config);
}

std::string Contenders::curl_command(int connections, const std::string& config) const {
  std::string command = "curl --no-progress-meter -Z";
  // With HTTP/2 it would open a connection for each transfer.
  if (!work_.http2) command += " --parallel-immediate";
  if (!work_.default_options) command += " --parallel-max " + std::to_string(connections);
  if (!work_.ca_file.empty()) command += " --cacert " + work_.ca_file;
  if (work_.compressed) command += " --compressed";
  return command + " -K " + config;
}

Contender Contenders::curl() {
  Command command("sh");
  command.args({"-c", curl_command(kConnections, curl_config("all.cfg", 0, 1, of_curl()))});
  return contender("curl -Z", command, of_curl());
}

Contender Contenders::curl_to_files() {
  std::string config = curl_config("files.cfg", 0, 1, Bodies::in_directory);
  Command command("sh");
  command.args({"-c", curl_command(kConnections, config)});
  return contender("curl -Z, bodies to files", command, Bodies::in_directory);
}

Contender Contenders::two_curls() {
  std::string first = curl_command(kConnections / 2, curl_config("first.cfg", 0, 2, of_curl()));
  std::string second = curl_command(kConnections / 2, curl_config("second.cfg", 1, 2, of_curl()));
  Command command("sh");
  command.args({"-c", first + " & other=$!; " + second + "; own=$?; wait $other && exit $own"});
  return contender("two curl -Z", command, of_curl());
}

Contender Contenders::wget2() {
  Command command("wget2");
  command.args({"-q", "--no-local-db", "--no-robots", "--no-config", "-P", out_, "-i", url_list()});
  if (!work_.default_options) command.arg("--max-threads=" + std::to_string(kConnections));
  if (!work_.ca_file.empty()) command.arg("--ca-certificate=" + work_.ca_file);
  command.arg(work_.compressed ? "--compression=gzip" : "--no-compression");
  return contender("wget2", command, Bodies::in_directory);
}

Contender Contenders::wget_archive() {
  Command command("wget");
  command.args({"-q", "--no-config", "--no-warc-keep-log", "--delete-after", "-P", out_,
                "--warc-file=" + out_, "-i", url_list()});
  return contender("wget --warc-file", command, Bodies::dropped);
}

Contender Contenders::aria2() {
  std::string list;
  for (std::size_t i = 0; i < work_.urls.size(); ++i)
    list += work_.urls[i] + "\n out=" + std::to_string(i) + ".html\n";
  Command command("aria2c");
  command.args({"--no-conf", "-q", "-i", dir_.write("aria.in", list), "-d", out_, "-x1", "-s1",
                "--file-allocation=none", "--auto-file-renaming=false", "--allow-overwrite=true",
                "--deferred-input=true", "--max-download-result=0", "--async-dns=false",
                "--auto-save-interval=0"});
  if (!work_.default_options) command.args({"-j", std::to_string(kConnections)});
  if (!work_.ca_file.empty()) command.arg("--ca-certificate=" + work_.ca_file);
  return contender("aria2c", command, Bodies::in_directory);
}

Contender Contenders::python_pool() {
  Command command = python("pool_requests.py").args({url_list(), out_, "2", work_.ca_file});
  return contender("Python Pool(2), requests", command, Bodies::in_directory);
}

Contender Contenders::aiohttp() {
  Command command =
      python("aiohttp_processes.py")
          .args({url_list(), out_, "2", std::to_string(kConnections / 2), work_.ca_file});
  return contender("aiohttp in two processes", command, Bodies::in_directory);
}

Contender Contenders::h2load() {
  Command command("h2load");
  command.args({"-c", work_.http2 ? "2" : std::to_string(kConnections), "-t", "2", "-n",
                std::to_string(work_.urls.size()), "-i", url_list()});
  if (work_.http2)
    command.args({"-m", std::to_string(kConnections / 2)});
  else
    command.arg("--h1");
  Contender made = contender("h2load, bodies dropped", command, Bodies::dropped);
  made.verify = [this](const Finished& done) {
    std::string all = std::to_string(work_.urls.size()) + " succeeded";
    return done.out.find(all) == std::string::npos ? "not all succeeded: " + done.out : "";
  };
  return made;
}

Contender Contenders::bare_loop() {
  Command command("bare_loop");
  command.args({url_list(), "2", std::to_string(kConnections / 2), work_.ca_file});
  Contender made = contender("bare libcurl loop in two processes", command, Bodies::dropped);
  made.verify = [this](const Finished& done) {
    return wrong_count("bytes", std::stoull("0" + done.out), work_.bytes);
  };
  return made;
}

}  // namespace fetchpool::bench
