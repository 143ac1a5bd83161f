#include "pool/exception_report.h"

#include <cxxabi.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <typeinfo>
#include <utility>
#include <vector>

#include "fetchpool/pool_error.h"

namespace fetchpool {
namespace {

struct Registry {
  std::mutex mutex;
  std::map<std::string, detail::ExceptionMaker> makers;
};

Registry& registry() {
  static Registry place;
  return place;
}

// Null where the type was not registered.
std::exception_ptr make_registered(const std::string& mangled, const std::string& what) {
  detail::ExceptionMaker make = nullptr;
  {
    std::lock_guard lock(registry().mutex);
    auto found = registry().makers.find(mangled);
    if (found == registry().makers.end()) return nullptr;
    make = found->second;
  }
  return make(what);
}

}  // namespace

void detail::register_exception(const char* mangled_type_name, ExceptionMaker make) {
  std::lock_guard lock(registry().mutex);
  registry().makers[mangled_type_name] = make;
}

namespace pool {
namespace {

// Of a longer chain the rest is left out.
constexpr int kDeepestNesting = 32;

enum class Kind : std::uint8_t { thrown, serialization };

std::string readable(const char* mangled) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), &std::free);
  return name ? name.get() : mangled;
}

const char* current_type() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  return type ? type->name() : "";
}

struct Seen {
  std::string mangled;
  std::string what;
};

// The exception being handled, and those nested in it.
void see_current(std::vector<Seen>& chain) {
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

void encode_current_exception(Encoder& out) {
  std::vector<Seen> chain;
  see_current(chain);
  out.raw(false);
  out.raw(Kind::thrown);
  out.length(chain.size());
  for (const Seen& seen : chain) {
    Codec<std::string>::encode(seen.mangled, out);
    Codec<std::string>::encode(seen.what, out);
  }
}

void encode_serialization_error(Encoder& out, std::string_view what) {
  out.raw(false);
  out.raw(Kind::serialization);
  Codec<std::string>::encode(std::string(what), out);
}

std::string describe_current_exception() {
  std::vector<Seen> chain;
  see_current(chain);
  std::string text = readable(chain.front().mangled.c_str());
  if (!chain.front().what.empty()) text += ": " + chain.front().what;
  return text;
}

std::exception_ptr decode_exception(Decoder& in, std::size_t task) {
  if (in.raw<Kind>() == Kind::serialization)
    return std::make_exception_ptr(SerializationError(Codec<std::string>::decode(in)));
  std::size_t count = in.length();
  std::vector<RemoteCause> chain;
  std::string first_mangled;
  for (std::size_t i = 0; i < count; ++i) {
    auto mangled = Codec<std::string>::decode(in);
    auto what = Codec<std::string>::decode(in);
    chain.push_back({readable(mangled.c_str()), std::move(what)});
    if (i == 0) first_mangled = std::move(mangled);
  }
  if (chain.empty()) throw SerializationError("a task's error cannot be decoded");
  if (auto made = make_registered(first_mangled, chain.front().what)) return made;
  RemoteCause thrown = std::move(chain.front());
  chain.erase(chain.begin());
  return std::make_exception_ptr(RemoteError(std::move(thrown), std::move(chain), task));
}

}  // namespace pool
}  // namespace fetchpool
