// The one way to standard error: messages, and the progress line that messages must not tear.
#pragma once

#include <string_view>

namespace fetchpool::cli::log {

enum class Level { quiet, normal, verbose, debug };

// From -q and -v. Messages below the level are dropped.
void set_level(Level level);

// One line each, beginning with "fetchpool: ". Text is made safe for terminals, and user names and
// passwords in URLs are masked, whatever it came from.
void error(std::string_view text);     // always
void progress(std::string_view text);  // always
void warning(std::string_view text);   // from normal on
void info(std::string_view text);      // from normal on
void verbose(std::string_view text);   // from verbose (-v) on
void debug(std::string_view text);     // from debug (-vv) on

// Shows `line` as the last line of the terminal, in place of the one shown before. Messages go
// above it. Empty: takes it away. Not for anything but terminals.
void show_status(std::string_view line);

}  // namespace fetchpool::cli::log
