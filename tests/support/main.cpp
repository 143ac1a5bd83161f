#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_RUNNER
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#endif
#include <iostream>
#include <optional>
#include <string>

#include "support/catch.h"
#include "support/command.h"
#include "support/leak_check.h"

namespace {

#if __has_include(<catch2/catch_all.hpp>)
using ListenerBase = Catch::EventListenerBase;
#else
using ListenerBase = Catch::TestEventListenerBase;
#endif

// After every test case: nothing may be left of it, and a failed one shows the commands it ran.
class AfterTest : public ListenerBase {
 public:
  using ListenerBase::ListenerBase;

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    ListenerBase::testCaseStarting(info);
    fetchpool::test::take_command_reports();
    name_ = info.name;
    before_.emplace();
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    for (const std::string& leak : before_->leaks())
      fetchpool::test::report_violation(name_ + ": " + leak);
    std::string commands = fetchpool::test::take_command_reports();
    if (stats.totals.assertions.failed > 0 && !commands.empty())
      std::cerr << "the commands of: " << name_ << "\n" << commands << std::endl;
    ListenerBase::testCaseEnded(stats);
  }

 private:
  std::string name_;
  std::optional<fetchpool::test::LeakCheck> before_;
};
CATCH_REGISTER_LISTENER(AfterTest)

}  // namespace

int main(int argc, char** argv) {
  fetchpool::test::prepare_test_program(argv);
  return fetchpool::test::finish_test_program(Catch::Session().run(argc, argv));
}
