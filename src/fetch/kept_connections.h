// The connections that libcurl keeps open for later transfers.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <vector>

namespace fetchpool::engine {

// libcurl before 8.10 never forgets a host whose connection it closed to make room for another, and
// looks through all such hosts whenever it does that again: after 25,000 hosts a page took 3 ms. So
// after some thousands of connections a new set of them is begun; those that are left of the old
// one are closed once no transfer uses it any more. Until then there is no third one.
class KeptConnections {
 public:
  explicit KeptConnections(std::uint64_t most_opened = 4096);
  // Closes all of them. Requires that every handle has left.
  ~KeptConnections();
  KeptConnections(const KeptConnections&) = delete;
  KeptConnections& operator=(const KeptConnections&) = delete;

  // A transfer begins, of all for which `opened` connections were made so far; and has ended. The
  // handle is in no multi handle then.
  void join(CURL* easy, std::uint64_t opened);
  void leave(CURL* easy);

 private:
  void begin_set();
  void close_unused();

  std::uint64_t most_opened_;
  std::uint64_t opened_before_ = 0;  // when the newest set was begun
  std::vector<CURLSH*> sets_;        // the newest one last; none where libcurl forgets
};

}  // namespace fetchpool::engine
