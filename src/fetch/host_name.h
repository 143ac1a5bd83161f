// The one way in which a host is written.
#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace fetchpool::engine {

// Why something is no host.
struct BadHost {
  std::string reason;
};

// The host as libcurl's parser understands it, so that nobody is asked whom the checks did not
// see: percent-decoded, numeric forms of IPv4 addresses ("127.1", "0x7f.1") as four decimal
// numbers; then in lower case, IPv6 addresses shortened, other names in their ASCII form (IDNA).
// Names that no name server can know (too long, empty labels) are the name server's to refuse.
// A name that turns into an address by IDNA is refused: nobody writes that by mistake.
std::variant<std::string, BadHost> canonical_host(std::string_view host);

}  // namespace fetchpool::engine
