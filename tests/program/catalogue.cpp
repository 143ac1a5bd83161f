#include "program/catalogue.h"

#include "support/catch.h"

namespace fetchpool::test {
namespace {

std::string url_of(const Origin& origin, const std::string& input) {
  bool is_target = input.starts_with('/') && !input.starts_with("//");
  return is_target ? origin.url(input) : input;
}

}  // namespace

std::vector<Record> check_catalogue(const Origin& origin, const std::vector<CatalogueRow>& rows,
                                    const std::vector<std::string>& arguments) {
  std::string list;
  for (const CatalogueRow& row : rows) list += url_of(origin, row.input) + "\n";
  Finished done = fetchpool({"--retry", "0", "-m", "30", "--max-filesize", "4M", "--per-host", "0"})
                      .args(arguments)
                      .stdin_text(list)
                      .run();
  std::vector<Record> records = read_records(done.out);
  REQUIRE(records.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const CatalogueRow& row = rows[i];
    const Record& record = records[i];
    INFO("row " << row.number << ": " << row.input.substr(0, 200) << ": " << record.error);
    CHECK(record.seq == static_cast<long>(i));
    CHECK(record.outcome == row.outcome);
    CHECK(record.ok == (row.outcome == "ok"));
    CHECK(record.error.empty() == record.ok);
    if (row.response_code) CHECK(record.response_code == *row.response_code);
    if (row.whole) CHECK(static_cast<int>(whole_of(record)) == static_cast<int>(*row.whole));
    CHECK(record.num_attempts <= 1);
  }
  return records;
}

}  // namespace fetchpool::test
