#include <algorithm>

#include "conformance/matrix/markup.h"
#include "conformance/matrix/report.h"

namespace intermediary::conformance {
namespace {

struct Suite {
  std::size_t tests = 0, failures = 0, skipped = 0;
  std::string cases;

  void add(const std::string& name, const std::string& inside) {
    ++tests;
    cases +=
        "    <testcase name=\"" + escaped(name) + "\"" + (inside.empty() ? "/>\n" : ">" + inside + "</testcase>\n");
  }
  void add_failure(const std::string& name, const std::string& message, const std::string& text) {
    ++failures;
    add(name, "<failure message=\"" + escaped(message) + "\">" + escaped(text) + "</failure>");
  }
  void add_skipped(const std::string& name, const std::string& reason) {
    ++skipped;
    add(name, "<skipped message=\"" + escaped(reason) + "\"/>");
  }
  std::string counts() const {
    return "tests=\"" + std::to_string(tests) + "\" failures=\"" + std::to_string(failures) + "\" skipped=\"" +
           std::to_string(skipped) + "\"";
  }
  std::string finish(const std::string& name, Suite& total) const {
    total.tests += tests;
    total.failures += failures;
    total.skipped += skipped;
    return "  <testsuite name=\"" + escaped(name) + "\" " + counts() + ">\n" + cases + "  </testsuite>\n";
  }
};

void add_row(Suite& suite, const RowResult& result) {
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
  Suite total;
  std::string suites;
  for (const Section& section : results.sections) {
    Suite suite;
    for (const RowResult& row : section.rows) add_row(suite, row);
    suites += suite.finish(section.name, total);
  }
  Suite scenarios;
  for (const ScenarioResult& scenario : results.scenarios) {
    if (scenario.passed) {
      scenarios.add(scenario.file, "");
    } else {
      scenarios.add_failure(scenario.file, "fails", scenario.failure);
    }
  }
  suites += scenarios.finish("scenarios", total);
  Suite files;
  for (const std::string& line : results.contradictions) {
    files.add_failure(line.substr(0, line.find(": ")), line, "");
  }
  if (files.tests == 0) files.add("the files of the matrix agree", "");
  suites += files.finish("files", total);
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"conformance\" " + total.counts() + ">\n" +
         suites + "</testsuites>\n";
}

}  // namespace intermediary::conformance
