#include "cli/overwritten_input.h"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/safe_text.h"
#include "cli/url_reader.h"
#include "cli/usage_error.h"

namespace fetchpool::cli {
namespace {

struct NamedFile {
  std::string what;  // for the message
  dev_t device;
  ino_t inode;
};

std::optional<NamedFile> regular_file(std::string what, int result, const struct stat& info) {
  // Of a device or a pipe nothing is lost.
  if (result != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return NamedFile{std::move(what), info.st_dev, info.st_ino};
}

std::optional<NamedFile> at_path(std::string option, const std::string& path) {
  struct stat info {};
  int result = path.empty() ? -1 : stat(path.c_str(), &info);
  return regular_file(std::move(option) + " " + safe_text(path), result, info);
}

std::optional<NamedFile> at_descriptor(const char* what, int fd) {
  struct stat info {};
  int result = fstat(fd, &info);
  return regular_file(what, result, info);
}

std::vector<NamedFile> inputs_of(const Arguments& arguments) {
  std::vector<NamedFile> files;
  auto add = [&](std::optional<NamedFile> file) {
    if (file) files.push_back(std::move(*file));
  };
  for (const std::string& list : lists_to_read(arguments))
    add(list == "-" ? at_descriptor("standard input", STDIN_FILENO) : at_path("-i", list));
  for (const std::string& path : arguments.config_files) add(at_path("-K", path));
  for (const OutsideValue& value : arguments.outside_values)
    if (value.is_outside) add(at_path(value.option, value.text));
  return files;
}

}  // namespace

void refuse_overwritten_inputs(const Arguments& arguments) {
  std::vector<NamedFile> inputs = inputs_of(arguments);
  bool writes_stdout = arguments.output.empty() && arguments.directory.empty();
  for (const auto& output :
       {at_path("-o", arguments.output), at_path("--warc", arguments.warc),
        writes_stdout ? at_descriptor("standard output", STDOUT_FILENO) : std::nullopt}) {
    if (!output) continue;
    for (const NamedFile& input : inputs)
      if (input.device == output->device && input.inode == output->inode)
        throw UsageError(output->what + " is the same file as " + input.what +
                         ", which would be overwritten");
  }
}

}  // namespace fetchpool::cli
