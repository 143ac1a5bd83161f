// A real web server as a fixture.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "support/command.h"
#include "support/temp_dir.h"
#include "support/test_ca.h"

namespace fetchpool::test {

struct NginxOptions {
  // Serves HTTPS on a second port where given.
  std::optional<Certificate> certificate;
  bool http2 = false;
  bool gzip = false;
  int workers = 1;
  // Keeps files open, for speed; what a test writes over them later is not seen.
  bool cache_files = false;
  // More directives for the `server` block: "location /x { return 204; }".
  std::string server_lines;
  // Errors in its log fail the test, unless this is true.
  bool errors_expected = false;
};

// Serves the files in `root()`, with keep-alive for a million requests a connection. It listens
// from its construction on (on sockets that were made here, so that no port can be lost to another
// program) and ends with this.
class Nginx {
 public:
  explicit Nginx(const NginxOptions& options = {});
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;
  ~Nginx();

  // Whether this system has an nginx.
  static bool is_installed();

  const std::string& root() const { return root_; }
  int port() const { return port_; }
  int tls_port() const { return tls_port_; }
  // "http://127.0.0.1:PORT" + path, "https://localhost:PORT" + path.
  std::string url(std::string_view path) const;
  std::string tls_url(std::string_view path) const;
  // The errors it has logged (levels error, crit, alert, emerg).
  std::string errors() const;

 private:
  std::string configuration(const NginxOptions& options) const;

  TempDir dir_;
  std::string root_;
  int port_ = 0;
  int tls_port_ = 0;
  bool errors_expected_;
  std::optional<Running> process_;
};

}  // namespace fetchpool::test
