#include "sim/golden.h"

#include <algorithm>
#include <map>
#include <memory>

#include "base/text.h"

namespace intermediary::sim {
namespace {

constexpr std::string_view dashes = "----";

// "----", "-------", "---- busy gone".
bool is_heading(std::string_view line) {
  if (!line.starts_with(dashes)) return false;
  const std::size_t end = line.find_first_not_of('-');
  return end == std::string_view::npos || is_space(line[end]);
}

std::vector<std::string> rows_of(std::string_view heading) {
  std::vector<std::string> rows;
  heading.remove_prefix(std::min(heading.find_first_not_of('-'), heading.size()));
  while (!(heading = trim(heading)).empty()) {
    const std::size_t end = std::min(heading.find(' '), heading.size());
    rows.emplace_back(heading.substr(0, end));
    heading.remove_prefix(end);
  }
  return rows;
}

}  // namespace

CutFile cut_file(std::string_view text) {
  CutFile file;
  std::string* into = &file.above;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view line = text.substr(0, end);
    if (is_heading(line)) {
      into = &file.sections.emplace_back(rows_of(line), std::string(), number + 1).ladder;
    } else {
      *into += line;
    }
    text.remove_prefix(end);
  }
  return file;
}

void give_ladders(const CutFile& file, std::vector<Scenario>& scenarios) {
  const bool has_table = !scenarios.front().row.empty();
  const auto above = std::make_shared<const std::string>(file.above);
  std::map<std::string_view, Scenario*> by_row;
  for (Scenario& scenario : scenarios) {
    scenario.above_ladder = above;
    if (!file.sections.empty()) scenario.ladder = "";
    by_row.emplace(scenario.row, &scenario);
  }
  for (const LadderSection& section : file.sections) {
    const auto rows = has_table || !section.rows.empty() ? section.rows : std::vector<std::string>{std::string()};
    for (const std::string& row : rows) {
      const auto found = by_row.find(row);
      if (found == by_row.end() || found->second->ladder_line != 0) {
        scenarios.front().stale_ladder = row;
        continue;
      }
      found->second->ladder = section.ladder;
      found->second->ladder_line = section.line;
    }
  }
}

std::string ladder_difference(const Scenario& scenario, const std::string& drawn) {
  if (!scenario.stale_ladder.empty()) {
    return scenario.title() + ": there is a ladder for a row '" + scenario.stale_ladder + "', which " +
           (scenario.row.empty() ? "is in no table" : "the table does not have or which has one already") +
           "\n  (review the change, then --rewrite)\n";
  }
  if (!scenario.ladder || *scenario.ladder == drawn) return {};
  std::string_view wanted = *scenario.ladder;
  std::string_view got = drawn;
  for (std::size_t line = scenario.ladder_line;; ++line) {
    const std::string_view expected = wanted.substr(0, wanted.find('\n'));
    const std::string_view actual = got.substr(0, got.find('\n'));
    if (expected != actual || wanted.size() == expected.size() || got.size() == actual.size()) {
      const std::string at = line == 0 ? scenario.title() : scenario.file + ':' + std::to_string(line);
      return at + ": the ladder differs\n  expected  " + std::string(expected) + "\n  drawn     " +
             std::string(actual) + "\n  (review the change, then --rewrite)\n";
    }
    wanted.remove_prefix(expected.size() + 1);
    got.remove_prefix(actual.size() + 1);
  }
}

std::string with_ladder(const Scenario& scenario, const std::string& drawn) {
  return with_ladders({scenario}, {drawn});
}

std::string with_ladders(const std::vector<Scenario>& scenarios, const std::vector<std::string>& drawn) {
  std::string text = *scenarios.front().above_ladder;
  if (!text.empty() && text.back() != '\n') text += '\n';
  std::map<std::string_view, std::string> headings;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    std::string& heading = headings[drawn[i]];
    if (!scenarios[i].row.empty()) heading += ' ' + scenarios[i].row;
  }
  for (const std::string& ladder : drawn) {
    const auto heading = headings.extract(ladder);
    if (!heading.empty()) text.append(dashes).append(heading.mapped()).append("\n").append(ladder);
  }
  return text;
}

}  // namespace intermediary::sim
