#include "fetchpool/outcome.h"

#include <array>
#include <cstddef>

namespace fetchpool {

namespace {

struct Row {
  Outcome outcome;
  std::string_view name;
  int exit_code;
};

constexpr std::array kRows{
    Row{Outcome::ok, "ok", 0},
    Row{Outcome::http_error, "http_error", 8},
    Row{Outcome::bad_url, "bad_url", 7},
    Row{Outcome::unsupported_scheme, "unsupported_scheme", 7},
    Row{Outcome::addr_denied, "addr_denied", 7},
    Row{Outcome::dns, "dns", 4},
    Row{Outcome::connect, "connect", 4},
    Row{Outcome::timeout_connect, "timeout_connect", 4},
    Row{Outcome::tls, "tls", 5},
    Row{Outcome::timeout, "timeout", 4},
    Row{Outcome::low_speed, "low_speed", 4},
    Row{Outcome::empty_reply, "empty_reply", 4},
    Row{Outcome::reset, "reset", 4},
    Row{Outcome::truncated, "truncated", 4},
    Row{Outcome::protocol, "protocol", 7},
    Row{Outcome::decode, "decode", 7},
    Row{Outcome::too_large, "too_large", 7},
    Row{Outcome::headers_too_large, "headers_too_large", 7},
    Row{Outcome::too_many_redirects, "too_many_redirects", 7},
    Row{Outcome::redirect_denied, "redirect_denied", 7},
    Row{Outcome::robots, "robots", 7},
    Row{Outcome::skipped_existing, "skipped_existing", 0},
    Row{Outcome::not_modified, "not_modified", 0},
    Row{Outcome::duplicate, "duplicate", 0},
    Row{Outcome::worker_crash, "worker_crash", 4},
    Row{Outcome::cancelled, "cancelled", 9},
};

constexpr bool in_order_of_the_enum() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].outcome != static_cast<Outcome>(i)) return false;
  }
  return kRows.size() == std::size_t{kOutcomeCount};
}
static_assert(in_order_of_the_enum());

const Row& row(Outcome outcome) {
  return kRows[static_cast<std::size_t>(outcome)];
}

}  // namespace

std::string_view name(Outcome outcome) {
  return row(outcome).name;
}

std::optional<Outcome> outcome_from_name(std::string_view name) {
  for (const Row& candidate : kRows) {
    if (candidate.name == name) return candidate.outcome;
  }
  return std::nullopt;
}

bool is_success(Outcome outcome) {
  return row(outcome).exit_code == 0;
}

int exit_code(Outcome outcome, int response_code) {
  const bool wants_credentials = response_code == 401 || response_code == 407;
  if (outcome == Outcome::http_error && wants_credentials) return 6;
  return row(outcome).exit_code;
}

}  // namespace fetchpool
