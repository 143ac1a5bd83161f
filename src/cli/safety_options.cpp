#include "cli/arguments.h"
#include "cli/option_group.h"
#include "cli/option_list.h"

namespace fetchpool::cli {

void define_safety(CLI::App& app, Arguments& a) {
  OptionGroup group(app, "Where requests may go");
  group.flag("--public-only", "connect to public addresses only, whatever a name stands for",
             [&a] { a.fetch.public_only = true; });
  group.flag("--allow-private-redirects", "follow redirects from public addresses to others",
             [&a] { a.fetch.allow_private_redirects = true; });
  group.flag("--allow-downgrade", "follow redirects from https to http",
             [&a] { a.fetch.allow_downgrade = true; });
  group.flag("--location-trusted", "send secrets to where redirects lead, too",
             [&a] { a.fetch.location_trusted = true; });
}

}  // namespace fetchpool::cli
