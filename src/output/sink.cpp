#include "output/sink.h"

#include <sys/stat.h>

#include <utility>
#include <vector>

#include "output/archiving_sink.h"
#include "output/directory_sink.h"
#include "output/json_sink.h"
#include "output/ordered_stream.h"
#include "output/raw_sink.h"
#include "output/run_report.h"
#include "output/warc_files.h"

namespace fetchpool::output {
namespace {

std::string directory_of(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::vector<std::string> spill_directories(const OutputOptions& options) {
  if (!options.spill_directory.empty()) return {options.spill_directory};
  std::vector<std::string> directories{"/var/tmp", "/tmp"};
  if (!options.path.empty()) directories.insert(directories.begin(), directory_of(options.path));
  if (!options.directory.empty()) directories.insert(directories.begin(), options.directory);
  return directories;
}

ReorderOptions reorder_options(const OutputOptions& options) {
  // Records and archive share what there is.
  std::uint64_t parts = options.warc_path.empty() ? 1 : 2;
  return {.window = options.order_window / parts,
          .spill = options.order_spill / parts,
          .spill_directories = spill_directories(options),
          .first = options.resume_at ? options.resume_at->records : 0};
}

OutputStream open_output(const OutputOptions& options) {
  if (options.path.empty()) return OutputStream::borrow(options.fd, options.fd_name);
  if (!options.resume_at) return OutputStream::open(options.path, *options.disk);
  const Checkpoint& start = *options.resume_at;
  return OutputStream::reopen(options.path, {start.records, start.files.at(0).bytes},
                              *options.disk);
}

OrderedStream open_stream(const OutputOptions& options) {
  return OrderedStream(open_output(options), reorder_options(options));
}

std::unique_ptr<Sink> make_record_sink(const OutputOptions& options, Order order) {
  if (!options.directory.empty())
    return std::make_unique<DirectorySink>(options, reorder_options(options));
  if (options.form == OutputForm::raw)
    return std::make_unique<RawSink>(open_stream(options), order, options.report);
  RecordForm form{.bodies = options.bodies,
                  .headers = options.headers,
                  .stable = options.stable,
                  .hash = options.hash};
  return std::make_unique<JsonSink>(open_stream(options), order, form);
}

WarcFiles open_archive(const OutputOptions& options) {
  WarcFilesOptions files;
  files.path = options.warc_path;
  files.most_bytes = options.warc_size;
  files.software = "fetchpool/" + std::string(version());
  files.user_agent = options.user_agent.empty() ? files.software : options.user_agent;
  files.settles = options.checkpoints;
  files.disk = options.disk;
  if (options.resume_at) return WarcFiles(std::move(files), archive_part(*options.resume_at));
  return WarcFiles(std::move(files));
}

std::string shortfall_of_records(const OutputOptions& options, const Checkpoint& checkpoint) {
  std::string path = options.directory.empty() ? options.path : options.directory + "/" + kManifest;
  if (checkpoint.files.size() != 1) return path + " was written with other files beside it";
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return path + " is missing";
  bool is_long_enough = static_cast<std::uint64_t>(info.st_size) >= checkpoint.files[0].bytes;
  return is_long_enough ? "" : path + " is shorter than it was";
}

}  // namespace

std::unique_ptr<Sink> make_sink(const OutputOptions& options) {
  Order order = options.unordered ? Order::as_they_come : Order::of_the_list;
  if (options.warc_path.empty()) return make_record_sink(options, order);
  OutputOptions of_records = options;
  if (options.resume_at) of_records.resume_at = record_part(*options.resume_at);
  std::unique_ptr<Sink> records = make_record_sink(of_records, order);
  return std::make_unique<ArchivingSink>(std::move(records), open_archive(options),
                                         reorder_options(options), order);
}

void disown_leftovers(const OutputOptions& options) {
  if (!options.directory.empty()) DirectorySink::disown_leftovers(options.directory);
}

void remove_leftovers(const OutputOptions& options, std::uint64_t first) {
  if (!options.directory.empty()) DirectorySink::remove_leftovers(options.directory, first);
}

std::string shortfall(const OutputOptions& options, const Checkpoint& checkpoint) {
  if (options.warc_path.empty()) return shortfall_of_records(options, checkpoint);
  std::string of_records = shortfall_of_records(options, record_part(checkpoint));
  if (!of_records.empty()) return of_records;
  return WarcFiles::shortfall(options.warc_path, archive_part(checkpoint));
}

}  // namespace fetchpool::output
