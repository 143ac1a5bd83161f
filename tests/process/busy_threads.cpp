#include "process/busy_threads.h"

#include <dlfcn.h>
#include <netdb.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace fetchpool::process {
namespace {

void allocate() {
  static thread_local unsigned size = 1;
  size = size * 1103515245 + 12345;
  std::free(std::malloc(size % 100'000));
}

void print() {
  if (FILE* null = std::fopen("/dev/null", "w")) {
    std::fprintf(null, "%d %s\n", 17, "lines");
    std::fclose(null);
  }
}

void flush() {
  std::fflush(nullptr);
}

void resolve() {
  for (const char* name : {"localhost", "127.0.0.1"}) {
    struct addrinfo* found = nullptr;
    if (getaddrinfo(name, "80", nullptr, &found) == 0) freeaddrinfo(found);
  }
}

void tell_time() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  std::mktime(&parts);
}

void change_locale() {
  std::setlocale(LC_TIME, "C.UTF-8");
  std::setlocale(LC_TIME, "C");
}

void load_library() {
  if (void* library = dlopen("libbrotlidec.so.1", RTLD_NOW | RTLD_LOCAL)) dlclose(library);
}

void hash() {
  unsigned char bytes[64];
  RAND_bytes(bytes, sizeof bytes);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_Digest(bytes, sizeof bytes, digest, &length, EVP_sha256(), nullptr);
}

}  // namespace

BusyThreads::BusyThreads() {
  for (auto work : {allocate, print, flush, resolve, tell_time, change_locale, load_library, hash})
    threads_.emplace_back([this, work] { loop(work); });
}

BusyThreads::~BusyThreads() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
}

void BusyThreads::loop(void (*work)()) {
  while (!stop_) work();
}

}  // namespace fetchpool::process
