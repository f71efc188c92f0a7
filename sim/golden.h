// The golden ladder of a scenario: what stands below its line of dashes.
//
// A table has one for each row, headed by the names of the rows that draw it: "---- busy gone".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario.h"

namespace intermediary::sim {

// Below one line of dashes.
struct LadderSection {
  std::vector<std::string> rows;
  std::string ladder;
  std::size_t line = 0;  // where it begins in the file
};
// A file, cut at its first line of dashes.
struct CutFile {
  std::string above;  // what describes the scenario
  std::vector<LadderSection> sections;
};
CutFile cut_file(std::string_view text);

// Gives the scenarios of one file what stands below the dashes.
void give_ladders(const CutFile& file, std::vector<Scenario>& scenarios);

// Where the drawn ladder differs from the one in the file; "" when it does not, or the file has none.
std::string ladder_difference(const Scenario& scenario, const std::string& drawn);
// The file's text with that ladder. REQUIRES: the scenario is its only one.
std::string with_ladder(const Scenario& scenario, const std::string& drawn);
// The same with one for each; all of one file.
std::string with_ladders(const std::vector<Scenario>& scenarios, const std::vector<std::string>& drawn);

}  // namespace intermediary::sim
