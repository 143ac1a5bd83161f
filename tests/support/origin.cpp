#include "support/origin.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "support/leak_check.h"
#include "support/raw_client.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

Running start_origin(const OriginOptions& options) {
  Command command("fetchpool_test_origin");
  for (const std::string& address : options.addresses) command.arg("--address").arg(address);
  if (options.certificate)
    command.arg("--tls").arg(options.certificate->certificate).arg(options.certificate->key);
  return command.dies_with_test().time_limit(1h).start();
}

int read_port(Running& process, const std::string& name) {
  std::optional<std::string> line = process.read_line();
  if (!line || !line->starts_with(name + " "))
    throw CommandError("the test origin did not start: " + process.wait().err);
  return std::atoi(line->c_str() + name.size() + 1);
}

// The line of `key` within the object `section` of the origin's counts.
Counts find_counts(const std::string& json, const std::string& section, std::string_view key) {
  Counts counts;
  std::size_t start = json.find("\"" + section + "\":{");
  std::string quoted = "\n\"";
  quoted += key;
  quoted += "\":{";
  std::size_t line = json.find(quoted, start);
  if (start == json.npos || line == json.npos || line > json.find("}}", start)) return counts;
  std::sscanf(json.c_str() + line + quoted.size(), "\"requests\":%ld,\"now\":%ld,\"most\":%ld",
              &counts.requests, &counts.now, &counts.most);
  return counts;
}

}  // namespace

Origin::Origin(const OriginOptions& options) : process_(start_origin(options)) {
  port_ = read_port(process_, "port");
  if (options.certificate) tls_port_ = read_port(process_, "tls-port");
}

Origin::~Origin() {
  try {
    Finished finished = process_.wait();
    if (!finished.ok())
      report_violation("the test origin ended with status " + std::to_string(finished.status) +
                       ": " + finished.err);
  } catch (const std::exception& error) {
    report_violation(error.what());
  }
}

std::string Origin::url(std::string_view target) const {
  return url("127.0.0.1", target);
}

std::string Origin::url(std::string_view address, std::string_view target) const {
  std::string url = "http://";
  url += address;
  url += ":" + std::to_string(port_);
  url += target;
  return url;
}

std::vector<std::string> Origin::urls(const std::string& target, int count) const {
  std::vector<std::string> urls;
  for (int i = 0; i < count; ++i) urls.push_back(url(target + "i=" + std::to_string(i)));
  return urls;
}

std::string Origin::tls_url(std::string_view target) const {
  std::string url = "https://localhost:" + std::to_string(tls_port_);
  url += target;
  return url;
}

void Origin::put(std::string_view path, std::string_view body) const {
  RawClient client(port_);
  std::string request = "STORE ";
  request += path;
  request += " HTTP/1.1\r\nConnection: close\r\nContent-Length: ";
  request += std::to_string(body.size()) + "\r\n\r\n";
  request += body;
  client.send(request);
  client.read_to_end();
}

void Origin::put_raw(std::string_view path, std::string_view response) const {
  put(std::string(path) + "?raw=1", response);
}

Counts Origin::counts(std::string_view path) const {
  return find_counts(raw_get(port_, "/counts"), "paths", path);
}

Counts Origin::counts_of_behaviour(std::string_view prefix) const {
  return find_counts(raw_get(port_, "/counts"), "prefixes", prefix);
}

Counts Origin::counts_of_host(std::string_view host) const {
  return find_counts(raw_get(port_, "/counts"), "hosts", host);
}

Counts Origin::connections() const {
  std::string json = body_of(raw_get(port_, "/counts"));
  Counts counts;
  std::sscanf(json.c_str(), "{\"connections\":{\"accepted\":%ld,\"now\":%ld,\"most\":%ld",
              &counts.requests, &counts.now, &counts.most);
  return counts;
}

long Origin::requests() const {
  std::string json = raw_get(port_, "/counts");
  long sum = 0;
  std::size_t at = json.find("\"prefixes\":{");
  std::size_t end = json.find("}}", at);
  constexpr std::string_view name = "\"requests\":";
  while ((at = json.find(name, at)) < end) {
    at += name.size();
    sum += std::atol(json.c_str() + at);
  }
  return sum;
}

std::vector<Arrival> Origin::log() const {
  std::vector<Arrival> arrivals;
  std::istringstream text(body_of(raw_get(port_, "/log")));
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    Arrival arrival;
    if (words >> arrival.milliseconds >> arrival.target >> arrival.method >> arrival.host)
      arrivals.push_back(arrival);
  }
  return arrivals;
}

void Origin::reset_counts() const {
  raw_get(port_, "/reset-counts");
}

namespace {

template <class Count>
void wait_for(const Count& had, long count, const std::string& what) {
  auto deadline = std::chrono::steady_clock::now() + 10s;
  while (had() < count) {
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error(what + " had not enough requests in time");
    std::this_thread::sleep_for(2ms);
  }
}

}  // namespace

void Origin::wait_for_requests(std::string_view path, long count) const {
  wait_for([&] { return counts(path).requests; }, count, std::string(path));
}

void Origin::wait_for_requests(long count) const {
  wait_for([this] { return requests(); }, count, "the origin");
}

}  // namespace fetchpool::test
