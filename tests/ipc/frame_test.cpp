#include "ipc/frame.h"

#include <sys/socket.h>

#include <csignal>
#include <cstring>
#include <random>
#include <set>

#include "base/posix.h"
#include "base/sigpipe_guard.h"
#include "ipc/channel.h"
#include "support/catch.h"
#include "support/seed.h"

namespace fetchpool::ipc {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

std::string bytes_of(FrameKind kind, std::uint64_t job, const std::string& payload) {
  FrameHeader header = make_header(kind, job, payload.size());
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + payload;
}

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 131 + i / 251);
  return text;
}

struct Seen {
  FrameKind kind;
  std::uint64_t job;
  std::string payload;
  friend bool operator==(const Seen&, const Seen&) = default;
};

// Feeds `stream` in pieces that end at `cuts`, and takes all frames as they come.
class Feed {
 public:
  explicit Feed(std::size_t max_length = 64 * kMiB) : reader_(max_length) {}

  void add(std::string_view bytes) {
    while (!bytes.empty()) {
      auto room = reader_.room();
      REQUIRE(!room.empty());
      std::size_t count = std::min(room.size(), bytes.size());
      std::memcpy(room.data(), bytes.data(), count);
      reader_.filled(count);
      bytes.remove_prefix(count);
      while (auto frame = reader_.next())
        seen_.push_back({frame->kind, frame->job, frame->payload.str()});
    }
  }
  const std::vector<Seen>& seen() const { return seen_; }
  bool in_frame() const { return reader_.in_frame(); }

 private:
  FrameReader reader_;
  std::vector<Seen> seen_;
};

const std::vector<Seen> kThree = {{FrameKind::job, 7, "first"},
                                  {FrameKind::part, 0, ""},
                                  {FrameKind::done, ~std::uint64_t{0}, std::string(300, 'x')}};

std::string stream_of(const std::vector<Seen>& frames) {
  std::string stream;
  for (const Seen& frame : frames) stream += bytes_of(frame.kind, frame.job, frame.payload);
  return stream;
}

TEST_CASE("frames come out the same however the stream is cut", "[ipc]") {
  std::string stream = stream_of(kThree);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    Feed feed;
    feed.add(std::string_view(stream).substr(0, cut));
    feed.add(std::string_view(stream).substr(cut));
    REQUIRE(feed.seen() == kThree);
    REQUIRE_FALSE(feed.in_frame());
  }
  Feed byte_by_byte;
  for (char byte : stream) byte_by_byte.add({&byte, 1});
  CHECK(byte_by_byte.seen() == kThree);
}

TEST_CASE("a stream that ends anywhere yields its whole frames and no more", "[ipc]") {
  std::string stream = stream_of(kThree);
  std::size_t first = bytes_of(kThree[0].kind, 7, kThree[0].payload).size();
  std::size_t second = first + sizeof(FrameHeader);
  for (std::size_t end = 0; end < stream.size(); ++end) {
    Feed feed;
    feed.add(std::string_view(stream).substr(0, end));
    std::size_t whole = end < first ? 0 : end < second ? 1 : 2;
    REQUIRE(feed.seen().size() == whole);
    REQUIRE(feed.in_frame() == (end != 0 && end != first && end != second));
  }
}

TEST_CASE("a wrong byte anywhere in a header is noticed", "[ipc]") {
  std::string good = bytes_of(FrameKind::done, 99, "payload");
  for (std::size_t at = 0; at < sizeof(FrameHeader); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      Feed feed;
      REQUIRE_THROWS_AS(feed.add(bad), ProtocolError);
    }
  }
}

TEST_CASE("a frame longer than allowed is refused by its header alone", "[ipc]") {
  FrameHeader header = make_header(FrameKind::done, 1, std::size_t{2} << 30);
  Feed feed(kMiB);
  CHECK_THROWS_AS(feed.add({reinterpret_cast<const char*>(&header), sizeof header}), ProtocolError);
  Feed exact(5);
  exact.add(bytes_of(FrameKind::done, 1, "12345"));
  CHECK(exact.seen().size() == 1);
  CHECK_THROWS_AS(exact.add(bytes_of(FrameKind::done, 1, "123456")), ProtocolError);
}

