#include "sim/words.h"

#include <algorithm>

namespace intermediary::sim {

bool is_keyword(std::string_view word) {
  return std::ranges::find(declaration_words, word) != declaration_words.end() ||
         std::ranges::find(other_words, word) != other_words.end();
}

std::vector<std::string> known_keywords() {
  std::vector<std::string> words(other_words.begin(), other_words.end());
  words.insert(words.end(), declaration_words.begin(), declaration_words.end());
  words.insert(words.end(), source_words.begin(), source_words.end());
  return words;
}

}  // namespace intermediary::sim
