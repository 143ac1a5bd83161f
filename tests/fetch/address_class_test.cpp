#include "fetch/address_class.h"

#include <variant>

#include "fetch/url.h"
#include "support/catch.h"

namespace fetchpool::engine {
namespace {

using enum AddressClass;

TEST_CASE("addresses are of the class that IANA gave them", "[address]") {
  struct Row {
    const char* address;
    AddressClass what;
  };
  for (const Row& row : {
           Row{"0.0.0.0", unspecified},
           {"0.255.255.255", unspecified},
           {"1.0.0.0", global},
           {"9.255.255.255", global},
           {"10.0.0.0", private_use},
           {"10.255.255.255", private_use},
           {"11.0.0.0", global},
           {"100.63.255.255", global},
           {"100.64.0.0", shared},
           {"100.100.100.200", metadata},
           {"100.127.255.255", shared},
           {"100.128.0.0", global},
           {"127.0.0.1", loopback},
           {"127.255.255.255", loopback},
           {"128.0.0.0", global},
           {"168.63.129.16", metadata},
           {"169.253.255.255", global},
           {"169.254.0.1", link_local},
           {"169.254.169.254", metadata},
           {"169.255.0.0", global},
           {"172.15.255.255", global},
           {"172.16.0.0", private_use},
           {"172.31.255.255", private_use},
           {"172.32.0.0", global},
           {"192.0.0.8", special},
           {"192.0.0.192", metadata},
           {"192.0.1.0", global},
           {"192.0.2.1", special},
           {"192.31.196.1", special},
           {"192.52.193.1", special},
           {"192.88.99.1", special},
           {"192.167.255.255", global},
           {"192.168.0.1", private_use},
           {"192.169.0.0", global},
           {"192.175.48.1", special},
           {"198.17.255.255", global},
           {"198.18.0.0", special},
           {"198.19.255.255", special},
           {"198.20.0.0", global},
           {"198.51.100.7", special},
           {"203.0.113.7", special},
           {"223.255.255.255", global},
           {"224.0.0.1", multicast},
           {"239.255.255.255", multicast},
           {"240.0.0.0", special},
           {"255.255.255.254", special},
           {"255.255.255.255", multicast},
           {"::", unspecified},
           {"::1", loopback},
           {"::2", ipv4_inside},
           {"::127.0.0.1", ipv4_inside},
           {"::ffff:127.0.0.1", ipv4_inside},
           {"::ffff:8.8.8.8", ipv4_inside},
           {"::ffff:0:7f00:1", special},
           {"64:ff9b::7f00:1", loopback},
           {"64:ff9b::10.1.2.3", private_use},
           {"64:ff9b::a9fe:a9fe", metadata},
           {"64:ff9b::8.8.8.8", global},
           {"64:ff9b:1::1", special},
           {"100::1", special},
           {"1fff::", special},
           {"2000::", global},
           {"2001::1", ipv4_inside},
           {"2001:0:4136:e378:8000:63bf:3fff:fdd2", ipv4_inside},
           {"2001:2::1", special},
           {"2001:10::1", special},
           {"2001:20::1", special},
           {"2001:1ff:ffff::", special},
           {"2001:200::1", global},
           {"2001:4860:4860::8888", global},
           {"2001:db8::1", special},
           {"2002:7f00:1::", ipv4_inside},
           {"2002:0808:0808::", ipv4_inside},
           {"2003::1", global},
           {"2620:4f:8000::1", special},
           {"2620:4f:8001::1", global},
           {"3fff::1", special},
           {"3fff:fff:ffff::", special},
           {"3fff:1000::", global},
           {"3ffe::1", global},
           {"4000::", special},
           {"5f00::1", special},
           {"fc00::1", private_use},
           {"fd00:ec2::254", metadata},
           {"fdff::1", private_use},
           {"fe80::1", link_local},
           {"fe80::1%eth0", link_local},
           {"febf::1", link_local},
           {"fec0::1", private_use},
           {"ff02::1", multicast},
           {"[::1]", loopback},
           {"", no_address},
           {"example.com", no_address},
           {"1.2.3", no_address},
           {"1.2.3.4.5", no_address},
       }) {
    INFO(row.address);
    CHECK(describe(address_class(std::string_view(row.address))) == describe(row.what));
  }
}

// What a URL's host is when it is connected to: the class of the host that the URL is normalised
// to. Names and what is no URL have none.
AddressClass class_of_host(const std::string& url) {
  auto parsed = parse_url(url);
  const Url* good = std::get_if<Url>(&parsed);
  return good ? address_class(good->host()) : no_address;
}

TEST_CASE("hostile spellings of addresses are not of the open internet", "[address]") {
  for (const char* host : {
           "127.0.0.1",
           "127.1",
           "127.0.1",
           "0x7f000001",
           "0x7f.0.0.1",
           "0x7f.1",
           "0X7F.0x0.0x0.0x1",
           "2130706433",
           "0177.0.0.1",
           "0177.1",
           "017700000001",
           "00000177.0.0.1",
           "0",
           "0x0",
           "00",
           "0.0.0.0",
           "0.0",
           "%31%32%37.0.0.1",
           "127%2e0%2e0%2e1",
           "%30x7f.1",
           "10.1",
           "10.0x1.0377",
           "0xa.1.2.3",
           "167838211",
           "172.16.1",
           "192.168.257",
           "0xc0a80101",
           "3232235777",
           "169.254.43518",
           "0xa9fea9fe",
           "0251.0376.0251.0376",
           "2852039166",
           "0xffffffff",
           "4294967295",
           "[::1]",
           "[0:0:0:0:0:0:0:1]",
           "[0000:0000:0000:0000:0000:0000:0000:0001]",
           "[::]",
           "[::ffff:127.0.0.1]",
           "[::ffff:7f00:1]",
           "[0:0:0:0:0:ffff:10.1.2.3]",
           "[::FFFF:A01:203]",
           "[::127.0.0.1]",
           "[::7f00:1]",
           "[64:ff9b::127.0.0.1]",
           "[64:ff9b::a9fe:a9fe]",
           "[2002:7f00:0001::]",
           "[2001:0:1:2:3:4:80ff:fffe]",
           "[fd00:ec2::254]",
           "[fe80::1%25lo]",
           "[fe80::1%25eth0]",
           "[ff02::1]",
       }) {
    INFO(host);
    AddressClass what = class_of_host("http://" + std::string(host) + ":80/");
    CHECK(what != global);
    CHECK(what != no_address);
  }
}

TEST_CASE("what looks like an address and is none is a name or no URL", "[address]") {
  for (const char* host : {"127.0.0.1.", "127.0.0.1.example", "256.256.256.256", "1.2.3.4.5",
                           "0x7f.0.0.1.", "localhost", "127.0.0.1%00",
                           "\xe2\x91\xa0\xe2\x91\xa1.0.0.1", "[::1", "::1", "0x", "1e3"}) {
    INFO(host);
    CHECK(class_of_host("http://" + std::string(host) + "/") == no_address);
  }
}

}  // namespace
}  // namespace fetchpool::engine