TEST_CASE("payloads of all sizes around the block size arrive unchanged", "[ipc]") {
  std::vector<Seen> frames;
  for (std::size_t size : {std::size_t{1}, kMiB - 24, kMiB - 25, kMiB - 23, kMiB, kMiB + 1,
                           std::size_t{10}, 3 * kMiB + 7, std::size_t{0}, kMiB / 4, 8 * kMiB})
    frames.push_back({FrameKind::done, size, pattern(size)});
  std::string stream = stream_of(frames);
  for (std::size_t step : {std::size_t{4096}, std::size_t{65537}, kMiB, 32 * kMiB}) {
    Feed feed;
    for (std::size_t at = 0; at < stream.size(); at += step)
      feed.add(std::string_view(stream).substr(at, step));
    REQUIRE((feed.seen() == frames));
  }
}

TEST_CASE("payloads stay valid while later frames are read", "[ipc]") {
  FrameReader reader(64 * kMiB);
  std::vector<Bytes> held;
  for (int i = 0; i < 40; ++i) {
    std::string bytes = bytes_of(FrameKind::done, 1, std::string(100'000, static_cast<char>(i)));
    std::string_view rest = bytes;
    while (!rest.empty()) {
      auto room = reader.room();
      std::size_t count = std::min(room.size(), rest.size());
      std::memcpy(room.data(), rest.data(), count);
      reader.filled(count);
      rest.remove_prefix(count);
      while (auto frame = reader.next()) held.push_back(frame->payload);
    }
  }
  REQUIRE(held.size() == 40);
  for (int i = 0; i < 40; ++i)
    REQUIRE(
        (held[static_cast<std::size_t>(i)].view() == std::string(100'000, static_cast<char>(i))));
}

TEST_CASE("the memory of large payloads is used again once nobody holds them", "[ipc]") {
  FrameReader reader(64 * kMiB);
  auto take = [&reader](char letter) {
    std::string bytes = bytes_of(FrameKind::done, 1, std::string(2 * kMiB, letter));
    std::optional<Frame> frame;
    for (std::string_view rest = bytes; !rest.empty();) {
      auto room = reader.room();
      std::size_t count = std::min(room.size(), rest.size());
      std::memcpy(room.data(), rest.data(), count);
      reader.filled(count);
      rest.remove_prefix(count);
      frame = reader.next();
    }
    return frame->payload;
  };
  Bytes held = take('a');
  std::set<const char*> places;
  for (int i = 0; i < 20; ++i) {
    Bytes other = take('b');
    CHECK(other.data() != held.data());
    REQUIRE((other.view() == std::string(2 * kMiB, 'b')));
    places.insert(other.data());
  }
  CHECK(places.size() <= 2);
  CHECK((held.view() == std::string(2 * kMiB, 'a')));
}

TEST_CASE("random frames in random pieces come out as they went in", "[ipc]") {
  unsigned seed = test::new_seed();
  std::mt19937 random(seed);
  std::vector<Seen> frames;
  for (int i = 0; i < 300; ++i) {
    std::size_t size = random() % (i % 20 == 0 ? 3 * kMiB : 5000);
    frames.push_back({FrameKind::part, random(), pattern(size)});
  }
  std::string stream = stream_of(frames);
  Feed feed;
  for (std::size_t at = 0; at < stream.size();) {
    std::size_t step = 1 + random() % (random() % 3 == 0 ? 100 : 300'000);
    feed.add(std::string_view(stream).substr(at, step));
    at += step;
  }
  REQUIRE((feed.seen() == frames));
}

TEST_CASE("a writer goes on where a full pipe stopped it", "[ipc]") {
  posix::FdPair pipe = posix::make_pipe();
  posix::set_pipe_size(pipe.second.get(), 4096);
  posix::set_nonblocking(pipe.second.get(), true);
  posix::set_nonblocking(pipe.first.get(), true);
  FrameWriter writer;
  std::vector<Seen> frames;
  for (int i = 0; i < 200; ++i) {
    std::string payload = pattern(static_cast<std::size_t>(i) * 397 % 40'000);
    frames.push_back({FrameKind::job, static_cast<std::uint64_t>(i), payload});
    if (i % 2)
      writer.add(FrameKind::job, static_cast<std::uint64_t>(i), Bytes(payload));
    else
      writer.add(FrameKind::job, static_cast<std::uint64_t>(i), payload.substr(0, 3),
                 Bytes(payload.substr(std::min<std::size_t>(3, payload.size()))));
  }
  Feed feed;
  char buffer[5000];
  bool done = false;
  while (!done) {
    done = writer.flush(pipe.second.get());
    while (auto count = posix::read_some(pipe.first.get(), buffer, sizeof buffer))
      feed.add({buffer, *count});
  }
  CHECK(writer.pending_bytes() == 0);
  REQUIRE((feed.seen() == frames));
}

TEST_CASE("a writer that is always a little behind loses nothing", "[ipc]") {
  posix::FdPair pipe = posix::make_pipe();
  posix::set_pipe_size(pipe.second.get(), 4096);
  posix::set_nonblocking(pipe.second.get(), true);
  FrameWriter writer;
  Feed feed;
  char buffer[4096];
  std::uint64_t frames = 0;
  while (frames < 5'000) {
    for (int i = 0; i < 100; ++i) writer.add(FrameKind::job, frames++, std::string(1000, 'a'));
    while (writer.pending_bytes() > 50'000) {
      REQUIRE_FALSE(writer.flush(pipe.second.get()));
      feed.add({buffer, *posix::read_some(pipe.first.get(), buffer, sizeof buffer)});
    }
  }
  CHECK(feed.seen().size() > 4'900);
  for (std::size_t i = 0; i < feed.seen().size(); ++i) REQUIRE(feed.seen()[i].job == i);
}

TEST_CASE("writing to a channel whose peer is gone is quiet", "[ipc]") {
  posix::FdPair pipe = posix::make_pipe();
  posix::FdPair other = posix::make_pipe();
  pipe.first.reset();
  Channel channel(std::move(other.first), std::move(pipe.second), kMiB);
  channel.writer().add(FrameKind::stop, 0, std::string_view());
  {
    SigpipeGuard guard;  // SIGPIPE has its default here: it would end this test
    CHECK(channel.flush());
  }
  CHECK_FALSE(channel.wants_to_write());
  sigset_t pending;
  sigpending(&pending);
  CHECK(sigismember(&pending, SIGPIPE) == 0);
}

TEST_CASE("a SIGPIPE that was pending before is left to the program", "[ipc]") {
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  sigprocmask(SIG_BLOCK, &pipe_signal, nullptr);
  raise(SIGPIPE);
  { SigpipeGuard guard; }
  sigset_t pending;
  sigpending(&pending);
  CHECK(sigismember(&pending, SIGPIPE) == 1);
  struct timespec at_once {};
  CHECK(sigtimedwait(&pipe_signal, nullptr, &at_once) == SIGPIPE);
}

TEST_CASE("a channel tells the end of file from nothing to read", "[ipc]") {
  posix::FdPair pair = posix::make_socket_pair(SOCK_STREAM);
  posix::set_nonblocking(pair.first.get(), true);
  Channel channel(std::move(pair.first), UniqueFd(), kMiB);
  CHECK(channel.receive() == 0);
  CHECK_FALSE(channel.at_end());
  std::string frame = bytes_of(FrameKind::done, 5, "hello");
  posix::write_all(pair.second.get(), frame.data(), frame.size() - 1);
  CHECK(channel.available() == frame.size() - 1);
  CHECK(channel.receive(3) == 3);
  CHECK_FALSE(channel.next());
  CHECK(channel.receive() == frame.size() - 4);
  CHECK_FALSE(channel.next());
  CHECK(channel.in_frame());
  pair.second.reset();
  CHECK(channel.receive() == 0);
  CHECK(channel.at_end());
}

}  // namespace
}  // namespace fetchpool::ipc
