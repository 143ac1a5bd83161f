// Whether what a run has written is what it says.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace fetchpool::output {

// What was found.
struct CheckReport {
  std::uint64_t records = 0;  // whole ones
  std::uint64_t bodies = 0;   // files that they name
  std::uint64_t faults = 0;
};

// Takes a line without its end for each fault, or for several of one kind in a row: where it is,
// and what.
using FaultReport = std::function<void(std::string_view line)>;

// Checks a list of records: each line is one whole object, and where a journal lies beside it
// (`path`.journal), that is whole, and the list has as many bytes and records as it says. Changes
// nothing. Throws SystemError where the list cannot be read.
CheckReport check_records(const std::string& path, const FaultReport& report);

// Checks the directory of a run: its manifest and its journal as above, that no number is missing
// or stands twice, and each body that the manifest names: it is there, a regular file beneath the
// directory, as long as its record says, and where that has a hash, of these very bytes. Throws
// SystemError where the manifest cannot be read.
CheckReport check_directory(const std::string& path, const FaultReport& report);

}  // namespace fetchpool::output
