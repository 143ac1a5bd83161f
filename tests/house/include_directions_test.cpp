// Who may include whom, read from the sources themselves.
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "support/catch.h"

namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

const fs::path kTop = FETCHPOOL_SOURCE_DIR;

// A layer may include its own headers and those of the layers named here.
const std::map<std::string, Names> kMayInclude = {
    {"base", {}},
    {"ipc", {"base"}},
    {"process", {"base", "ipc"}},
    {"pool", {"base", "ipc", "process"}},
    {"fetch", {"base", "ipc", "process"}},
    {"output", {"base", "fetch"}},
    {"cli", {"base", "fetch", "output"}},
};

// Libraries, by the start of the path they are included with, and the layers that may see them.
const std::map<std::string, Names> kLibraries = {
    {"curl/", {"fetch"}},
    {"zlib.h", {"fetch"}},
    {"libdeflate.h", {"fetch"}},
    {"brotli/", {"fetch"}},
    {"zstd.h", {"fetch"}},
    {"CLI/", {"cli"}},
    {"spdlog/", {"cli"}},
    {"fmt/", {"cli"}},
    {"openssl/", {"output", "fetch"}},
    {"xxhash.h", {"output", "fetch", "cli"}},
    {"cereal/", {}},
    {"rapidjson/", {"cli"}},
};

struct Include {
  std::string path;
  bool quoted;
};

std::vector<Include> includes_of(const fs::path& file) {
  static const std::regex kLine(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> includes;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (std::smatch match; std::regex_search(line, match, kLine))
      includes.push_back({match[2], match[1] == "\""});
  return includes;
}

std::vector<fs::path> sources_below(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory))
    if (entry.path().extension() == ".h" || entry.path().extension() == ".cpp")
      files.push_back(entry.path());
  return files;
}

bool is_library(const std::string& include, const std::string& prefix) {
  return include.compare(0, prefix.size(), prefix) == 0;
}

}  // namespace

TEST_CASE("a layer includes only itself and the layers below it", "[house]") {
  for (const auto& [layer, below] : kMayInclude) {
    if (!fs::exists(kTop / "src" / layer)) continue;
    for (const fs::path& file : sources_below(kTop / "src" / layer)) {
      for (const Include& include : includes_of(file)) {
        std::string first = include.path.substr(0, include.path.find('/'));
        if (!include.quoted || !kMayInclude.count(first)) continue;
        INFO(file << " includes " << include.path);
        CHECK((first == layer || below.count(first) == 1));
      }
    }
  }
}

TEST_CASE("libraries are seen by the layers that own them only", "[house]") {
  for (const auto& [layer, below] : kMayInclude) {
    if (!fs::exists(kTop / "src" / layer)) continue;
    for (const fs::path& file : sources_below(kTop / "src" / layer))
      for (const Include& include : includes_of(file))
        for (const auto& [library, layers] : kLibraries) {
          INFO(file << " includes " << include.path);
          CHECK((!is_library(include.path, library) || layers.count(layer) == 1));
        }
  }
}

TEST_CASE("public headers name the standard library and each other", "[house]") {
  // The convention of cereal is the interface for users' own types, in this one header.
  const Names cereal_allowed = {"codec.h"};
  for (const fs::path& file : sources_below(kTop / "include")) {
    for (const Include& include : includes_of(file)) {
      INFO(file << " includes " << include.path);
      if (include.path.rfind("cereal/", 0) == 0) {
        CHECK(cereal_allowed.count(file.filename().string()) == 1);
      } else if (include.quoted) {
        CHECK(include.path.rfind("fetchpool/", 0) == 0);
      } else {
        // Headers of the standard library have neither a directory nor a suffix.
        CHECK(include.path.find_first_of("/.") == std::string::npos);
      }
    }
  }
}

TEST_CASE("every header stands for itself once", "[house]") {
  for (const char* part : {"src", "include", "tests"})
    for (const fs::path& file : sources_below(kTop / part)) {
      if (file.extension() != ".h") continue;
      std::ifstream in(file);
      std::string text((std::istreambuf_iterator<char>(in)), {});
      INFO(file);
      CHECK(text.find("#pragma once") != std::string::npos);
    }
}
