// Every scenario file is a test of its own, and so is every whole example of docs/scenarios.md.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "conformance/flow_files.h"
#include "sim/runner.h"
#include "sim/scenario.h"

namespace intermediary::conformance {
namespace {

using testing::IsEmpty;
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
    EXPECT_THAT(scenario->covers, Not(IsEmpty())) << file << " covers no section";
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

}  // namespace
}  // namespace intermediary::conformance
