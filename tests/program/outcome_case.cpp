#include "program/outcome_case.h"

#include <map>

#include "support/catch.h"

namespace fetchpool::test {
namespace {

int exit_code_of(const OutcomeCase& row) {
  static const std::map<std::string, int> codes = {{"ok", 0},
                                                   {"http_error", 8},
                                                   {"bad_url", 7},
                                                   {"dns", 4},
                                                   {"unsupported_scheme", 7},
                                                   {"connect", 4},
                                                   {"tls", 5},
                                                   {"timeout_connect", 4},
                                                   {"timeout", 4},
                                                   {"low_speed", 4},
                                                   {"reset", 4},
                                                   {"empty_reply", 4},
                                                   {"truncated", 4},
                                                   {"protocol", 7},
                                                   {"decode", 7},
                                                   {"too_large", 7},
                                                   {"addr_denied", 7},
                                                   {"headers_too_large", 7},
                                                   {"too_many_redirects", 7},
                                                   {"redirect_denied", 7}};
  bool wants_credentials = row.response_code == 401 || row.response_code == 407;
  return row.outcome == "http_error" && wants_credentials ? 6 : codes.at(row.outcome);
}

std::string shown(Whole whole) {
  return whole == Whole::yes ? "yes" : whole == Whole::no ? "no" : "unknown";
}

}  // namespace

Whole whole_of(const Record& record) {
  return !record.complete ? Whole::unknown : *record.complete ? Whole::yes : Whole::no;
}

void check_outcome(const Origin& origin, const OutcomeCase& row) {
  bool names_target = row.target.starts_with('/') && !row.target.starts_with("//");
  std::string url = names_target ? origin.url(row.target) : row.target;
  Finished done = fetchpool({"--retry", "0"}).args(row.arguments).arg("--").arg(url).run();
  std::vector<Record> records = read_records(done.out);
  INFO(row.target.substr(0, 200));
  REQUIRE(records.size() == 1);
  const Record& record = records[0];
  INFO(record.error);
  CHECK(record.outcome == row.outcome);
  CHECK(record.ok == (row.outcome == "ok"));
  CHECK(record.error.empty() == record.ok);
  CHECK(record.response_code == row.response_code);
  CHECK(shown(whole_of(record)) == shown(row.whole));
  CHECK(done.status == exit_code_of(row));
  CHECK(record.exit_code == exit_code_of(row));
  if (row.body) CHECK((record.body.value_or("none") == *row.body));
}

void check_outcomes(const Origin& origin, const std::vector<OutcomeCase>& rows) {
  for (const OutcomeCase& row : rows) check_outcome(origin, row);
}

}  // namespace fetchpool::test
