// What a run of the scenarios makes of the matrix: which rows are proved, and the figures of each section.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/time.h"
#include "conformance/matrix/matrix.h"

namespace intermediary::conformance {

struct ScenarioResult {
  std::string file;  // as in Proof
  bool passed = false;
  std::string failure;  // "" when passed
  std::vector<std::string> covers;
  Duration virtual_time{0};
  std::chrono::microseconds real_time{0};
};

enum class RowStatus { Proved, ProvedByUnitTest, Failed, Gap, DoesNotApply, Unproved };

struct RowResult {
  const Row* row = nullptr;
  RowStatus status = RowStatus::Unproved;
  std::vector<const ScenarioResult*> scenarios;  // that cover it
};

struct Figures {
  std::size_t statements = 0;
  std::size_t bind_nobody = 0;
  std::size_t rows = 0;
  std::size_t does_not_apply = 0;
  std::size_t proved = 0;        // by scenarios that passed, with unit tests or without
  std::size_t by_unit_test = 0;  // by unit tests alone, which are not run here
  std::size_t failed = 0;
  std::size_t gaps = 0;
  std::size_t unproved = 0;

  std::size_t applicable() const { return rows - does_not_apply; }
  std::size_t proved_in_all() const { return proved + by_unit_test; }
  // In percent, rounded down; 100 where nothing applies.
  std::size_t share() const { return applicable() == 0 ? 100 : 100 * proved_in_all() / applicable(); }
};

struct Section {
  std::string name;  // "RFC3261 16"
  Figures figures;
  std::vector<RowResult> rows;
};

struct Results {
  std::vector<ScenarioResult> scenarios;
  std::vector<Section> sections;  // by number
  Figures total;
  std::vector<std::string> contradictions;
  bool scenarios_ran = false;

  std::size_t failed_scenarios() const;
  bool passed() const { return contradictions.empty() && failed_scenarios() == 0; }
};

// Called before each scenario: how many are done, how many there are.
using Progress = std::function<void(std::size_t done, std::size_t of)>;

// Runs every scenario in virtual time, or none where `run` is false: then a row counts as proved when something says
// that it proves it. REQUIRES: the matrix outlives the results.
Results judge(const Matrix& matrix, bool run, const Progress& progress);

// "proved", "by unit test", …
std::string_view text_of(RowStatus status);

}  // namespace intermediary::conformance
