// What is wrong with a scenario's text, and where.
#pragma once

#include <string>

#include "sim/line.h"

namespace intermediary::sim {

struct ScenarioError {
  std::string file;
  Place place;
  std::string what;
  std::string line;          // as it is read: with the values of a row put in
  std::string row{};         // of the table, "" where there is none
  std::string also_wrong{};  // further problems, a line each

  // "file:line:column: what", the line, and a caret below the column.
  std::string to_string() const;
};

}  // namespace intermediary::sim
