// What a record costs: its line, and its way through the sink to a file.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "output/record.h"
#include "output/samples.h"
#include "output/sink.h"

namespace {

using namespace fetchpool;
using namespace fetchpool::output;

FetchResult page(std::uint64_t seq, const Body& body) {
  FetchResult result = full_result(seq, "");
  result.redirects.clear();
  result.body = body;
  return result;
}

void record_head(benchmark::State& state) {
  RecordWriter writer({});
  FetchResult result = page(12345, Body(Bytes(std::string(12000, 'x'))));
  for (auto _ : state) benchmark::DoNotOptimize(writer.write(result).head.data());
}
BENCHMARK(record_head);

// With the making of the result, as its cost is paid anyway.
void make_result(benchmark::State& state) {
  Body body(Bytes(std::string(12000, 'x')));
  for (auto _ : state) benchmark::DoNotOptimize(page(1, body));
}
BENCHMARK(make_result);

void put(benchmark::State& state, const std::string& path, std::uint64_t swapped) {
  Body body(Bytes(std::string(12000, 'x')));
  std::uint64_t seq = 0;
  auto sink = make_sink({.path = path});
  for (auto _ : state) {
    // Comes in the order 7 6 5 ... 0, 15 14 ...
    std::uint64_t place = seq / swapped * swapped + (swapped - 1 - seq % swapped);
    sink->put(page(place, body));
    if (++seq % 64 == 0) sink->flush();
    // So that a long run does not fill the disk.
    if (seq % 40000 == 0) {
      state.PauseTiming();
      sink->finish();
      sink = make_sink({.path = path});
      seq = 0;
      state.ResumeTiming();
    }
  }
  state.SetBytesProcessed(state.iterations() * 13000);
  if (path != "/dev/null") ::unlink(path.c_str());
}
BENCHMARK_CAPTURE(put, in_order_to_null, "/dev/null", 1);
BENCHMARK_CAPTURE(put, in_order_to_file, "/var/tmp/record_bench.out", 1);
BENCHMARK_CAPTURE(put, swapped_to_null, "/dev/null", 64);
BENCHMARK_CAPTURE(put, swapped_to_file, "/var/tmp/record_bench.out", 64);

}  // namespace

BENCHMARK_MAIN();
