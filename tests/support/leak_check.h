// What a test must not leave behind: processes, descriptors, temporary files.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace fetchpool::test {

// Gives the test program its mark (see processes.h) and a TMPDIR of its own. To be called first in
// main; it may start the program once more.
void prepare_test_program(char** argv);
// Removes the TMPDIR. Returns `status`, or 1 where that is 0 and a leak was reported.
int finish_test_program(int status);

// A complaint that fails the test program though no assertion can be made any more (in a
// destructor). It is printed at once.
void report_violation(const std::string& text);
// Whether there was one: for forked children, whose end does not say it.
bool has_violation();

// Takes note of what exists when it is made; `leaks()` names what is there beyond it.
class LeakCheck {
 public:
  LeakCheck();

  // Waits up to 2 s for processes that are just ending. One sentence a leak: living processes of
  // this test program (orphans too), children of its own that nobody has waited for, its open
  // descriptors, files in its TMPDIR, and files named
  // fetchpool* in /tmp and /var/tmp that nobody has open.
  std::vector<std::string> leaks() const;

 private:
  std::set<int> processes_;
  std::map<int, std::string> descriptors_;
  std::set<std::string> files_;
};

}  // namespace fetchpool::test
