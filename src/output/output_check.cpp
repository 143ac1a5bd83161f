#include "output/output_check.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "base/posix.h"
#include "fetch/body_hash.h"
#include "output/directory.h"
#include "output/directory_sink.h"
#include "output/journal.h"
#include "output/line_file.h"
#include "output/record_reader.h"
#include "output/run_report.h"

namespace fetchpool::output {
namespace {

constexpr std::size_t kReadAtOnce = std::size_t{256} << 10;

// The place that a journal says its output has come to.
struct Committed {
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;
};

class Checker {
 public:
  // `path` is the list of records. Bodies are looked for in `directory`, where there is one.
  Checker(std::string path, Directory* directory, const FaultReport& report)
      : path_(std::move(path)), directory_(directory), report_(report) {}

  CheckReport run(UniqueFd list, const std::string& journal) {
    std::optional<Committed> committed = check_journal(journal);
    check_lines(std::move(list), committed.value_or(Committed{}));
    place_ = path_ + ": ";
    if (committed) compare(*committed);
    return found_;
  }

 private:
  void fault(const std::string& what) {
    ++found_.faults;
    report_(place_ + what);
  }

  std::optional<Committed> check_journal(const std::string& path) {
    place_ = path + ": ";
    struct stat info {};
    if (lstat(path.c_str(), &info) != 0 && errno == ENOENT) {
      if (directory_) fault("is missing");
      return std::nullopt;
    }
    try {
      return read_journal(path);
    } catch (const Error& error) {
      place_.clear();
      fault(error.what());
      return std::nullopt;
    }
  }

  Committed read_journal(const std::string& path) {
    Journal journal = Journal::open_to_read(path);
    Committed committed;
    if (!journal.has_job()) fault("its beginning was not written to its end");
    journal.replay([&](Commit&& commit) {
      if (!commit.output.files.empty()) committed.bytes = commit.output.files[0].bytes;
      committed.records = commit.output.records;
      return true;
    });
    if (journal.has_rest())
      fault("offset " + std::to_string(journal.position()) +
            ": damaged or torn, behind what it says of record " +
            std::to_string(committed.records));
    return committed;
  }

  void check_lines(UniqueFd list, const Committed& committed) {
    LineFile lines(std::move(list), path_);
    for (std::string_view line; lines.next(line);) {
      ++lines_;
      offset_ = lines.offset();
      size_ = lines.offset() + line.size() + (lines.ended() ? 1 : 0);
      if (size_ <= committed.bytes) ++committed_lines_;
      check_line(line, lines.ended());
    }
    end_row();
  }

  void check_line(std::string_view line, bool is_ended) {
    RecordReader record(line);
    if (!record.is_whole() && is_ended) return add_to_row();
    end_row();
    place_ = path_ + ": line " + std::to_string(lines_) + place_of(offset_);
    if (!record.is_whole()) return fault("is cut");
    if (!is_ended) fault("has no end");
    ++found_.records;
    if (!directory_) return;
    auto seq = record.number("seq");
    if (seq != next_seq_)
      fault("has the number " + (seq ? std::to_string(*seq) : "null") + " instead of " +
            std::to_string(next_seq_));
    next_seq_ = seq.value_or(next_seq_) + 1;
    check_body(record);
  }

  static std::string place_of(std::uint64_t offset) {
    return ", offset " + std::to_string(offset) + ": ";
  }

  // Lines that are no records; those in a row are one message.
  void add_to_row() {
    if (row_.lines == 0) row_ = {lines_, offset_, 0};
    ++row_.lines;
  }

  void end_row() {
    Row row = std::exchange(row_, {});
    if (row.lines == 0) return;
    bool is_one = row.lines == 1;
    std::string first = std::to_string(row.first);
    std::string last = std::to_string(row.first + row.lines - 1);
    place_ = path_ + (is_one ? ": line " + first : ": lines " + first + " to " + last) +
             place_of(row.offset);
    fault(is_one ? "is no record" : "are no records");
    found_.faults += row.lines - 1;
  }

  void compare(const Committed& committed) {
    if (size_ < committed.bytes)
      fault("has " + std::to_string(size_) + " bytes, and at least " +
            std::to_string(committed.bytes) + " were written");
    else if (committed_lines_ != committed.records)
      fault("has " + std::to_string(committed_lines_) + " lines in its first " +
            std::to_string(committed.bytes) + " bytes, and " + std::to_string(committed.records) +
            " were written");
  }

  void check_body(RecordReader& record) {
    auto size = record.number("size_body");
    auto name = record.text("body_file");
    if (!name) return;
    ++found_.bodies;
    try {
      UniqueFd fd = directory_->open_existing(*name, O_RDONLY);
      if (!fd.is_open()) return fault(*name + " is missing");
      struct stat info {};
      if (fstat(fd.get(), &info) != 0) throw SystemError("cannot read " + *name, errno);
      if (static_cast<std::uint64_t>(info.st_size) != size)
        return fault(*name + " has " + std::to_string(info.st_size) + " bytes instead of " +
                     (size ? std::to_string(*size) : "null"));
      check_hash(record, "body_sha256", BodyHash::sha256, fd.get(), *name);
      check_hash(record, "body_xxh3", BodyHash::xxh3, fd.get(), *name);
    } catch (const Error& error) {
      fault(error.what());
    }
  }

  void check_hash(RecordReader& record, std::string_view member, BodyHash kind, int fd,
                  const std::string& name) {
    auto expected = record.text(member);
    if (!expected) return;
    engine::BodyHasher hasher(kind);
    block_.resize(kReadAtOnce);
    while (auto count = posix::read_some(fd, block_.data(), block_.size())) {
      if (*count == 0) break;
      hasher.feed(std::string_view(block_).substr(0, *count));
    }
    if (hasher.hex() != *expected) fault(name + " is not the body of its " + std::string(member));
  }

  struct Row {
    std::uint64_t first = 0;
    std::uint64_t offset = 0;
    std::uint64_t lines = 0;
  };

  std::string path_;
  Directory* directory_;
  const FaultReport& report_;
  CheckReport found_;
  std::string place_;  // of what is looked at, for faults
  std::uint64_t size_ = 0;
  std::uint64_t lines_ = 0;
  std::uint64_t offset_ = 0;  // of the last line
  Row row_;
  std::uint64_t committed_lines_ = 0;
  std::uint64_t next_seq_ = 0;
  std::string block_;
};

}  // namespace

CheckReport check_records(const std::string& path, const FaultReport& report) {
  UniqueFd list = posix::open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  return Checker(path, nullptr, report).run(std::move(list), path + ".journal");
}

CheckReport check_directory(const std::string& path, const FaultReport& report) {
  Directory directory = Directory::open(path);
  std::string manifest = directory.full_name(kManifest);
  UniqueFd list = directory.open_existing(kManifest, O_RDONLY);
  if (!list.is_open()) throw SystemError("cannot open " + manifest, ENOENT);
  std::string journal = directory.full_name(kJobFolder) + "/journal";
  return Checker(manifest, &directory, report).run(std::move(list), journal);
}

}  // namespace fetchpool::output
