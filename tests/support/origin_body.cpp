#include "support/origin_body.h"

#include <array>
#include <cstdint>

namespace fetchpool::test {
namespace {

constexpr std::array<std::string_view, 12> sentences = {
    "<p class=\"lead\">The \"quick\" brown fox didn't jump; it was pushed.</p>\n",
    "<p>Smørrebrød, crème brûlée &amp; a piece of Baumkuchen (größer als gedacht).</p>\n",
    "<ul>\n\t<li><a href=\"/p/1.html\">first</a></li>\n\t<li><a "
    "href='/p/2.html'>second</a></li>\n</ul>\n",
    "<script>var path = \"C:\\\\pages\\\\index.html\"; if (a < b && c > d) { go(\"now\"); "
    "}</script>\n",
    "<p>Москва, 東京, Αθήνα, 서울: four cities, four scripts.</p>\n",
    "<img src=\"/img/logo.png\" alt=\"A logo\" width=\"120\" height=\"40\">\n",
    "<p>Plain words follow one another without anything that needs care or escaping.</p>\n",
    "<table>\r\n<tr><td>1</td><td>\"one\"</td></tr>\r\n<tr><td>2</td><td>\"two\"</td></tr>\r\n</"
    "table>\r\n",
    "<!-- a comment with -- dashes and a backslash \\ in it -->\n",
    "<p>An emoji: 🚀, a dash – and a thin space:\u2009here.</p>\n",
    "<h2 id=\"more\">More of the same</h2>\n",
    "<p>It costs 12 € (or £10), 50 % off until “tomorrow”.</p>\n",
};

}  // namespace

std::string origin_body(std::string_view target, std::size_t size) {
  std::uint64_t state = 1469598103934665603ULL;
  for (char c : target) state = (state ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  auto next = [&state] {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  };
  std::string body;
  body.reserve(size + 128);
  for (int i = 0; i < 8; ++i) body += "abcdefghijklmnopqrstuvwxyz012345"[next() >> 59];
  body += " <title>";
  body += target;
  body += "</title>\n";
  while (body.size() < size) body += sentences[next() % sentences.size()];
  // Never end in the middle of a letter.
  std::size_t end = size;
  while (end > 0 && end < body.size() && (static_cast<unsigned char>(body[end]) & 0xC0U) == 0x80U)
    --end;
  body.resize(end);
  body.append(size - end, '.');
  return body;
}

}  // namespace fetchpool::test
