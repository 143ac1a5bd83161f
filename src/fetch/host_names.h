// The addresses of hosts, for transfers that wait for them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fetch/late_failures.h"
#include "fetch/name_cache.h"
#include "fetch/resolver.h"

namespace fetchpool::engine {

class Transfer;

// The host of a URL as engine::Url writes them, and its port; nothing where it is an address, or a
// name that stands for this machine itself (RFC 6761 section 6.3): those need nobody's answer.
struct NamedHost {
  std::string name;
  int port = 0;
};
std::optional<NamedHost> named_host(std::string_view url);

// Knows names, or has them looked up: each at most once at a time, however many transfers wait for
// it.
//
// An answer that takes longer than kPatience is not waited for on the spot: others have use for the
// place. Whoever wanted it comes back later.
class HostNames {
 public:
  static constexpr auto kPatience = std::chrono::milliseconds(500);

  // The answer, valid until the next call of anything here; or null: the transfer waits, and will
  // be among those that take_answered() returns. A transfer that was postponed before is told of a
  // look-up that has failed since then; any other has it tried anew.
  const NameAnswer* find(const std::string& name, Transfer& transfer, TimePoint now);
  // Whether the name, which was asked for, is one that takes long: since its own question was put,
  // or because the name service has said nothing for so long.
  bool is_slow(const std::string& name, TimePoint now) const;
  // The transfer waits for it elsewhere: the question stands.
  void postpone(const std::string& name, const Transfer& transfer);
  // The transfer does not need it any more.
  void leave(const std::string& name, const Transfer& transfer);
  bool was_told(const std::string& name, int port, TimePoint now) {
    return cache_.was_told(name, port, now);
  }
  // The addresses did not work.
  void forget(const std::string& name) { cache_.forget(name); }

  struct Answered {
    Transfer* transfer;
    NameAnswer answer;
  };
  // The transfers whose waiting is over.
  std::vector<Answered> take_answered(TimePoint now);
  // Readable when there are some.
  int poll_fd() const { return resolver_.poll_fd(); }

 private:
  NameCache cache_;
  LateFailures late_failures_;
  Resolver resolver_;
  struct Question {
    TimePoint asked;
    std::vector<Transfer*> waiting;
    bool is_postponed = false;  // by somebody who will come back
  };
  // By name: those that were asked and not answered.
  std::unordered_map<std::string, Question> questions_;
  TimePoint silent_since_{};  // while there are questions: the last answer, or the first question
};

}  // namespace fetchpool::engine
