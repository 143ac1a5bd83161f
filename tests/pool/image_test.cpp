// Functions of libraries that come and go.
#include <dlfcn.h>

#include "support/catch.h"
#include "test_tasks.h"

namespace fetchpool::test {
namespace {

using Triple = int (*)(int);

class Library {
 public:
  Library() : handle_(dlopen(FETCHPOOL_LATE_LIBRARY, RTLD_NOW)) {}
  ~Library() { dlclose(handle_); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  Triple triple() const { return reinterpret_cast<Triple>(dlsym(handle_, "late_triple")); }

 private:
  void* handle_;
};

TEST_CASE("a function of a library loaded before the pool is called", "[image]") {
  Library library;
  Pool pool(1);
  CHECK(pool.apply(library.triple(), 5) == 15);
}

TEST_CASE("a function of a library loaded after the pool is refused", "[image]") {
  Pool pool(1);
  Library library;
  CHECK_THROWS_AS(pool.apply(library.triple(), 5), SerializationError);
  CHECK_THROWS_WITH(pool.map(library.triple(), numbers(3)), ContainsSubstring("loaded after"));
  CHECK(pool.apply(square, 3) == 9);
}

TEST_CASE("a function of a library that was unloaded is refused", "[image]") {
  Triple triple = nullptr;
  {
    Library library;
    triple = library.triple();
  }
  Pool pool(1);
  CHECK_THROWS_AS(pool.apply(triple, 5), SerializationError);
}

}  // namespace
}  // namespace fetchpool::test
