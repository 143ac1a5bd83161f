#include "support/network_namespace.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/posix.h"
#include "fetchpool/error.h"

namespace fetchpool::test {
namespace {

bool is_root() {
  return geteuid() == 0;
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

// False with errno where it is not allowed.
bool enter_new_namespaces() {
  auto uid = std::to_string(geteuid());
  auto gid = std::to_string(getegid());
  int user = is_root() ? 0 : CLONE_NEWUSER;
  if (unshare(CLONE_NEWNET | CLONE_NEWNS | user) != 0) return false;
  if (user) {
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", "0 " + uid + " 1");
    write_file("/proc/self/gid_map", "0 " + gid + " 1");
  }
  return mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

// As <linux/ipv6.h> has it, which cannot stand beside <netinet/in.h>.
struct Ipv6Request {
  struct in6_addr address;
  std::uint32_t prefix_length;
  int device;
};

void add_ipv6_address(const std::string& device, const std::string& address) {
  UniqueFd control(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  Ipv6Request request{{}, 64, static_cast<int>(if_nametoindex(device.c_str()))};
  if (inet_pton(AF_INET6, address.c_str(), &request.address) != 1 ||
      ioctl(control.get(), SIOCSIFADDR, &request) != 0)
    throw SystemError("cannot give " + device + " the address " + address, errno);
}

void add_address(const std::string& device, const std::string& address) {
  UniqueFd control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  struct ifreq request {};
  std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
  auto& target = reinterpret_cast<struct sockaddr_in&>(request.ifr_addr);
  target.sin_family = AF_INET;
  if (inet_pton(AF_INET, address.c_str(), &target.sin_addr) != 1 ||
      ioctl(control.get(), SIOCSIFADDR, &request) != 0)
    throw SystemError("cannot give " + device + " the address " + address, errno);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(control.get(), SIOCSIFFLAGS, &request) != 0)
    throw SystemError("cannot start " + device, errno);
}

}  // namespace

bool NetworkNamespace::is_possible() {
  pid_t child = fork();
  if (child == 0) _exit(enter_new_namespaces() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  if (status == 0) return true;
  std::cerr << "NOT SHOWN: this system allows no network namespaces" << std::endl;
  return false;
}

NetworkNamespace::NetworkNamespace(const std::vector<std::string>& addresses)
    : network_before_(posix::open_file("/proc/self/ns/net", O_RDONLY)),
      mounts_before_(posix::open_file("/proc/self/ns/mnt", O_RDONLY)),
      directory_before_(std::filesystem::current_path()) {
  if (!enter_new_namespaces()) throw SystemError("cannot make a network namespace", errno);
  add_address("lo", "127.0.0.1");
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (addresses[i].find(':') != std::string::npos)
      add_ipv6_address("lo", addresses[i]);
    else if (addresses[i] != "127.0.0.1")
      add_address("lo:" + std::to_string(i + 1), addresses[i]);
  }
  use_name_server("nameserver 127.0.0.1\noptions timeout:5 attempts:1\n");
}

NetworkNamespace::~NetworkNamespace() {
  if (setns(network_before_.get(), CLONE_NEWNET) == 0 &&
      setns(mounts_before_.get(), CLONE_NEWNS) == 0)
    (void)!chdir(directory_before_.c_str());
}

// The file itself stays what it is, for everybody else.
void NetworkNamespace::use_name_server(const std::string& resolv_conf) {
  std::string file = files_.write("resolv.conf", resolv_conf);
  if (mount(file.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr) != 0)
    throw SystemError("cannot replace /etc/resolv.conf", errno);
}

}  // namespace fetchpool::test
