// An engine that is saved and loaded goes on as if nothing had happened: every scenario and random calls, with an
// engine loaded from its save after every so many inputs, send the same bytes at the same times as without.
//
// A scenario's ladder is compared with the one in its file; of every third one, the bytes too.
// INTERMEDIARY_RELOAD_AFTER=1 in the environment says: after every input, and the bytes of all of them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "conformance/flow_files.h"
#include "sim/golden.h"
#include "sim/random_call.h"
#include "sim/runner.h"
#include "sim/scenario.h"

namespace intermediary::conformance {
namespace {

constexpr std::uint64_t random_calls = 200;

// 0: not said.
std::size_t wanted() {
  const char* text = std::getenv("INTERMEDIARY_RELOAD_AFTER");
  return text ? std::strtoul(text, nullptr, 10) : 0;
}
std::size_t reload_after(std::size_t usual) { return wanted() != 0 ? wanted() : usual; }

TEST(Checkpoint, NoScenarioNoticesThatItsEnginesWereSavedAndLoaded) {
  std::size_t turn = 0;
  for (const std::string& file : flow_files(INTERMEDIARY_SOURCE_DIR "/conformance/scenarios")) {
    auto rows = scenarios_of(file);
    ASSERT_TRUE(rows) << rows.error().to_string();
    for (sim::Scenario& scenario : *rows) {
      scenario.reload_after = reload_after(1 + turn % 4);
      const sim::Report with = sim::run_scenario(scenario);
      EXPECT_TRUE(with.passed) << with.explanation();
      EXPECT_EQ(sim::ladder_difference(scenario, with.ladder), "") << scenario.title();
      if (turn++ % 3 != 0 && wanted() == 0) continue;
      scenario.reload_after = 0;
      EXPECT_EQ(with.trace_hash, sim::run_scenario(scenario).trace_hash) << scenario.title();
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
