// The file that says how far a run has come, so that another one can go on from there.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "fetchpool/error.h"
#include "output/checkpoint.h"
#include "output/disk.h"

namespace fetchpool::output {

// The run cannot go on from where it was, and nothing was changed: another list, other options, a
// damaged or foreign journal, another process at work.
class ResumeRefused : public Error {
 public:
  using Error::Error;
};

// That other process.
class JournalLocked : public ResumeRefused {
 public:
  using ResumeRefused::ResumeRefused;
};

// When what was written is forced to the disk.
enum class Sync {
  none,    // never: it survives the end of the process, not that of the machine
  batch,   // before each commit is written, and the commit itself
  always,  // as batch, and a commit is due whenever something was written
};

// How many results ended with one exit status (see exit_code()), 0 for those that are fine.
struct Tally {
  std::uint8_t exit_code = 0;
  std::uint64_t count = 0;

  friend bool operator==(const Tally&, const Tally&) = default;
};

// One entry of the journal: from its beginning to here.
struct Commit {
  Checkpoint output;
  // The lines of the list that the results up to here came from, 0 to `lines`, and their hash.
  std::uint64_t lines = 0;
  std::uint64_t list_hash = 0;
  std::vector<Tally> tally;
  // Where results are written as they come: the numbers of those since the last commit.
  std::vector<std::uint64_t> numbers;

  friend bool operator==(const Commit&, const Commit&) = default;
};

// A journal knows nothing of the kind of output: it has names of files and how long they were at
// each commit. Whoever writes it first writes the records, forces them to the disk where asked, and
// then commits; whoever reads it believes the last commit that is whole and whose files are at
// least as long as it says, and cuts everything behind that.
//
//   Journal journal = Journal::open("pages.jsonl.journal");      // locked from here on
//   if (journal.has_job() && going_on) {
//     std::optional<Commit> last;
//     journal.replay([&](Commit&& commit) {
//       if (files_are_shorter_than(commit)) return false;          // an earlier one, or a later
//       last = std::move(commit);
//       return true;
//     });
//     journal.go_on(); ...                                       // drops what was not believed
//   } else {
//     journal.begin("json stable");
//   }
//   for (...) journal.commit(...);
//   journal.remove();                                            // nothing is left to go on with
//
// The format: a line of text, then entries of length (4 bytes), payload and checksum (8 bytes,
// XXH3), each checksum seeded with the one before, so that an entry counts only behind its
// predecessors. The first entry is the job. A torn, damaged or missing end is dropped; a damaged
// beginning is refused.
//
// Every function that writes throws SystemError naming the journal; it is of no use after that,
// what was committed before is safe. A failed fsync is never tried again.
class Journal {
 public:
  // Opens `path`, creating it where `create`, and locks it for as long as this lives. Throws
  // ResumeRefused where another process has it locked or it is not a journal, SystemError (ENOENT
  // among them) where it cannot be opened.
  static Journal open(const std::string& path, bool create, Sync sync = Sync::batch,
                      Disk& disk = system_disk());
  // As open(), of a journal that is only to be read.
  static Journal open_to_read(const std::string& path);

  // Whether a job was begun: the beginning is whole.
  bool has_job() const { return has_job_; }
  // As given to begin().
  const std::string& job() const { return job_; }

  // Empties the journal and begins anew. `job` is what matters about the run, in words of the
  // caller's.
  void begin(std::string_view job);

  // Shows all commits in their order; what lies behind the last one that `believe` returns true for
  // is gone with the next commit. One that is believed speaks for all before it.
  void replay(const std::function<bool(Commit&&)>& believe);
  // Whether something lies behind the last commit that was believed, and where that begins.
  // Requires replay().
  bool has_rest() const { return size_ > position_; }
  std::uint64_t position() const { return position_; }
  // Drops that. Requires replay().
  void go_on();

  // Adds an entry. What it says must be true already, on the disk where that was asked for. The
  // first time, the names in the journal's directory are forced to the disk as well.
  void commit(const Commit& commit);

  // Takes the file away.
  void remove();

  Sync sync() const { return sync_; }
  const std::string& path() const { return path_; }

 private:
  Journal(UniqueFd fd, std::string path, Sync sync, Disk& disk)
      : fd_(std::move(fd)), path_(std::move(path)), sync_(sync), disk_(&disk) {}

  static Journal open_with(const std::string& path, int flags, Sync sync, Disk& disk);
  void read_beginning();
  // The payload of the entry at `position`; moves on behind it. Nothing: no whole entry is there.
  bool next_entry(std::string_view& payload);
  void append(std::string_view bytes);
  void append_entry(std::string_view payload);
  void force();
  void force_names();

  UniqueFd fd_;
  std::string path_;
  Sync sync_;
  Disk* disk_;
  std::string job_;
  bool has_job_ = false;
  bool names_are_safe_ = false;
  std::string text_;            // what was found, while it is read
  std::uint64_t size_ = 0;      // of what was found
  std::uint64_t position_ = 0;  // behind the last entry that counts
  std::uint64_t chain_ = 0;     // its checksum
};

}  // namespace fetchpool::output
