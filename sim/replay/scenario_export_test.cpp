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

TEST(ScenarioExportTest, WhatRulesNameIsThere) {
  RecordHeader header = TestRecord::header();
  header.config.zones = {ZoneTable{}};
  header.config.text.insert(header.config.text.find("[[rule]]"), R"(
[times.late]
zone = "UTC"
to = "06:00"
[acl.inside]
allow = "192.0.2.0/24"
[limit.calls]
per = "source"
rate = "9/s"
[[rule]]
name = "late"
when = { method = "INVITE", ruri_domain = "local", time = "late", source = "acl:inside" }
do   = { lookup = "location", limit = "calls" }
)");
  TestRecord record(header);
  record.registration("sip:bob@example.com");
  record.call("sip:bob@example.com");
  record.wait_until(60000);
  const std::string text = exported("c1", false, record.bytes);
  EXPECT_THAT(text, HasSubstr("wall     2026-01-01T00:00:"));
  EXPECT_THAT(text, HasSubstr("times    server late zone=UTC to=06:00\n"));
  EXPECT_THAT(text, HasSubstr("acl      server inside allow=192.0.2.0/24\n"));
  EXPECT_THAT(text, HasSubstr("limit    server calls per=source rate=9/1s burst=9 status=503\n"));
  EXPECT_THAT(text, HasSubstr("source=acl:inside limit=calls lookup\n"));
  const Report report = run(text);
  EXPECT_TRUE(report.passed) << report.explanation() << '\n' << text;
}

}  // namespace
}  // namespace intermediary::sim
