// Values that do not stand on the command line.
#pragma once

#include <functional>
#include <string>

#include "cli/arguments.h"

namespace fetchpool::cli {

// Gives `word` to `take`: now, or, where it begins with @, once read_outside_values() has read what
// it names. A word that is taken now is a secret of the command line.
void take_secret(Arguments& arguments, const std::string& option, const std::string& word,
                 std::function<void(Arguments&, std::string)> take);

// Reads what the values name, in their order: a whole file, standard input ("@-"), or a variable
// ("@env:NAME"). Throws UsageError where one cannot be read.
void read_outside_values(Arguments& arguments);

// One of them: what follows the @. `option` is for messages.
std::string read_source(const std::string& option, const std::string& source);

// Without the line end that an editor puts at the end of a file.
std::string without_line_end(std::string text);

// Overwrites the secrets in the process's arguments, where other users can read them.
void hide_secrets(const Arguments& arguments, int argc, char** argv);

}  // namespace fetchpool::cli
