// Options in a file, as curl's -K has them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fetchpool::cli {

struct ConfigEntry {
  std::string name;  // "--retry", "-H"
  std::string value;
  bool has_value = false;
  int line = 0;

  friend bool operator==(const ConfigEntry&, const ConfigEntry&) = default;
};

// One option a line: "name = value", "name: value", "name value" or "name" alone, with or without
// the hyphens before it. A value with blanks stands in double quotes, where \\, \", \t, \n, \r and
// \v mean what they do in C. Blank lines and what follows a # at the start of a line or after a
// value do not count. `name` is the file's, for messages. Throws UsageError, whose text repeats no
// value.
std::vector<ConfigEntry> parse_config(std::string_view text, const std::string& name);

// The same of a file, or of standard input ("-").
std::vector<ConfigEntry> read_config(const std::string& path);

}  // namespace fetchpool::cli
