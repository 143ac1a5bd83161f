// Bodies that need not be fetched.
#pragma once

#include <string>

#include "fetchpool/fetch.h"
#include "output/directory.h"

namespace fetchpool::output {

// Finds the files beneath a directory that were there before a run began, by the names that bodies
// of this run would have. What the run makes itself does not count, or two URLs that want one name
// would be taken for one.
class ExistingBodies {
 public:
  // The run begins now, unless it goes on. Throws SystemError. `name_template` is as in
  // OutputOptions, and does not need the response.
  ExistingBodies(const std::string& directory, std::string name_template, bool goes_on);

  // Fills in what a record says of a request whose body is there: `outcome`, `out` (the name of the
  // file) and `size_body`. False: it is not. Of `request`, `seq`, `url` and `out` are used.
  bool find(FetchResult& request);

 private:
  bool take(FetchResult& request, const std::string& name);

  Directory directory_;
  std::string name_template_;
  std::int64_t begin_ = 0;
};

}  // namespace fetchpool::output
