// A group of options as --help shows it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace fetchpool::cli {

// Stands for an empty word in what CLI11 parses, which would be the name of a group to it. No
// argument of a program has this byte.
inline const std::string kEmptyWord(1, '\0');

// Defines options on an app. Each is given all its names ("-j,--concurrency"), the name of its
// value, and its line in --help. What `set` throws ends the parsing.
class OptionGroup {
 public:
  using Words = std::vector<std::string>;

  // `app` must outlive this object.
  OptionGroup(CLI::App& app, const std::string& name);

  // One value; given again, the last one counts.
  void value(const std::string& names, const std::string& value_name, const std::string& text,
             std::function<void(const std::string&)> set);
  // One value each time it is given.
  void values(const std::string& names, const std::string& value_name, const std::string& text,
              std::function<void(const Words&)> set);
  // Without a value; `set` is called once for each time it is given.
  void flag(const std::string& names, const std::string& text, std::function<void()> set);
  // "--name,!--no-name"; given again, the last one counts.
  void choice(const std::string& names, const std::string& text, bool& chosen);

 private:
  CLI::App& group_;
};

// Checks of values. Each returns the value, or throws UsageError, naming the option.
std::string one_of(std::string_view option, const std::string& value,
                   const std::vector<std::string>& allowed);
// `what` is what the value names: "the file".
std::string not_empty(std::string_view option, const std::string& value, std::string_view what);

}  // namespace fetchpool::cli
