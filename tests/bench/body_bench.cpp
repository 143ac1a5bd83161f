// What a page of 12 KB costs on its way through the body pipeline.
#include <benchmark/benchmark.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "fetch/base64.h"
#include "fetch/body_spool.h"
#include "fetch/body_text.h"
#include "fetch/coded_bodies.h"
#include "fetch/json_text.h"
#include "fetch/utf8.h"
#include "fetch/whole_decoder.h"
#include "support/site.h"

namespace fetchpool::body {
namespace {

constexpr std::size_t kPageSize = 12 << 10;

// One byte in twenty to escape, a word in twenty-five beyond ASCII: words of any length and order,
// and a page for each round, so that no branch can be learnt.
const std::string& page(std::size_t round, bool is_ascii = false) {
  static const auto make = [](bool ascii) {
    std::vector<std::string> pages;
    std::mt19937_64 random(7);
    for (int i = 0; i < 32; ++i) {
      std::string text;
      while (text.size() < kPageSize) {
        for (auto letters = 1 + random() % 12; letters > 0; --letters)
          text += static_cast<char>('a' + random() % 26);
        if (!ascii && random() % 25 == 0) text += "\xC3\xA9\xE2\x82\xAC";
        text += random() % 100 < 36 ? (random() % 2 == 0 ? "\"" : "\n") : " ";
      }
      text.resize(kPageSize - 8);
      pages.push_back(text.substr(0, utf8_cut(text)));
    }
    return pages;
  };
  static const std::vector<std::string> plain = make(true);
  static const std::vector<std::string> mixed = make(false);
  return (is_ascii ? plain : mixed)[round % 32];
}

void check_ascii(benchmark::State& state) {
  std::size_t round = 0;
  for (auto _ : state) benchmark::DoNotOptimize(is_valid_utf8(page(round++, true)));
}
BENCHMARK(check_ascii);

void check_mixed(benchmark::State& state) {
  std::size_t round = 0;
  for (auto _ : state) benchmark::DoNotOptimize(is_valid_utf8(page(round++)));
}
BENCHMARK(check_mixed);

// Pages of a site, which are other pages for each round too.
const std::string& site_page(std::size_t round) {
  static const std::vector<std::string> pages = [] {
    test::Site site({.pages = 64});
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < site.size(); ++i) texts.push_back(site.text(i));
    return texts;
  }();
  return pages[round % pages.size()];
}

void check_site(benchmark::State& state) {
  std::size_t round = 0;
  for (auto _ : state) benchmark::DoNotOptimize(is_valid_utf8(site_page(round++)));
}
BENCHMARK(check_site);

void escape(benchmark::State& state) {
  std::size_t round = 0;
  ByteBuffer out;
  for (auto _ : state) {
    out.clear();
    append_escaped_json(out, page(round++));
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["grown"] = static_cast<double>(out.size()) / kPageSize;
}
BENCHMARK(escape);

void escape_site(benchmark::State& state) {
  std::size_t round = 0;
  ByteBuffer out;
  for (auto _ : state) {
    out.clear();
    append_escaped_json(out, site_page(round++));
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(escape_site);

void check_and_escape(benchmark::State& state) {
  std::size_t round = 0;
  ByteBuffer out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(append_body(out, page(round++, state.range(0) != 0), Form::json));
  }
}
BENCHMARK(check_and_escape)->ArgName("ascii")->Arg(0)->Arg(1);

void base64(benchmark::State& state) {
  std::size_t round = 0;
  ByteBuffer out;
  for (auto _ : state) {
    out.clear();
    append_base64(out, page(round++));
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(base64);

struct Nowhere : Output {
  void write(std::string_view block) override { benchmark::DoNotOptimize(block.data()); }
};

const std::string& coded_page(const std::string& coding) {
  static std::map<std::string, std::string> pages;
  std::string& wire = pages[coding];
  // More like a page than the random letters above: words come again.
  if (wire.empty()) wire = coded(coding, page_of(kPageSize, 3));
  return wire;
}

void decode_streaming(benchmark::State& state, const std::string& coding) {
  const std::string& wire = coded_page(coding);
  Nowhere output;
  for (auto _ : state) {
    auto decoder = Decoder::make(coding, {});
    decoder->feed(wire, output);
    benchmark::DoNotOptimize(decoder->finish(output));
  }
  state.counters["wire"] = static_cast<double>(wire.size());
}
BENCHMARK_CAPTURE(decode_streaming, gzip, "gzip");
BENCHMARK_CAPTURE(decode_streaming, br, "br");
BENCHMARK_CAPTURE(decode_streaming, zstd, "zstd");

void decode_whole(benchmark::State& state, const std::string& coding) {
  const std::string& wire = coded_page(coding);
  Nowhere output;
  WholeDecoder decoder;
  for (auto _ : state)
    benchmark::DoNotOptimize(decoder.decode(coding, wire, {}, output).decoded_bytes);
}
BENCHMARK_CAPTURE(decode_whole, gzip, "gzip");
BENCHMARK_CAPTURE(decode_whole, deflate, "deflate");

void gunzip_to_json(benchmark::State& state) {
  const std::string& wire = coded_page("gzip");
  WholeDecoder decoder;
  BlockPool memory;
  BodySpool spool(memory);
  ByteBuffer out;
  for (auto _ : state) {
    spool.clear();
    out.clear();
    decoder.decode("gzip", wire, {}, spool);
    benchmark::DoNotOptimize(append_body(out, spool.whole(), Form::json));
  }
}
BENCHMARK(gunzip_to_json);

}  // namespace
}  // namespace fetchpool::body

BENCHMARK_MAIN();
