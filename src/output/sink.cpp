#include "output/sink.h"

#include <utility>
#include <vector>

#include "output/json_sink.h"
#include "output/ordered_stream.h"
#include "output/raw_sink.h"

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

OrderedStream open_stream(const OutputOptions& options) {
  return OrderedStream(options.path.empty() ? OutputStream::borrow(options.fd, options.fd_name)
                                            : OutputStream::open(options.path),
                       {.window = options.order_window,
                        .spill = options.order_spill,
                        .spill_directories = spill_directories(options)});
}

}  // namespace

std::unique_ptr<Sink> make_sink(const OutputOptions& options) {
  Order order = options.unordered ? Order::as_they_come : Order::of_the_list;
  if (options.form == OutputForm::raw)
    return std::make_unique<RawSink>(open_stream(options), order, options.report);
  RecordForm form{.bodies = options.bodies, .headers = options.headers, .stable = options.stable};
  return std::make_unique<JsonSink>(open_stream(options), order, form);
}

}  // namespace fetchpool::output
