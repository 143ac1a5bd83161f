#include "cli/run.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/posix.h"
#include "cli/dry_run.h"
#include "cli/exit_code.h"
#include "cli/log.h"
#include "cli/run_loop.h"
#include "cli/safe_text.h"
#include "cli/usage_error.h"

namespace fetchpool::cli {
namespace {

log::Level log_level(const Arguments& arguments) {
  if (arguments.quiet) return log::Level::quiet;
  return arguments.verbosity == 0   ? log::Level::normal
         : arguments.verbosity == 1 ? log::Level::verbose
                                    : log::Level::debug;
}

void require_input(const Arguments& arguments) {
  bool named = !arguments.urls.empty() || !arguments.input_files.empty();
  if (!named && isatty(STDIN_FILENO) == 1)
    throw UsageError(
        "nothing to fetch; name URLs, or a list with -i FILE, or pipe a list in (fetchpool --help "
        "says more)");
}

// Wrong here, every TLS connection would fail with the same error.
void require_readable(const std::string& option, const std::string& path) {
  if (path.empty()) return;
  char byte = 0;
  std::size_t count = 0;
  try {
    UniqueFd file = posix::open_file(path, O_RDONLY | O_NONBLOCK);
    count = posix::read_some(file.get(), &byte, 1).value_or(0);
  } catch (const SystemError& error) {
    throw UsageError(
        SystemError(option + ": cannot read " + safe_text(path), error.error_number()).what());
  }
  if (count == 0) throw UsageError(option + ": " + safe_text(path) + " is empty");
}

// Without it, no connection could be made.
void require_interface(const std::string& name) {
  in6_addr address{};
  bool is_known = name.empty() || if_nametoindex(name.c_str()) != 0 ||
                  inet_pton(AF_INET, name.c_str(), &address) == 1 ||
                  inet_pton(AF_INET6, name.c_str(), &address) == 1;
  if (!is_known)
    throw UsageError("--interface: " + safe_text(name, 60) +
                     " is neither a network interface nor an address");
}

// A transfer needs a descriptor or two; the soft limit is a default from other times.
void raise_descriptor_limit() {
  struct rlimit limit {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int run(const Arguments& arguments) {
  log::set_level(log_level(arguments));
  require_input(arguments);
  require_readable("--cacert", arguments.fetch.ca_file);
  require_readable("--cert", arguments.fetch.certificate_file);
  require_readable("--key", arguments.fetch.key_file);
  require_interface(arguments.fetch.interface);
  if (arguments.dry_run) return dry_run(arguments);
  raise_descriptor_limit();
  RunLoop loop(arguments);
  return loop.run();
}

}  // namespace fetchpool::cli
