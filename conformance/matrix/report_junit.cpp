#include <algorithm>

#include "conformance/matrix/junit.h"
#include "conformance/matrix/report.h"

namespace intermediary::conformance {
namespace {

void add_row(JunitSuite& suite, const RowResult& result) {
  const std::string name = result.row->id + " " + result.row->says;
  switch (result.status) {
    case RowStatus::Proved:
      return suite.add(name, "");
    case RowStatus::ProvedByUnitTest:
    case RowStatus::Gap:
    case RowStatus::DoesNotApply: {
      const std::string& reason = result.row->gap.empty() ? result.row->applies : result.row->gap;
      return suite.add_skipped(name, reason.empty() ? std::string(text_of(result.status)) : reason);
    }
    case RowStatus::Unproved:
      return suite.add_failure(name, "nothing proves it", "");
    case RowStatus::Failed:
      break;
  }
  const auto failing = std::ranges::find(result.scenarios, false, &ScenarioResult::passed);
  suite.add_failure(name, (*failing)->file + " fails", (*failing)->failure);
}

}  // namespace

std::string junit_report(const Results& results) {
  JunitSuite total;
  std::string suites;
  for (const Section& section : results.sections) {
    JunitSuite suite;
    for (const RowResult& row : section.rows) add_row(suite, row);
    suites += suite.finish(section.name, total);
  }
  JunitSuite scenarios;
  for (const ScenarioResult& scenario : results.scenarios) {
    if (scenario.passed) {
      scenarios.add(scenario.file, "");
    } else {
      scenarios.add_failure(scenario.file, "fails", scenario.failure);
    }
  }
  suites += scenarios.finish("scenarios", total);
  JunitSuite files;
  for (const std::string& line : results.contradictions) {
    files.add_failure(line.substr(0, line.find(": ")), line, "");
  }
  if (files.tests == 0) files.add("the files of the matrix agree", "");
  suites += files.finish("files", total);
  return junit_document("conformance", suites, total);
}

}  // namespace intermediary::conformance
