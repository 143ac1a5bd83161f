// Whether a WARC file is what it says.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace fetchpool::output {

// What was found in a file.
struct WarcReport {
  std::uint64_t records = 0;  // whole ones
  std::uint64_t faults = 0;
};

// Reads a WARC file of gzip members, one a record, and reports every fault as a line without its
// end that begins with "offset N:": a member that is damaged, cut or more than a record; a head
// that is none or lacks what every record has; a block that is not as long as it says; a SHA-1
// digest that is not that of the bytes. Digests of other kinds are taken as they are, and so is
// that of a payload which lies elsewhere (revisit) or has a transfer coding. After a fault it goes
// on at the next record. Takes a bounded amount of memory.
//
// Throws SystemError where the file cannot be read.
WarcReport check_warc(const std::string& path,
                      const std::function<void(std::string_view line)>& report);

}  // namespace fetchpool::output
