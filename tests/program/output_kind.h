// The three kinds of output that a run can be gone on with.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "program/records.h"
#include "support/temp_dir.h"

namespace fetchpool::test {

// A list and where its results go; a run of it, whatever has happened before, must end with the
// output of one that nothing has disturbed.
class OutputKind {
 public:
  enum class Which { list, directory, archive };

  // `urls` are written to `dir`/list; outputs lie in `dir`/`place`.
  OutputKind(Which which, const TempDir& dir, std::vector<std::string> urls);

  // Options that begin the output in `place` or go on with it.
  std::vector<std::string> options(const std::string& place) const;
  // What an undisturbed run writes is what is to be expected from now on. Its status is returned.
  int run_undisturbed();
  // Goes on in `place` without faults to the end, and checks what is there in the end.
  void finish(const std::string& place) const;
  // Checks that `place` has what is to be expected.
  void check(const std::string& place) const;

 private:
  void check_archive(const std::string& folder) const;

  Which which_;
  const TempDir& dir_;
  std::vector<std::string> urls_;
  int expected_status_ = 0;
  std::map<std::string, std::string> expected_;
};

// All files beneath a folder but those that a run keeps for itself.
std::map<std::string, std::string> files_beneath(const std::string& folder);

}  // namespace fetchpool::test
