#include "support/origin/ledger.h"

#include <algorithm>
#include <cstdio>

#include "support/origin/request.h"

namespace fetchpool::test {
namespace {

// Memory must not grow with a million requests.
constexpr std::size_t most_names = 20000;
constexpr std::size_t most_log_entries = 200000;

}  // namespace

void Tally::begin() {
  ++requests;
  ++now;
  most = std::max(most, now);
}

Tally* Ledger::find(Tallies& tallies, std::string_view name) {
  auto found = tallies.find(name);
  if (found != tallies.end()) return &found->second;
  return &tallies[tallies.size() < most_names ? std::string(name) : "(others)"];
}

Counted Ledger::started(const Request& request) {
  Counted counted{find(paths_, request.path()), find(prefixes_, request.prefix()),
                  find(hosts_, request.header("host"))};
  for (Tally* tally : {counted.path, counted.prefix, counted.host}) tally->begin();
  if (log_.size() == most_log_entries) {
    ++unlogged_;
  } else {
    auto at = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - start_);
    std::string text = request.target;
    text += ' ';
    text += request.method;
    text += ' ';
    text += request.header("host");
    log_.push_back({at, std::move(text)});
  }
  return counted;
}

void Ledger::finished(const Counted& counted) {
  for (Tally* tally : {counted.path, counted.prefix, counted.host})
    if (tally != nullptr) tally->end();
}

const Ledger::Page* Ledger::page(std::string_view path) const {
  if (pages_.empty()) return nullptr;
  auto found = pages_.find(path);
  return found == pages_.end() ? nullptr : &found->second;
}

void Ledger::reset() {
  auto forget = [](Tally& tally) {
    tally.requests = 0;
    tally.most = tally.now;
  };
  for (Tallies* tallies : {&paths_, &prefixes_, &hosts_})
    for (auto& [name, tally] : *tallies) forget(tally);
  forget(connections);
  times_.clear();
  log_.clear();
  unlogged_ = 0;
  start_ = std::chrono::steady_clock::now();
}

std::string Ledger::counts() const {
  auto numbers = [](const Tally& tally) {
    return "{\"requests\":" + std::to_string(tally.requests) +
           ",\"now\":" + std::to_string(tally.now) + ",\"most\":" + std::to_string(tally.most) +
           "}";
  };
  std::string text = "{\"connections\":{\"accepted\":" + std::to_string(connections.requests) +
                     ",\"now\":" + std::to_string(connections.now) +
                     ",\"most\":" + std::to_string(connections.most) + "}";
  auto add = [&](const char* name, const Tallies& tallies) {
    text += std::string(",\n\"") + name + "\":{";
    bool first = true;
    for (const auto& [key, tally] : tallies) {
      if (tally.requests == 0 && tally.now == 0) continue;
      text += std::string(first ? "" : ",") + "\n" + json_string(key) + ":" + numbers(tally);
      first = false;
    }
    text += "}";
  };
  add("paths", paths_);
  add("prefixes", prefixes_);
  add("hosts", hosts_);
  return text + "}\n";
}

std::string Ledger::log() const {
  std::string text;
  for (const Entry& entry : log_) {
    char time[32];
    std::snprintf(time, sizeof time, "%.3f ", static_cast<double>(entry.at.count()) / 1000);
    text += time + entry.text + "\n";
  }
  if (unlogged_ > 0) text += "(and " + std::to_string(unlogged_) + " more)\n";
  return text;
}

std::string json_string(std::string_view text) {
  std::string json = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte < 0x20 || byte >= 0x7F) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
      json += escaped;
    } else {
      json += c;
    }
  }
  return json + "\"";
}

}  // namespace fetchpool::test
