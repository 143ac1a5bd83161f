// Host names looked up beside everything else.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fetch/name_answer.h"

namespace fetchpool::engine {

// Asks the system (getaddrinfo) in threads of its own, which exist only while there are questions;
// never more than kMostThreads, so that a name service that is silent costs no more than these.
// Whoever uses it is one thread.
class Resolver {
 public:
  static constexpr int kMostThreads = 16;

  // Throws SystemError where there is no descriptor.
  Resolver();
  // Does not wait: questions that were begun end by themselves, and nobody hears the answers.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  void ask(const std::string& name);
  // Takes the question back, if it was not begun.
  bool withdraw(const std::string& name);
  // The answers since the last call, with their names.
  std::vector<std::pair<std::string, NameAnswer>> take_answers();
  // Readable while there are answers to be taken.
  int poll_fd() const;

 private:
  struct Desk;
  std::shared_ptr<Desk> desk_;
};

// Asks and waits for the answer.
NameAnswer look_up(const std::string& name);

}  // namespace fetchpool::engine
