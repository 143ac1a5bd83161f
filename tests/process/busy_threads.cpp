#include "process/busy_threads.h"

#include <dlfcn.h>
#include <netdb.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "support/leak_check.h"

namespace fetchpool::process {
namespace {

bool allocate() {
  static thread_local unsigned size = 1;
  size = size * 1103515245 + 12345;
  void* memory = std::malloc(size % 100'000);
  std::free(memory);
  return memory != nullptr;
}

bool print() {
  FILE* null = std::fopen("/dev/null", "w");
  if (!null) return false;
  std::fprintf(null, "%d %s\n", 17, "lines");
  return std::fclose(null) == 0;
}

bool flush() {
  return std::fflush(nullptr) == 0;
}

bool resolve() {
  int answers = 0;
  for (const char* name : {"localhost", "127.0.0.1"}) {
    struct addrinfo* found = nullptr;
    if (getaddrinfo(name, "80", nullptr, &found) != 0) continue;
    freeaddrinfo(found);
    ++answers;
  }
  return answers > 0;
}

bool tell_time() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  return localtime_r(&now, &parts) != nullptr && std::mktime(&parts) == now;
}

bool change_locale() {
  return std::setlocale(LC_TIME, "C.UTF-8") != nullptr && std::setlocale(LC_TIME, "C") != nullptr;
}

bool load_library() {
  void* library = dlopen("libbrotlidec.so.1", RTLD_NOW | RTLD_LOCAL);
  return library != nullptr && dlclose(library) == 0;
}

bool hash() {
  unsigned char bytes[64];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  return EVP_Digest(bytes, sizeof bytes, digest, &length, EVP_sha256(), nullptr) == 1;
}

}  // namespace

BusyThreads::BusyThreads() {
  add("malloc", allocate);
  add("stdio", print);
  add("fflush", flush);
  add("getaddrinfo", resolve);
  add("localtime", tell_time);
  add("setlocale", change_locale);
  add("dlopen", load_library);
  add("OpenSSL", hash);
  for (Busy& busy : threads_) busy.has_begun.wait(false);
}

BusyThreads::~BusyThreads() {
  stop_ = true;
  for (Busy& busy : threads_) {
    busy.thread.join();
    if (busy.failures > 0)
      test::report_violation(std::string("a busy thread could not do its work: ") + busy.name);
  }
}

void BusyThreads::add(const char* name, bool (*work)()) {
  Busy& busy = threads_.emplace_back(name);
  busy.thread = std::thread([this, &busy, work] {
    while (!stop_) {
      if (!work()) ++busy.failures;
      busy.has_begun = true;
      busy.has_begun.notify_one();
    }
  });
}

}  // namespace fetchpool::process
