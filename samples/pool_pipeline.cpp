// A filter that works on all cores: lines in, lines out, in order. Of an input of any length only a
// few lines are in memory.
#include <fetchpool/pool.h>

#include <algorithm>
#include <cctype>
#include <iostream>
#include <iterator>
#include <string>

struct Line : std::string {
  friend std::istream& operator>>(std::istream& in, Line& line) { return std::getline(in, line); }
};

// Reads the next line when it is wanted.
struct Lines {
  std::istream& in;
  auto begin() const { return std::istream_iterator<Line>(in); }
  auto end() const { return std::istream_iterator<Line>(); }
};

std::string upper(std::string line) {
  std::transform(line.begin(), line.end(), line.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return line;
}

int main() {
  std::ios::sync_with_stdio(false);
  fetchpool::Pool pool;
  for (const std::string& line : pool.imap(upper, Lines{std::cin}, {.chunksize = 20}))
    std::cout << line << "\n";
}
