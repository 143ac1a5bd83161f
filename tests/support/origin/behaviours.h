// The behaviours of the origin, by the first segment of their path.
#pragma once

#include <string_view>
#include <vector>

#include "support/origin/ledger.h"
#include "support/origin/reply.h"
#include "support/origin/request.h"

namespace fetchpool::test {

struct Behaviour {
  std::string_view name;
  Reply (*reply)(const Request& request, Ledger& ledger);
  std::string_view summary;
};

using Behaviours = std::vector<Behaviour>;

// One group a source file.
Behaviours answers();
Behaviours failures();
Behaviours redirects();
Behaviours timings();
Behaviours closings();
Behaviours framings();
Behaviours heads();
Behaviours floods();
Behaviours encodings();
Behaviours bombs();

// What the origin answers: a page that was STOREd there, the behaviour of that name, or 404. "/"
// lists all behaviours.
Reply reply_to(const Request& request, Ledger& ledger);

}  // namespace fetchpool::test
