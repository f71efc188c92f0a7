// From a scenario that fails to the smallest that still does: lines, inhabitants with all that is said of them, options
// and values are taken away, one lot after the other, until nothing more can go. Works on the text and knows only its
// shape (lines, words, `key=value`), so whatever the language learns is shrunk, too; what does not parse does not fail.
//
// Deterministic. `fails` is asked at most as often as the limit says; what was found by then is the result.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace intermediary::sim {

// REQUIRES: the same answer for the same text.
using Fails = std::function<bool(const std::string& text)>;

struct Shrunk {
  std::string text;
  std::size_t asked = 0;
  bool smallest = false;  // nothing more can be taken away; else the limit was reached
};

// REQUIRES: fails(text).
Shrunk shrink(const std::string& text, const Fails& fails, std::size_t most_runs = 3000);

// Lines with what is indented below them and their blocks; without comments, empty lines and ladder.
std::vector<std::string> scenario_lines(std::string_view text);

}  // namespace intermediary::sim
