// The misbehaving origin of support/origin/ as a fixture; its behaviours are listed there.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/command.h"
#include "support/origin_body.h"
#include "support/test_ca.h"

namespace fetchpool::test {

struct OriginOptions {
  // All on the same port: as many hosts as there are addresses.
  std::vector<std::string> addresses = {"127.0.0.1"};
  // Serves TLS as well where given.
  std::optional<Certificate> certificate;
};

// Requests so far, being answered now, and the most that were being answered at one time.
struct Counts {
  long requests = 0;
  long now = 0;
  long most = 0;
};

struct Arrival {
  // Since the origin's start, or since `reset_counts()`.
  double milliseconds = 0;
  // With its query.
  std::string target;
  std::string method;
  // The Host header.
  std::string host;
};

// A process of its own that ends with this. Its own questions (counts, log) are never counted.
class Origin {
 public:
  explicit Origin(const OriginOptions& options = {});
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;
  ~Origin();

  int port() const { return port_; }
  int tls_port() const { return tls_port_; }
  pid_t pid() const { return process_.pid(); }
  // "http://127.0.0.1:PORT" + target.
  std::string url(std::string_view target) const;
  std::string url(std::string_view address, std::string_view target) const;
  // So many of them that differ: target + "i=0", target + "i=1"...
  std::vector<std::string> urls(const std::string& target, int count) const;
  // "https://localhost:PORT" + target.
  std::string tls_url(std::string_view target) const;

  // From now on a GET of `path` answers 200 with `body`, or with exactly these bytes.
  void put(std::string_view path, std::string_view body) const;
  void put_raw(std::string_view path, std::string_view response) const;

  // The requests for exactly this path, whatever their query.
  Counts counts(std::string_view path) const;
  // Those for a behaviour: "/slow" counts "/slow/1?ms=5" too.
  Counts counts_of_behaviour(std::string_view prefix) const;
  // Those with this Host header.
  Counts counts_of_host(std::string_view host) const;
  // Connections: accepted, open now, and the most open at one time.
  Counts connections() const;
  // The sum over all paths.
  long requests() const;
  // In the order of arrival.
  std::vector<Arrival> log() const;
  void reset_counts() const;

  // Waits until `path`, or all paths together, had so many requests; throws after 10 s.
  void wait_for_requests(std::string_view path, long count) const;
  void wait_for_requests(long count) const;

 private:
  Running process_;
  int port_ = 0;
  int tls_port_ = 0;
};

}  // namespace fetchpool::test
