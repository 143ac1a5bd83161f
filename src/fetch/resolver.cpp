#include "fetch/resolver.h"

#include <netdb.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <deque>
#include <mutex>

#include "base/posix.h"
#include "base/unique_fd.h"
#include "fetch/address_class.h"
#include "fetchpool/error.h"

namespace fetchpool::engine {
namespace {

using Kind = NameAnswer::Kind;

// Enough for every service that a system may ask, and small enough where memory is limited.
constexpr std::size_t kStackBytes = std::size_t{512} << 10;
constexpr std::size_t kMostAddresses = 32;

struct AddressesCleanup {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, AddressesCleanup>;

// Where the kernel has no IPv6, its addresses are not asked for.
int family() {
  static const int kFamily = [] {
    UniqueFd probe(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return probe.is_open() || errno == EMFILE || errno == ENFILE ? AF_UNSPEC : AF_INET;
  }();
  return kFamily;
}

bool is_shortage(int code, int error_number) {
  if (code == EAI_MEMORY) return true;
  return code == EAI_SYSTEM && (error_number == EMFILE || error_number == ENFILE ||
                                error_number == ENOMEM || error_number == ENOBUFS);
}

NameAnswer failure(int code, int error_number) {
  const char* text = code == EAI_SYSTEM ? std::strerror(error_number) : gai_strerror(code);
  if (is_shortage(code, error_number))
    return {Kind::local_shortage, {}, std::string("the name could not be looked up: ") + text};
  // What else there is (a malformed name, no address of a family that this machine has) is final.
  bool is_temporary = code == EAI_AGAIN || code == EAI_SYSTEM;
  if (is_temporary) return {Kind::failed, {}, std::string("the name service failed: ") + text};
  return {Kind::not_found, {}, std::string("the host was not found: ") + text};
}

}  // namespace

NameAnswer look_up(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = family();
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  int code = getaddrinfo(name.c_str(), nullptr, &hints, &list);
  int error_number = errno;
  Addresses owner(code == 0 ? list : nullptr);
  if (code != 0) return failure(code, error_number);
  NameAnswer answer{Kind::found, {}, {}};
  for (const addrinfo* at = list; at && answer.addresses.size() < kMostAddresses; at = at->ai_next)
    if (std::string text = address_text(*at->ai_addr); !text.empty())
      answer.addresses.push_back(std::move(text));
  if (answer.addresses.empty()) return failure(EAI_NONAME, 0);
  return answer;
}

// What the threads and the one who asks share; the last of them closes it.
struct Resolver::Desk {
  std::mutex mutex;
  std::deque<std::string> questions;
  std::vector<std::pair<std::string, NameAnswer>> answers;
  int threads = 0;
  UniqueFd answered;

  void tell() const {
    std::uint64_t one = 1;
    (void)!write(answered.get(), &one, sizeof one);
  }

  void work();
  static void* run(void* desk);
  static bool start_thread(const std::shared_ptr<Desk>& desk);
};

// Until there is no question left.
void Resolver::Desk::work() {
  std::unique_lock lock(mutex);
  while (!questions.empty()) {
    std::string name = std::move(questions.front());
    questions.pop_front();
    lock.unlock();
    NameAnswer answer = look_up(name);
    lock.lock();
    answers.emplace_back(std::move(name), std::move(answer));
    tell();
  }
  --threads;
}

void* Resolver::Desk::run(void* desk) {
  std::unique_ptr<std::shared_ptr<Desk>> own(static_cast<std::shared_ptr<Desk>*>(desk));
  (*own)->work();
  return nullptr;
}

bool Resolver::Desk::start_thread(const std::shared_ptr<Desk>& desk) {
  auto own = std::make_unique<std::shared_ptr<Desk>>(desk);
  // Signals are for the thread that runs the transfers.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  int error = pthread_create(&thread, &attributes, run, own.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (error != 0) return false;
  (void)own.release();
  return true;
}

Resolver::Resolver() : desk_(std::make_shared<Desk>()) {
  desk_->answered = posix::above_standard(UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
  if (!desk_->answered.is_open()) throw SystemError("cannot make a resolver of names", errno);
}

Resolver::~Resolver() {
  std::lock_guard lock(desk_->mutex);
  desk_->questions.clear();
}

int Resolver::poll_fd() const {
  return desk_->answered.get();
}

void Resolver::ask(const std::string& name) {
  std::lock_guard lock(desk_->mutex);
  desk_->questions.push_back(name);
  if (desk_->threads == kMostThreads) return;
  ++desk_->threads;
  if (Desk::start_thread(desk_)) return;
  --desk_->threads;
  // Those that run come to it later. Without any, nobody would.
  if (desk_->threads > 0) return;
  desk_->questions.pop_back();
  desk_->answers.emplace_back(
      name, NameAnswer{Kind::local_shortage, {}, "no thread can be started to look the name up"});
  desk_->tell();
}

bool Resolver::withdraw(const std::string& name) {
  std::lock_guard lock(desk_->mutex);
  return std::erase(desk_->questions, name) > 0;
}

std::vector<std::pair<std::string, NameAnswer>> Resolver::take_answers() {
  std::uint64_t count = 0;
  (void)!read(desk_->answered.get(), &count, sizeof count);
  std::lock_guard lock(desk_->mutex);
  return std::exchange(desk_->answers, {});
}

}  // namespace fetchpool::engine
