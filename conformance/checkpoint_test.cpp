// An engine that is saved and loaded goes on as if nothing had happened: every scenario and random calls, with an
// engine loaded from its save after every so many inputs, send the same bytes at the same times as without.
//
// INTERMEDIARY_RELOAD_AFTER=1 in the environment: after every one.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "conformance/flow_files.h"
#include "sim/random_call.h"
#include "sim/runner.h"
#include "sim/scenario.h"

namespace intermediary::conformance {
namespace {

constexpr std::uint64_t random_calls = 200;

std::size_t reload_after(std::size_t usual) {
  const char* wanted = std::getenv("INTERMEDIARY_RELOAD_AFTER");
  return wanted ? std::strtoul(wanted, nullptr, 10) : usual;
}

TEST(Checkpoint, NoScenarioNoticesThatItsEnginesWereSavedAndLoaded) {
  std::size_t turn = 0;
  for (const std::string& file : flow_files(INTERMEDIARY_SOURCE_DIR "/conformance/scenarios")) {
    auto rows = scenarios_of(file);
    ASSERT_TRUE(rows) << rows.error().to_string();
    for (sim::Scenario& scenario : *rows) {
      const sim::Report without = sim::run_scenario(scenario);
      scenario.reload_after = reload_after(1 + turn++ % 3);
      const sim::Report with = sim::run_scenario(scenario);
      EXPECT_TRUE(with.passed) << with.explanation();
      EXPECT_EQ(with.ladder, without.ladder) << scenario.title();
      EXPECT_EQ(with.trace_hash, without.trace_hash) << scenario.title();
    }
  }
}

TEST(Checkpoint, NoRandomCallNoticesThatItsEnginesWereSavedAndLoaded) {
  for (std::uint64_t seed = 1; seed <= random_calls; ++seed) {
    sim::CallPlan plan = sim::random_plan(seed);
    const sim::CallOutcome without = sim::run_call(plan, seed);
    plan.reload_after = reload_after(1 + seed % 4);
    const sim::CallOutcome with = sim::run_call(plan, seed);
    EXPECT_EQ(with.trace_hash, without.trace_hash) << "seed " << seed << ": " << sim::to_string(plan);
    EXPECT_EQ(with.broken_promises, without.broken_promises) << "seed " << seed << ": " << sim::to_string(plan);
  }
}

}  // namespace
}  // namespace intermediary::conformance
