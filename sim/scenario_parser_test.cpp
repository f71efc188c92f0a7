#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/scenario.h"

namespace intermediary::sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

const std::string world =
    "scenario s\n"
    "node  p1    proxy stateful 192.0.2.1 192.0.2.1;transport=tcp record-route domain=Example.com timer-c=200s\n"
    "party alice 192.0.2.10:5060\n"
    "auto  bob   192.0.2.20:5060;transport=tcp answers-after=3s\n";

Scenario parsed(const std::string& lines) {
  auto scenario = parse_scenario("s.flow", world + lines);
  if (!scenario) ADD_FAILURE() << scenario.error().to_string();
  return scenario ? *scenario : Scenario{};
}
std::string error_of(const std::string& lines) {
  auto scenario = parse_scenario("s.flow", world + lines);
  return scenario ? "" : scenario.error().to_string();
}
MessageLine message(const std::string& line) { return std::get<MessageLine>(parsed(line).lines.at(0)); }

TEST(ScenarioParser, AScenarioHasTheNameOfItsFile) {
  EXPECT_TRUE(parse_scenario("folder/s.flow", world));
  EXPECT_TRUE(parse_scenario("an example", world));
  const auto other = parse_scenario("folder/t.flow", world);
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().to_string(),
              StartsWith("folder/t.flow:1:10: expected the file's name without '.flow', got 's'"));
}

TEST(ScenarioParser, NodeOptionsBecomeAConfiguration) {
  Scenario scenario = parsed("");
  const Config& config = std::get<NodeSetup>(scenario.inhabitants.at(0)).config;
  ASSERT_THAT(config.listeners, SizeIs(2));
  EXPECT_EQ(config.listeners[1].transport, Transport::Tcp);
  EXPECT_EQ(config.listeners[0].bind.to_string(), "192.0.2.1:5060");
  EXPECT_TRUE(config.proxy.record_route);
  EXPECT_EQ(config.proxy.timer_c, std::chrono::seconds(200));
  EXPECT_THAT(config.domains, ElementsAre("example.com"));
  EXPECT_THAT(config.rules, SizeIs(2));
}

TEST(ScenarioParser, RuleLinesReplaceTheUsualRules) {
  Scenario scenario = parsed("rule p1 name=out source=192.0.2.0/24 mode=stateless relay=<sip:192.0.2.9;lr>\n");
  const Config& config = std::get<NodeSetup>(scenario.inhabitants.at(0)).config;
  ASSERT_THAT(config.rules, SizeIs(1));
  EXPECT_EQ(config.rules[0].name, "out");
  EXPECT_EQ(std::get<RelayAction>(config.rules[0].action).target->to_string(), "sip:192.0.2.9;lr");
}

TEST(ScenarioParser, LocationNamesPartiesAndUris) {
  Scenario scenario = parsed("location sip:bob@example.com = bob;q=0.5, <sip:b@192.0.2.9>;expires=60\n");
  ASSERT_THAT(scenario.locations, SizeIs(2));
  EXPECT_EQ(scenario.locations[0].node, "p1");
  EXPECT_EQ(scenario.locations[0].contact_uri, "sip:bob@192.0.2.20:5060;transport=tcp");
  EXPECT_EQ(scenario.locations[0].q_thousandths, 500);
  EXPECT_EQ(scenario.locations[1].contact_uri, "sip:b@192.0.2.9");
  EXPECT_EQ(scenario.locations[1].expires, std::chrono::seconds(60));
}

TEST(ScenarioParser, MessageLinesHaveStartAndConditions) {
  MessageLine line = message(
      "0.5 p1 -x bob  INVITE sip:*@192.0.2.20   Via: *;branch=$b1  !Route   # comment\n"
      "     count Via 2  Max-Forwards = 69  as $first\n");
  EXPECT_TRUE(line.lost);
  EXPECT_EQ(line.start.method, "INVITE");
  EXPECT_EQ(line.start.uri, "sip:*@192.0.2.20");
  std::vector<std::string> conditions;
  for (const Condition& condition : line.conditions) conditions.push_back(condition.to_string());
  EXPECT_THAT(conditions, ElementsAre("Via: *;branch=$b1", "!Route", "count Via 2", "Max-Forwards = 69", "as $first"));
}

