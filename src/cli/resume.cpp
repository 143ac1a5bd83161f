#include "cli/resume.h"

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <utility>

#include "cli/log.h"
#include "cli/safe_text.h"
#include "cli/usage_error.h"
#include "fetch/url.h"
#include "output/directory_sink.h"
#include "output/run_report.h"

namespace fetchpool::cli {
namespace {

output::RunJournalOptions journal_options(const Arguments& arguments,
                                          const output::OutputOptions& output) {
  output::RunJournalOptions options;
  options.path = arguments.output + ".journal";
  options.output = safe_text(arguments.output);
  options.shape = shape_of(arguments);
  options.in_order = !arguments.unordered;
  options.go_on = arguments.go_on;
  options.force = arguments.force;
  options.sync =
      arguments.sync.value_or(arguments.go_on ? output::Sync::batch : output::Sync::none);
  options.records = arguments.output;
  options.aside = arguments.output + ".earlier";
  options.again = arguments.retry_failed;
  options.shortfall = [output](const output::Checkpoint& point) {
    return safe_text(shortfall(output, point));
  };
  return options;
}

// Words of the shape are kept with blanks between them.
std::string one_word(std::string_view path) {
  std::string word;
  for (char c : path) word += c == ' ' ? std::string("%20") : std::string(1, c);
  return safe_text(word);
}

// The journal of a directory is always written: without it nobody could tell whose files these are.
output::RunJournal open_in_directory(const Arguments& arguments,
                                     const output::OutputOptions& output) {
  output::Directory directory = output::Directory::open(arguments.directory);
  output::RunJournalOptions options = journal_options(arguments, output);
  options.output = safe_text(arguments.directory);
  options.output_is_empty = true;
  for (const char* name : {output::kManifest, output::kFailedList, output::kSummary}) {
    if (!directory.has(name)) continue;
    options.output_is_empty = false;
    if (!arguments.go_on && !arguments.skip_existing)
      throw UsageError(safe_text(directory.full_name(name)) +
                       " is there already: go on with that run (-c), or name another directory");
  }
  directory.make_folder(output::kJobFolder);
  std::string job = directory.full_name(output::kJobFolder);
  options.path = job + "/journal";
  options.records = directory.full_name(output::kManifest);
  options.aside = job + "/earlier";
  output::RunJournal journal(std::move(options));
  if (!arguments.go_on) output::keep_manifest(directory);
  return journal;
}

}  // namespace

std::vector<std::string> shape_of(const Arguments& arguments) {
  std::vector<std::string> shape;
  if (arguments.raw) shape.emplace_back("--raw");
  if (arguments.no_body) shape.emplace_back("--no-body");
  if (arguments.include_headers) shape.emplace_back("--include-headers");
  if (arguments.fetch.hash == BodyHash::sha256) shape.emplace_back("--hash=sha256");
  if (arguments.fetch.hash == BodyHash::xxh3) shape.emplace_back("--hash=xxh3");
  if (arguments.stable) shape.emplace_back("--stable");
  if (arguments.unordered) shape.emplace_back("--unordered");
  if (!arguments.warc.empty()) shape.push_back("--warc=" + one_word(arguments.warc));
  if (arguments.dedupe) shape.emplace_back("--dedupe");
  if (!arguments.base.empty())
    shape.push_back("--base=" + one_word(engine::without_secrets(arguments.base)));
  if (!arguments.default_scheme.empty())
    shape.push_back("--default-scheme=" + arguments.default_scheme);
  if (arguments.fetch.method != "GET" && !arguments.fetch.method.empty())
    shape.push_back("--request=" + one_word(arguments.fetch.method));
  // What is sent may be secret, and long.
  if (arguments.fetch.data)
    shape.push_back(fmt::format(
        "--data={:016x}", XXH3_64bits(arguments.fetch.data->data(), arguments.fetch.data->size())));
  if (!arguments.shard.is_all()) {
    const Shard& shard = arguments.shard;
    shape.push_back("--shard=" + std::to_string(shard.number) + "/" + std::to_string(shard.count));
    if (shard.by_host) shape.emplace_back("--shard-by=host");
  }
  if (arguments.keep_partial) shape.emplace_back("--keep-partial");
  if (!arguments.name_template.empty())
    shape.push_back("--output-template=" + one_word(arguments.name_template));
  return shape;
}

std::optional<output::RunJournal> open_journal(const Arguments& arguments,
                                               const output::OutputOptions& output) {
  if (!arguments.directory.empty()) return open_in_directory(arguments, output);
  if (arguments.output.empty()) return std::nullopt;
  struct stat info {};
  bool exists = stat(arguments.output.c_str(), &info) == 0;
  if (exists && !S_ISREG(info.st_mode)) {
    if (arguments.go_on)
      throw UsageError("--continue: " + safe_text(arguments.output) +
                       " is not a regular file; what was written there cannot be taken up again");
    return std::nullopt;
  }
  output::RunJournalOptions options = journal_options(arguments, output);
  options.output_is_empty = !exists || info.st_size == 0;
  if (arguments.go_on || arguments.sync) return output::RunJournal(std::move(options));
  try {
    return output::RunJournal(std::move(options));
  } catch (const output::JournalLocked&) {
    throw;
  } catch (const Error& error) {
    log::verbose(std::string("this run cannot be gone on with later: ") + error.what());
    return std::nullopt;
  }
}

}  // namespace fetchpool::cli
