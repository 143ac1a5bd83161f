#include "cli/option_group.h"

#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <cstdint>

#include "cli/safe_text.h"
#include "cli/usage_error.h"

namespace fetchpool::cli {
namespace {

using Words = OptionGroup::Words;

Words with_empty_words(Words words) {
  for (std::string& word : words)
    if (word == kEmptyWord) word.clear();
  return words;
}

}  // namespace

// CLI11 compares each new option with all that its app has: with a hundred in one, that takes a
// millisecond. A group of CLI11 is an app of its own.
OptionGroup::OptionGroup(CLI::App& app, const std::string& name)
    : group_(*app.add_option_group(name)) {}

void OptionGroup::value(const std::string& names, const std::string& value_name,
                        const std::string& text, std::function<void(const std::string&)> set) {
  CLI::callback_t callback = [set = std::move(set)](const Words& words) {
    set(with_empty_words(words).back());
    return true;
  };
  group_.add_option(names, std::move(callback), text)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->type_name(value_name);
}

void OptionGroup::values(const std::string& names, const std::string& value_name,
                         const std::string& text, std::function<void(const Words&)> set) {
  CLI::callback_t callback = [set = std::move(set)](const Words& words) {
    set(with_empty_words(words));
    return true;
  };
  group_.add_option(names, std::move(callback), text)
      ->expected(-1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name(value_name);
}

void OptionGroup::flag(const std::string& names, const std::string& text,
                       std::function<void()> set) {
  std::function<void(std::int64_t)> callback = [set = std::move(set)](std::int64_t count) {
    for (; count > 0; --count) set();
  };
  group_.add_flag_function(names, std::move(callback), text)->disable_flag_override();
}

void OptionGroup::choice(const std::string& names, const std::string& text, bool& chosen) {
  group_.add_flag(names, chosen, text)
      ->disable_flag_override()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

std::string one_of(std::string_view option, const std::string& value,
                   const std::vector<std::string>& allowed) {
  for (const std::string& word : allowed)
    if (word == value) return value;
  throw UsageError(fmt::format("{}: \"{}\" is not one of {}", option, safe_text(value, 60),
                               fmt::join(allowed, ", ")));
}

std::string not_empty(std::string_view option, const std::string& value, std::string_view what) {
  if (value.empty()) throw UsageError(fmt::format("{}: the name of {} is empty", option, what));
  return value;
}

}  // namespace fetchpool::cli
