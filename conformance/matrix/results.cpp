#include "conformance/matrix/results.h"

#include <algorithm>
#include <map>
#include <utility>

#include "conformance/flow_files.h"
#include "conformance/matrix/rules.h"
#include "sim/runner.h"
#include "sim/scenario.h"

namespace intermediary::conformance {
namespace {

// As `intermediary-cli test` judges it.
void run(const Proof& proof, ScenarioResult& result) {
  const auto began = std::chrono::steady_clock::now();
  const auto scenarios = scenarios_of(proof.path);
  if (!scenarios) {
    result.failure = scenarios.error().to_string();
  } else {
    for (const sim::Scenario& scenario : *scenarios) {
      const sim::Report report = sim::run_scenario(scenario);
      result.virtual_time += report.virtual_time;
      result.failure += report.passed ? sim::ladder_difference(scenario, report.ladder) : report.explanation();
    }
  }
  result.passed = result.failure.empty();
  result.real_time = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
}

RowStatus status_of(const Row& row, const std::vector<const ScenarioResult*>& scenarios) {
  if (!row.applies.empty()) return RowStatus::DoesNotApply;
  if (!row.gap.empty()) return RowStatus::Gap;
  if (std::ranges::any_of(scenarios, [](const ScenarioResult* each) { return !each->passed; })) {
    return RowStatus::Failed;
  }
  if (!scenarios.empty()) return RowStatus::Proved;
  return row.tests.empty() ? RowStatus::Unproved : RowStatus::ProvedByUnitTest;
}

void count(Figures& figures, RowStatus status) {
  ++figures.rows;
  switch (status) {
    case RowStatus::Proved:
      ++figures.proved;
      break;
    case RowStatus::ProvedByUnitTest:
      ++figures.by_unit_test;
      break;
    case RowStatus::Failed:
      ++figures.failed;
      break;
    case RowStatus::Gap:
      ++figures.gaps;
      break;
    case RowStatus::DoesNotApply:
      ++figures.does_not_apply;
      break;
    case RowStatus::Unproved:
      ++figures.unproved;
      break;
  }
}

// The sections with what is counted in each, by number.
class Sections {
 public:
  void add(const Statement& statement) {
    Figures& figures = at("RFC" + std::to_string(statement.rfc) + "#" + statement.section).figures;
    for (Figures* each : {&figures, &total_}) {
      ++each->statements;
      each->bind_nobody += statement.row == "-" ? 1 : 0;
    }
  }
  void add(const RowResult& result) {
    Section& section = at(result.row->id);
    count(section.figures, result.status);
    count(total_, result.status);
    section.rows.push_back(result);
  }
  void take(Results& results) {
    results.total = total_;
    for (auto& [name, section] : by_name_) results.sections.push_back(std::move(section));
    std::ranges::sort(results.sections, section_goes_before, &Section::name);
  }

 private:
  Section& at(const std::string& id) {
    const std::string name = section_of(id);
    Section& section = by_name_[name];
    section.name = name;
    return section;
  }

  std::map<std::string, Section> by_name_;
  Figures total_;
};

}  // namespace

std::size_t Results::failed_scenarios() const {
  return static_cast<std::size_t>(std::ranges::count(scenarios, false, &ScenarioResult::passed));
}

Results judge(const Matrix& matrix, bool run_them, const Progress& progress) {
  Results results;
  results.contradictions = contradictions(matrix);
  results.scenarios_ran = run_them;
  for (const Proof& proof : matrix.scenarios) {
    if (run_them) progress(results.scenarios.size(), matrix.scenarios.size());
    ScenarioResult& result = results.scenarios.emplace_back();
    result.file = proof.file;
    result.covers = proof.covers;
    result.failure = proof.unreadable;
    result.passed = proof.unreadable.empty();
    if (run_them && result.passed) run(proof, result);
  }
  std::map<std::string, std::vector<const ScenarioResult*>> covering;
  for (const ScenarioResult& result : results.scenarios) {
    for (const std::string& id : result.covers) covering[id].push_back(&result);
  }
  Sections sections;
  for (const Statement& statement : matrix.statements) sections.add(statement);
  for (const Row& row : matrix.rows) {
    auto& scenarios = covering[row.id];
    sections.add(RowResult{&row, status_of(row, scenarios), scenarios});
  }
  sections.take(results);
  return results;
}

std::string_view text_of(RowStatus status) {
  switch (status) {
    case RowStatus::Proved:
      return "proved";
    case RowStatus::ProvedByUnitTest:
      return "proved by unit test, not run here";
    case RowStatus::Failed:
      return "failed";
    case RowStatus::Gap:
      return "gap";
    case RowStatus::DoesNotApply:
      return "does not apply";
    case RowStatus::Unproved:
      return "unproved";
  }
  return "";
}

}  // namespace intermediary::conformance
