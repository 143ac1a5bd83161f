#include "ipc/shared_arena.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/posix.h"
#include "fetchpool/error.h"
#include "ipc/channel.h"
#include "ipc/frame.h"
#include "support/catch.h"
#include "support/run_length.h"
#include "support/seed.h"

namespace fetchpool::ipc {
namespace {

using Extent = SharedArena::Extent;

constexpr std::size_t kGranule = SharedArena::kGranule;

// Both ends in one process.
struct Ends {
  explicit Ends(std::size_t size)
      : granules(size / kGranule),
        reader(SharedArena::create(size)),
        writer(SharedArena::attach(UniqueFd(dup(reader->fd())))) {}

  Extent leave(std::string_view text) const {
    std::span<char> run = writer->reserve(text.size());
    REQUIRE(run.size() >= text.size());
    std::memcpy(run.data(), text.data(), text.size());
    return writer->hand_over(run, text.size());
  }
  bool is_all_free() const {
    std::span<char> all = writer->reserve(size());
    writer->release(all);
    return all.size() == size();
  }
  std::size_t size() const { return granules * kGranule; }

  std::size_t granules;
  std::shared_ptr<SharedArena> reader;
  std::shared_ptr<SharedArena> writer;
};

std::string filled(std::uint64_t number, std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(number * 31 + i * 7 + i / 509);
  return text;
}

std::string frame_of(FrameKind kind, std::uint64_t job, std::string_view payload) {
  FrameHeader header = make_header(kind, job, payload.size());
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + std::string(payload);
}

std::string pointer_to(Extent extent) {
  return frame_of(FrameKind::elsewhere, 0, {reinterpret_cast<const char*>(&extent), sizeof extent});
}

void feed(FrameReader& reader, std::string_view bytes) {
  std::memcpy(reader.room().data(), bytes.data(), bytes.size());
  reader.filled(bytes.size());
}

TEST_CASE("what one end of an arena hands over, the other one reads", "[arena]") {
  Ends ends(4 * kGranule);
  Extent first = ends.leave("first");
  Extent second = ends.leave(filled(2, kGranule + 1));
  CHECK(ends.reader->take(second)->view() == filled(2, kGranule + 1));
  CHECK(ends.reader->take(first)->view() == "first");
  CHECK(ends.is_all_free());
}

TEST_CASE("memory of an arena is free again when its last reader is done", "[arena]") {
  Ends ends(4 * kGranule);
  auto bytes = ends.reader->take(ends.leave(filled(1, 4 * kGranule)));
  Bytes copy = bytes->slice(5, 10);
  bytes.reset();
  CHECK(ends.writer->reserve(1).empty());
  std::thread([last = std::move(copy)]() mutable { last = Bytes(); }).join();
  CHECK(ends.is_all_free());
}

TEST_CASE("a run of an arena is as long as asked for, and its rest is free", "[arena]") {
  Ends ends(4 * kGranule);
  CHECK(ends.writer->reserve(4 * kGranule + 1).empty());
  std::span<char> run = ends.writer->reserve(3 * kGranule);
  CHECK(run.size() == 3 * kGranule);
  CHECK(ends.writer->reserve(kGranule + 1).empty());
  Extent extent = ends.writer->hand_over(run, 10);
  CHECK(extent.size == 10);
  CHECK(ends.writer->reserve(3 * kGranule).size() == 3 * kGranule);
}

TEST_CASE("a reader of an arena takes nothing that was not handed over", "[arena]") {
  Ends ends(4 * kGranule);
  Extent given = ends.leave("given");
  auto is_refused = [&](std::uint64_t offset, std::uint64_t size) {
    return !ends.reader->take({offset, size});
  };
  CHECK(is_refused(given.offset, 0));
  CHECK(is_refused(given.offset + 1, 1));
  CHECK(is_refused(given.offset, kGranule + 1));
  CHECK(is_refused(kGranule, 1));
  CHECK(is_refused(4 * kGranule, 1));
  CHECK(is_refused(3 * kGranule, 2 * kGranule));
  CHECK(is_refused(~std::uint64_t{0} - (kGranule - 1), kGranule));
  CHECK(is_refused(0, ~std::uint64_t{0}));
  auto taken = ends.reader->take(given);
  REQUIRE(taken);
  CHECK(is_refused(given.offset, given.size));
}

TEST_CASE("bytes of an arena outlive it", "[arena]") {
  auto ends = std::make_unique<Ends>(4 * kGranule);
  Bytes bytes = *ends->reader->take(ends->leave("still here"));
  ends.reset();
  CHECK(bytes.view() == "still here");
}

TEST_CASE("what a process holds when it forks stays as it is for both", "[arena]") {
  Ends ends(4 * kGranule);
  std::optional<Bytes> dropped_by_child = ends.reader->take(ends.leave(filled(1, kGranule)));
  std::optional<Bytes> dropped_by_parent = ends.reader->take(ends.leave(filled(2, kGranule)));
  posix::FdPair pipe = posix::make_pipe();
  pid_t child = fork();
  if (child == 0) {
    dropped_by_child.reset();
    pipe.second.reset();
    char byte;
    (void)!read(pipe.first.get(), &byte, 1);  // until the parent has written what it can
    _exit(dropped_by_parent->view() == filled(2, kGranule) ? 0 : 1);
  }
  dropped_by_parent.reset();
  std::span<char> rest = ends.writer->reserve(2 * kGranule);
  CHECK(rest.size() == 2 * kGranule);
  CHECK(ends.writer->reserve(1).empty());
  CHECK((dropped_by_child->view() == filled(1, kGranule)));
  pipe.first.reset();
  pipe.second.reset();
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("below a limit of file sizes there is no arena, and no signal", "[arena]") {
  pid_t child = fork();
  if (child == 0) {
    struct rlimit limit {
      kGranule, kGranule
    };
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      SharedArena::create(4 * kGranule);
    } catch (const SystemError&) {
      _exit(7);
    }
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 7 << 8);
}

TEST_CASE("frames lie in the arena, and come between those of the stream", "[arena]") {
  Ends ends(4 * kGranule);
  FrameReader reader(std::size_t{1} << 20, ends.reader);
  feed(reader, frame_of(FrameKind::ready, 1, "a"));
  feed(reader, pointer_to(ends.leave(frame_of(FrameKind::part, 2, "bb") +
                                     frame_of(FrameKind::done, 3, ""))));
  feed(reader, frame_of(FrameKind::done, 4, "dddd"));
  for (std::uint64_t job = 1; job <= 4; ++job) CHECK(reader.next()->job == job);
  CHECK_FALSE(reader.next());
  CHECK_FALSE(reader.in_frame());
  CHECK(ends.is_all_free());
}

TEST_CASE("damage in an arena is noticed", "[arena]") {
  Ends ends(16 * kGranule);
  FrameReader reader(100, ends.reader);
  std::string bytes = GENERATE_COPY(
      pointer_to({0, 10}),                                                          // not given
      pointer_to(ends.leave("no frame")),                                           // too short
      pointer_to(ends.leave(frame_of(FrameKind::done, 1, "whole") + "x")),          // a rest
      pointer_to(ends.leave(frame_of(FrameKind::done, 1, "cut").substr(0, 26))),    // torn
      pointer_to(ends.leave(frame_of(FrameKind::done, 1, std::string(101, 'x')))),  // too long
      pointer_to(ends.leave(std::string(24, 'x'))),                                 // no magic
      pointer_to(ends.leave(pointer_to({0, 1}))),                                   // leads on
      frame_of(FrameKind::elsewhere, 0, "no extent"));
  feed(reader, bytes);
  auto read_all = [&] {
    while (reader.next()) {
    }
  };
  CHECK_THROWS_AS(read_all(), ProtocolError);
}

TEST_CASE("a frame that leads to an arena is damage where there is none", "[arena]") {
  FrameReader reader(100);
  feed(reader, pointer_to({0, 10}));
  CHECK_THROWS_AS(reader.next(), ProtocolError);
}

// A writer with an arena, and how many bytes it put into its pipe.
struct Sender {
  explicit Sender(std::size_t granules) : ends(granules * kGranule), writer(ends.writer) {
    posix::set_pipe_size(pipe.second.get(), 1 << 20);
    posix::set_nonblocking(pipe.first.get(), true);
  }

