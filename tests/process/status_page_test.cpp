#include "process/status_page.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/posix.h"
#include "support/catch.h"

namespace fetchpool::process {
namespace {

TEST_CASE("a status page shows what runs", "[status]") {
  StatusPage page = StatusPage::create(2);
  StatusPage worker = StatusPage::attach(posix::duplicate(page.fd()));
  CHECK(page.running().empty());
  worker.begin(1, 42);
  worker.begin(0, 0);
  REQUIRE(page.running().size() == 2);
  CHECK(page.running_since(42));
  CHECK(page.running_since(0));
  CHECK_FALSE(page.running_since(7));
  auto beats = page.beats();
  worker.beat();
  CHECK(page.beats() == beats + 1);
  worker.end(1);
  CHECK(page.running().size() == 1);
  CHECK(page.started() == 2);
  CHECK(page.finished() == 1);
}

TEST_CASE("a status page outlives its worker and names the job it died of", "[status]") {
  StatusPage page = StatusPage::create(1);
  pid_t child = fork();
  if (child == 0) {
    StatusPage worker = StatusPage::attach(posix::duplicate(page.fd()));
    worker.begin(0, 1);
    worker.end(0);
    worker.begin(0, 2);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  REQUIRE(page.running().size() == 1);
  CHECK(page.running()[0].job == 2);
  auto age = Clock::now().time_since_epoch() - std::chrono::nanoseconds(page.running()[0].since_ns);
  CHECK(age < std::chrono::seconds(30));
  CHECK(age > std::chrono::seconds(0));
}

TEST_CASE("a worker cannot take the status page away from the parent", "[status]") {
  StatusPage page = StatusPage::create(1);
  CHECK(ftruncate(page.fd(), 0) != 0);
  CHECK(errno == EPERM);
  CHECK(page.beats() == 0);
}

TEST_CASE("a status page can be moved", "[status]") {
  StatusPage page = StatusPage::create(1);
  page.begin(0, 9);
  StatusPage other = std::move(page);
  CHECK(other.running_since(9));
  StatusPage third;
  third = std::move(other);
  CHECK(third.running_since(9));
  CHECK(StatusPage().running().empty());
}

}  // namespace
}  // namespace fetchpool::process
