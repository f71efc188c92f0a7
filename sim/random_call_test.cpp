#include "sim/random_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace intermediary::sim {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

CallPlan quiet_plan() {
  CallPlan plan;
  plan.quality.latency = 10ms;
  AgentManners callee;
  callee.rings_after = 100ms;
  callee.answers_after = 2s;
  plan.callees.push_back(callee);
  return plan;
}

RC_GTEST_PROP(RandomCall, WhateverTheNetworkDoesThePromisesHold, (std::uint64_t seed)) {
  CallPlan plan = random_plan(seed);
  CallOutcome outcome = run_call(plan, seed);
  if (outcome.broken_promises.empty()) return;
  RC_LOG() << "seed " << seed << ": " << to_string(plan) << '\n';
  for (const std::string& promise : outcome.broken_promises) RC_LOG() << promise << '\n';
  RC_FAIL(outcome.ladder);
}

RC_GTEST_PROP(RandomCall, TheSameSeedGivesTheSameTrace, (std::uint64_t seed)) {
  CallPlan plan = random_plan(seed);
  RC_ASSERT(run_call(plan, seed).trace_hash == run_call(plan, seed).trace_hash);
}

TEST(RandomCall, WithoutFaultsEveryCallIsAnswered) {
  for (std::size_t proxies : {1u, 2u}) {
    CallPlan plan = quiet_plan();
    plan.proxies = proxies;
    CallOutcome outcome = run_call(plan, 1);
    EXPECT_THAT(outcome.broken_promises, IsEmpty()) << outcome.ladder;
    EXPECT_TRUE(outcome.talked) << outcome.ladder;
  }
}

TEST(RandomCall, OneHourCostsAsManyStepsAsTenSeconds) {
  CallPlan plan = quiet_plan();
  CallOutcome brief = run_call(plan, 1);
  plan.talk = 1h;
  CallOutcome hour = run_call(plan, 1);
  EXPECT_THAT(hour.broken_promises, IsEmpty());
  EXPECT_GT(hour.virtual_time, 1h);
  EXPECT_LE(hour.steps, brief.steps + 10);
  EXPECT_LT(hour.steps, 100u);
}

}  // namespace
}  // namespace intermediary::sim
