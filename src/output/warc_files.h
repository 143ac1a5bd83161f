// A WARC archive as files on disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fetchpool/bytes.h"
#include "output/output_stream.h"

namespace fetchpool::output {

// What each file of an archive says about its making.
struct WarcInfo {
  std::string software;
  std::string user_agent;
};

// Writes gzip members one after the other. What belongs to one URL stands in one file: once a file
// has `most_bytes` (0: never), the next URL begins another one. The first file has the name that
// was asked for, "crawl.warc.gz", the next ones "crawl-00001.warc.gz" and so on. While a file is
// being written its name has ".open" behind it.
//
// Throws SystemError with the file's name where it cannot be made, written or renamed.
class WarcFiles {
 public:
  WarcFiles(std::string path, std::uint64_t most_bytes, WarcInfo info);

  void add(Bytes members);
  // What was added up to here belongs to one URL.
  void end_url();
  void flush();
  // Writes everything and gives the last file its name.
  void finish();

  // The name of the file with this number, from 0.
  static std::string name_of(const std::string& path, unsigned number);

 private:
  void open();
  void close();

  std::string path_;
  std::uint64_t most_bytes_;
  WarcInfo info_;
  unsigned number_ = 0;
  std::uint64_t size_ = 0;  // of the file that is open
  std::optional<OutputStream> stream_;
};

}  // namespace fetchpool::output
