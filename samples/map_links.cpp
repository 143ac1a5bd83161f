// The title and the links of every page, found by libxml2 inside the workers.
#include <libxml/HTMLparser.h>

#include <cstdio>
#include <string>
#include <vector>

#include "fetchpool/fetch_map.h"

struct Outline {
  std::string title;
  std::vector<std::string> links;
  bool in_title = false;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(title, links);
  }
};

std::string text(const xmlChar* bytes) {
  return reinterpret_cast<const char*>(bytes);
}

void on_start(void* user, const xmlChar* name, const xmlChar** attributes) {
  auto& outline = *static_cast<Outline*>(user);
  outline.in_title = text(name) == "title";
  for (; attributes && attributes[0]; attributes += 2)
    if (text(name) == "a" && text(attributes[0]) == "href" && attributes[1])
      outline.links.push_back(text(attributes[1]));
}

void on_end(void* user, const xmlChar*) {
  static_cast<Outline*>(user)->in_title = false;
}

void on_text(void* user, const xmlChar* bytes, int size) {
  auto& outline = *static_cast<Outline*>(user);
  if (outline.in_title)
    outline.title.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

Outline outline_of(const fetchpool::Page& page) {
  Outline outline;
  htmlSAXHandler handler{};
  handler.startElement = on_start;
  handler.endElement = on_end;
  handler.characters = on_text;
  htmlParserCtxtPtr parser =
      htmlCreatePushParserCtxt(&handler, &outline, nullptr, 0, nullptr, XML_CHAR_ENCODING_NONE);
  htmlParseChunk(parser, page.body.data(), static_cast<int>(page.body.size()), 1);
  htmlFreeParserCtxt(parser);
  return outline;
}

int main(int argc, char** argv) {
  std::vector<std::string> urls(argv + 1, argv + argc);
  for (const auto& mapped : fetchpool::fetch_map(urls, outline_of)) {
    if (!mapped.value) {
      std::printf("%s: %s\n", mapped.page.input.c_str(), mapped.error.c_str());
      continue;
    }
    std::printf("%s\n", mapped.value->title.c_str());
    for (const std::string& link : mapped.value->links) std::printf("  %s\n", link.c_str());
  }
}
