#include <array>
#include <string_view>

#include "base/utf8.h"
#include "conformance/matrix/report.h"

namespace intermediary::conformance {
namespace {

constexpr std::size_t name_width = 14;
constexpr auto columns = std::to_array<std::string_view>(
    {"statements", "bind nobody", "rows", "do not apply", "proved", "by unit test", "gaps", "failed", "of applicable"});

std::string padded(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string figures_line(std::string name, const Figures& f) {
  if (name.size() < name_width) name.resize(name_width, ' ');
  const std::array<std::string, columns.size()> cells = {std::to_string(f.statements),
                                                         std::to_string(f.bind_nobody),
                                                         std::to_string(f.rows),
                                                         std::to_string(f.does_not_apply),
                                                         std::to_string(f.proved),
                                                         std::to_string(f.by_unit_test),
                                                         std::to_string(f.gaps),
                                                         std::to_string(f.failed + f.unproved),
                                                         f.applicable() == 0 ? "-" : std::to_string(f.share()) + " %"};
  for (std::size_t i = 0; i < columns.size(); ++i) name += padded(cells[i], columns[i].size() + 2);
  return name + '\n';
}

std::string row_lines(const RowResult& result) {
  const Row& row = *result.row;
  std::string text = row.id + " [" + row.level + "] " + row.says + '\n';
  if (!row.gap.empty()) text += "    " + row.gap + '\n';
  if (result.status == RowStatus::Unproved) text += "    nothing proves it\n";
  for (const ScenarioResult* scenario : result.scenarios) {
    if (!scenario->passed) text += "    " + scenario->file + " fails\n";
  }
  return text;
}

bool is_wanted(RowStatus status, bool gaps) {
  return status == RowStatus::Failed || status == RowStatus::Unproved || (gaps && status == RowStatus::Gap);
}

std::string total_line(const Results& results) {
  const Figures& f = results.total;
  std::string text = std::to_string(f.proved_in_all()) + " of " + std::to_string(f.applicable()) +
                     " rows that apply are proved (" + std::to_string(f.by_unit_test) +
                     " by unit test, not run here), " + std::to_string(f.gaps) + " are gaps, " +
                     std::to_string(f.failed + f.unproved) + " failed; " + std::to_string(results.scenarios.size());
  text += results.scenarios_ran ? " scenarios, " + std::to_string(results.failed_scenarios()) + " failed"
                                : " scenarios, none was run";
  return text + '\n';
}

}  // namespace

std::string text_report(const Results& results, bool gaps) {
  std::string text(name_width, ' ');
  for (const std::string_view column : columns) text += "  " + std::string(column);
  text += '\n';
  for (const Section& section : results.sections) text += figures_line(section.name, section.figures);
  text += figures_line("total", results.total);
  std::string rows;
  for (const Section& section : results.sections) {
    for (const RowResult& row : section.rows) {
      if (is_wanted(row.status, gaps)) rows += row_lines(row);
    }
  }
  if (!rows.empty()) text += '\n' + rows;
  for (const ScenarioResult& scenario : results.scenarios) {
    if (!scenario.passed) text += "\nFAIL  " + scenario.file + '\n' + scenario.failure;
  }
  if (!results.contradictions.empty()) text += '\n';
  for (const std::string& line : results.contradictions) text += line + '\n';
  return printable(text) + '\n' + total_line(results);
}

}  // namespace intermediary::conformance
