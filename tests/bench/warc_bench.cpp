// What archiving costs for a page of 12 KB on average, by level of compression.
#include <benchmark/benchmark.h>

#include <deque>

#include "fetch/archive_metadata.h"
#include "fetch/exchange_records.h"
#include "support/site.h"

namespace fetchpool::archive {
namespace {

constexpr std::size_t kPages = 200;

const std::vector<std::string>& pages() {
  static const auto all = [] {
    test::Site site({.pages = kPages});
    std::vector<std::string> texts;
    for (std::size_t page = 0; page < kPages; ++page) texts.push_back(site.text(page));
    return texts;
  }();
  return all;
}

double total_size() {
  double size = 0;
  for (const std::string& page : pages()) size += static_cast<double>(page.size());
  return size;
}

// For `packed` bytes of every page once.
void count_ratio(benchmark::State& state, std::size_t packed) {
  state.counters["ratio"] = total_size() / static_cast<double>(packed);
}

void pack_whole(benchmark::State& state) {
  MemberPacker packer(static_cast<int>(state.range(0)));
  ByteBuffer out;
  std::size_t round = 0;
  for (auto _ : state) {
    out.clear();
    packer.append(out, pages()[round++ % kPages]);
  }
  std::size_t packed = 0;
  for (const std::string& page : pages()) {
    out.clear();
    packer.append(out, page);
    packed += out.size();
  }
  count_ratio(state, packed);
}
BENCHMARK(pack_whole)->DenseRange(1, 9);

// As `gzip -6` does it.
void pack_stream(benchmark::State& state) {
  ByteBuffer out;
  std::size_t round = 0;
  std::size_t packed = 0;
  auto pack = [&out](const std::string& page) {
    out.clear();
    MemberStream stream;
    stream.append(out, page);
    stream.finish(out);
  };
  for (auto _ : state) pack(pages()[round++ % kPages]);
  for (const std::string& page : pages()) {
    pack(page);
    packed += out.size();
  }
  count_ratio(state, packed);
}
BENCHMARK(pack_stream);

void digest(benchmark::State& state) {
  Sha1 sha1;
  std::size_t round = 0;
  for (auto _ : state) {
    sha1.feed(pages()[round++ % kPages]);
    benchmark::DoNotOptimize(sha1.finish());
  }
}
BENCHMARK(digest);

// Both records of an exchange.
void exchange(benchmark::State& state) {
  ExchangeWriter writer;
  ByteBuffer out;
  body::BlockPool memory;
  std::deque<body::BodySpool> bodies;
  for (std::size_t page = 0; page < kPages; ++page)
    bodies.emplace_back(memory).append(pages()[page]);
  Exchange exchange;
  exchange.url = "http://example.com/p/000/000123.html";
  exchange.request =
      "GET /p/000/000123.html HTTP/1.1\r\nHost: example.com\r\nUser-Agent: fetchpool/0.1.0\r\n"
      "Accept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\r\n";
  exchange.response =
      "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\n"
      "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n";
  exchange.http_version = "1.1";
  exchange.remote_ip = "192.0.2.1";
  std::size_t round = 0;
  for (auto _ : state) {
    out.clear();
    exchange.body = &bodies[round++ % kPages];
    exchange.facts.size = exchange.body->size();
    benchmark::DoNotOptimize(writer.append(out, exchange));
  }
}
BENCHMARK(exchange);

// The parent's part.
void metadata(benchmark::State& state) {
  MetadataWriter writer;
  FetchResult result;
  result.outcome = Outcome::ok;
  result.url = result.url_effective = "http://example.com/p/000/000123.html";
  result.times.total = 0.0123;
  for (auto _ : state)
    benchmark::DoNotOptimize(
        writer.member(result, 1795330535123456, "urn:uuid:3ab04ebe-89cb-4dc5-b3f5-52d398a1ccc5"));
}
BENCHMARK(metadata);

}  // namespace
}  // namespace fetchpool::archive

BENCHMARK_MAIN();
