// An engine that is saved and loaded goes on as if nothing had happened: every scenario and random worlds, with an
// engine loaded from its save after every so many inputs, send the same bytes at the same times as without.
//
// A scenario's ladder is compared with the one in its file; of every third one, the bytes too.
// INTERMEDIARY_RELOAD_AFTER=1 in the environment says: after every input, and the bytes of all of them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "conformance/flow_files.h"
#include "sim/explore/execution.h"
#include "sim/explore/random_world.h"
#include "sim/golden.h"
#include "sim/runner.h"
#include "sim/scenario.h"

namespace intermediary::conformance {
namespace {

constexpr std::uint64_t random_worlds = 100;

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

TEST(Checkpoint, NoRandomWorldNoticesThatItsEnginesWereSavedAndLoaded) {
  for (std::uint64_t seed = 1; seed <= random_worlds; ++seed) {
    auto scenario = sim::parse_scenario("world", sim::random_world(seed));
    ASSERT_TRUE(scenario) << scenario.error().to_string();
    const sim::Verdict without = sim::execute(*scenario, {}, {.lists_points = false});
    scenario->reload_after = reload_after(1 + seed % 4);
    const sim::Verdict with = sim::execute(*scenario, {}, {.lists_points = false});
    EXPECT_EQ(with.trace_hash, without.trace_hash) << "seed " << seed;
    EXPECT_EQ(with.broken_promises, without.broken_promises) << "seed " << seed;
  }
}

}  // namespace
}  // namespace intermediary::conformance
