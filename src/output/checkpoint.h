// How far an output has come.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fetchpool::output {

// The end of what is whole in a file.
struct FileEnd {
  std::string name;  // as the sink calls it
  std::uint64_t bytes = 0;

  friend bool operator==(const FileEnd&, const FileEnd&) = default;
};

// A place between two records at which an output can be taken up again: the first `records` that
// were written are whole, and lie before the ends of the files that are still being written. Files
// that were finished before are not named.
struct Checkpoint {
  std::uint64_t records = 0;
  std::vector<FileEnd> files;
  std::string state;  // what else the sink has to know to go on from here

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

}  // namespace fetchpool::output
