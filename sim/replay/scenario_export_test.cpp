#include "sim/replay/scenario_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/replay/test_record.h"
#include "sim/runner.h"
#include "sim/scenario.h"

namespace intermediary::sim {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string exported(const std::string& call_id, bool masked = true, const std::string& bytes = TestRecord::whole()) {
  auto replay = Replay::open({bytes});
  EXPECT_TRUE(replay) << replay.error();
  WireLog log(*replay, {{call_id}, masked});
  ScenarioExport call(*replay, log, call_id);
  while (const Replay::Step* step = replay->next()) {
    log.add(*step);
    call.add(*step);
  }
  return call.text("exported");
}

Report run(const std::string& text) {
  const auto scenario = parse_scenario("exported.flow", text);
  EXPECT_TRUE(scenario) << scenario.error().to_string() << '\n' << text;
  return scenario ? run_scenario(*scenario) : Report{};
}

TEST(ScenarioExportTest, ACallRunsAsItDid) {
  const std::string text = exported("c1");
  const Report report = run(text);
  EXPECT_TRUE(report.passed) << report.explanation() << '\n' << text;
  EXPECT_THAT(text, HasSubstr("location server sip:"));
  EXPECT_THAT(text, Not(HasSubstr("bob")));
  EXPECT_TRUE(run(exported("c1", false)).passed);
}

// An address-of-record with a port is another one (RFC 3261 §10.3 step 5, §19.1.4).
TEST(ScenarioExportTest, WhoIsCalledAtAPortIsFoundThere) {
  TestRecord record;
  record.registration("sip:bob@example.com:5060");
  record.call("sip:bob@example.com:5060");
  record.wait_until(60000);
  for (const bool masked : {true, false}) {
    const std::string text = exported("c1", masked, record.bytes);
    const Report report = run(text);
    EXPECT_TRUE(report.passed) << report.explanation() << '\n' << text;
  }
}

TEST(ScenarioExportTest, ARefusedCallRunsAsItDid) {
  const std::string text = exported("c2");
  const Report report = run(text);
  EXPECT_TRUE(report.passed) << report.explanation() << '\n' << text;
}

TEST(ScenarioExportTest, TheAnswersOfTheDnsAreThereWithTheirTimes) {
  const std::string text = exported("o1");
  EXPECT_THAT(text, HasSubstr("dns      _sip._udp.elsewhere.example.net SRV times-out after=3000000us"));
  const Report report = run(text);
  EXPECT_TRUE(report.passed) << report.explanation() << '\n' << text;
}

// What ended in a challenge of the server's own is left out, and nothing is left of this one.
TEST(ScenarioExportTest, AChallengedRequestIsNotThere) { EXPECT_THAT(exported("m1"), Not(HasSubstr("MESSAGE sip"))); }

}  // namespace
}  // namespace intermediary::sim
