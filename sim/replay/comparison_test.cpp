#include "sim/replay/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/replay/test_record.h"

namespace intermediary::sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ComparisonTest : public testing::Test {
 protected:
  ComparisonTest() : bytes_(TestRecord::whole()), replay_(*Replay::open({bytes_})) {}

  Comparison compared(const Config& other) {
    Comparison comparison(replay_, other);
    while (const Replay::Step* step = replay_.next()) comparison.add(*step);
    return comparison;
  }
  static std::vector<std::string> lines(const std::vector<Decision>& decisions) {
    std::vector<std::string> texts;
    for (const Decision& decision : decisions) texts.push_back(decision.text());
    return texts;
  }

  std::string bytes_;
  Replay replay_;
};

TEST_F(ComparisonTest, TheSameConfigurationDecidesTheSame) {
  const Comparison comparison = compared(replay_.config());
  EXPECT_EQ(comparison.differing(), 0u);
  EXPECT_EQ(comparison.unasked(), 0u);
  EXPECT_EQ(comparison.calls().size(), 5u);
  EXPECT_EQ(replay_.summary().call_ids, 5u);  // the same figure by the same name
}

TEST_F(ComparisonTest, ARuleOfAnotherNameIsNoDifference) {
  Config other = replay_.config();
  for (Rule& rule : other.rules) rule.name += "-now";
  EXPECT_EQ(compared(other).differing(), 0u);
}

// Without a challenge nothing draws the same random numbers; the call finds its answers all the same.
TEST_F(ComparisonTest, CallsFindTheirAnswersThoughTheBranchesAreOthers) {
  Config other = replay_.config();
  other.proxy.record_route = true;
  other.rules[2].action = LookupAction{ForkPolicy{.mode = ForkMode::Serial, .ring_timeout = std::chrono::seconds(20)}};
  other.rules[1].challenge.clear();
  const Comparison comparison = compared(other);
  EXPECT_FALSE(comparison.calls().at("c1").differ());
  EXPECT_THAT(lines(comparison.calls().at("c1").other), testing::Contains(HasSubstr("INVITE is answered with 200")));
  const CallDecisions& message = comparison.calls().at("m1");
  EXPECT_TRUE(message.differ());
  EXPECT_THAT(lines(message.recorded), ElementsAre(HasSubstr("MESSAGE is refused with 407")));
  EXPECT_THAT(lines(message.other).front(),
              HasSubstr("MESSAGE goes to sip:bob@192.0.2.20:5060 at 192.0.2.20:5060 udp"));
}

// As it would have been with the other configuration all the time.
TEST(ComparisonOverAReload, TheOtherConfigurationIsKept) {
  TestRecord record;
  record.registration();
  record.reload();
  record.challenged_message();
  const auto replay = Replay::open({record.bytes});
  ASSERT_TRUE(replay);
  Replay running = *Replay::open({record.bytes});
  Comparison comparison(running, replay->config());
  while (const Replay::Step* step = running.next()) comparison.add(*step);
  EXPECT_EQ(comparison.reloads(), 1u);
  EXPECT_EQ(comparison.differing(), 0u);
}

TEST_F(ComparisonTest, WhereSomebodyElseIsAskedTheRecordHasNoAnswer) {
  Config other = replay_.config();
  other.rules[2].action = RelayAction{*Uri::parse("sip:192.0.2.77"), {}};
  const Comparison comparison = compared(other);
  const CallDecisions& call = comparison.calls().at("c1");
  EXPECT_TRUE(call.differ());
  EXPECT_THAT(lines(call.other).front(), HasSubstr("at 192.0.2.77:5060 udp"));
  EXPECT_GT(comparison.unasked(), 0u);
}

}  // namespace
}  // namespace intermediary::sim
