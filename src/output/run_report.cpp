#include "output/run_report.h"

#include <fcntl.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/posix.h"
#include "fetch/url.h"
#include "fetchpool/error.h"
#include "output/line_file.h"
#include "output/record_reader.h"

namespace fetchpool::output {
namespace {

constexpr std::size_t kWrittenAtOnce = std::size_t{64} << 10;

// A file that appears with its whole content, in place of an earlier one.
class NewFile {
 public:
  NewFile(Directory& directory, Directory& job, std::string name)
      : directory_(directory), job_(job), name_(std::move(name)) {
    job_.remove(name_);
    fd_ = job_.create(name_);
    if (!fd_.is_open()) throw Error("cannot make " + job_.full_name(name_));
  }

  void add(std::string_view text) {
    text_ += text;
    if (text_.size() >= kWrittenAtOnce) write();
  }
  void finish() {
    write();
    job_.move(name_, directory_, name_, true);
  }

 private:
  void write() {
    try {
      posix::write_all(fd_.get(), text_.data(), text_.size());
    } catch (const SystemError& error) {
      throw SystemError("cannot write " + job_.full_name(name_), error.error_number());
    }
    text_.clear();
  }

  Directory& directory_;
  Directory& job_;
  std::string name_;
  UniqueFd fd_;
  std::string text_;
};

// Fit for one line.
std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  return text;
}

bool is_line(std::string_view text) {
  return text.find_first_of("\r\n\t") == std::string_view::npos;
}

// As a line of a list, with its id; as a comment where it would ask for something else: credentials
// that were in the URL are not in its record.
std::string list_line(RecordReader& record) {
  std::string input = record.text("input").value_or("");
  std::string id = record.text("id").value_or("");
  if (!is_line(input) || engine::has_userinfo(input)) return "# " + one_line(input);
  return id.empty() || !is_line(id) ? input : input + "\t" + id;
}

class Report {
 public:
  Report(Directory& directory, Directory& job)
      : failed_(directory, job, kFailedList), summary_(directory, job, kSummary) {}

  void add(std::string_view line) {
    RecordReader record(line);
    bool ok = record.is_true("ok");
    std::string outcome = record.text("outcome").value_or("?");
    std::string why = record.text("errormsg").value_or("");
    std::uint64_t status = record.number("response_code").value_or(0);
    ++urls_;
    ok_ += ok ? 1 : 0;
    ++outcomes_[outcome];
    if (status != 0) ++statuses_[std::to_string(status)];
    bytes_ += record.number("size_download").value_or(0);
    if (ok) return;
    failed_.add("# " + one_line(outcome) + " " + std::to_string(status) + " " + one_line(why) +
                "\n");
    failed_.add(list_line(record) + "\n");
  }

  void finish() {
    failed_.finish();
    summary_.add("{\"urls\":" + std::to_string(urls_) + ",\"ok\":" + std::to_string(ok_) +
                 ",\"failed\":" + std::to_string(urls_ - ok_) + ",\"size_download\":" +
                 std::to_string(bytes_) + ",\"outcomes\":" + object(outcomes_) +
                 ",\"statuses\":" + object(statuses_) + "}\n");
    summary_.finish();
  }

 private:
  using CountsByName = std::map<std::string, std::uint64_t>;

  static std::string object(const CountsByName& counts) {
    std::string text;
    for (const auto& [name, count] : counts)
      text += (text.empty() ? "\"" : ",\"") + name + "\":" + std::to_string(count);
    return "{" + text + "}";
  }

  NewFile failed_;
  NewFile summary_;
  std::uint64_t urls_ = 0;
  std::uint64_t ok_ = 0;
  std::uint64_t bytes_ = 0;
  CountsByName outcomes_;
  CountsByName statuses_;
};

}  // namespace

void write_reports(Directory& directory, Directory& job) {
  UniqueFd manifest = directory.open_existing(kManifest, O_RDONLY);
  if (!manifest.is_open())
    throw SystemError("cannot read " + directory.full_name(kManifest), ENOENT);
  LineFile lines(std::move(manifest), directory.full_name(kManifest));
  Report report(directory, job);
  for (std::string_view line; lines.next(line);) report.add(line);
  report.finish();
}

void keep_manifest(Directory& directory) {
  if (!directory.has(kManifest)) return;
  for (int number = 1;; ++number)
    if (directory.move(kManifest, directory, "manifest-" + std::to_string(number) + ".jsonl"))
      return;
}

// A folder of such a name would be as bad.
bool is_of_reports(std::string_view name) {
  std::string_view first = name.substr(0, name.find('/'));
  return first == kManifest || first == kFailedList || first == kSummary;
}

}  // namespace fetchpool::output
