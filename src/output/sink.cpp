#include "output/sink.h"

#include <sys/stat.h>

#include <utility>
#include <vector>

#include "output/archiving_sink.h"
#include "output/json_sink.h"
#include "output/ordered_stream.h"
#include "output/raw_sink.h"
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
  if (options.form == OutputForm::raw)
    return std::make_unique<RawSink>(open_stream(options), order, options.report);
  RecordForm form{.bodies = options.bodies, .headers = options.headers, .stable = options.stable};
  return std::make_unique<JsonSink>(open_stream(options), order, form);
}

}  // namespace

std::unique_ptr<Sink> make_sink(const OutputOptions& options) {
  Order order = options.unordered ? Order::as_they_come : Order::of_the_list;
  std::unique_ptr<Sink> records = make_record_sink(options, order);
  if (options.warc_path.empty()) return records;
  WarcInfo info{"fetchpool/" + std::string(version()), options.user_agent};
  if (info.user_agent.empty()) info.user_agent = info.software;
  return std::make_unique<ArchivingSink>(
      std::move(records), WarcFiles(options.warc_path, options.warc_size, std::move(info)),
      reorder_options(options), order);
}

bool reaches(const OutputOptions& options, const Checkpoint& checkpoint) {
  struct stat info {};
  return checkpoint.files.size() == 1 && stat(options.path.c_str(), &info) == 0 &&
         static_cast<std::uint64_t>(info.st_size) >= checkpoint.files[0].bytes;
}

}  // namespace fetchpool::output
