#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <string_view>

#include "base/posix.h"
#include "cli/arguments.h"
#include "cli/check.h"
#include "cli/exit_code.h"
#include "cli/log.h"
#include "cli/outside_value.h"
#include "cli/overwritten_input.h"
#include "cli/run.h"
#include "cli/usage_error.h"
#include "output/journal.h"
#include "output/output_stream.h"

namespace fetchpool::cli {
namespace {

int print(const std::string& text) {
  bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (written && std::fflush(stdout) == 0) return kExitOk;
  log::error("cannot write to standard output");
  return kExitLocalIo;
}

int act(Arguments& arguments) {
  switch (arguments.action) {
    case Arguments::Action::show_help:
      return print(help_text());
    case Arguments::Action::show_version:
      return print("fetchpool " + std::string(version()) + "\n");
    case Arguments::Action::fetch:
      if (!arguments.dry_run) refuse_overwritten_inputs(arguments);
      read_outside_values(arguments);
      // Then it is an error of the call that made the file too large. Memory to share counts, too.
      std::signal(SIGXFSZ, SIG_IGN);
      return run(arguments);
  }
  return kExitInternal;
}

int failed(int code, const std::string& text) {
  log::error(text);
  return code;
}

// An exception for which there is no memory ends here without one.
[[noreturn]] void end_without_memory() {
  constexpr std::string_view kText = "fetchpool: internal error: there is too little memory\n";
  if (std::current_exception()) std::abort();
  [[maybe_unused]] ssize_t written = write(STDERR_FILENO, kText.data(), kText.size());
  std::_Exit(kExitInternal);
}

// The barrier: whatever made going on pointless becomes one sentence and an exit status.
int guarded_main(int argc, char** argv) {
  try {
    std::span<const char* const> words(argv, static_cast<std::size_t>(argc));
    if (asks_for_check(words)) return check(words);
    Arguments arguments = parse_arguments(argc, argv);
    hide_secrets(arguments, argc, argv);
    return act(arguments);
  } catch (const UsageError& error) {
    return failed(kExitUsage, error.what());
  } catch (const output::ResumeRefused& error) {
    return failed(kExitUsage, error.what());
  } catch (const output::OutputClosed&) {
    return kExitOutputClosed;
  } catch (const PoolBroken& error) {
    return failed(kExitInternal, error.what());
  } catch (const SystemError& error) {
    return failed(kExitLocalIo, error.what());
  } catch (const std::exception& error) {
    return failed(kExitInternal, std::string("internal error: ") + error.what());
  }
}

// All is closed and written here but what standard streams hold. The destructors of forty libraries
// would put memory in order that is given back anyway, for a millisecond.
int leave(int code) {
#ifdef FETCHPOOL_LEAVE_AT_ONCE
  std::fflush(nullptr);
  std::_Exit(code);
#else
  return code;  // for what looks for leaks at the end
#endif
}

}  // namespace
}  // namespace fetchpool::cli

int main(int argc, char** argv) {
  std::set_terminate(fetchpool::cli::end_without_memory);
  fetchpool::posix::fill_standard_descriptors();
  return fetchpool::cli::leave(fetchpool::cli::guarded_main(argc, argv));
}
