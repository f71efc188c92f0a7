#include "base/json.h"
#include "conformance/matrix/report.h"

namespace intermediary::conformance {
namespace {

template <class List, class Element>
std::string array(const List& list, Element element, const char* separator = ", ") {
  std::string text = "[";
  const char* between = "";
  for (const auto& each : list) {
    text.append(between).append(element(each));
    between = separator;
  }
  return text + "]";
}

std::string figures(const Figures& f) {
  return "{\"statements\": " + std::to_string(f.statements) + ", \"bind_nobody\": " + std::to_string(f.bind_nobody) +
         ", \"rows\": " + std::to_string(f.rows) + ", \"does_not_apply\": " + std::to_string(f.does_not_apply) +
         ", \"proved\": " + std::to_string(f.proved) + ", \"by_unit_test\": " + std::to_string(f.by_unit_test) +
         ", \"gaps\": " + std::to_string(f.gaps) + ", \"failed\": " + std::to_string(f.failed) +
         ", \"unproved\": " + std::to_string(f.unproved) + ", \"percent\": " + std::to_string(f.share()) + "}";
}

std::string row(const RowResult& result) {
  const Row& row = *result.row;
  std::string text = "{\"id\": " + json_string(row.id) + ", \"level\": " + json_string(row.level) +
                     ", \"binds\": " + array(row.binds, json_string) + ", \"says\": " + json_string(row.says) +
                     ", \"status\": " + json_string(text_of(result.status)) + ", \"scenarios\": " +
                     array(result.scenarios, [](const ScenarioResult* each) { return json_string(each->file); }) +
                     ", \"unit_tests\": " + array(row.tests, json_string);
  if (!row.gap.empty()) text += ", \"gap\": " + json_string(row.gap);
  if (!row.applies.empty()) text += ", \"applies\": " + json_string(row.applies);
  return text + "}";
}

std::string section(const Section& section) {
  return "{\"name\": " + json_string(section.name) + ", \"figures\": " + figures(section.figures) +
         ",\n   \"rows\": " + array(section.rows, row, ",\n    ") + "}";
}

std::string scenario(const ScenarioResult& result) {
  return "{\"file\": " + json_string(result.file) + ", \"passed\": " + (result.passed ? "true" : "false") +
         ", \"virtual_us\": " + std::to_string(result.virtual_time.count()) +
         ", \"real_us\": " + std::to_string(result.real_time.count()) +
         ", \"covers\": " + array(result.covers, json_string) + ", \"failure\": " + json_string(result.failure) + "}";
}

}  // namespace

std::string json_report(const Results& results) {
  return std::string("{\"passed\": ") + (results.passed() ? "true" : "false") +
         ", \"total\": " + figures(results.total) + ",\n \"sections\": " + array(results.sections, section, ",\n  ") +
         ",\n \"scenarios\": " + array(results.scenarios, scenario, ",\n  ") +
         ",\n \"contradictions\": " + array(results.contradictions, json_string, ",\n  ") + "}\n";
}

}  // namespace intermediary::conformance
