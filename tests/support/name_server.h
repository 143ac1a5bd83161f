// A name server of the test's own.
#pragma once

#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "support/command.h"

namespace fetchpool::test {

// Answers on 127.0.0.1:53 while it exists, which takes a NetworkNamespace. What it knows is said as
// to support/name_server/main.cpp: "a.test=10.0.0.1,10.0.0.2", "b.test=fails".
class NameServer {
 public:
  explicit NameServer(const std::vector<std::string>& names);
  ~NameServer();
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;

 private:
  Running process_;
};

// One that takes all questions and answers none.
class SilentNameServer {
 public:
  SilentNameServer();

 private:
  UniqueFd socket_;
};

}  // namespace fetchpool::test
