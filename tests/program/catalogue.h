// The catalogue of bad input: one row, one URL, one outcome. tests/README.md says where each row
// is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "program/outcome_case.h"
#include "support/origin.h"

namespace fetchpool::test {

struct CatalogueRow {
  // Its number; "f16" is case 16 of the list of nasty cases.
  std::string number;
  // A target of the origin, or a line of a list.
  std::string input;
  std::string outcome;
  // Nothing: whatever it is.
  std::optional<int> response_code = std::nullopt;
  std::optional<Whole> whole = std::nullopt;
};

// Runs the program once, with all rows as its list, --retry 0, `arguments`, and limits of 30 s and
// 4 MiB, and checks every row's record. Returns the records.
std::vector<Record> check_catalogue(const Origin& origin, const std::vector<CatalogueRow>& rows,
                                    const std::vector<std::string>& arguments = {});

}  // namespace fetchpool::test
