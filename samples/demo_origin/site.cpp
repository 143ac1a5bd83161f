#include "site.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace demo {
namespace {

constexpr std::array<std::string_view, 12> places = {
    "Århus",    "Besançon",         "Córdoba", "Dún Laoghaire", "Évora",  "Façade Street",
    "Göteborg", "Hódmezővásárhely", "İzmir",   "Jönköping",     "Kraków", "Łódź"};
constexpr std::array<std::string_view, 10> things = {
    "lighthouse",  "river crossing", "old market", "botanical garden", "tide clock",
    "grain store", "print shop",     "cable car",  "observatory",      "post office"};
constexpr std::array<std::string_view, 8> sentences = {
    "It was built twice: once on paper, and once \"for real\", forty years later.",
    "Visitors come for the view & stay for the coffee (3,50 €).",
    "On clear days you can see as far as the other shore – and on foggy ones, not even your hand.",
    "The sign reads «Bitte läuten», and nobody remembers why.",
    "Its keeper, Zoë Núñez, writes down the weather at seven o'clock every morning.",
    "Опись 1897 года называет его «новым»; the name has stuck.",
    "The archive holds 東京 postcards, none of them sent.",
    "Since the last repair the door no longer creaks, which some people miss."};

std::string link_to(int page) {
  char text[64];
  std::snprintf(text, sizeof text, "<a href=\"/pages/%03d.html\">", page);
  return text;
}

std::string title_of(int page) {
  auto number = static_cast<std::size_t>(page);
  std::string title = "The ";
  title += things[number * 7 % things.size()];
  title += " of ";
  title += places[number * 5 % places.size()];
  return title;
}

std::string with_frame(const std::string& title, const std::string& content) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n  <meta charset=\"utf-8\">\n  <title>" +
         title + "</title>\n</head>\n<body>\n<h1>" + title + "</h1>\n" + content +
         "</body>\n</html>\n";
}

std::string page_text(int page) {
  auto number = static_cast<std::size_t>(page);
  std::string content;
  for (std::size_t paragraph = 0; paragraph < 3 + number % 9; ++paragraph) {
    content += "<p class=\"text\">";
    for (std::size_t i = 0; i < 4; ++i) {
      content += sentences[(number * 3 + paragraph * 5 + i * 7) % sentences.size()];
      content += i < 3 ? " " : "</p>\n";
    }
  }
  content += "<ul>\n";
  for (int step : {1, 7, 59}) {
    int other = (page + step - 1) % page_count + 1;
    content += "  <li>" + link_to(other) + title_of(other) + "</a></li>\n";
  }
  content += "</ul>\n<p>Page " + std::to_string(page) + " of " + std::to_string(page_count) +
             ", <a href=\"/\">all pages</a></p>\n";
  return with_frame(title_of(page), content);
}

std::string list_of_pages() {
  std::string content = "<ol>\n";
  for (int page = 1; page <= page_count; ++page)
    content += "  <li>" + link_to(page) + title_of(page) + "</a></li>\n";
  return with_frame("Places to see", content + "</ol>\n");
}

}  // namespace

std::optional<std::string> page_at(std::string_view path) {
  constexpr std::string_view folder = "/pages/";
  constexpr std::string_view ending = ".html";
  if (path == "/") return list_of_pages();
  if (!path.starts_with(folder) || !path.ends_with(ending)) return std::nullopt;
  path.remove_prefix(folder.size());
  if (path.size() != 3 + ending.size()) return std::nullopt;
  int page = std::atoi(std::string(path).c_str());
  if (page < 1 || page > page_count) return std::nullopt;
  return page_text(page);
}

}  // namespace demo
