# Python's Pool and ProcessPoolExecutor doing what pool_bench does: prints "name seconds", one a
# line; the executor's names begin with "ppe_".
import concurrent.futures
import multiprocessing
import sys
import time


# The beginning of the names of the rows that are wanted.
ROWS = sys.argv[5] if len(sys.argv) > 5 else ""


def noop(x):
    return x


def large(size):
    return b"x" * size


def timed(name, function, times=1):
    if not name.removeprefix("ppe_").startswith(ROWS):
        return
    best = None
    for _ in range(2):
        begin = time.perf_counter()
        function()
        took = time.perf_counter() - begin
        best = took if best is None else min(best, took)
    print(name, best * times, flush=True)


def main():
    ones, many, default, results = (int(count) for count in sys.argv[1:5])
    sizes = [1 << 20] * results
    fork = multiprocessing.get_context("fork")
    with fork.Pool(2) as pool:
        timed("one_by_one", lambda: [pool.apply(noop, (i,)) for i in range(ones)])
        timed("apply_async", lambda: [r.get() for r in [pool.apply_async(noop, (i,)) for i in range(many)]])
        timed("map_chunk_1", lambda: pool.map(noop, range(many), 1))
        timed("map_default", lambda: pool.map(noop, range(default)))
        timed("large_results", lambda: pool.map(large, sizes, 1))
        timed("large_streamed", lambda: [len(page) for page in pool.imap(large, sizes)])
    # The executor has no default chunk but 1, and its map() streams; a fifth is enough to see its
    # speed.
    with concurrent.futures.ProcessPoolExecutor(2, fork) as pool:
        some = many // 5
        timed("ppe_one_by_one", lambda: [pool.submit(noop, i).result() for i in range(ones)])
        timed("ppe_apply_async", lambda: [f.result() for f in [pool.submit(noop, i) for i in range(some)]], 5)
        timed("ppe_map_chunk_1", lambda: list(pool.map(noop, range(some))), 5)
        timed("ppe_large_results", lambda: list(pool.map(large, sizes)))
        timed("ppe_large_streamed", lambda: [len(page) for page in pool.map(large, sizes)])


main()
