#include "sim/explore/execution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/explore/explorer.h"
#include "sim/runner.h"

namespace intermediary::sim {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string call = R"(# A call.
scenario call
node     p1    proxy stateful 192.0.2.1:5060 domain=example.com
party    alice 192.0.2.10:5060
party    bob   192.0.2.20:5060
location sip:bob@example.com = bob
link     * latency=10ms

0       alice -> p1     INVITE sip:bob@example.com
0.010   p1    -> alice  100
0.010   p1    -> bob    INVITE
0.020   bob   -> p1     180
0.030   p1    -> alice  180
1.000   bob   -> p1     200
1.010   p1    -> alice  200
1.020   alice -> bob    ACK
9.000   alice -> bob    BYE
9.010   bob   -> alice  200
)";

Scenario read(const std::string& text) {
  auto scenario = parse_scenario("call.flow", text);
  EXPECT_TRUE(scenario) << scenario.error().to_string();
  return *std::move(scenario);
}

std::string ladder_with(const Schedule& schedule) {
  const Scenario scenario = read(call);
  const Verdict verdict = execute(scenario, schedule, {.draws = true});
  EXPECT_THAT(verdict.broken_promises, IsEmpty()) << verdict.ladder;
  EXPECT_THAT(verdict.never_came, IsEmpty());
  return verdict.ladder;
}

TEST(Execution, WithoutAFaultEverythingHappensAsWritten) {
  const std::string ladder = ladder_with({});
  EXPECT_EQ(ladder, run_scenario(read(call)).ladder);
}

TEST(Execution, AnAnswerWaitsForItsRequest) {
  const std::string ladder = ladder_with({{Fault::Kind::Drop, 1, "p1", "bob"}});
  EXPECT_THAT(ladder, HasSubstr("0.510"));  // Timer A of p1
  EXPECT_THAT(ladder, HasSubstr("1.500"));  // the 200, as long after the INVITE as before
  EXPECT_THAT(ladder, HasSubstr("9.500"));  // and the BYE, as long after the 200
}

TEST(Execution, PartiesRepeatAndAnswerRepetitions) {
  const std::string ladder = ladder_with({{Fault::Kind::Drop, 1, "alice", "p1"}});
  EXPECT_THAT(ladder, HasSubstr("0.500     |--INVITE (again)"));
  // The 200 is lost between proxy and caller: its sender repeats it until it is acknowledged.
  EXPECT_THAT(ladder_with({{Fault::Kind::Drop, 3, "p1", "alice"}}), HasSubstr("200 (again)"));
}

TEST(Execution, AfterARestartARepeatedRequestIsANewOne) {
  const std::string ladder = ladder_with({{Fault::Kind::Drop, 1, "p1", "alice"}, {Fault::Kind::Restart, 2, "p1"}});
  EXPECT_THAT(ladder, HasSubstr("0.500     |--INVITE (again)"));
  EXPECT_THAT(ladder, HasSubstr("480"));  // with its bindings gone
}

TEST(Execution, SaysWhichFaultsNeverCameUp) {
  const Scenario scenario = read(call);
  const Verdict verdict = execute(scenario, {{Fault::Kind::Drop, 99, "p1", "bob"}});
  EXPECT_THAT(verdict.never_came, ElementsAre(Fault{Fault::Kind::Drop, 99, "p1", "bob"}));
}

TEST(Execution, TheSameScheduleGivesTheSameTrace) {
  const Scenario scenario = read(call);
  const Execution execution(scenario);
  const Schedule schedule{{Fault::Kind::Drop, 1, "p1", "bob"}, {Fault::Kind::Delay, 1, "bob", "p1"}};
  EXPECT_EQ(execution.run(schedule).trace_hash, execution.run(schedule).trace_hash);
  EXPECT_NE(execution.run(schedule).trace_hash, execution.run({}).trace_hash);
}

TEST(Explorer, RunsEveryFaultOnce) {
  const Scenario scenario = read(call);
  const Exploration one = explore(scenario, {.faults = 1});
  EXPECT_TRUE(one.passed());
  EXPECT_GT(one.runs, 30u);
  const Exploration two = explore(scenario, {.faults = 2});
  EXPECT_TRUE(two.passed());
  EXPECT_GT(two.runs, 10 * one.runs);
  EXPECT_GT(two.pruned, 0u);
}

TEST(Explorer, WhatItWritesRunsAsAScenario) {
  const Scenario scenario = read(call);
  const std::string text = with_faults(scenario, {{Fault::Kind::Drop, 1, "p1", "bob"}}, "call-fault-1");
  EXPECT_THAT(text, HasSubstr("\nscenario call-fault-1\n"));
  auto again = parse_scenario("call-fault-1.flow", text);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_THAT(again->faults, ElementsAre(Fault{Fault::Kind::Drop, 1, "p1", "bob"}));
  const Report report = run_scenario(*again);
  EXPECT_TRUE(report.passed) << report.failure;
  EXPECT_THAT(report.ladder, HasSubstr("0.510"));
}

}  // namespace
}  // namespace intermediary::sim
