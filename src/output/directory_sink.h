// Bodies as files, and a list of records beside them.
#pragma once

#include <cstdint>
#include <string>

#include "output/directory.h"
#include "output/ordered_stream.h"
#include "output/record.h"
#include "output/sink.h"

namespace fetchpool::output {

// Writes each body to a file of its own as soon as it comes, and its record into manifest.jsonl
// when its turn is there. A file without ".part" is whole. Only results that are ok have a file;
// with `keep_partial` the bodies of others are NAME.part.
//
// A name that is taken is left alone, whoever made it: the body gets another one. So do bodies that
// would have the name of manifest.jsonl, failed.txt or summary.json.
//
// A run that is ended by force leaves bodies without records, which the next one removes; it
// removes nothing else. Each body is first .job/body; then a line of .job/names tells its number,
// its identity and the name it is to have; then it is moved there, which fails where the name is
// taken. So a file that has both name and identity of a line was made here, whenever the end came,
// and while .job/body is there no other file can have its identity. After a power failure lines may
// be missing: then bodies without records stay, which may not be whole either, and what comes again
// gets other names; the manifest is right.
class DirectorySink : public Sink {
 public:
  // Where `options.goes_on`, bodies of the earlier run whose records are not before
  // `options.resume_at` are removed, as they come again. Otherwise nothing is removed.
  DirectorySink(const OutputOptions& options, ReorderOptions reorder);

  // See output::disown_leftovers().
  static void disown_leftovers(const std::string& path);
  // See output::remove_leftovers().
  static void remove_leftovers(const std::string& path, std::uint64_t first);

  void put(FetchResult&& result) override;
  void put_again(std::uint64_t seq, std::string_view record) override;
  void flush() override { manifest_.flush(); }
  bool may_gather() const override { return manifest_.may_gather(); }
  bool wants_hold() const override { return manifest_.wants_hold(); }
  bool waits_for_reader() const override { return manifest_.waits_for_reader(); }
  std::uint64_t awaited() const override { return manifest_.awaited(); }
  int poll_fd() const override { return manifest_.poll_fd(); }
  short poll_events() const override { return manifest_.poll_events(); }
  // Durable: one syncfs(2) for all files.
  std::optional<Checkpoint> checkpoint(bool durable) override;
  // Writes failed.txt and summary.json, too.
  void finish() override;
  std::uint64_t written() const override { return manifest_.written(); }

 private:
  OutputStream open_manifest(const OutputOptions& options);
  std::string store(const FetchResult& result);
  std::string make_file(const Body& body);
  bool try_name(const std::string& name, std::uint64_t seq, const std::string& identity);
  void write(int fd, const Body& body);

  Directory directory_;
  Directory job_;  // .job
  Disk* disk_;
  std::string name_template_;
  bool bodies_;
  bool keep_partial_;
  OrderedStream manifest_;
  RecordWriter writer_;
  UniqueFd names_;             // .job/names: what was made for which number
  std::uint64_t settled_ = 0;  // all below has a record that stays
  std::uint64_t end_ = 0;      // behind the highest number that came
};

// Where a run in a directory keeps what is its own.
inline constexpr const char* kJobFolder = ".job";

}  // namespace fetchpool::output