TEST(ScenarioParser, AnAddressThatNobodyHasMayReceive) {
  EXPECT_EQ(message("0 p1 -> 192.0.2.99 OPTIONS\n").receiver, "192.0.2.99:5060");
  EXPECT_EQ(message("0 p1 -> [2001:db8::99]:5070 OPTIONS\n").receiver, "[2001:db8::99]:5070");
}

TEST(ScenarioParser, WhatANodeDoesWithAConnectionMayComeWithinARange) {
  const auto line = std::get<ConnectionLine>(parsed("0~1 p1 opens 192.0.2.99:5060\n").lines.at(0));
  EXPECT_EQ(line.other, "192.0.2.99:5060");
  EXPECT_EQ(line.head.when.to, std::chrono::seconds(1));
}

TEST(ScenarioParser, Times) {
  EXPECT_EQ(message("1.000001 p1 -> alice 100\n").head.when.from, Duration(1'000'001));
  When range = message("1.5~2 p1 -> alice 100\n").head.when;
  EXPECT_EQ(range.to - range.from, std::chrono::milliseconds(500));
  EXPECT_TRUE(message("+3m p1 -> alice 100\n").head.when.after_previous);
}

TEST(ScenarioParser, BlocksKeepTheirBytes) {
  MessageLine line = message(
      "0 alice -> p1 raw \"\"\"\n"
      "  OPTIONS sip:x SIP/2.0   # no comment\n"
      "    two more\n"
      "\n"
      "  \"\"\"\n");
  EXPECT_EQ(line.start.raw, "OPTIONS sip:x SIP/2.0   # no comment\r\n  two more\r\n\r\n");
  EXPECT_EQ(message("0 alice -> p1 raw \"\"\"\\r\\n\"\"\"\n").start.raw, "\\r\\n");
}

TEST(ScenarioParser, TheLadderStandsBelowTheDashes) {
  Scenario scenario = parsed("0 alice -> p1 OPTIONS sip:p1\n------\n  the ladder\n");
  EXPECT_EQ(scenario.ladder, "  the ladder\n");
  EXPECT_EQ(parsed("").ladder, std::nullopt);
}

struct Mistake {
  std::string lines;
  std::string said;
};

class ScenarioMistake : public testing::TestWithParam<Mistake> {};

TEST_P(ScenarioMistake, IsRefusedAtItsPlace) { EXPECT_THAT(error_of(GetParam().lines), StartsWith(GetParam().said)); }

