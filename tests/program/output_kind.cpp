#include "program/output_kind.h"

#include <filesystem>
#include <utility>

#include "support/catch.h"
#include "support/warc.h"

namespace fetchpool::test {

namespace fs = std::filesystem;

std::map<std::string, std::string> files_beneath(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    std::string name = entry.path().lexically_relative(folder).string();
    bool is_own = name.find(".job") != std::string::npos || name.ends_with(".journal");
    if (entry.is_regular_file() && !entry.is_symlink() && !is_own)
      files[name] = read_file(entry.path());
  }
  return files;
}

OutputKind::OutputKind(Which which, const TempDir& dir, std::vector<std::string> urls)
    : which_(which), dir_(dir), urls_(std::move(urls)) {
  std::string list;
  for (const std::string& url : urls_) list += url + "\n";
  dir_.write("list", list);
}

std::vector<std::string> OutputKind::options(const std::string& place) const {
  std::string folder = dir_.file(place);
  fs::create_directories(folder);
  std::vector<std::string> options{"-c", "--stable", "--retry", "0", "-i", dir_.file("list")};
  std::vector<std::string> more{"-o", folder + "/out"};
  if (which_ == Which::directory) more = {"-P", folder + "/out"};
  if (which_ == Which::archive)
    more = {"-o", folder + "/out", "--no-body", "--warc", folder + "/a.warc.gz", "--warc-size",
            "40K"};
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

int OutputKind::run_undisturbed() {
  expected_status_ = fetchpool(options("undisturbed")).run().status;
  expected_ = files_beneath(dir_.file("undisturbed"));
  return expected_status_;
}

void OutputKind::finish(const std::string& place) const {
  Finished done = fetchpool(options(place)).run();
  CHECK(done.status == expected_status_);
  check(place);
}

void OutputKind::check(const std::string& place) const {
  std::string folder = dir_.file(place);
  if (which_ != Which::archive) {
    REQUIRE((files_beneath(folder) == expected_));
  } else {
    CHECK((read_file(folder + "/out") == expected_.at("out")));
    check_archive(folder);
  }
}

// Every record of every file is whole, and each URL is there once, in the order of the list.
void OutputKind::check_archive(const std::string& folder) const {
  std::vector<std::string> ends;
  std::map<std::string, std::string> files = files_beneath(folder);
  for (const auto& [name, text] : files) REQUIRE_FALSE(name.ends_with(".open"));
  std::vector<std::string> names;
  for (const auto& [name, text] : files)
    if (name.ends_with(".warc.gz") && name != "a.warc.gz") names.push_back(name);
  names.insert(names.begin(), "a.warc.gz");
  for (const std::string& name : names)
    for (const WarcRecord& record : of_type(read_warc(files.at(name)), "metadata"))
      ends.push_back(record.url());
  REQUIRE((ends == urls_));
}

}  // namespace fetchpool::test
