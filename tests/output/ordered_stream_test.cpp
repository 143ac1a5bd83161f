#include "output/ordered_stream.h"

#include <poll.h>

#include "base/posix.h"
#include "output/samples.h"
#include "support/catch.h"

namespace fetchpool::output {
namespace {

struct PipedStream {
  TemporaryDirectory directory;
  posix::FdPair pipe = posix::make_pipe();
  OrderedStream stream;

  explicit PipedStream(std::uint64_t window, std::uint64_t spill = 4ULL << 30)
      : stream(OutputStream::borrow(pipe.second.get(), "standard output"),
               {window, spill, {directory.path()}}) {
    posix::set_nonblocking(pipe.first.get(), true);
  }

  std::string read() {
    std::string part(1 << 20, '\0');
    auto count = posix::read_some(pipe.first.get(), part.data(), part.size());
    part.resize(count.value_or(0));
    return part;
  }
};

TEST_CASE("what a slow reader does not take waits within the bounds", "[ordered_stream]") {
  constexpr std::uint64_t kWindow = 16 << 20;
  PipedStream piped(kWindow);
  std::string body = sample_bytes(1, 50000);
  std::string expected;
  std::uint64_t seq = 0;
  for (; seq < 2000; ++seq) {
    std::string head = "{" + std::to_string(seq) + " ";
    expected += head + body + "}\n";
    piped.stream.put(seq, head, {Bytes(body)}, "}\n");
    REQUIRE(piped.stream.buffer().memory_bytes() <= kWindow);
    REQUIRE(piped.stream.stream().pending_bytes() <= (8 << 20) + 60000);
  }
  CHECK(piped.stream.wants_hold());
  CHECK(piped.stream.buffer().spilled_bytes() > 60 << 20);
  CHECK(piped.stream.poll_events() == POLLOUT);

  std::string received;
  bool held = true;
  while (received.size() < expected.size()) {
    std::string part = piped.read();
    received += part;
    if (part.empty()) piped.stream.flush();
    REQUIRE(piped.stream.stream().pending_bytes() <= 9 << 20);
    held = held && piped.stream.wants_hold();
  }
  CHECK(received == expected);
  CHECK_FALSE(held);
  CHECK_FALSE(piped.stream.wants_hold());
  CHECK(piped.stream.written() == seq);
  CHECK(piped.stream.poll_events() == 0);
}

TEST_CASE("a record larger than all memory goes to a slow reader bit by bit", "[ordered_stream]") {
  PipedStream piped(1 << 20);
  std::string large = sample_bytes(2, 40 << 20);
  piped.stream.put(0, "[", {Bytes(large)}, "]");
  piped.stream.put(1, "next", {}, "");
  CHECK(piped.stream.buffer().memory_bytes() <= 1 << 20);
  std::string received;
  while (received.size() < large.size() + 6) {
    std::string part = piped.read();
    received += part;
    if (part.empty()) piped.stream.flush();
    REQUIRE(piped.stream.stream().pending_bytes() <= 9 << 20);
  }
  CHECK(received == "[" + large + "]next");
}

TEST_CASE("draining a large backlog into a file is done in steps", "[ordered_stream]") {
  TemporaryDirectory directory;
  std::string path = directory.file("out");
  OrderedStream stream(OutputStream::open(path), {1 << 20, 4ULL << 30, {directory.path()}});
  Bytes body(sample_bytes(3, 1 << 20));
  for (std::uint64_t seq = 1; seq <= 100; ++seq) stream.put(seq, "", {body}, "");
  CHECK_FALSE(stream.wants_hold());
  CHECK(stream.poll_events() == 0);
  stream.put(0, "first", {}, "");
  CHECK(stream.written() < 30);
  CHECK(stream.poll_events() == POLLOUT);
  int steps = 0;
  for (; stream.poll_events() == POLLOUT; ++steps) {
    struct pollfd watched {
      stream.poll_fd(), stream.poll_events(), 0
    };
    CHECK(posix::poll_for(&watched, 1, std::nullopt) == 1);
    stream.flush();
  }
  CHECK(steps >= 4);
  stream.finish();
  CHECK(stream.written() == 101);
  CHECK(contents_of(path).size() == (100 << 20) + 5);
}

TEST_CASE("a full spill file asks for a pause while the first record is missing",
          "[ordered_stream]") {
  PipedStream piped(0, 4 << 20);
  Bytes body(std::string(1 << 20, 'x'));
  std::uint64_t seq = 1;
  for (; !piped.stream.wants_hold(); ++seq) piped.stream.put(seq, "", {body}, "");
  CHECK(seq <= 6);
  CHECK(piped.stream.awaited() == 0);
  piped.stream.put(0, "first", {}, "");
  std::size_t received = 0;
  while (piped.stream.written() < seq) {
    received += piped.read().size();
    piped.stream.flush();
  }
  received += piped.read().size();
  CHECK(received == 5 + (seq - 1) * (1 << 20));
  CHECK_FALSE(piped.stream.wants_hold());
}

}  // namespace
}  // namespace fetchpool::output
