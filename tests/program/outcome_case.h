// One row of a table: what the origin does, and what the program must make of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "program/records.h"
#include "support/origin.h"

namespace fetchpool::test {

// How much of a body is known to be whole.
enum class Whole { yes, no, unknown };

struct OutcomeCase {
  // A target of the origin, or a whole URL.
  std::string target;
  std::string outcome;
  // 0: there was no response.
  int response_code = 200;
  Whole whole = Whole::yes;
  // Nothing: whatever it is.
  std::optional<std::string> body = std::nullopt;
  std::vector<std::string> arguments = {};
};

Whole whole_of(const Record& record);

// Runs the program with --retry 0 for this one URL.
void check_outcome(const Origin& origin, const OutcomeCase& row);
void check_outcomes(const Origin& origin, const std::vector<OutcomeCase>& rows);

}  // namespace fetchpool::test
