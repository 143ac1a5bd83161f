// A Fetcher in a program that has a poll loop of its own: URLs come from standard input, one a
// line, as they are typed, and each page is reported when its turn has come.
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "fetchpool/fetch.h"

int main() {
  using namespace std::chrono_literals;
  fetchpool::FetchOptions options;
  options.ordered = true;
  fetchpool::Fetcher fetcher(options);
  std::string input;
  bool at_end = false;
  while (!at_end || fetcher.unfinished() > 0 || !input.empty()) {
    // A full Fetcher reads no more lines; that is all the back-pressure there is to do.
    bool reads = !at_end && fetcher.room() > 0;
    pollfd fds[] = {{fetcher.poll_fd(), POLLIN, 0}, {reads ? STDIN_FILENO : -1, POLLIN, 0}};
    // Room may come without a result, and then lines that were read already have their turn.
    bool has_line = fetcher.room() > 0 && input.find('\n') != std::string::npos;
    poll(fds, 2, has_line ? 0 : -1);
    if (fds[1].revents) {
      char bytes[4096];
      ssize_t size = read(STDIN_FILENO, bytes, sizeof bytes);
      at_end = size <= 0;
      input.append(bytes, at_end ? 0 : static_cast<std::size_t>(size));
      if (at_end && !input.empty() && input.back() != '\n') input += '\n';
    }
    std::size_t line;
    while (fetcher.room() > 0 && (line = input.find('\n')) != std::string::npos) {
      fetcher.submit(input.substr(0, line));
      input.erase(0, line + 1);
    }
    for (const fetchpool::FetchResult& page : fetcher.wait(0s)) {
      std::printf("%d %zu %s\n", page.response_code, page.body.size(), page.input.c_str());
      std::fflush(stdout);
    }
  }
}
