#include "base/current_exception.h"

#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <typeinfo>

namespace fetchpool {
namespace {

// Of a longer chain the rest is left out.
constexpr int kDeepestNesting = 32;

const char* current_type() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  return type ? type->name() : "";
}

void see_current(std::vector<SeenException>& chain) {
  chain.push_back({current_type(), {}});
  if (chain.size() > kDeepestNesting) return;
  try {
    throw;
  } catch (const std::exception& error) {
    chain.back().what = error.what();
  } catch (...) {
  }
  try {
    throw;
  } catch (const std::nested_exception& outer) {
    if (!outer.nested_ptr()) return;
    try {
      outer.rethrow_nested();
    } catch (...) {
      see_current(chain);
    }
  } catch (...) {
  }
}

}  // namespace

std::vector<SeenException> see_current_exception() {
  std::vector<SeenException> chain;
  see_current(chain);
  return chain;
}

std::string describe_current_exception() {
  std::vector<SeenException> chain = see_current_exception();
  std::string text = readable_type(chain.front().mangled_type);
  if (!chain.front().what.empty()) text += ": " + chain.front().what;
  return text;
}

std::string readable_symbol(const std::string& mangled) {
  return mangled.starts_with("_Z") ? readable_type(mangled) : mangled;
}

std::string readable_type(const std::string& mangled) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), &std::free);
  return name ? name.get() : mangled;
}

}  // namespace fetchpool
