// Archives beside records, interrupted and gone on with; without processes.
#include "output/archiving_sink.h"

#include "fetch/archive_metadata.h"
#include "output/samples.h"
#include "output/warc_check.h"
#include "support/catch.h"
#include "support/run_length.h"
#include "support/temp_dir.h"
#include "support/warc.h"

namespace fetchpool::output {
namespace {

std::string url_of(std::uint64_t number) {
  return "http://example.com/" + std::to_string(number);
}

FetchResult archived(std::uint64_t number) {
  static archive::MetadataWriter writer;
  FetchResult result = raw_result(number, "body");
  result.url = result.url_effective = url_of(number);
  result.warc.append(writer.member(result, 1795330535123456, {}));
  return result;
}

class ArchiveTest {
 public:
  std::string archive() const { return directory_.file("a.warc.gz"); }

  std::unique_ptr<Sink> sink(const std::optional<Checkpoint>& resume_at = std::nullopt) const {
    OutputOptions options = this->options();
    options.resume_at = resume_at;
    return make_sink(options);
  }
  std::string shortfall(const Checkpoint& checkpoint) const {
    return output::shortfall(options(), checkpoint);
  }

  // The URLs of all files of the archive, which must have no fault.
  std::vector<std::string> urls() const {
    std::vector<std::string> urls;
    for (unsigned number = 0;; ++number) {
      std::string name = WarcFiles::name_of(archive(), number);
      if (!std::filesystem::exists(name)) break;
      std::string text = test::read_file(name);
      for (const auto& record : test::of_type(test::read_warc(text), "metadata"))
        urls.push_back(record.url());
    }
    return urls;
  }

  std::uint64_t most_bytes = 0;

 private:
  OutputOptions options() const {
    OutputOptions options;
    options.path = directory_.file("out");
    options.form = OutputForm::raw;
    options.warc_path = archive();
    options.warc_size = most_bytes;
    options.checkpoints = true;
    return options;
  }

  test::TempDir directory_;
};

std::vector<std::string> urls_up_to(std::uint64_t count) {
  std::vector<std::string> urls;
  for (std::uint64_t number = 0; number < count; ++number) urls.push_back(url_of(number));
  return urls;
}

void put(Sink& sink, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t number = from; number < to; ++number) sink.put(archived(number));
  sink.flush();
}

TEST_CASE("what lies behind the last commit of an archive is cut, however much that is", "[warc]") {
  ArchiveTest test;
  auto first = test.sink();
  put(*first, 0, 5);
  std::optional<Checkpoint> point = first->checkpoint(false);
  REQUIRE(point);
  put(*first, 5, 7);
  first.reset();
  std::string left = test::read_file(test.archive() + ".open");
  REQUIRE(left.size() > point->files.back().bytes);
  std::size_t step = test::step_of(11);
  for (std::size_t size = point->files.back().bytes; size <= left.size(); size += step) {
    test::write_file(test.archive() + ".open", left.substr(0, size));
    REQUIRE(test.shortfall(*point).empty());
    auto next = test.sink(point);
    put(*next, 5, 9);
    next->finish();
    REQUIRE(test.urls() == urls_up_to(9));
  }
  test::write_file(test.archive() + ".open", left.substr(0, point->files.back().bytes - 1));
  CHECK_THAT(test.shortfall(*point), ContainsSubstring("a.warc.gz is shorter than it was"));
}

TEST_CASE("an archive is gone on with in the file it had come to", "[warc]") {
  ArchiveTest test;
  test.most_bytes = 1500;
  std::optional<Checkpoint> point;
  std::uint64_t done = 0;
  SECTION("when the run had ended") {
    auto first = test.sink();
    for (; done < 20; done += 4) {
      put(*first, done, done + 4);
      point = first->checkpoint(false);
    }
    first->finish();
  }
  SECTION("when the next file was begun and no commit says so") {
    auto first = test.sink();
    put(*first, 0, 1);
    point = first->checkpoint(false);
    done = 1;
    put(*first, 1, 8);
    REQUIRE(first->checkpoint(false)->state == "1 ");
    REQUIRE(std::filesystem::exists(test.archive()));
    REQUIRE(std::filesystem::exists(WarcFiles::name_of(test.archive(), 1) + ".open"));
  }
  SECTION("commit by commit") {
    auto first = test.sink();
    point = first->checkpoint(true);
    for (; done < 20; ++done) {
      put(*first, done, done + 1);
      point = first->checkpoint(true);
      first.reset();
      first = test.sink(point);
    }
  }
  auto last = test.sink(point);
  put(*last, done, 30);
  last->finish();
  CHECK(test.urls() == urls_up_to(30));
  CHECK_FALSE(std::filesystem::exists(WarcFiles::name_of(test.archive(), 1) + ".open"));
}

TEST_CASE("an archive's file that is full asks to be closed at once", "[warc]") {
  ArchiveTest test;
  test.most_bytes = 1500;
  auto sink = test.sink();
  unsigned files = 1;
  for (std::uint64_t number = 0; number < 30; ++number) {
    CHECK_FALSE(sink->wants_checkpoint());
    put(*sink, number, number + 1);
    if (!sink->wants_checkpoint()) continue;
    CHECK(sink->checkpoint(false)->state == std::to_string(files++) + " ");
  }
  sink->finish();
  CHECK(test.urls() == urls_up_to(30));
  CHECK(files > 3);
  for (unsigned number = 0; number < files; ++number)
    CHECK(std::filesystem::file_size(WarcFiles::name_of(test.archive(), number)) < 2500);
}

TEST_CASE("files whose closing a power failure has undone are closed in the end", "[warc]") {
  ArchiveTest test;
  test.most_bytes = 1500;
  auto first = test.sink();
  put(*first, 0, 10);
  auto point = first->checkpoint(true);
  put(*first, 10, 20);
  point = first->checkpoint(true);
  first.reset();
  REQUIRE(point->state == "2 ");
  for (unsigned number : {0, 1}) {
    std::string name = WarcFiles::name_of(test.archive(), number);
    std::filesystem::rename(name, name + ".open");
  }
  auto last = test.sink(point);
  put(*last, 20, 25);
  last->finish();
  CHECK(test.urls() == urls_up_to(25));
}

TEST_CASE("an output that cannot be cut gives an archive no checkpoint", "[warc]") {
  ArchiveTest test;
  OutputOptions options;
  options.path = "/dev/null";
  options.warc_path = test.archive();
  auto sink = make_sink(options);
  put(*sink, 0, 3);
  sink->finish();
  CHECK(test.urls() == urls_up_to(3));
}

TEST_CASE("the files of an archive are numbered before their extension", "[warc]") {
  CHECK(WarcFiles::name_of("d.x/a.warc.gz", 0) == "d.x/a.warc.gz");
  CHECK(WarcFiles::name_of("d.x/a.warc.gz", 1) == "d.x/a-00001.warc.gz");
  CHECK(WarcFiles::name_of("a.gz", 12) == "a-00012.gz");
  CHECK(WarcFiles::name_of("a.warc", 2) == "a-00002.warc");
  CHECK(WarcFiles::name_of("d.x/a", 123456) == "d.x/a-123456");
}

}  // namespace
}  // namespace fetchpool::output
