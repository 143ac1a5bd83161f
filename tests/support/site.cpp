#include "support/site.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string_view>

#include "support/temp_dir.h"

namespace fetchpool::test {
namespace {

constexpr std::array<std::string_view, 40> words = {
    "page",     "system", "network",  "garden",   "river",   "history", "number",  "answer",
    "question", "letter", "mountain", "evening",  "window",  "story",   "table",   "colour",
    "market",   "bridge", "science",  "travel",   "music",   "winter",  "village", "harbour",
    "crème",    "naïve",  "größer",   "smørbrød", "привет",  "東京",    "Αθήνα",   "señor",
    "the",      "of",     "and",      "with",     "between", "without", "under",   "through"};

// A small generator of our own: the standard's distributions differ between libraries.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 0x1234567ULL) {}

  std::size_t below(std::size_t limit) {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return static_cast<std::size_t>((state_ >> 11U) % limit);
  }

 private:
  std::uint64_t state_;
};

void add_sentence(std::string& text, Dice& dice) {
  std::size_t count = 6 + dice.below(10);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) text += ' ';
    std::size_t kind = dice.below(16);
    if (kind == 0) text += '"';
    text += words[dice.below(words.size())];
    if (kind == 0) text += '"';
  }
  text += ".\n";
}

void add_block(std::string& text, Dice& dice, const std::string& link) {
  std::string number = std::to_string(dice.below(10000));
  switch (dice.below(4)) {
    case 0:
      text += "\t<h2 class=\"title\" id=\"s" + number + "\">";
      text += words[dice.below(words.size())];
      text += "</h2>\n";
      break;
    case 1:
      text += "\t<ul class=\"links\">\n\t\t<li><a href=\"" + link + "\" title=\"No. " + number +
              "\">more</a></li>\n\t</ul>\n";
      break;
    case 2:
      text += "\t<div class=\"image\"><img src=\"/img/" + number +
              ".png\" alt=\"\" width=\"640\" height=\"480\"></div>\n";
      break;
    default:
      text += "\t<p class=\"text\">";
      for (std::size_t i = 0, count = 2 + dice.below(3); i < count; ++i) add_sentence(text, dice);
      text += "\t</p>\n";
  }
}

}  // namespace

std::string Site::path(std::size_t page) const {
  char text[64];
  std::snprintf(text, sizeof text, "/p/%03zu/%06zu.html", page / 1000, page);
  return text;
}

std::string Site::text(std::size_t page) const {
  Dice dice(options_.seed * 1000003 + page);
  // Three in four are small, one is large, as on real sites.
  std::size_t average = options_.average_bytes;
  std::size_t size =
      dice.below(4) < 3 ? average / 4 + dice.below(average) : average + dice.below(average * 3 / 2);
  std::string number = std::to_string(page);
  std::string text = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n\t<meta charset=\"utf-8\">\n";
  text += "\t<title>Page " + number + " – a test</title>\n";
  text += "\t<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body class=\"page\">\n";
  const std::string end = "</body>\n</html>\n";
  while (text.size() + end.size() < size) add_block(text, dice, path(dice.below(options_.pages)));
  return text + end;
}

std::vector<std::string> Site::paths() const {
  std::vector<std::string> all;
  for (std::size_t page = 0; page < options_.pages; ++page) all.push_back(path(page));
  return all;
}

std::string Site::list(const std::string& prefix) const {
  std::string text;
  for (const std::string& path : paths()) text += prefix + path + "\n";
  return text;
}

void Site::write(const std::string& root) const {
  for (std::size_t page = 0; page < options_.pages; ++page) {
    std::string file = root + path(page);
    if (page % 1000 == 0)
      std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    write_file(file, text(page));
  }
}

}  // namespace fetchpool::test
