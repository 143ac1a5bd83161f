// Where the bytes of a body go.
#pragma once

#include <string_view>

namespace fetchpool::body {

// Takes the bytes of one body, in order. `block` need not outlive the call. What write() throws
// ends the body and comes out of whoever wrote.
class Output {
 public:
  virtual ~Output() = default;
  virtual void write(std::string_view block) = 0;
};

}  // namespace fetchpool::body
