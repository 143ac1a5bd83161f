#include "output/directory_sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>
#include <vector>

#include "base/posix.h"
#include "output/file_name.h"
#include "output/line_file.h"
#include "output/run_report.h"

namespace fetchpool::output {
namespace {

constexpr const char* kNames = "names";
constexpr const char* kBody = "body";
constexpr std::size_t kMostPieces = 64;
constexpr std::uint64_t kMostNames = 1000;

// Bodies that an earlier run has made and whose records it could not commit.
void remove_unrecorded(Directory& directory, Directory& job, std::uint64_t first) {
  UniqueFd names = job.open_existing(kNames, O_RDONLY);
  if (!names.is_open()) return;
  LineFile lines(std::move(names), job.full_name(kNames));
  for (std::string_view line; lines.next(line);) {
    // A line that was not written to its end was followed by nothing.
    if (!lines.ended()) break;
    std::uint64_t number = 0;
    auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    if (error != std::errc() || number < first) continue;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    auto name_begin = line.find(' ', 1);
    if (name_begin == std::string_view::npos) continue;
    std::string name(line.substr(name_begin + 1));
    if (directory.identity(name) == line.substr(1, name_begin - 1)) directory.remove(name);
  }
}

}  // namespace

DirectorySink::DirectorySink(const OutputOptions& options, ReorderOptions reorder)
    : directory_(Directory::open(options.directory)),
      job_(directory_.folder(kJobFolder)),
      disk_(options.disk),
      name_template_(options.name_template),
      bodies_(options.bodies),
      keep_partial_(options.keep_partial),
      manifest_(open_manifest(options), std::move(reorder)),
      writer_({.bodies = false,
               .headers = options.headers,
               .stable = options.stable,
               .files = true,
               .hash = options.hash}) {
  settled_ = end_ = manifest_.awaited();
  if (options.goes_on) remove_unrecorded(directory_, job_, settled_);
  job_.remove(kNames);
  // Not before the names: until then no other file can be taken for it.
  job_.remove(kBody);
  names_ = job_.create(kNames);
  if (!names_.is_open()) throw Error("cannot make " + job_.full_name(kNames));
}

OutputStream DirectorySink::open_manifest(const OutputOptions& options) {
  std::string name = directory_.full_name(kManifest);
  UniqueFd fd = directory_.open_existing(kManifest, O_WRONLY);
  if (!fd.is_open() && !options.resume_at) fd = directory_.create(kManifest);
  if (!fd.is_open()) throw SystemError("cannot open " + name, ENOENT);
  OutputStream::Mark mark;
  if (options.resume_at) mark = {options.resume_at->records, options.resume_at->files.at(0).bytes};
  return OutputStream::adopt(std::move(fd), name, mark, *options.disk);
}

void DirectorySink::disown_leftovers(const std::string& path) {
  Directory::open(path).folder(kJobFolder).remove(kNames);
}

void DirectorySink::remove_leftovers(const std::string& path, std::uint64_t first) {
  Directory directory = Directory::open(path);
  Directory job = directory.folder(kJobFolder);
  remove_unrecorded(directory, job, first);
  job.remove(kNames);
}

void DirectorySink::put(FetchResult&& result) {
  static const std::vector<Bytes> kNothing;
  std::string file;
  bool is_partial = !result.ok() && keep_partial_ && !result.body.empty();
  bool has_response = result.outcome == Outcome::ok || is_partial;
  if (bodies_ && has_response) file = store(result);
  if (result.outcome == Outcome::skipped_existing) file = result.out;
  RecordWriter::Line line = writer_.write(result, file);
  end_ = std::max(end_, result.seq + 1);
  manifest_.put(result.seq, line.head, kNothing, line.tail);
}

void DirectorySink::put_again(std::uint64_t seq, std::string_view record) {
  end_ = std::max(end_, seq + 1);
  manifest_.put(seq, record, {}, "\n");
}

std::string DirectorySink::store(const FetchResult& result) {
  std::string own = shard_of(result.seq) + "/" + default_name(result);
  std::string wanted = wanted_path(name_template_, result);
  std::string ending = result.ok() ? "" : ".part";
  std::string identity = make_file(result.body);
  for (const std::string& name :
       {wanted, numbered(wanted, result.seq), own, numbered(own, result.seq)})
    if (try_name(name + ending, result.seq, identity)) return name + ending;
  // Taken by others, or by what earlier runs have left.
  for (std::uint64_t again = 1; again <= kMostNames; ++again) {
    std::string name = numbered(numbered(own, result.seq), again) + ending;
    if (try_name(name, result.seq, identity)) return name;
  }
  throw SystemError("cannot make " + directory_.full_name(wanted) + " and the names after it",
                    EEXIST);
}

// As .job/body. Returns its identity.
std::string DirectorySink::make_file(const Body& body) {
  UniqueFd fd = job_.create(kBody);
  if (!fd.is_open()) throw Error("cannot make " + job_.full_name(kBody));
  write(fd.get(), body);
  // Network file systems report a full disk no earlier than here.
  if (::close(fd.release()) != 0 && errno != EINTR)
    throw SystemError("cannot write " + job_.full_name(kBody), errno);
  std::string identity = job_.identity(kBody);
  if (identity.empty()) throw SystemError("cannot look at " + job_.full_name(kBody), errno);
  return identity;
}

// False: the name is taken.
bool DirectorySink::try_name(const std::string& name, std::uint64_t seq,
                             const std::string& identity) {
  if (is_of_reports(name)) return false;
  std::string line = std::to_string(seq) + " " + identity + " " + name + "\n";
  struct iovec piece {
    line.data(), line.size()
  };
  ssize_t written = disk_->write(names_.get(), &piece, 1);
  if (written != static_cast<ssize_t>(line.size()))
    throw SystemError("cannot write " + job_.full_name(kNames), written < 0 ? errno : ENOSPC);
  return job_.move(kBody, directory_, name);
}

void DirectorySink::write(int fd, const Body& body) {
  std::array<struct iovec, kMostPieces> vector;
  std::size_t next = 0;
  std::size_t offset = 0;  // in the next piece
  const std::vector<Bytes>& pieces = body.pieces();
  while (next < pieces.size()) {
    int count = 0;
    for (std::size_t i = next; i < pieces.size() && count < static_cast<int>(vector.size()); ++i) {
      std::string_view view = pieces[i].view();
      if (i == next) view.remove_prefix(offset);
      vector[static_cast<std::size_t>(count++)] = {const_cast<char*>(view.data()), view.size()};
    }
    ssize_t written = disk_->write(fd, vector.data(), count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw SystemError("cannot write " + job_.full_name(kBody), errno);
    offset += static_cast<std::size_t>(written);
    while (next < pieces.size() && offset >= pieces[next].size()) offset -= pieces[next++].size();
  }
}

std::optional<Checkpoint> DirectorySink::checkpoint(bool durable) {
  auto mark = manifest_.settle(false);
  if (!mark) return std::nullopt;
  // Never tried again: after a failure nobody knows what is on the disk.
  if (durable && disk_->sync_file_system(directory_.fd()) != 0)
    throw SystemError("cannot force " + directory_.path() + " to disk", errno);
  settled_ = mark->records;
  return Checkpoint{mark->records, {{kManifest, mark->bytes}}, {}};
}

void DirectorySink::finish() {
  manifest_.finish();
  write_reports(directory_, job_);
  // All bodies have records that stay: nobody will ask any more whose they are.
  if (settled_ == end_) job_.remove(kNames);
}

}  // namespace fetchpool::output
