#include "fetch/address_class.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace fetchpool::engine {
namespace {

using Bytes16 = std::array<std::uint8_t, 16>;

struct Range4 {
  std::uint8_t address[4];
  int bits;
  AddressClass what;
};

struct Range6 {
  std::uint16_t groups[4];  // the first ones; the others are 0
  int bits;
  AddressClass what;
};

using enum AddressClass;

// The first range that holds the address counts.
constexpr Range4 kRanges4[] = {
    {{0, 0, 0, 0}, 8, unspecified},       {{10, 0, 0, 0}, 8, private_use},
    {{100, 100, 100, 200}, 32, metadata}, {{100, 64, 0, 0}, 10, shared},
    {{127, 0, 0, 0}, 8, loopback},        {{168, 63, 129, 16}, 32, metadata},
    {{169, 254, 169, 254}, 32, metadata}, {{169, 254, 0, 0}, 16, link_local},
    {{172, 16, 0, 0}, 12, private_use},   {{192, 0, 0, 192}, 32, metadata},
    {{192, 0, 0, 0}, 24, special},     // IETF protocol assignments
    {{192, 0, 2, 0}, 24, special},     // documentation
    {{192, 31, 196, 0}, 24, special},  // AS112
    {{192, 52, 193, 0}, 24, special},  // AMT
    {{192, 88, 99, 0}, 24, special},   // 6to4 relays
    {{192, 168, 0, 0}, 16, private_use},  {{192, 175, 48, 0}, 24, special},  // AS112
    {{198, 18, 0, 0}, 15, special},                                          // benchmarks
    {{198, 51, 100, 0}, 24, special},                                        // documentation
    {{203, 0, 113, 0}, 24, special},                                         // documentation
    {{224, 0, 0, 0}, 4, multicast},       {{255, 255, 255, 255}, 32, multicast},
    {{240, 0, 0, 0}, 4, special},  // reserved
};

constexpr Range6 kRanges6[] = {
    {{0x2001, 0x0000}, 32, ipv4_inside},      // Teredo
    {{0x2001, 0x0000}, 23, special},          // IETF protocol assignments
    {{0x2001, 0x0db8}, 32, special},          // documentation
    {{0x2002}, 16, ipv4_inside},              // 6to4
    {{0x2620, 0x004f, 0x8000}, 48, special},  // AS112
    {{0x3fff}, 20, special},                  // documentation
    {{0x2000}, 3, global},
    {{0xfd00, 0x0ec2}, 32, metadata},
    {{0xfc00}, 7, private_use},
    {{0xfec0}, 10, private_use},
    {{0xfe80}, 10, link_local},
    {{0xff00}, 8, multicast},
};

bool begins_with(std::span<const std::uint8_t> address, std::span<const std::uint8_t> prefix,
                 int bits) {
  auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(prefix.begin(), prefix.begin() + static_cast<std::ptrdiff_t>(whole),
                  address.begin()))
    return false;
  int rest = bits % 8;
  return rest == 0 || (address[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

AddressClass class_of_4(std::span<const std::uint8_t> address) {
  for (const Range4& range : kRanges4)
    if (begins_with(address, range.address, range.bits)) return range.what;
  return global;
}

Bytes16 bytes_of(const Range6& range) {
  Bytes16 bytes{};
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[2 * i] = static_cast<std::uint8_t>(range.groups[i] >> 8);
    bytes[2 * i + 1] = static_cast<std::uint8_t>(range.groups[i]);
  }
  return bytes;
}

AddressClass class_of_6(std::span<const std::uint8_t> address) {
  constexpr Bytes16 kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  constexpr Bytes16 kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr Bytes16 kNat64{0, 0x64, 0xff, 0x9b};
  if (begins_with(address, Bytes16{}, 128)) return unspecified;
  if (begins_with(address, kLoopback, 128)) return loopback;
  if (begins_with(address, kMapped, 96) || begins_with(address, Bytes16{}, 96)) return ipv4_inside;
  if (begins_with(address, kNat64, 96)) return class_of_4(address.subspan(12));
  for (const Range6& range : kRanges6)
    if (begins_with(address, bytes_of(range), range.bits)) return range.what;
  return special;
}

}  // namespace

AddressClass address_class(std::span<const std::uint8_t> address) {
  return address.size() == 4    ? class_of_4(address)
         : address.size() == 16 ? class_of_6(address)
                                : no_address;
}

AddressClass address_class(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  const std::string plain(text.substr(0, text.find('%')));
  std::array<std::uint8_t, 4> four{};
  Bytes16 sixteen{};
  if (inet_pton(AF_INET, plain.c_str(), four.data()) == 1) return address_class(four);
  if (inet_pton(AF_INET6, plain.c_str(), sixteen.data()) == 1) return address_class(sixteen);
  return no_address;
}

AddressClass address_class(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr, 4);
    return address_class(bytes);
  }
  if (address.sa_family != AF_INET6) return no_address;
  Bytes16 bytes{};
  std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, 16);
  return address_class(bytes);
}

std::string_view describe(AddressClass what) {
  switch (what) {
    case global:
      return "a public address";
    case unspecified:
      return "an address of this machine";
    case loopback:
      return "a loopback address";
    case private_use:
      return "a private address";
    case shared:
      return "an address within a provider's network";
    case link_local:
      return "a link-local address";
    case metadata:
      return "the address of a cloud's metadata service";
    case multicast:
      return "a multicast address";
    case ipv4_inside:
      return "an IPv6 form of an IPv4 address";
    case special:
      return "an address for special purposes";
    case no_address:
      break;
  }
  return "no IP address";
}

std::string address_text(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = "";
  const void* bytes =
      address.sa_family == AF_INET
          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr)
          : static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
  if (address.sa_family != AF_INET && address.sa_family != AF_INET6) return text;
  inet_ntop(address.sa_family, bytes, text, sizeof text);
  return text;
}

}  // namespace fetchpool::engine
