// Every scenario file is a test of its own, and so is every whole example of docs/scenarios.md.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

#include "conformance/flow_files.h"
#include "sim/runner.h"
#include "sim/scenario.h"

namespace intermediary::conformance {
namespace {

using testing::Not;
using testing::SizeIs;

const std::string scenarios = INTERMEDIARY_SOURCE_DIR "/conformance/scenarios";

void run(const std::string& file, const std::string& text) {
  auto rows = sim::parse_scenarios(file, text, files_beside());
  ASSERT_TRUE(rows) << rows.error().to_string();
  for (const sim::Scenario& scenario : *rows) {
    sim::Report report = sim::run_scenario(scenario);
    EXPECT_TRUE(report.passed) << report.explanation();
    EXPECT_EQ(sim::ladder_difference(scenario, report.ladder), "");
  }
}

std::string test_name(std::string text) {
  std::ranges::replace_if(text, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return text;
}

class ScenarioFile : public testing::TestWithParam<std::string> {};

TEST_P(ScenarioFile, Passes) { run(GetParam(), read_text(GetParam())); }

INSTANTIATE_TEST_SUITE_P(All, ScenarioFile, testing::ValuesIn(flow_files(scenarios)), [](const auto& file) {
  std::string path = std::filesystem::relative(file.param, scenarios).string();
  return test_name(path.substr(0, path.size() - std::string_view(".flow").size()));
});

TEST(ScenarioFiles, NoTwoHaveOneName) {
  std::map<std::string, std::string> by_name;
  for (const std::string& file : flow_files(scenarios)) {
    const auto [other, fresh] = by_name.emplace(std::filesystem::path(file).stem().string(), file);
    EXPECT_TRUE(fresh) << other->second << " and " << file;
  }
}

TEST(ScenarioFiles, EachHasItsNameAPurposeALadderAndASection) {
  for (const std::string& file : flow_files(scenarios)) {
    std::string text = read_text(file);
    auto rows = scenarios_of(file);
    ASSERT_TRUE(rows) << rows.error().to_string();
    const sim::Scenario* scenario = &rows->front();
    EXPECT_EQ(scenario->name, std::filesystem::path(file).stem().string()) << file;
    EXPECT_TRUE(text.starts_with("# ")) << file << " does not say what it proves";
    EXPECT_TRUE(scenario->ladder || scenario->partial) << file << " has no ladder: --rewrite draws it";
    EXPECT_FALSE(scenario->covers.empty()) << file << " covers no section";
  }
}

// What stands between ```flow and ``` in the language's reference.
std::vector<std::string> examples() {
  const std::string text = read_text(INTERMEDIARY_SOURCE_DIR "/docs/scenarios.md");
  const std::string opening = "```flow\n";
  std::vector<std::string> found;
  for (std::size_t begin = text.find(opening); begin != std::string::npos; begin = text.find(opening, begin)) {
    begin += opening.size();
    found.push_back(text.substr(begin, text.find("```", begin) - begin));
  }
  return found;
}

TEST(ScenarioReference, ItsExamplesRun) {
  EXPECT_THAT(examples(), SizeIs(testing::Ge(3u)));
  for (const std::string& example : examples()) run("docs/scenarios.md (example)", example);
}

// "| `5  partition p1 bob \\| alice` | … |": what stands between the first backticks of the rows that begin with a
// time, below "Other lines".
std::vector<std::string> line_examples() {
  std::vector<std::string> found;
  const std::string whole = read_text(INTERMEDIARY_SOURCE_DIR "/docs/scenarios.md");
  std::istringstream text(whole.substr(whole.find("**Other lines.**")));
  for (std::string row; std::getline(text, row);) {
    if (!row.starts_with("| `") || !std::isdigit(static_cast<unsigned char>(row[3]))) continue;
    std::string cell = row.substr(2, row.find(" | ", 2) - 2);
    for (std::size_t at = cell.find("\\|"); at != std::string::npos; at = cell.find("\\|")) cell.erase(at, 1);
    for (std::size_t begin = cell.find('`'); begin != std::string::npos;) {
      const std::size_t end = cell.find('`', begin + 1);
      found.push_back(cell.substr(begin + 1, end - begin - 1));
      begin = cell.find('`', end + 1);
    }
  }
  return found;
}

TEST(ScenarioReference, TheLinesOfItsTablesAreLines) {
  const std::string world =
      "scenario lines\nnode p1 proxy stateful 192.0.2.1 192.0.2.1;transport=tcp domain=example.com store=db\n"
      "party alice 192.0.2.10\nparty bob 192.0.2.20\nauto carol 192.0.2.30\nauto dave 192.0.2.40\n"
      "nat home outside 203.0.113.7 inside dave\n";
  EXPECT_THAT(line_examples(), SizeIs(testing::Ge(20u)));
  for (const std::string& line : line_examples()) {
    const auto scenario = sim::parse_scenario("docs/scenarios.md (line)", world + line + '\n');
    EXPECT_TRUE(scenario) << scenario.error().to_string();
  }
}

}  // namespace
}  // namespace intermediary::conformance
