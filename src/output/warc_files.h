// A WARC archive as files on disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fetchpool/bytes.h"
#include "output/output_stream.h"

namespace fetchpool::output {

struct WarcFilesOptions {
  std::string path;
  std::uint64_t most_bytes = 0;  // after which another file begins; 0: never
  // What each file says about its making.
  std::string software;
  std::string user_agent;
  // settle() is called now and then, and when waits_for_settle(). A file is then closed only there,
  // so that what a journal speaks of is always the one that is open.
  bool settles = false;
  Disk* disk = &system_disk();
};

// Writes gzip members one after the other. What belongs to one URL stands in one file: once a file
// is full, the next URL begins another one. The first file has the name that was asked for,
// "crawl.warc.gz", the next ones are "crawl-00001.warc.gz" and so on. While a file is being written
// its name has ".open" behind it.
//
// Throws SystemError with the file's name where it cannot be made, written or renamed.
class WarcFiles {
 public:
  // A place between two URLs.
  struct Mark {
    unsigned number = 0;  // of the file, from 0
    std::uint64_t bytes = 0;
  };

  // Begins the first file anew.
  explicit WarcFiles(WarcFilesOptions options);
  // Goes on behind `mark`, where shortfall() says nothing: what follows there is dropped. Closed
  // files that follow get ".old" behind their names.
  WarcFiles(WarcFilesOptions options, Mark mark);

  // Why one cannot go on behind `mark`: "a.warc.gz is missing". Empty: one can.
  static std::string shortfall(const std::string& path, Mark mark);
  // The name of the file with this number.
  static std::string name_of(const std::string& path, unsigned number);

  void add(Bytes members);
  // What was added up to here belongs to one URL.
  void end_url();
  void flush();
  // Whether the file is full and settle() is to close it: until then it grows.
  bool waits_for_settle() const { return options_.settles && is_full(); }
  // Writes everything up to the last end_url(), forces it to the disk where `durable`, and returns
  // where that is. Requires WarcFilesOptions::settles.
  Mark settle(bool durable);
  // Writes everything and gives the last file its name.
  void finish();

 private:
  std::string name() const { return name_of(options_.path, number_); }
  bool is_full() const { return options_.most_bytes > 0 && size_ >= options_.most_bytes; }
  static bool drop(const std::string& name);
  void open();
  void close();
  void force_name();

  WarcFilesOptions options_;
  unsigned number_ = 0;
  std::uint64_t size_ = 0;  // of the file that is open
  std::optional<OutputStream> stream_;
  bool name_is_safe_ = false;
};

}  // namespace fetchpool::output
