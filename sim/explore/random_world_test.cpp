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

TEST(RandomWorld, ALongTalkCostsAsManyStepsAsABriefOne) {
  const auto talk_for = [](const std::string& time) {
    return verdict_on(
        "scenario talk\npromises\nnode p1 proxy stateful 192.0.2.1 domain=example.com record-route\n"
        "auto ann 192.0.2.11\nauto ben 192.0.2.12 answers-after=2s\nlocation sip:ben@example.com = ben\n"
        "link * latency=10ms\n0 ann calls sip:ben@example.com via p1 for " +
        time + "\n");
  };
  const Verdict brief = talk_for("10s");
  const Verdict lengthy = talk_for("500s");
  EXPECT_THAT(lengthy.broken_promises, IsEmpty());
  EXPECT_GT(lengthy.virtual_time, std::chrono::seconds(500));
  EXPECT_LE(lengthy.steps, brief.steps + 10);
  EXPECT_LT(lengthy.steps, 100u);
}

// Somebody whose password is wrong, in a world where nothing else is: that is found, and shrunk to what it takes.
TEST(RandomWorld, AFailureIsShrunkToWhatItTakes) {
  const std::string world =
      "scenario forgetful\npromises\nnode p1 proxy stateful 192.0.2.1 domain=example.com record-route\n"
      "auto ann 192.0.2.11 rings-after=0.3s\nauto ben 192.0.2.12 registers=p1 password=secret\n"
      "auto cat 192.0.2.13 registers=p1 password=forgotten\nusers p1 example.com ben:secret cat:secret\n"
      "rule p1 method=REGISTER challenge=example.com register\nrule p1 lookup\nlink * latency=0.013s\n"
      "1.5 ann calls sip:ben@example.com via p1 for 10s\n";
  ASSERT_THAT(look_at(world).broken, Contains(StartsWith("nothing-fails-where-nothing-is-wrong")));
  const Shrunk shrunk = shrink_world(world);
  EXPECT_TRUE(shrunk.smallest);
  EXPECT_LE(scenario_lines(shrunk.text).size(), 6u) << shrunk.text;
  EXPECT_THAT(look_at(shrunk.text).broken, Contains(StartsWith("nothing-fails-where-nothing-is-wrong")));
}

}  // namespace
}  // namespace intermediary::sim
