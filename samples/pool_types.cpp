// Types of your own as arguments and results: plain structs travel as they are, others say what
// they consist of.
#include <fetchpool/pool.h>

#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

struct Limits {
  int shortest;
  int longest;
};

struct Text {
  std::string name;
  std::map<std::string, int> words;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(name, words);
  }
};

Text count_words(const std::string& name, const std::string& content, Limits limits) {
  Text text{name, {}};
  std::istringstream in(content);
  for (std::string word; in >> word;) {
    int length = static_cast<int>(word.size());
    if (length >= limits.shortest && length <= limits.longest) ++text.words[word];
  }
  return text;
}

int main() {
  fetchpool::Pool pool(2);
  Limits limits{3, 10};
  std::vector<std::tuple<std::string, std::string, Limits>> texts = {
      {"rose", "a rose is a rose is a rose", limits},
      {"sea", "she sells sea shells by the sea shore", limits}};
  for (const Text& text : pool.starmap(count_words, texts)) {
    std::cout << text.name << ":";
    for (const auto& [word, count] : text.words) std::cout << " " << word << "=" << count;
    std::cout << "\n";
  }
}
