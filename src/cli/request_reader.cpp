#include "cli/request_reader.h"

#include <spdlog/fmt/fmt.h>
#include <xxhash.h>

#include <random>
#include <utility>

#include "base/wire.h"
#include "fetch/url.h"

namespace fetchpool::cli {
namespace {

FetchResult refused(std::string shown, std::string reason) {
  FetchResult result;
  result.input = engine::without_secrets(shown);
  result.outcome = Outcome::bad_url;
  result.error = std::move(reason);
  return result;
}

const FetchRequest* request_of(const ListEntry& entry) {
  return std::get_if<FetchRequest>(&entry.more);
}

std::optional<engine::Url> url_of(const ListEntry& entry, bool allow_userinfo) {
  const FetchRequest* request = request_of(entry);
  if (std::holds_alternative<FetchResult>(entry.more)) return std::nullopt;
  auto parsed = engine::parse_url(request ? request->url : entry.text, {allow_userinfo});
  if (auto* url = std::get_if<engine::Url>(&parsed)) return std::move(*url);
  return std::nullopt;
}

// What makes two requests the same.
std::string identity(const engine::Url& url, const FetchRequest* request) {
  std::string all = url.text;
  if (url.credentials) all += '\n' + url.credentials->user + '\n' + url.credentials->password;
  if (!request) return all;
  bool is_plain = request->method.empty() && request->headers.empty() && !request->body;
  if (is_plain) return all;
  WireWriter writer(all);
  writer.text(request->method);
  writer.text(request->body.value_or(""));
  for (const auto& [name, value] : request->headers) {
    writer.text(name);
    writer.text(value);
  }
  return all;
}

}  // namespace

std::optional<FetchResult> about(const ListEntry& entry, bool allow_userinfo) {
  auto url = url_of(entry, allow_userinfo);
  if (!url) return std::nullopt;
  FetchResult result;
  const FetchRequest* request = request_of(entry);
  result.input = request ? request->url : entry.text;
  if (request) {
    result.id = request->id;
    result.out = request->out;
  }
  if (url->credentials) result.input = engine::without_secrets(result.input);
  result.url = std::move(url->text);
  return result;
}

RequestReader::RequestReader(const Arguments& arguments)
    : resolver_(arguments.base, arguments.default_scheme),
      format_(arguments.input_format),
      shard_(arguments.shard),
      dedupe_(arguments.dedupe),
      allow_userinfo_(arguments.fetch.allow_userinfo),
      seed_(std::random_device{}()) {}

std::optional<ListEntry> RequestReader::read(ListLine line) {
  ListEntry entry = understand(std::move(line));
  if (!is_of_shard(entry)) return std::nullopt;
  if (dedupe_ && was_seen(entry)) {
    FetchResult duplicate = *about(entry, allow_userinfo_);
    duplicate.outcome = Outcome::duplicate;
    return ListEntry{std::move(entry.text), std::move(duplicate)};
  }
  return entry;
}

ListEntry RequestReader::understand(ListLine line) const {
  if (line.too_long) {
    constexpr std::size_t kShownBytes = 200;
    return {line.text,
            refused(line.text.substr(0, kShownBytes) + "...",
                    fmt::format("the line is longer than {} bytes", LineSplitter::kMaxBytes))};
  }
  if (line.is_argument || !is_structured(line.text, format_))
    return {resolver_.resolve(std::move(line.text))};
  auto read = read_request_line(line.text, format_);
  if (auto* error = std::get_if<LineError>(&read))
    return {std::move(line.text), refused(std::move(error->shown), std::move(error->reason))};
  auto& request = std::get<FetchRequest>(read);
  request.url = resolver_.resolve(std::move(request.url));
  return {std::move(line.text), std::move(request)};
}

// What is no URL goes with its line.
bool RequestReader::is_of_shard(const ListEntry& entry) {
  if (shard_.is_all()) return true;
  std::uint64_t line = lines_++;
  if (!shard_.by_host) return shard_.has_line(line);
  auto url = url_of(entry, allow_userinfo_);
  if (!url) return shard_.has_line(line);
  return shard_.has_host(fmt::format("{}://{}:{}", url->scheme(), url->host(), url->port));
}

bool RequestReader::was_seen(const ListEntry& entry) {
  auto url = url_of(entry, allow_userinfo_);
  if (!url) return false;
  std::string all = identity(*url, request_of(entry));
  XXH128_hash_t hash = XXH3_128bits_withSeed(all.data(), all.size(), seed_);
  return !seen_.insert({hash.low64, hash.high64}).second;
}

}  // namespace fetchpool::cli
