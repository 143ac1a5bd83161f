// What the origin does with one request: a list of steps, carried out one after the other.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fetchpool::test {

struct Step {
  enum class Do {
    send,      // the bytes
    wait,      // for the pause
    drip,      // the bytes one by one, a pause after each
    for_ever,  // the bytes again and again, a pause after each time
    close,     // the connection, in good order
    reset,     // the connection, with a RST
    hang,      // nothing more, the connection stays open
  };
  Do what = Do::send;
  std::string bytes;
  std::chrono::milliseconds pause{0};
};

// Steps in the order in which they are added. A reply that does not close leaves the connection
// open for the next request.
class Reply {
 public:
  Reply&& send(std::string bytes) && { return add({Step::Do::send, std::move(bytes), {}}); }
  Reply&& wait(long ms) && { return add({Step::Do::wait, {}, std::chrono::milliseconds(ms)}); }
  Reply&& drip(std::string bytes, long ms) && {
    return add({Step::Do::drip, std::move(bytes), std::chrono::milliseconds(ms)});
  }
  Reply&& for_ever(std::string bytes, long ms = 0) && {
    return add({Step::Do::for_ever, std::move(bytes), std::chrono::milliseconds(ms)});
  }
  Reply&& close() && { return add({Step::Do::close, {}, {}}); }
  Reply&& reset() && { return add({Step::Do::reset, {}, {}}); }
  Reply&& hang() && { return add({Step::Do::hang, {}, {}}); }

  std::vector<Step> steps;

 private:
  Reply&& add(Step step) {
    steps.push_back(std::move(step));
    return std::move(*this);
  }
};

struct Request;

// The header lines after the status line, each without its line end.
using Lines = std::vector<std::string>;

// A status line, the lines, and the blank line that ends them.
std::string head(std::string_view status, const Lines& lines);

// A complete, correct response with its Content-Length; for HEAD without its body.
Reply respond(const Request& request, std::string_view status, Lines lines, std::string body);

// The body that `request` asks for with its parameter `size`, a text made from its target.
std::string body_for(const Request& request, long default_size = 1000);

// `text` repeated until it has at least `size` bytes.
std::string repeated(std::string_view text, std::size_t size);

// "200 OK", "404 Not Found"; "799 Status" for a number without a name.
std::string status_text(long code);

}  // namespace fetchpool::test
