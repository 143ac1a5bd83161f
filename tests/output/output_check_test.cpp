#include "output/output_check.h"

#include "output/directory_sink.h"
#include "output/journal.h"
#include "output/record.h"
#include "output/samples.h"
#include "support/catch.h"
#include "support/temp_dir.h"

namespace fetchpool::output {
namespace {

// A list of three records and its journal.
class CheckedList {
 public:
  CheckedList() {
    RecordWriter writer({.bodies = false});
    for (std::uint64_t seq = 0; seq < 3; ++seq) text_ += writer.write(full_result(seq, "x")).head;
    directory_.write("list", text_);
    Journal journal = Journal::open(path() + ".journal", true, Sync::none);
    journal.begin("the job");
    journal.commit({{1, {{"", text_.find('\n') + 1}}, ""}, 1, 7, {{0, 1}}, {}});
    journal.commit({{3, {{"", text_.size()}}, ""}, 3, 8, {{0, 3}}, {}});
  }

  std::string path() const { return directory_.file("list"); }
  const std::string& text() const { return text_; }
  std::string journal() const { return directory_.read("list.journal"); }
  void write(const std::string& text) const { directory_.write("list", text); }
  void write_journal(const std::string& text) const { directory_.write("list.journal", text); }
  std::vector<std::string> faults() const {
    std::vector<std::string> lines;
    CheckReport found = check_records(path(), [&](std::string_view line) {
      CHECK(line.starts_with(path()));
      lines.emplace_back(line.substr(path().size()));
    });
    CHECK(found.faults == lines.size());
    return lines;
  }

 private:
  test::TempDir directory_;
  std::string text_;
};

using Lines = std::vector<std::string>;

TEST_CASE("a list that is whole has no fault, with its journal or without", "[check]") {
  CheckedList list;
  CHECK(list.faults().empty());
  std::string more = list.text();
  list.write(more + more.substr(0, more.find('\n') + 1));
  CHECK(list.faults().empty());
}

TEST_CASE("a list that was cut anywhere has a fault", "[check]") {
  CheckedList list;
  for (std::size_t size = 0; size < list.text().size(); size += 7) {
    INFO(size);
    list.write(list.text().substr(0, size));
    Lines faults = list.faults();
    REQUIRE_FALSE(faults.empty());
    CHECK(faults.back() == ": has " + std::to_string(size) + " bytes, and at least " +
                               std::to_string(list.text().size()) + " were written");
  }
}

TEST_CASE("a line that is none is named with its place", "[check]") {
  CheckedList list;
  std::string text = list.text();
  std::size_t second = text.find('\n') + 1;
  text[second] = 'x';
  list.write(text);
  CHECK(list.faults() == Lines{": line 2, offset " + std::to_string(second) + ": is no record"});
  text = list.text();
  text[second - 1] = ' ';
  list.write(text);
  CHECK(list.faults() == Lines{": line 1, offset 0: is no record",
                               ": has 2 lines in its first " + std::to_string(text.size()) +
                                   " bytes, and 3 were written"});
}

TEST_CASE("lines in a row that are none are one message, and as many faults", "[check]") {
  CheckedList list;
  std::string record = list.text().substr(0, list.text().find('\n') + 1);
  test::TempDir dir;
  std::string path = dir.write("pages", "1\n2\n3\n" + record + "5\n" + record + "7\n8");
  Lines messages;
  CheckReport found =
      check_records(path, [&](std::string_view line) { messages.emplace_back(line); });
  std::size_t fifth = 6 + record.size();
  std::size_t seventh = fifth + 2 + record.size();
  CHECK(messages == Lines{path + ": lines 1 to 3, offset 0: are no records",
                          path + ": line 5, offset " + std::to_string(fifth) + ": is no record",
                          path + ": line 7, offset " + std::to_string(seventh) + ": is no record",
                          path + ": line 8, offset " + std::to_string(seventh + 2) + ": is cut"});
  CHECK(found.faults == 6);
  CHECK(found.records == 2);
}

TEST_CASE("no byte of a journal can be changed or missing unnoticed", "[check]") {
  CheckedList list;
  std::string journal = list.journal();
  for (std::size_t i = 0; i < journal.size(); ++i) {
    INFO(i);
    std::string changed = journal;
    changed[i] = static_cast<char>(changed[i] ^ 0x20);
    list.write_journal(changed);
    REQUIRE_FALSE(list.faults().empty());
    CHECK(list.faults().front().starts_with(".journal"));
    CHECK(list.journal() == changed);
  }
}

TEST_CASE("a torn journal is named with the place of the tear", "[check]") {
  CheckedList list;
  std::string journal = list.journal();
  list.write_journal(journal.substr(0, journal.size() - 1));
  Lines faults = list.faults();
  REQUIRE(faults.size() == 1);
  CHECK_THAT(faults[0], ContainsSubstring(".journal: offset "));
  CHECK_THAT(faults[0], ContainsSubstring("behind what it says of record 1"));
  list.write_journal("");
  CHECK(list.faults() == Lines{".journal: its beginning was not written to its end"});
}

}  // namespace
}  // namespace fetchpool::output
