#include "support/nginx.h"

#include <unistd.h>

#include <csignal>
#include <exception>
#include <filesystem>
#include <sstream>

#include "support/leak_check.h"
#include "support/listening_port.h"
#include "support/raw_client.h"

namespace fetchpool::test {
namespace {

using namespace std::chrono_literals;

std::string listen_line(int port, const std::string& more) {
  return "  listen 127.0.0.1:" + std::to_string(port) + more + ";\n";
}

}  // namespace

bool Nginx::is_installed() {
  try {
    program_path("nginx");
    return true;
  } catch (const CommandError&) {
    return false;
  }
}

Nginx::Nginx(const NginxOptions& options)
    : root_(dir_.file("root")), errors_expected_(options.errors_expected) {
  std::filesystem::create_directory(root_);
  dir_.write("error.log", "");
  ListeningPort plain(511);
  std::optional<ListeningPort> tls;
  port_ = plain.port();
  if (options.certificate) {
    tls.emplace(511);
    tls_port_ = tls->port();
  }
  Command command("nginx");
  command.arg("-p").arg(dir_.path()).arg("-e").arg(dir_.file("error.log"));
  command.arg("-c").arg(dir_.write("nginx.conf", configuration(options)));
  // nginx takes over listening sockets by this variable when it upgrades itself.
  std::string sockets = std::to_string(plain.fd()) + ";";
  command.inherit(plain.fd());
  if (tls) {
    sockets += std::to_string(tls->fd()) + ";";
    command.inherit(tls->fd());
  }
  command.env("NGINX", sockets).dies_with_test(SIGTERM).time_limit(1h);
  process_ = command.start();
  // Connecting works anyway; the answer shows that it runs.
  RawClient client(port_);
  client.get("/nothing-here", "Connection: close\r\n");
  if (client.read_to_end().empty())
    throw CommandError("nginx does not answer: " + process_->err() + errors());
}

Nginx::~Nginx() {
  try {
    if (!process_) return;
    process_->signal(SIGTERM);
    process_->wait();
    if (!errors_expected_ && !errors().empty()) report_violation("nginx complained: " + errors());
  } catch (const std::exception& error) {
    report_violation(error.what());
  }
}

std::string Nginx::configuration(const NginxOptions& options) const {
  std::ostringstream conf;
  // Without a master it does not accept from sockets that were made for it.
  conf << "daemon off;\nmaster_process on;\n";
  // Its workers must be able to read a directory that only we can.
  if (geteuid() == 0) conf << "user root;\n";
  conf << "worker_processes " << options.workers << ";\npid " << dir_.file("nginx.pid") << ";\n"
       << "error_log " << dir_.file("error.log") << " error;\nworker_rlimit_nofile 8192;\n"
       << "events { worker_connections 4096; }\n"
       << "http {\n access_log off;\n log_not_found off;\n keepalive_requests 1000000;\n"
       << " keepalive_timeout 300s;\n sendfile on;\n tcp_nopush on;\n tcp_nodelay on;\n"
       << " open_file_cache " << (options.cache_files ? "max=100000 inactive=300s" : "off") << ";\n"
       << " open_file_cache_valid 300s;\n"
       << " gzip " << (options.gzip ? "on" : "off") << ";\n gzip_types text/plain;\n"
       << " types { text/html html; text/plain txt; text/css css; application/json json; }\n"
       << " default_type application/octet-stream;\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
    conf << " " << kind << "_temp_path " << dir_.file(kind) << ";\n";
  conf << " server {\n  root " << root_ << ";\n" << listen_line(port_, "");
  if (options.certificate) {
    conf << listen_line(tls_port_, options.http2 ? " ssl http2" : " ssl") << "  ssl_certificate "
         << options.certificate->certificate << ";\n"
         << "  ssl_certificate_key " << options.certificate->key << ";\n";
  }
  conf << options.server_lines << "\n }\n}\n";
  return conf.str();
}

std::string Nginx::url(std::string_view path) const {
  std::string url = "http://127.0.0.1:" + std::to_string(port_);
  url += path;
  return url;
}

std::string Nginx::tls_url(std::string_view path) const {
  std::string url = "https://localhost:" + std::to_string(tls_port_);
  url += path;
  return url;
}

std::string Nginx::errors() const {
  std::string found;
  std::istringstream log(dir_.read("error.log"));
  for (std::string line; std::getline(log, line);)
    for (const char* level : {"[error]", "[crit]", "[alert]", "[emerg]"})
      if (line.find(level) != line.npos) found += line + "\n";
  return found;
}

}  // namespace fetchpool::test
