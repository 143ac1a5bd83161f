// The exception being handled, for those who were not there.
#pragma once

#include <string>
#include <vector>

namespace fetchpool {

struct SeenException {
  std::string mangled_type;
  std::string what;  // empty where the type is no std::exception
};

// All of these are to be called while an exception is being handled.

// It and the exceptions nested in it, the outermost first; of a very long chain the beginning.
std::vector<SeenException> see_current_exception();
// "std::out_of_range: no such key".
std::string describe_current_exception();

// As written in C++: "std::out_of_range", "parse(int)".
std::string readable_type(const std::string& mangled);
std::string readable_symbol(const std::string& mangled);

}  // namespace fetchpool
