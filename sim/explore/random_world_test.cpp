#include "sim/explore/random_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "sim/explore/execution.h"
#include "sim/explore/worlds.h"
#include "sim/scenario.h"

namespace intermediary::sim {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(RandomWorld, EveryWorldIsAScenarioAndBreaksNoPromise) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const std::string world = random_world(seed);
    const auto scenario = parse_scenario("world", world);
    ASSERT_TRUE(scenario) << scenario.error().to_string();
    EXPECT_TRUE(scenario->promises);
    const Look look = look_at(world);
    EXPECT_THAT(look.broken, IsEmpty()) << world << look.ladder;
  }
}

TEST(RandomWorld, TheSameSeedIsTheSameWorld) {
  EXPECT_EQ(random_world(7), random_world(7));
  EXPECT_NE(random_world(7), random_world(8));
}

Verdict verdict_on(const std::string& world) {
  const auto scenario = parse_scenario("world", world);
  if (!scenario) throw std::logic_error(scenario.error().to_string());
  return execute(*scenario, {}, {.lists_points = false});
}

TEST(RandomWorld, TheSameWorldGivesTheSameTrace) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    EXPECT_EQ(verdict_on(random_world(seed)).trace_hash, verdict_on(random_world(seed)).trace_hash) << "seed " << seed;
  }
}

TEST(RandomWorld, OneHourCostsAsManyStepsAsTenSeconds) {
  const auto talk_for = [](const std::string& time) {
    return verdict_on(
        "scenario talk\npromises\nnode p1 proxy stateful 192.0.2.1 domain=example.com record-route\n"
        "auto ann 192.0.2.11\nauto ben 192.0.2.12 answers-after=2s\nlocation sip:ben@example.com = ben\n"
        "link * latency=10ms\n0 ann calls sip:ben@example.com via p1 for " +
        time + "\n");
  };
  const Verdict brief = talk_for("10s");
  const Verdict hour = talk_for("1h");
  EXPECT_THAT(hour.broken_promises, IsEmpty());
  EXPECT_GT(hour.virtual_time, std::chrono::hours(1));
  EXPECT_LE(hour.steps, brief.steps + 10);
  EXPECT_LT(hour.steps, 100u);
}

// A user agent that refuses only after three minutes, and a proxy whose Timer C is shorter than RFC 3261 allows: what
// is wrong is found, and shrunk to what it takes.
TEST(RandomWorld, AFailureIsShrunkToWhatItTakes) {
  const std::string world =
      "scenario impatient\npromises\nnode p1 proxy stateful 192.0.2.1 domain=example.com record-route timer-c=30s\n"
      "auto ann 192.0.2.11 rings-after=0.3s\nauto ben 192.0.2.12 answers-after=250s\nauto cat 192.0.2.13 registers=p1\n"
      "location sip:team@example.com = ben;q=0.5\nlink * latency=0.013s loss=3.5%\n"
      "1.5 ann calls sip:team@example.com via p1 for 10s\n4 cat calls sip:cat@example.com via p1\n";
  ASSERT_THAT(look_at(world).broken, Contains(StartsWith("cancels-for-a-reason")));
  const Shrunk shrunk = shrink_world(world);
  EXPECT_TRUE(shrunk.smallest);
  EXPECT_LE(scenario_lines(shrunk.text).size(), 7u);
  EXPECT_THAT(look_at(shrunk.text).broken, Contains(StartsWith("cancels-for-a-reason")));
}

}  // namespace
}  // namespace intermediary::sim
