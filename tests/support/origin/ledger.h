// What the origin remembers of the requests it had.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fetchpool::test {

struct Request;

// Requests so far, being answered now, and the most that were being answered at one time.
struct Tally {
  long requests = 0;
  long now = 0;
  long most = 0;

  void begin();
  void end() { --now; }
};

// The tallies that count one request; they stay where they are for ever.
struct Counted {
  Tally* path = nullptr;
  Tally* prefix = nullptr;
  Tally* host = nullptr;
};

class Ledger {
 public:
  Tally connections;

  // Counts and logs a request; `finished` has to follow when its reply has ended.
  Counted started(const Request& request);
  static void finished(const Counted& counted);

  // How often this was called with `key` before.
  long times(const std::string& key) { return times_[key]++; }

  // A page that a STORE request has left for a path; `raw`: the bytes of a whole response.
  struct Page {
    std::string body;
    bool raw = false;
  };
  void put(std::string_view path, Page page) { pages_[std::string(path)] = std::move(page); }
  // Nothing where there is none; good until the next `put()`.
  const Page* page(std::string_view path) const;

  // Forgets everything but the pages and what is going on now.
  void reset();

  // One JSON object, one path, prefix or host a line.
  std::string counts() const;
  // One line a request in order of arrival: ms-since-start target method host.
  std::string log() const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using Tallies = std::unordered_map<std::string, Tally, Hash, std::equal_to<>>;
  struct Entry {
    std::chrono::microseconds at;
    std::string text;
  };

  static Tally* find(Tallies& tallies, std::string_view name);

  Tallies paths_;
  Tallies prefixes_;
  Tallies hosts_;
  std::map<std::string, long> times_;
  std::map<std::string, Page, std::less<>> pages_;
  std::vector<Entry> log_;
  std::size_t unlogged_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// `text` as a JSON string; bytes beyond ASCII appear as U+0080 to U+00FF.
std::string json_string(std::string_view text);

}  // namespace fetchpool::test
