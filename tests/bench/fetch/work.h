// What a contest fetches, and how it is known that all of it came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fetch/contest.h"
#include "support/temp_dir.h"

namespace fetchpool::bench {

struct Work {
  std::vector<std::string> urls;
  std::uint64_t bytes = 0;       // of all bodies, decoded
  std::string ca_file = {};      // of the servers, for https
  bool http2 = false;            // over few connections
  bool compressed = false;       // the server sends gzip; else ours and curl do not ask
  bool new_connections = false;  // the server keeps none open
  bool keep_files = false;       // what is large is written by everybody
  bool default_options = false;  // everybody at his own number of connections
  // How many requests the server has answered so far, where it counts them.
  std::function<std::uint64_t()> requests = {};
};

// Makes the contenders that do the same work. Their lists and outputs are in one directory, which
// lives as long as this.
class Contenders {
 public:
  explicit Contenders(Work work);

  // fetchpool with these options more, its output to a file.
  Contender fetchpool(const std::string& name, const std::vector<std::string>& options);
  // The same with `-P DIR`, and with `--warc FILE` besides.
  Contender fetchpool_directory(const std::string& name);
  Contender fetchpool_archive(const std::string& name, const std::vector<std::string>& options);
  Contender curl();
  // Each body to a file of its own.
  Contender curl_to_files();
  Contender two_curls();
  Contender wget2();
  // Everything into one archive, a page after the other: it knows no other way.
  Contender wget_archive();
  Contender aria2();
  Contender python_pool();
  Contender aiohttp();
  Contender h2load();
  Contender bare_loop();

 private:
  enum class Bodies { dropped, in_directory };

  std::string url_list();
  std::string curl_config(const std::string& name, std::size_t first, std::size_t step,
                          Bodies bodies);
  std::string curl_command(int connections, const std::string& config) const;
  Bodies of_curl() const { return work_.keep_files ? Bodies::in_directory : Bodies::dropped; }
  Contender contender(std::string name, test::Command command, Bodies bodies);
  void remove_outputs() const;
  std::string count_requests();
  std::string count_files() const;

  Work work_;
  test::TempDir dir_;
  std::string out_;
  std::uint64_t requests_before_ = 0;
};

}  // namespace fetchpool::bench
