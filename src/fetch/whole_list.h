// A list that is there as a whole.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fetch/engine.h"

namespace fetchpool::engine {

// Fetches all and hands every result over as it comes. Where a limit of the run is reached, what
// was not submitted until then ends as cancelled. Requires that nothing else uses the engine.
void fetch_all(Engine& engine, const std::vector<std::string>& urls,
               const std::function<void(FetchResult&&)>& take);

}  // namespace fetchpool::engine
