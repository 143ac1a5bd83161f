// What the name service said of a host.
#pragma once

#include <string>
#include <vector>

namespace fetchpool::engine {

struct NameAnswer {
  enum class Kind {
    found,
    not_found,       // there is no such name, or it has no address
    failed,          // the name service did not answer, or could not: the name may exist
    local_shortage,  // this machine has no descriptor, memory or thread for the question
  };
  Kind kind = Kind::failed;
  std::vector<std::string> addresses{};  // numeric, in the order in which they should be tried
  std::string error{};                   // one sentence, where nothing was found
};

}  // namespace fetchpool::engine
