#include "pool/exception_report.h"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/current_exception.h"
#include "base/throw_stack.h"
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

enum class Kind : std::uint8_t { thrown, serialization };

}  // namespace

void encode_current_exception(Encoder& out) {
  std::vector<SeenException> chain = see_current_exception();
  out.raw(false);
  out.raw(Kind::thrown);
  out.length(chain.size());
  for (const SeenException& seen : chain) {
    Codec<std::string>::encode(seen.mangled_type, out);
    Codec<std::string>::encode(seen.what, out);
  }
  Codec<std::string>::encode(stack_of_throw(), out);
}

void encode_serialization_error(Encoder& out, std::string_view what) {
  out.raw(false);
  out.raw(Kind::serialization);
  Codec<std::string>::encode(std::string(what), out);
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
    chain.push_back({readable_type(mangled), std::move(what)});
    if (i == 0) first_mangled = std::move(mangled);
  }
  auto stack = Codec<std::string>::decode(in);
  if (chain.empty()) throw SerializationError("a task's error cannot be decoded");
  if (auto made = make_registered(first_mangled, chain.front().what)) return made;
  RemoteCause thrown = std::move(chain.front());
  chain.erase(chain.begin());
  return std::make_exception_ptr(
      RemoteError(std::move(thrown), std::move(chain), std::move(stack), task));
}

}  // namespace pool
}  // namespace fetchpool
