#include "cli/outside_value.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/posix.h"
#include "cli/safe_text.h"
#include "cli/usage_error.h"

namespace fetchpool::cli {
namespace {

constexpr std::string_view kEnvironment = "env:";
constexpr std::size_t kMostBytes = std::size_t{1} << 30;

std::string read_whole(int fd) {
  std::string text;
  std::size_t size = 0;
  do {
    text.resize(size + (std::size_t{64} << 10));
    // Without a count, there is nothing yet from a descriptor that does not wait.
    auto count = posix::read_some(fd, text.data() + size, text.size() - size);
    if (!count) {
      struct pollfd readable {
        fd, POLLIN, 0
      };
      posix::poll_for(&readable, 1, std::nullopt);
      continue;
    }
    if (*count == 0) break;
    size += *count;
  } while (size < kMostBytes);
  text.resize(size);
  return text;
}

// User name and password in the URLs of the text.
std::vector<std::string> userinfo_in(std::string_view text) {
  std::vector<std::string> found;
  for (std::size_t at = text.find("//"); at != std::string_view::npos; at = text.find("//", at)) {
    at += 2;
    std::string_view authority = text.substr(at, text.find_first_of("/?#", at) - at);
    if (std::size_t end = authority.rfind('@'); end != std::string_view::npos && end > 0)
      found.emplace_back(authority.substr(0, end));
  }
  return found;
}

void overwrite(char* text, const std::string& secret) {
  if (secret.empty()) return;
  std::string_view whole(text);
  for (std::size_t at = whole.find(secret); at != std::string_view::npos; at = whole.find(secret))
    std::fill_n(text + at, secret.size(), '*');
}

}  // namespace

std::string read_source(const std::string& option, const std::string& source) {
  if (source.starts_with(kEnvironment)) {
    std::string name = source.substr(kEnvironment.size());
    const char* value = std::getenv(name.c_str());
    if (!value)
      throw UsageError(option + ": the environment has no variable " + safe_text(name, 60));
    return value;
  }
  try {
    if (source == "-") return read_whole(STDIN_FILENO);
    return read_whole(posix::open_file(source, O_RDONLY | O_NOCTTY).get());
  } catch (const SystemError& error) {
    throw UsageError(
        SystemError(option + ": cannot read " + safe_text(source), error.error_number()).what());
  }
}

void take_secret(Arguments& arguments, const std::string& option, const std::string& word,
                 std::function<void(Arguments&, std::string)> take) {
  if (word.starts_with('@')) {
    arguments.outside_values.push_back({option, word.substr(1), true, std::move(take)});
    return;
  }
  arguments.secrets.push_back(word);
  take(arguments, word);
}

void read_outside_values(Arguments& arguments) {
  for (const OutsideValue& value : std::exchange(arguments.outside_values, {}))
    value.take(arguments, value.is_outside ? read_source(value.option, value.text) : value.text);
}

std::string without_line_end(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

void hide_secrets(const Arguments& arguments, int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    for (const std::string& secret : arguments.secrets)
      if (secret.find_first_not_of('*') != std::string::npos) overwrite(argv[i], secret);
    for (const std::string& userinfo : userinfo_in(argv[i]))
      if (userinfo.find_first_not_of('*') != std::string::npos) overwrite(argv[i], userinfo);
  }
}

}  // namespace fetchpool::cli
