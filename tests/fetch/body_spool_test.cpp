#include "fetch/body_spool.h"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <random>
#include <vector>

#include "fetch/coded_bodies.h"
#include "fetchpool/error.h"
#include "support/catch.h"

namespace fetchpool::body {
namespace {

std::string read_in_pieces(const BodySpool& spool, std::size_t piece_size) {
  std::string body;
  std::vector<char> piece(piece_size);
  for (;;) {
    std::size_t size = spool.read(body.size(), piece);
    body.append(piece.data(), size);
    if (size < piece_size) return body;
  }
}

TEST_CASE("a small body is in one piece, a larger one in blocks, one beyond those in a file",
          "[body]") {
  BlockPool pool(2);
  BodySpool spool(pool, "/var/tmp", 1000);
  std::string body = noise_of(1000 + 2 * BlockPool::kBlockSize, 1);
  spool.append(std::string_view(body).substr(0, 400));
  spool.append(std::string_view(body).substr(400, 600));
  REQUIRE(spool.is_in_one_piece());
  CHECK(spool.whole() == body.substr(0, 1000));
  CHECK(read_in_pieces(spool, 64) == body.substr(0, 1000));
  spool.append(std::string_view(body).substr(1000));
  REQUIRE_FALSE(spool.is_in_one_piece());
  REQUIRE(spool.is_in_memory());
  CHECK(spool.size() == body.size());
  CHECK(read_in_pieces(spool, 100000) == body);
  spool.append("x");
  CHECK_FALSE(spool.is_in_memory());
  CHECK(spool.size() == body.size() + 1);
  CHECK(read_in_pieces(spool, 100000) == body + "x");
}

TEST_CASE("bodies share the blocks there are and give them back", "[body]") {
  BlockPool pool(3);
  std::string two_blocks = noise_of(2 * BlockPool::kBlockSize, 2);
  BodySpool second(pool, "/var/tmp", 0);
  {
    BodySpool first(pool, "/var/tmp", 0);
    first.append(two_blocks);
    second.append(two_blocks);
    CHECK(first.is_in_memory());
    CHECK_FALSE(second.is_in_memory());
    CHECK(read_in_pieces(first, 5000) == two_blocks);
    CHECK(read_in_pieces(second, 5000) == two_blocks);
  }
  second.clear();
  second.append(two_blocks);
  CHECK(second.is_in_memory());
}

TEST_CASE("a spooled body can be read while it grows, from anywhere", "[body]") {
  constexpr std::uint64_t kSeed = 5;
  CAPTURE(kSeed);
  std::mt19937_64 random(kSeed);
  BlockPool pool(1);
  BodySpool spool(pool, "/var/tmp", 4096);
  for (int body_number = 0; body_number < 5; ++body_number) {
    std::string body;
    for (int i = 0; i < 100; ++i) {
      std::string piece = noise_of(random() % (i % 10 == 0 ? 60000 : 4000), random());
      spool.append(piece);
      body += piece;
      REQUIRE(spool.size() == body.size());
      std::size_t offset = random() % (body.size() + 1);
      std::vector<char> room(random() % 9000);
      std::size_t size = spool.read(offset, room);
      REQUIRE(std::string_view(room.data(), size) ==
              std::string_view(body).substr(offset, room.size()));
    }
    REQUIRE(read_in_pieces(spool, 1 + random() % 10000) == body);
    spool.clear();
    REQUIRE(spool.size() == 0);
    REQUIRE(spool.is_in_memory());
  }
}

TEST_CASE("a body that is known to be large begins in blocks that can be handed over", "[body]") {
  BlockPool pool(4, ipc::SharedArena::create(std::size_t{1} << 20));
  BodySpool spool(pool, "/var/tmp", 1000);
  std::string body = noise_of(3000, 6);
  spool.expect(body.size());
  spool.append(std::string_view(body).substr(0, 500));
  CHECK_FALSE(spool.is_in_one_piece());
  spool.append(std::string_view(body).substr(500));
  CHECK(read_in_pieces(spool, 700) == body);
  // Where all but a quarter of the blocks are taken, as any other; and where there is no shared
  // memory.
  BodySpool hog(pool, "/var/tmp", 0);
  hog.append(noise_of(BlockPool::kBlockSize + 1, 7));
  BodySpool unlucky(pool, "/var/tmp", 1000);
  unlucky.expect(5000);
  unlucky.append("short after all");
  CHECK(unlucky.is_in_one_piece());
  CHECK(unlucky.whole() == "short after all");
  BlockPool own(2);
  BodySpool in_own(own, "/var/tmp", 1000);
  in_own.expect(5000);
  in_own.append("the beginning");
  CHECK(in_own.is_in_one_piece());
  // What was expected of one body is not expected of the next.
  spool.clear();
  spool.append("small");
  CHECK(spool.is_in_one_piece());
}

TEST_CASE("blocks in shared memory are handed over as they are, and free again after that",
          "[body]") {
  auto arena = ipc::SharedArena::create(std::size_t{1} << 20);  // of three blocks
  BlockPool pool(8, arena);
  for (int round = 0; round < 5; ++round) {
    BodySpool spool(pool, "/var/tmp", 1000);
    // Three blocks of the arena and one of the process's own.
    std::string body = noise_of(900 + 3 * BlockPool::kBlockSize + 5000, 7);
    spool.append(std::string_view(body).substr(0, 900));
    spool.append(std::string_view(body).substr(900));
    REQUIRE(read_in_pieces(spool, 100'000) == body);
    REQUIRE_FALSE(spool.take_run(0));    // the piece before the blocks
    REQUIRE_FALSE(spool.take_run(901));  // not where one begins
    std::string taken = body.substr(0, 900);
    std::vector<std::span<char>> runs;
    while (auto run = spool.take_run(taken.size())) {
      taken.append(run->memory.data() + ipc::FrameWriter::kHeaderRoom, run->size);
      runs.push_back(run->memory);
    }
    REQUIRE(runs.size() == 3);
    REQUIRE(taken == std::string_view(body).substr(0, taken.size()));
    std::vector<char> room(10'000);
    REQUIRE(spool.look(taken.size(), room) == std::string_view(body).substr(taken.size()));
    for (std::span<char> run : runs) arena->release(run);
  }
  // All of it is free again.
  CHECK_FALSE(arena->reserve(std::size_t{1} << 20).empty());
}

TEST_CASE("blocks in shared memory that nobody took go with their spool", "[body]") {
  auto arena = ipc::SharedArena::create(std::size_t{1} << 20);
  BlockPool pool(8, arena);
  {
    BodySpool spool(pool, "/var/tmp", 1000);
    spool.append(noise_of(2 * BlockPool::kBlockSize, 8));
    CHECK(arena->reserve(std::size_t{1} << 20).empty());
    spool.clear();
    spool.append(noise_of(3 * BlockPool::kBlockSize, 9));
  }
  CHECK_FALSE(arena->reserve(std::size_t{1} << 20).empty());
}

TEST_CASE("the file of a spool has no name", "[body]") {
  auto directory = std::filesystem::temp_directory_path() / "fetchpool_body_spool_test";
  std::filesystem::create_directory(directory);
  BlockPool pool(0);
  BodySpool spool(pool, directory, 10);
  spool.append("more than ten bytes");
  REQUIRE_FALSE(spool.is_in_memory());
  CHECK(std::filesystem::is_empty(directory));
  std::filesystem::remove(directory);
  CHECK(read_in_pieces(spool, 100) == "more than ten bytes");
}

TEST_CASE("a directory that is not there is named by the error", "[body]") {
  BlockPool pool(0);
  BodySpool spool(pool, "/nonexistent/spool", 10);
  spool.append("small");
  CHECK_THROWS_WITH(spool.append("more than ten bytes"),
                    ContainsSubstring("/nonexistent/spool") && ContainsSubstring("No such file"));
}

// Runs `act` where no file may grow beyond `most` bytes.
template <typename Act>
void with_small_files(rlim_t most, Act act) {
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  struct rlimit small {
    most, before.rlim_max
  };
  auto old_action = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  act();
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_action);
}

TEST_CASE("a body that finds no place on the disk is kept as far as it came", "[body]") {
  BlockPool pool(2);
  std::string body = noise_of(1000 + 3 * BlockPool::kBlockSize, 3);
  for (std::size_t fits : {std::size_t{500}, BlockPool::kBlockSize,
                           2 * BlockPool::kBlockSize + 1000, 2 * BlockPool::kBlockSize + 5000}) {
    CAPTURE(fits);
    BodySpool spool(pool, "/var/tmp", 1000);
    std::size_t added = 0;
    with_small_files(fits, [&] {
      CHECK_THROWS_WITH(
          [&] {
            for (; added < body.size(); added += 700)
              spool.append(std::string_view(body).substr(added, 700));
          }(),
          ContainsSubstring("/var/tmp"));
    });
    CHECK(spool.size() >= added);
    bool is_its_beginning = body.starts_with(read_in_pieces(spool, 4096));
    CHECK(is_its_beginning);
  }
}

TEST_CASE(
    "a file that may not grow is an error with its directory, and the spool can be used again",
    "[body]") {
  BlockPool pool(0);
  BodySpool spool(pool, "/var/tmp", 1000);
  std::string body(20000, 'x');
  with_small_files(8192,
                   [&] { CHECK_THROWS_WITH(spool.append(body), ContainsSubstring("/var/tmp")); });
  spool.clear();
  spool.append(body);
  CHECK(read_in_pieces(spool, 4096) == body);
}

}  // namespace
}  // namespace fetchpool::body
