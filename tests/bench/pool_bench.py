# Python's Pool doing what pool_bench does: prints "name seconds", one a line.
import multiprocessing
import sys
import time


def noop(x):
    return x


def large(size):
    return b"x" * size


def timed(name, function):
    best = None
    for _ in range(3):
        begin = time.perf_counter()
        function()
        took = time.perf_counter() - begin
        best = took if best is None else min(best, took)
    print(name, best, flush=True)


def main():
    ones, many, default, results = (int(count) for count in sys.argv[1:5])
    sizes = [1 << 20] * results
    with multiprocessing.get_context("fork").Pool(2) as pool:
        timed("one_by_one", lambda: [pool.apply(noop, (i,)) for i in range(ones)])
        timed("apply_async", lambda: [r.get() for r in [pool.apply_async(noop, (i,)) for i in range(many)]])
        timed("map_chunk_1", lambda: pool.map(noop, range(many), 1))
        timed("map_default", lambda: pool.map(noop, range(default)))
        timed("large_results", lambda: pool.map(large, sizes, 1))
        timed("large_streamed", lambda: [len(page) for page in pool.imap(large, sizes)])


main()
