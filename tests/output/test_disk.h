// Disks that fail, and disks that remember what a power failure would leave.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "output/disk.h"

namespace fetchpool::output {

// Thrown in place of a call: the process was killed there.
struct Killed {};

// Does what the system does until its `fatal` call, counted from 0; that and all later ones fail
// with `error_number`, or with Killed where that is 0. A failing write has written half of it.
class FailingDisk : public Disk {
 public:
  FailingDisk(int fatal, int error_number) : fatal_(fatal), error_number_(error_number) {}

  ssize_t write(int fd, const struct iovec* pieces, int count) override;
  int sync(int fd) override;
  int sync_file_system(int fd) override;
  int truncate(int fd, off_t size) override;

  int calls() const { return calls_; }
  // How often it was asked to force data to the disk after that had failed.
  int syncs_after_failure() const { return syncs_after_failure_; }

 private:
  bool fails();

  int fatal_;
  int error_number_;
  int calls_ = 0;
  bool sync_failed_ = false;
  int syncs_after_failure_ = 0;
};

// Does what the system does, except that it never really waits for a disk, and remembers it.
class RecordingDisk : public Disk {
 public:
  ssize_t write(int fd, const struct iovec* pieces, int count) override;
  int sync(int fd) override;
  int sync_file_system(int fd) override;
  int truncate(int fd, off_t size) override;

  std::size_t calls() const { return calls_.size(); }

  // What a power failure may do to what was not forced to the disk.
  enum class Fate { dropped, reordered, trashed };
  // Writes the files as they may be after a power failure before call number `index`, in place of
  // those that are there. Files in which nothing had changed are removed.
  void crash(std::size_t index, Fate fate, std::uint64_t seed) const;

 private:
  struct Call {
    std::string path;
    enum { kWrite, kTruncate, kSync } kind;
    std::uint64_t offset;  // of a truncation, the new size
    std::string bytes;
  };

  std::vector<bool> forced_before(std::size_t index) const;
  static void apply(std::string& file, const Call& call, const std::string& bytes);

  std::vector<Call> calls_;
};

// Does what the system does to files beneath a directory, and knows what of it is safe: the
// contents of a file and the entry of a name in its folder, each for itself.
class PowerlessDisk : public Disk {
 public:
  // The power fails at call number `fatal`, which throws Killed; later ones fail. Nothing: never.
  PowerlessDisk(std::string directory, std::optional<std::size_t> fatal)
      : directory_(std::move(directory)), fatal_(fatal) {}

  ssize_t write(int fd, const struct iovec* pieces, int count) override;
  int sync(int fd) override;
  int sync_file_system(int fd) override;
  int truncate(int fd, off_t size) override;

  std::size_t calls() const { return calls_; }
  // Makes of the files what the power failure may have: each name and each content that was not
  // safe is as it is now, as it was when it last was safe, or, a content, in parts or rubbish.
  void lose_power(std::uint64_t seed) const;

 private:
  struct SafeFile {
    bool has_name = false;
    std::string bytes;
  };

  // Counts a call; false: there is no power any more.
  bool has_power();
  std::map<std::string, std::string> files() const;

  std::string directory_;
  std::optional<std::size_t> fatal_;
  std::size_t calls_ = 0;
  std::map<std::string, SafeFile> safe_;
};

}  // namespace fetchpool::output