  std::size_t flushed() {
    REQUIRE(writer.flush(pipe.second.get()));
    auto room = reader.room();
    std::size_t count = posix::read_some(pipe.first.get(), room.data(), room.size()).value_or(0);
    reader.filled(count);
    return count;
  }

  posix::FdPair pipe = posix::make_pipe();
  Ends ends;
  FrameWriter writer;
  FrameReader reader{std::size_t{64} << 20, ends.reader};
};

TEST_CASE("a writer leaves much in the arena, and sends few bytes by themselves", "[arena]") {
  Sender sender(64);
  sender.writer.add(FrameKind::done, 1, std::string(100, 'a'));
  CHECK(sender.flushed() == 124);
  CHECK(sender.reader.next()->payload.view() == std::string(100, 'a'));

  for (std::uint64_t job = 2; job < 12; ++job)
    sender.writer.add(FrameKind::done, job, std::string(12'000, 'b'));
  sender.writer.add(FrameKind::done, 12, "head", Bytes(std::string(300'000, 'c')));
  CHECK(sender.flushed() == 2 * 40);
  for (std::uint64_t job = 2; job < 12; ++job) {
    auto frame = sender.reader.next();
    CHECK(frame->job == job);
    CHECK((frame->payload.view() == std::string(12'000, 'b')));
  }
  CHECK((sender.reader.next()->payload.view() == "head" + std::string(300'000, 'c')));
  CHECK(sender.ends.is_all_free());
}

TEST_CASE("a payload that is in the arena already is sent from where it lies, in its turn",
          "[arena]") {
  Sender sender(64);
  auto left = [&sender](std::size_t size, char letter) {
    std::span<char> run = sender.ends.writer->reserve(FrameWriter::kHeaderRoom + size);
    std::fill_n(run.data() + FrameWriter::kHeaderRoom, size, letter);
    return run;
  };
  sender.writer.add(FrameKind::part, 1, std::string(1000, 'a'));
  sender.writer.add_run(FrameKind::part, 1, left(200'000, 'b'), 200'000);
  sender.writer.add_run(FrameKind::part, 1, left(1000, 'c'), 1000);
  sender.writer.add(FrameKind::done, 1, std::string(1000, 'd'));
  // The large one is only pointed to.
  CHECK(sender.flushed() == 40 + 3 * 1024);
  for (const std::string& payload : {std::string(1000, 'a'), std::string(200'000, 'b'),
                                     std::string(1000, 'c'), std::string(1000, 'd')}) {
    auto frame = sender.reader.next();
    REQUIRE(frame);
    CHECK(frame->job == 1);
    CHECK((frame->payload.view() == payload));
  }
  sender.writer.add_run(FrameKind::part, 2, left(200'000, 'e'), 200'000);
  sender.writer.clear();
  CHECK(sender.ends.is_all_free());
}

TEST_CASE("a writer of small answers keeps one run of the arena for all of them", "[arena]") {
  Sender sender(64);
  for (std::uint64_t job = 0; job < 20; ++job) {
    sender.writer.add(FrameKind::done, job, std::string(1000, 'a'));
    CHECK(sender.flushed() == 1024);
    CHECK(sender.reader.next()->job == job);
    CHECK(sender.ends.writer->reserve(60 * kGranule).empty());
  }
  sender.writer.clear();
  CHECK(sender.ends.is_all_free());
}

TEST_CASE("a writer whose arena is full sends everything itself", "[arena]") {
  Sender sender(64);
  std::span<char> all = sender.ends.writer->reserve(64 * kGranule);
  sender.writer.add(FrameKind::done, 1, std::string(100'000, 'a'));
  sender.writer.add(FrameKind::done, 2, "head", Bytes(std::string(100'000, 'b')));
  CHECK(sender.flushed() > 200'000);
  CHECK((sender.reader.next()->payload.view() == std::string(100'000, 'a')));
  CHECK((sender.reader.next()->payload.view() == "head" + std::string(100'000, 'b')));
  sender.ends.writer->release(all);
}

TEST_CASE("a frame that outgrows its place in the arena is sent by itself", "[arena]") {
  Sender sender(64);
  ByteBuffer& frame = sender.writer.begin(FrameKind::done, 7);
  for (int i = 0; i < 80; ++i) frame.append(std::string(10'000, 'z'));
  sender.writer.end();
  CHECK(sender.flushed() == 800'024);
  CHECK(sender.reader.next()->payload.size() == 800'000);
  sender.writer.clear();
  CHECK(sender.ends.is_all_free());
}

TEST_CASE("what a writer forgets is free again", "[arena]") {
  Sender sender(64);
  sender.writer.add(FrameKind::done, 1, std::string(100'000, 'a'));
  sender.writer.add(FrameKind::done, 2, "head", Bytes(std::string(100'000, 'b')));
  sender.writer.clear();
  CHECK(sender.writer.pending_bytes() == 0);
  CHECK(sender.ends.is_all_free());
}

std::size_t size_of_frame(std::mt19937& random) {
  return random() % 20 == 0 ? random() % (std::size_t{1} << 20) : random() % 30'000;
}

// The other process: frames of all sizes, by a channel that is often full.
[[noreturn]] void send_frames(Channel channel, unsigned seed, int count) {
  std::mt19937 random(seed);
  for (int i = 0; i < count; ++i) {
    auto job = static_cast<std::uint64_t>(i);
    std::string text = filled(job, size_of_frame(random));
    switch (random() % 3) {
      case 0:
        channel.writer().add(FrameKind::done, job, std::string_view(text));
        break;
      case 1:
        channel.writer().add(FrameKind::done, job, std::string_view(text).substr(0, 5),
                             Bytes(text.substr(std::min<std::size_t>(5, text.size()))));
        break;
      default:
        channel.writer().begin(FrameKind::done, job).append(text);
        channel.writer().end();
    }
    if (random() % 4 == 0) channel.flush();
  }
  channel.flush();
  channel.writer().clear();
  _exit(0);
}

TEST_CASE("frames from another process come unchanged, however long they are held", "[arena]") {
  unsigned seed = test::new_seed();
  const int count = test::shorter_if_sanitized(3000);
  auto arena = SharedArena::create(std::size_t{4} << 20);
  posix::FdPair pipe = posix::make_pipe();
  posix::FdPair unused = posix::make_pipe();
  pid_t child = fork();
  if (child == 0) {
    pipe.first.reset();
    send_frames(Channel(std::move(unused.first), std::move(pipe.second), std::size_t{4} << 20,
                        {.in = nullptr, .out = SharedArena::attach(UniqueFd(dup(arena->fd())))}),
                seed, count);
  }
  pipe.second.reset();
  Channel channel(std::move(pipe.first), UniqueFd(), std::size_t{4} << 20,
                  {.in = arena, .out = nullptr});
  std::mt19937 random(seed + 1);
  std::deque<std::pair<std::uint64_t, Bytes>> held;
  std::uint64_t next = 0;
  bool all_right = true;
  auto let_go = [&] {
    all_right &=
        held.front().second.view() == filled(held.front().first, held.front().second.size());
    held.pop_front();
  };
  while (!channel.at_end()) {
    channel.receive();
    while (auto frame = channel.next()) {
      all_right &= frame->job == next++;
      held.emplace_back(frame->job, frame->payload);
    }
    std::size_t most = random() % 300;
    while (held.size() > most) let_go();
  }
  while (!held.empty()) let_go();
  CHECK(all_right);
  CHECK(next == static_cast<std::uint64_t>(count));
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(arena->reserve(std::size_t{4} << 20).size() == std::size_t{4} << 20);
}

}  // namespace
}  // namespace fetchpool::ipc
