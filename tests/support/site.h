// A site of many HTML pages, as a directory for nginx.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fetchpool::test {

struct SiteOptions {
  std::size_t pages = 100;
  // Sizes vary between a quarter and about twice this.
  std::size_t average_bytes = 12000;
  std::uint64_t seed = 1;
};

// The same options give the same pages, always: real-looking markup, at least 5 % of whose bytes
// need escaping in JSON; letters outside ASCII; links to other pages of the site.
class Site {
 public:
  explicit Site(const SiteOptions& options = {}) : options_(options) {}

  std::size_t size() const { return options_.pages; }
  // "/p/000/000123.html": a thousand pages a folder.
  std::string path(std::size_t page) const;
  std::string text(std::size_t page) const;
  std::vector<std::string> paths() const;
  // `prefix` + path, a line each: a list to fetch.
  std::string list(const std::string& prefix) const;
  // Writes all pages beneath the directory `root`.
  void write(const std::string& root) const;

 private:
  SiteOptions options_;
};

}  // namespace fetchpool::test
