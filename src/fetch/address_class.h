// What an IP address is for.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

struct sockaddr;

namespace fetchpool::engine {

enum class AddressClass {
  global,       // of the open internet
  unspecified,  // 0.0.0.0/8, ::  (Linux connects to itself)
  loopback,     // 127.0.0.0/8, ::1
  private_use,  // RFC 1918, unique local and site-local IPv6
  shared,       // between a provider and its customers, RFC 6598
  link_local,   // 169.254.0.0/16, fe80::/10
  metadata,     // where a cloud tells its machines their secrets
  multicast,    // and broadcast
  ipv4_inside,  // an IPv6 form that leads to an IPv4 address: mapped, compatible, 6to4, Teredo
  special,      // the rest of IANA's special-purpose registries
  no_address,   // not an IP address at all
};

// The class of an address of 4 or 16 bytes in network order, by IANA's special-purpose registries
// (RFC 6890). NAT64 (64:ff9b::/96) is what the IPv4 address inside is: where a network has no IPv4,
// all hosts without IPv6 have such addresses. IPv6 beyond 2000::/3 is not global.
AddressClass address_class(std::span<const std::uint8_t> address);
// The same of an address as text ("10.0.0.1", "fe80::1%eth0", with brackets or without), and of
// one that is about to be connected to.
AddressClass address_class(std::string_view text);
AddressClass address_class(const sockaddr& address);

// "a loopback address": for messages.
std::string_view describe(AddressClass what);

// The address as text, without its port.
std::string address_text(const sockaddr& address);

}  // namespace fetchpool::engine