INSTANTIATE_TEST_SUITE_P(
    All, ScenarioMistake,
    testing::Values(
        Mistake{"prty carol 192.0.2.3\n",
                "s.flow:5:1: expected a time, or a word that begins a line, got 'prty'; did you mean 'party'?"},
        Mistake{"party alice 192.0.2.3\n", "s.flow:5:7: 'alice' is there already"},
        Mistake{"party carol 192.0.2.10\n", "s.flow:5:1: 192.0.2.10:5060 over UDP belongs to somebody already"},
        Mistake{"party carol 192.0.2.300\n", "s.flow:5:13: expected an address"},
        Mistake{"node p2 proxy stately 192.0.2.3\n",
                "s.flow:5:15: expected 'stateful', 'call-stateful' or 'stateless', got 'stately'"},
        Mistake{"node p2 proxy stateful 192.0.2.3 timer-d=soon\n", "s.flow:5:34: expected a duration"},
        Mistake{"node p2 proxy stateful 192.0.2.3 colour=red\n", "s.flow:5:34: unknown option 'colour'"},
        Mistake{"rule p1 method=INVITE\n", "s.flow:5:22: expected an action"},
        Mistake{"location sip:x@nowhere.net = bob\n", "s.flow:5:10: no node above has the domain nowhere.net"},
        Mistake{"link * loss=10\n", "s.flow:5:8: expected a share such as 10%"},
        Mistake{"0 carol -> p1 INVITE sip:x\n", "s.flow:5:3: nobody is called 'carol' above"},
        Mistake{"0 alice => p1 INVITE sip:x\n", "s.flow:5:9: expected '->', '-x'"},
        Mistake{"0 alice -> p1\n", "s.flow:5:14: expected a method, a status or raw"},
        Mistake{"0 alice -> p1 99\n", "s.flow:5:15: expected a status from 100 to 699"},
        Mistake{"0 alice -> p1 4xx\n", "s.flow:5:1: a party sends one status"},
        Mistake{"0~1 alice -> p1 INVITE sip:x\n", "s.flow:5:1: alice sends at one time"},
        Mistake{"2 p1 -> alice 100\n1 p1 -> alice 180\n", "s.flow:6:1: this time lies before 2.000 above"},
        Mistake{"0 p1 -> alice 100  Via\n", "s.flow:5:20: expected 'Name: value'"},
        Mistake{"0 p1 -> alice 100  To:\n", "s.flow:5:20: expected a value behind 'To'"},
        Mistake{"0 p1 -> alice INVITE sip:x To: y\n", "s.flow:5:28: expected two spaces before a condition"},
        Mistake{"0 alice -> p1 raw \"\"\"\n never closed\n", "s.flow:5:19: this block is never closed"},
        Mistake{"0 alice -> p1 raw \"\"\"\n  x\n  \"\"\"  as $x\n",
                "s.flow:7:3: the \"\"\" that ends a block stands alone"},
        Mistake{"0 alice -> p1 raw \"\"\"\\q\"\"\"\n", "s.flow:5:15: unknown escape"},
        Mistake{"0 p1 live colours=1\n", "s.flow:5:11: expected one of transactions"},
        Mistake{"0 restart p1\n", "s.flow:5:3: no 'restart': write 'NODE restarts'"},
        Mistake{"0 store p1 down\n", "s.flow:5:3: no 'store': the location service is in memory in this version"},
        Mistake{"media p1\n", "s.flow:5:1: no 'media': nodes relay no media in this version"},
        Mistake{"0 reload p1\n", "s.flow:5:3: no 'reload': a node does not read its configuration anew"},
        Mistake{"node p2 proxy stateful 192.0.2.3 store=redis\n",
                "s.flow:5:34: expected store=memory or store=durable, got 'redis'"},
        Mistake{"0 alice restarts\n", "s.flow:5:3: expected a node's name, got 'alice'"},
        Mistake{"0~1 p1 stops\n", "s.flow:5:1: this happens at one time"},
        Mistake{"0 partition p1 alice\n", "s.flow:5:21: expected names on both sides of a '|'"},
        Mistake{"0 partition p1 | alice |\n", "s.flow:5:25: expected names on both sides of a '|'"},
        Mistake{"0 partition | alice\n", "s.flow:5:13: expected somebody's name before '|'"},
        Mistake{"0 partition p1 | carol\n", "s.flow:5:18: nobody is called 'carol' above"},
        Mistake{"0 partition p1 | p1\n", "s.flow:5:18: 'p1' stands on a side already"},
        Mistake{"0 heal p1\n", "s.flow:5:8: expected the end of the line, got 'p1'"},
        Mistake{"nat home 203.0.113.1\n", "s.flow:5:10: expected 'outside', got '203.0.113.1'"},
        Mistake{"nat home outside 203.0.113.1:5\n", "s.flow:5:18: expected an address such as 203.0.113.1, without"},
        Mistake{"nat home outside 192.0.2.10\n", "s.flow:5:18: 192.0.2.10 is somebody's already"},
        Mistake{"nat home outside 203.0.113.1 alice\n", "s.flow:5:30: expected 'inside', got 'alice'"},
        Mistake{"nat home outside 203.0.113.1 inside\n", "s.flow:5:36: expected who is inside"},
        Mistake{"nat home outside 203.0.113.1 inside carol\n", "s.flow:5:37: nobody is called 'carol' above"},
        Mistake{"nat home outside 203.0.113.1 inside alice kind=cone\n",
                "s.flow:5:43: expected kind=full-cone, restricted, port-restricted or symmetric, got 'kind=cone'"},
        Mistake{"nat home outside 203.0.113.1 inside alice mapping=none\n",
                "s.flow:5:43: expected endpoint-independent, address-dependent or address-and-port-dependent"},
        Mistake{"nat home outside 203.0.113.1 inside alice hairpin=maybe\n", "s.flow:5:43: expected hairpin=yes or"},
        Mistake{"nat home outside 203.0.113.1 inside alice colour=red\n", "s.flow:5:43: expected kind=, mapping="},
        Mistake{"nat a outside 203.0.113.1 inside alice\nnat b outside 203.0.113.2 inside alice\n",
                "s.flow:6:34: 'alice' is behind a NAT box already"},
        Mistake{"nat a outside 203.0.113.1 inside alice\nnat b outside 203.0.113.2 inside a\n",
                "s.flow:6:34: a NAT box stands behind no other"},
        Mistake{"nat a outside 203.0.113.1 inside alice\n0 p1 -> a 200\n",
                "s.flow:6:9: what ends at a NAT box is lost: write '-x'"},
        Mistake{"nat a outside 203.0.113.1 inside alice\n0 a -> p1 BYE\n",
                "s.flow:6:3: a NAT box sends nothing of its own"},
        Mistake{"0 alice rebinds\n", "s.flow:5:3: expected a NAT box's name, got 'alice'"},
        Mistake{"0 p1 refuses\n", "s.flow:5:3: a node does not refuse"},
        Mistake{"node p2 proxy stateful 192.0.2.3 relay=\n", "s.flow:5:34: expected a network such as 192.0.2.0/24"},
        Mistake{"node p2 proxy stateful 192.0.2.3 domain=,\n", "s.flow:5:34: expected a domain such as example.com"},
        Mistake{"node p2 proxy stateful 192.0.2.3 t1=0\n", "s.flow:5:34: expected a duration above zero, got '0'"},
        Mistake{"node p2 proxy stateful 192.0.2.3 min-expires=1.5s\n", "s.flow:5:34: expected whole seconds"},
        Mistake{"node p2 proxy stateful advertise=a.example 192.0.2.3\n",
                "s.flow:5:24: advertise= stands behind the addresses that it is for"},
        Mistake{"node p2 proxy stateful 192.0.2.3 advertise=\n", "s.flow:5:34: expected a host"},
        Mistake{"node p2 proxy stateful 192.0.2.3 record-route=yes\n", "s.flow:5:34: record-route takes no value"},
        Mistake{"rule p1 lookup register\n", "s.flow:5:16: a rule has one action, and this is another"},
        Mistake{"rule p1 method= lookup\n", "s.flow:5:9: expected methods such as INVITE,BYE"},
        Mistake{"rule p1 relay=<tel:+1>\n", "s.flow:5:9: expected request-uri or a SIP URI"},
        Mistake{"party carol 192.0.2.3 aor=carol\n", "s.flow:5:23: expected aor= with a SIP URI"},
        Mistake{"location sip:bob@example.com = bob;q=0.1234\n",
                "s.flow:5:32: expected q from 0 to 1, with at most three"},
        Mistake{"0~1 p1 idle\n", "s.flow:5:1: this happens at one time, not within a range"},
        Mistake{"0~1 bob calls sip:x@example.com via p1\n", "s.flow:5:1: this happens at one time"},
        Mistake{"0~1 alice opens p1\n", "s.flow:5:1: this happens at one time"},
        Mistake{"0~1 link * loss=1%\n", "s.flow:5:1: this happens at one time"},
        Mistake{"0 alice opens 192.0.2.9:5060\n", "s.flow:5:15: expected the name of somebody"},
        Mistake{"0 bob closes 192.0.2.9:5060\n", "s.flow:5:14: expected the name of somebody"},
        Mistake{"0 bob calls carol via p1\n", "s.flow:5:13: expected a SIP URI, got 'carol'"},
        Mistake{"0 p1 -> 192.0.2.10 100\n", "s.flow:5:9: 192.0.2.10:5060 is somebody's: write the name"},
        Mistake{"0 alice -> p1 INVITE sip:x  count Via 1\n", "s.flow:5:29: 'count' checks what a node sends"},
        Mistake{"0 alice -> p1 INVITE again  Via: x\n", "s.flow:5:29: what is sent again goes byte for byte"},
        Mistake{"0 alice -> p1 INVITE  same $x  !Via\n", "s.flow:5:32: what is sent again goes byte for byte"},
        Mistake{"0 alice -> p1 INVITE sip:x  reason OK\n", "s.flow:5:29: a request has no reason phrase"},
        Mistake{"0 p1 -> alice INVITE  reason OK\n", "s.flow:5:23: a request has no reason phrase"},
        Mistake{"0 p1 -> alice INVITE  !Via: x\n", "s.flow:5:23: expected '!Name' and no value"},
        Mistake{"wall 2026-02-29T00:00:00Z\n", "s.flow:5:6: expected a time such as 2026-01-01T00:00:00Z"},
        Mistake{"users nobody example.com a:b\n", "s.flow:5:7: expected the name of a node above"},
        Mistake{"users p1 example.com alice\n", "s.flow:5:22: expected NAME:PASSWORD or an option"},
        Mistake{"users p1 example.com algorithms=SHA-1\n", "s.flow:5:22: expected algorithms such as SHA-256,MD5"},
        Mistake{"users p1 example.com colour=red\n", "s.flow:5:22: expected NAME:PASSWORD, algorithms="},
        Mistake{"rule p1 challenge=nobody lookup\n", "s.flow:2:1: rule 'rule-1' challenges for 'nobody'"},
        Mistake{"0 p1 -> alice INVITE  credentials\n", "s.flow:5:23: credentials are what a party writes"},
        Mistake{"0 alice -> p1 OPTIONS sip:x  credentials nc\n", "s.flow:5:30: expected user=, password="},
        Mistake{"dns example.com\n", "s.flow:5:16: expected A, AAAA, SRV, NAPTR or '*'"},
        Mistake{"dns example.com MX mail\n", "s.flow:5:17: expected A, AAAA, SRV, NAPTR or '*', got 'MX'"},
        Mistake{"dns example.com A\n", "s.flow:5:17: expected records, or one of none, fails"},
        Mistake{"dns example.com A 2001:db8::1\n", "s.flow:5:17: expected an IPv4 address"},
        Mistake{"dns example.com SRV 10 60 5060\n", "s.flow:5:17: expected PRIORITY WEIGHT PORT TARGET"},
        Mistake{"dns example.com SRV 10 60 5060 a b\n", "s.flow:5:17: expected PRIORITY WEIGHT PORT TARGET"},
        Mistake{"dns example.com NAPTR 10 x s SIP+D2U a.example\n", "s.flow:5:17: expected ORDER PREFERENCE FLAGS"},
        Mistake{"dns example.com A fails 192.0.2.1\n", "s.flow:5:17: expected records, or one of none, fails"},
        Mistake{"dns * A 192.0.2.1\n", "s.flow:5:7: expected none, fails, times-out or answers: '*' has no records"},
        Mistake{"dns example.com A 192.0.2.1 ttl=soon\n", "s.flow:5:29: expected a duration"},
        Mistake{"0~1 dns example.com A fails\n", "s.flow:5:1: this happens at one time"},
        Mistake{"distinct $a $b\n", "s.flow:5:1: $a stands in no line"},
        Mistake{"covers 16.7\n", "s.flow:5:8: expected a section such as RFC3261#16.7"}));

TEST(ScenarioParser, AMistakeIsShownWithItsLineAndACaret) {
  EXPECT_THAT(error_of("seed x\n"), HasSubstr("\n  seed x\n       ^"));
}

}  // namespace
}  // namespace intermediary::sim
