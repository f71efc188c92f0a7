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

TEST_P(ScenarioMistake, IsRefusedAtItsPlace) {
  const std::string error = error_of(GetParam().lines);
  EXPECT_EQ(error.substr(0, error.find('\n')), GetParam().said);
}

// The limits are those of the configuration file.
INSTANTIATE_TEST_SUITE_P(
    Limits, ScenarioMistake,
    testing::Values(
        Mistake{"node p2 proxy stateful 192.0.2.9 max-contacts=0\n",
                "s.flow:5:34: expected a number from 1 to 32, got '0'"},
        Mistake{"node p2 proxy stateful 192.0.2.9 max-breadth=0\n",
                "s.flow:5:34: expected a number from 1 to 1000, got '0'"},
        Mistake{"node p2 proxy stateful 192.0.2.9 mtu=0\n",
                "s.flow:5:34: expected a number from 576 to 65535, got '0'"},
        Mistake{"node p2 proxy stateful 192.0.2.9 t1=10h\n",
                "s.flow:5:34: expected a duration from 1ms to 1m, got '10h'"},
        Mistake{"node p2 proxy stateful 192.0.2.9 timer-c=3m\n",
                "s.flow:5:34: expected a duration from 181s to 1d, got '3m'"},
        Mistake{"rule p1 ring-timeout=500ms lookup\n", "s.flow:5:9: expected a duration from 1s to 1d, got '500ms'"},
        Mistake{"users p1 r a:b nonce-life=59s\n", "s.flow:5:16: expected a duration from 1m to 5m, got '59s'"},
        Mistake{"node p2 proxy stateful 192.0.2.9 t1=5s t2=1s\n",
                "s.flow:5:34: t1 may not be more than t2, and these are 5s and 1s"},
        Mistake{"node p2 proxy stateful 192.0.2.9 t2=100ms\n",
                "s.flow:5:34: t1 may not be more than t2, and these are 500ms and 100ms"},
        Mistake{"node p2 proxy stateful 192.0.2.9 min-expires=10 default-expires=5 max-expires=5\n",
                "s.flow:5:34: min-expires may not be more than max-expires, and these are 10s and 5s"},
        Mistake{"node p2 proxy stateful 192.0.2.9 min-expires=10 default-expires=5\n",
                "s.flow:5:34: min-expires may not be more than default-expires, and these are 10s and 5s"},
        Mistake{"node p2 proxy stateful 192.0.2.9 dns-min-ttl=2s dns-max-ttl=1s\n",
                "s.flow:5:34: dns-min-ttl may not be more than dns-max-ttl, and these are 2s and 1s"},
        Mistake{"node p2 proxy stateful 192.0.2.9 session-expires=90s min-se=2m\n",
                "s.flow:5:54: min-se may not be more than session-expires, and these are 2m and 90s"}));

INSTANTIATE_TEST_SUITE_P(
    Nonsense, ScenarioMistake,
    testing::Values(
        Mistake{"rule p1 method=invite lookup\n",
                "s.flow:5:9: 'invite' is another method than INVITE (RFC 3261 §7.1: case counts); did you mean "
                "'INVITE'?"},
        Mistake{"rule p1 method=INVITE,BYE register\n",
                "s.flow:5:27: this rule registers, but its method= lets no REGISTER in"},
        Mistake{"rule p1 challenge=none register\n", "s.flow:5:9: no 'users' line is there for the realm 'none'"},
        Mistake{"users p1 staff a:b\nrule p1 lookup challenge=stuff\n",
                "s.flow:6:16: no 'users' line is there for the realm 'stuff'; did you mean 'staff'?"},
        Mistake{"users p1 staff a:b\nrule p1 mode=stateless challenge=staff lookup\n",
                "s.flow:6:24: a stateless proxy cannot challenge: a repetition would be taken for a replay"},
        Mistake{"times p1 t days=mon\n", "s.flow:5:10: 'times' needs zone=, such as zone=Europe/Amsterdam"},
        Mistake{"times p1 t zone=Nowhere\n",
                "s.flow:5:12: there is no time zone 'Nowhere', such as 'Europe/Amsterdam'"},
        Mistake{"times p1 t zone=UTC from=9\n", "s.flow:5:21: '9' is no time of day, from '00:00' to '24:00'"},
        Mistake{"acl p1 a allow=10.0.0.0/8 deny=10.0.0.0/8\n", "s.flow:5:8: '10.0.0.0/8' is allowed and denied"},
        Mistake{"list p1 l a b\n", "s.flow:5:11: 'a b' is neither 'user@domain' nor '@domain' nor 'user'"},
        Mistake{"limit p1 l per=source\n", "s.flow:5:10: 'limit' needs rate=, such as rate=20/s"},
        Mistake{"limit p1 l rate=many\n", "s.flow:5:12: 'many' is no rate, such as '20/s', '100/m' or '5/10s'"},
        Mistake{"trust p1 listeners=tcp9\n",
                "s.flow:5:10: expected a listener of the node, got 'tcp9'; did you mean 'tcp2'?"},
        Mistake{"trust p1 peers=10.0.0.1\ntrust p1\n", "s.flow:6:9: whom it trusts is said above"},
        Mistake{"rule p1 time=t lookup\n", "s.flow:5:16: the rule names times that there are not"},
        Mistake{"rule p1 identity=yes lookup\n", "s.flow:5:22: 'identity' needs auth=REALM: whose users"},
        Mistake{"limit p1 l rate=1/s\nrule p1 limit=l reject=403\n",
                "s.flow:6:9: a rule that rejects has no use for 'limit'"},
        Mistake{"users p1 example.com\n", "s.flow:5:21: expected a user: NAME:PASSWORD"},
        Mistake{"users p1 r a:b a:c\n", "s.flow:5:16: the user 'a' is there already"},
        Mistake{"users p1 r a:b\nusers p1 r c:d\n", "s.flow:6:10: the realm 'r' is there already"},
        Mistake{"node p2 proxy stateful 192.0.2.9 t1=1s t1=2s\n", "s.flow:5:40: 't1' stands on this line twice"},
        Mistake{"node p2 proxy stateful 192.0.2.9 outbound outbound\n",
                "s.flow:5:43: 'outbound' stands on this line twice"},
        Mistake{"rule p1 method=BYE method=INVITE lookup\n", "s.flow:5:20: 'method' stands on this line twice"},
        Mistake{"users p1 r a:b qop=auth qop=auth\n", "s.flow:5:25: 'qop' stands on this line twice"},
        Mistake{"party carol 192.0.2.3 user=a user=b\n", "s.flow:5:30: 'user' stands on this line twice"},
        Mistake{"auto carol 192.0.2.3 expires=1h expires=2h\n", "s.flow:5:33: 'expires' stands on this line twice"},
        Mistake{"link * loss=1% loss=2%\n", "s.flow:5:16: 'loss' stands on this line twice"},
        Mistake{"nat home outside 203.0.113.1 inside alice timeout=3s timeout=4s\n",
                "s.flow:5:54: 'timeout' stands on this line twice"},
        Mistake{"dns a.example A 192.0.2.1 ttl=1s ttl=2s\n", "s.flow:5:34: 'ttl' stands on this line twice"},
        Mistake{"0 dns a.example A after=1s 192.0.2.1 after=2s\n", "s.flow:5:38: 'after' stands on this line twice"},
        Mistake{"dns a.example A fails none\n",
                "s.flow:5:23: expected one of none, fails, times-out, answers, and this is another, got 'none'"},
        Mistake{"location sip:bob@example.com = bob;q=0.5;q=0.7\n", "s.flow:5:32: 'q' stands in this contact twice"},
        Mistake{"location sip:bob@example.com = alice;q=1, bob;expires=60;expires=90\n",
                "s.flow:5:43: 'expires' stands in this contact twice"},
        Mistake{"location sip:bob@example.com = alice, bob;c=1\n",
                "s.flow:5:39: expected q= or expires=, got 'bob;c=1'"},
        Mistake{"node p2 config address=192.0.2.7 address=192.0.2.8 \"\"\"\n  listen = []\n  \"\"\"\n",
                "s.flow:5:34: 'address' stands on this line twice"},
        Mistake{"party carol 192.0.2.3;transport=tls cert=cn:a,b,cn:c\n",
                "s.flow:5:37: a certificate has one common name, and 'cn:c' is another"},
        Mistake{"0 p1 live flows=1 flows=2\n", "s.flow:5:19: 'flows' stands on this line twice"},
        Mistake{"0 alice -> p1 INVITE sip:x  sdp  sdp\n", "s.flow:5:34: 'sdp' stands in this message twice"},
        Mistake{"0 alice -> p1 INVITE sip:x  sdp  !body\n", "s.flow:5:34: '!body' stands in this message beside 'sdp'"},
        Mistake{"0 alice -> p1 200  reason A  reason B\n", "s.flow:5:30: 'reason' stands in this message twice"},
        Mistake{"0 alice -> p1 INVITE sip:x  credentials  credentials nc=1\n",
                "s.flow:5:42: 'credentials' stands in this message twice"},
        Mistake{"0 alice -> p1 INVITE sip:x  credentials nc=1 nc=2\n", "s.flow:5:46: 'nc' stands on this line twice"},
        Mistake{"0 alice -> p1 INVITE again  same $y\n", "s.flow:5:29: 'same' stands in this message beside 'again'"},
        Mistake{"0 p1 -> alice INVITE again  same $y\n", ""}, Mistake{"0 p1 -> alice INVITE  sdp  body $x\n", ""},
        Mistake{"0 alice -> p1 INVITE  same $x  same $y\n", "s.flow:5:32: 'same' stands in this message twice"},
        Mistake{"0 p1 -> alice 200  count Via 1  count v 2\n",
                "s.flow:5:33: 'count v' stands in this message beside 'count Via'"},
        Mistake{"link p1 p1 loss=1%\n", "s.flow:5:9: a link has two ends, and 'p1' is one already"},
        Mistake{"seed 1\nseed 2\n", "s.flow:6:1: 'seed' stands above already"},
        Mistake{"wall 2026-01-01T00:00:00Z\nwall 2026-01-01T00:00:00Z\n", "s.flow:6:1: 'wall' stands above already"},
        Mistake{"node p2 proxy stateful 192.0.2.9 websocket=yes\n", "s.flow:5:34: websocket takes no value"},
        Mistake{"node p2 proxy stateful 192.0.2.9 !trusted=no\n", "s.flow:5:34: !trusted takes no value"},
        Mistake{"node p2 proxy stateful 192.0.2.9 t1\n", "s.flow:5:34: t1 takes a value: t1=…"},
        Mistake{"rule p1 recurse=yes lookup\n", "s.flow:5:9: recurse takes no value"},
        Mistake{"rule p1 fork lookup\n", "s.flow:5:9: fork takes a value: fork=…"},
        Mistake{"party carol 192.0.2.3 rport=yes\n", "s.flow:5:23: rport takes no value"},
        Mistake{"auto carol 192.0.2.3 old-ack=yes\n", "s.flow:5:22: old-ack takes no value"}));

// What an action has no use for would be left out in silence.
INSTANTIATE_TEST_SUITE_P(
    RuleOptions, ScenarioMistake,
    testing::Values(
        Mistake{"rule p1 fork=serial register\n", "s.flow:5:9: a rule that registers has no use for 'fork'"},
        Mistake{"rule p1 register ring-timeout=2s\n",
                "s.flow:5:18: a rule that registers has no use for 'ring-timeout'"},
        Mistake{"rule p1 mode=stateful drop\n", "s.flow:5:9: a rule that drops has no use for 'mode'"},
        Mistake{"rule p1 challenge=x drop\n", "s.flow:5:9: a rule that drops has no use for 'challenge'"},
        Mistake{"rule p1 status=301 lookup\n", "s.flow:5:9: a rule that does not redirect has no use for 'status'"},
        Mistake{"rule p1 fork=q reject=403\n", "s.flow:5:9: a rule that rejects has no use for 'fork'"},
        Mistake{"rule p1 reject=302\n", "s.flow:5:9: expected a number from 400 to 699, got '302'"},
        Mistake{"rule p1 redirect=nowhere\n", "s.flow:5:9: expected location or a URI, got 'nowhere'"},
        Mistake{"rule p1 user=^(0 drop\n", "s.flow:5:9: '^(0' is no regular expression (RE2): missing ): ^(0"},
        Mistake{"rule p1 !header.X=a drop\n", "s.flow:5:9: what is not there has no value"},
        Mistake{"rule p1 transport=sctp drop\n", "s.flow:5:9: expected udp, tcp, tls, ws or wss, got 'sctp'"},
        Mistake{"rule p1 listener=tcp9 drop\n",
                "s.flow:5:9: expected a listener of the node, got 'tcp9'; did you mean 'tcp2'?"},
        Mistake{"rule p1 recurse register\n", "s.flow:5:9: a rule that registers has no use for 'recurse'"},
        Mistake{"rule p1 mode=stateless register\n", "s.flow:5:9: a rule that registers has no use for 'mode'"},
        Mistake{"rule p1 preferences=no notify=dialog\n",
                "s.flow:5:9: a rule that notifies has no use for 'preferences'"},
        Mistake{"rule p1 late-contacts relay=request-uri\n",
                "s.flow:5:9: a rule that relays has no use for 'late-contacts'"},
        Mistake{"rule p1 fork=q relay=request-uri\n",
                "s.flow:5:9: a rule that relays has no use for 'fork' without 'recurse'"},
        Mistake{"rule p1 recurse fork=q late-contacts relay=request-uri\n",
                "s.flow:5:24: a rule that relays has no use for 'late-contacts'"},
        Mistake{"rule p1 mode=stateful recurse fork=q preferences=no ring-timeout=2s relay=request-uri\n", ""},
        Mistake{"rule p1 mode=stateful recurse fork=q preferences=no ring-timeout=2s late-contacts lookup\n", ""}));

INSTANTIATE_TEST_SUITE_P(
    All, ScenarioMistake,
    testing::Values(
        Mistake{"prty carol 192.0.2.3\n",
                "s.flow:5:1: expected a time, or a word that begins a line, got 'prty'; did you mean 'party'?"},
        Mistake{"party alice 192.0.2.3\n", "s.flow:5:7: 'alice' is there already"},
        Mistake{"party carol 192.0.2.10\n", "s.flow:5:1: 192.0.2.10:5060 over UDP belongs to somebody already"},
        Mistake{"party carol 192.0.2.300\n",
                "s.flow:5:13: expected an address such as 192.0.2.1:5060, got '192.0.2.300'"},
        Mistake{"node p2 proxy stately 192.0.2.3\n",
                "s.flow:5:15: expected a mode, got 'stately'; there is 'stateful', 'call-stateful', 'stateless'"},
        Mistake{"node p2 proxy stateful 192.0.2.3 timer-d=soon\n",
                "s.flow:5:34: expected a duration such as 500ms or 3s, got 'soon'"},
        Mistake{"node p2 proxy stateful 192.0.2.3 colour=red\n",
                "s.flow:5:34: expected an address or an option, got 'colour'; there is 'record-route', 'outbound', "
                "'smime', 'websocket', "
                "'!trusted', 'domain', 'relay', 'server', 'timer-c', 'max-breadth', 'large-over-tcp', 'key', "
                "'min-expires', 'default-expires', 'max-expires', 'max-contacts', 'path', 'flow-timer', "
                "'service-route', 't1', 't2', 't4', 'timer-d', 'failover-after', 'dns-timeout', 'dns-min-ttl', "
                "'dns-max-ttl', 'dns-negative-ttl', 'dns-stale', 'dialog-lifetime', 'session-expires', 'min-se', "
                "'dialogs', 'subscriptions', 'subscriptions-per-source', 'mtu', 'transactions-per-source', "
                "'connections-per-source', 'idle-connection', 'idle-inbound', 'idle-outbound', 'outbound-connections', "
                "'advertise', 'store', 'store-timeout', 'cert', 'client-certificate'"},
        Mistake{
            "rule p1 method=INVITE\n",
            "s.flow:5:22: expected an action: register, lookup, notify=dialog, relay=…, redirect=…, reject=… or drop"},
        Mistake{"location sip:x@nowhere.net = bob\n", "s.flow:5:10: no node above has the domain nowhere.net"},
        Mistake{"link * loss=10\n", "s.flow:5:8: expected a share such as 10%, got 'loss=10'"},
        Mistake{"0 carol -> p1 INVITE sip:x\n", "s.flow:5:3: nobody is called 'carol' above"},
        Mistake{"0 alice => p1 INVITE sip:x\n",
                "s.flow:5:9: expected '->', '-x' or a verb, got '=>'; did you mean '->'?"},
        Mistake{"0 alice -> p1\n", "s.flow:5:14: expected a method, a status or raw \"\"\"…\"\"\""},
        Mistake{"0 alice -> p1 99\n", "s.flow:5:15: expected a status from 100 to 699, or 4xx, got '99'"},
        Mistake{"0 alice -> p1 4xx\n", "s.flow:5:1: a party sends one status, not a class"},
        Mistake{"0~1 alice -> p1 INVITE sip:x\n", "s.flow:5:1: alice sends at one time, not within a range"},
        Mistake{"2 p1 -> alice 100\n1 p1 -> alice 180\n", "s.flow:6:1: this time lies before 2.000 above"},
        Mistake{"0 p1 -> alice 100  Via\n",
                "s.flow:5:20: expected 'Name: value', 'Name = value', '!Name', 'count Name 2', body, sdp, signed, "
                "reason, credentials, as, same or again, got 'Via'"},
        Mistake{"0 p1 -> alice 100  To:\n", "s.flow:5:20: expected a value behind 'To' (* for any), got 'To:'"},
        Mistake{"0 p1 -> alice INVITE sip:x To: y\n", "s.flow:5:28: expected two spaces before a condition, got 'To:'"},
        Mistake{"0 alice -> p1 raw \"\"\"\n never closed\n",
                "s.flow:5:19: this block is never closed: expected a line with \"\"\" alone"},
        Mistake{"0 alice -> p1 raw \"\"\"\n  x\n  \"\"\"  as $x\n",
                "s.flow:7:3: the \"\"\" that ends a block stands alone: conditions go on the lines below"},
        Mistake{"0 alice -> p1 raw \"\"\"\\q\"\"\"\n", "s.flow:5:15: unknown escape or unbound name: \\q"},
        Mistake{"0 p1 live colours=1\n",
                "s.flow:5:11: expected a figure, got 'colours'; there is 'transactions', 'server-transactions', "
                "'client-transactions', 'contexts', 'queries', 'flows', 'bindings', 'dialogs', 'calls', "
                "'subscriptions', 'trunk-registrations', 'timers', 'waiting', 'requests-in', 'responses-in', "
                "'requests-out', "
                "'responses-out', 'retransmissions-in', 'rejected', 'refused', 'rate-limited', 'overload-refused', "
                "'overload-dropped', 'overload-held', 'limit-refused', 'strays', 'send-failures', 'stun-answered', "
                "'stun-ignored', 'dns-questions', 'store-requests', 'store-failures', 'store-conflicts', "
                "'http-requests', 'http-failures', 'routes-asked', 'routes-failed', 'routes-unasked', "
                "'known-lookups', 'user-lookups', 'user-lookup-failures', 'trunk-registers', "
                "'trunk-register-failures', 'reloads', 'reloads-refused', "
                "'identities-signed', 'identities-unsigned', "
                "'identities-passed', 'identities-failed', 'identities-absent', 'certificates-fetched', "
                "'certificate-failures'"},
        Mistake{"0 restart p1\n", "s.flow:5:3: no 'restart': write 'NODE restarts'"},
        Mistake{"0 store down\n", "s.flow:5:1: no node above has a store: write store=durable or store=NAME"},
        Mistake{"node p2 proxy stateful 192.0.2.3 store=db\n0 store cellar down\n",
                "s.flow:6:9: expected a store, down, up or slow= with a duration, got 'cellar'; there is 'db'"},
        Mistake{"node p2 proxy stateful 192.0.2.3 store=db\n0 store db slow=soon\n",
                "s.flow:6:12: expected a duration such as 10ms or 3s, got 'soon'"},
        Mistake{"media p1\n", "s.flow:5:1: no 'media': nodes relay no media in this version"},
        Mistake{"0 reload p1\n", "s.flow:5:3: no 'reload': write 'NODE reloads \"\"\"', and the configuration below"},
        Mistake{"node p2 proxy stateful 192.0.2.3 store=a,b\n",
                "s.flow:5:34: expected memory, durable or the name of a store that nodes share, got 'a,b'"},
        Mistake{"0 alice restarts\n", "s.flow:5:3: expected a node's name, got 'alice'"},
        Mistake{"0~1 p1 stops\n", "s.flow:5:1: this happens at one time, not within a range"},
        Mistake{"0 partition p1 alice\n", "s.flow:5:21: expected names on both sides of a '|'"},
        Mistake{"0 partition p1 | alice |\n", "s.flow:5:25: expected names on both sides of a '|'"},
        Mistake{"0 partition | alice\n", "s.flow:5:13: expected somebody's name before '|', got '|'"},
        Mistake{"0 partition p1 | carol\n", "s.flow:5:18: nobody is called 'carol' above"},
        Mistake{"0 partition p1 | p1\n", "s.flow:5:18: 'p1' stands on a side already"},
        Mistake{"0 heal p1\n", "s.flow:5:8: expected the end of the line, got 'p1'"},
        Mistake{"nat home 203.0.113.1\n", "s.flow:5:10: expected 'outside', got '203.0.113.1'"},
        Mistake{"nat home outside 203.0.113.1:5\n",
                "s.flow:5:18: expected an address such as 203.0.113.1, without a port, got '203.0.113.1:5'"},
        Mistake{"nat home outside 192.0.2.10\n", "s.flow:5:18: 192.0.2.10 is somebody's already"},
        Mistake{"nat home outside 203.0.113.1 alice\n", "s.flow:5:30: expected 'inside', got 'alice'"},
        Mistake{"nat home outside 203.0.113.1 inside\n", "s.flow:5:36: expected who is inside"},
        Mistake{"nat home outside 203.0.113.1 inside carol\n", "s.flow:5:37: nobody is called 'carol' above"},
        Mistake{"nat home outside 203.0.113.1 inside alice kind=cone\n",
                "s.flow:5:43: expected kind=full-cone, restricted, port-restricted or symmetric, got 'kind=cone'"},
        Mistake{"nat home outside 203.0.113.1 inside alice mapping=none\n",
                "s.flow:5:43: expected endpoint-independent, address-dependent or address-and-port-dependent, got "
                "'mapping=none'"},
        Mistake{"nat home outside 203.0.113.1 inside alice hairpin=maybe\n",
                "s.flow:5:43: expected hairpin=yes or hairpin=no, got 'hairpin=maybe'"},
        Mistake{"nat home outside 203.0.113.1 inside alice colour=red\n",
                "s.flow:5:43: expected an option of a NAT box, got 'colour'; there is 'kind', 'mapping', 'filtering', "
                "'timeout', 'tcp-timeout', 'hairpin'"},
        Mistake{"nat a outside 203.0.113.1 inside alice\nnat b outside 203.0.113.2 inside alice\n",
                "s.flow:6:34: 'alice' is behind a NAT box already"},
        Mistake{"nat a outside 203.0.113.1 inside alice\nnat b outside 203.0.113.2 inside a\n",
                "s.flow:6:34: a NAT box stands behind no other"},
        Mistake{"nat a outside 203.0.113.1 inside alice\n0 p1 -> a 200\n",
                "s.flow:6:9: what ends at a NAT box is lost: write '-x'"},
        Mistake{"nat a outside 203.0.113.1 inside alice\n0 a -> p1 BYE\n",
                "s.flow:6:3: a NAT box sends nothing of its own"},
        Mistake{"0 alice rebinds\n", "s.flow:5:3: expected a NAT box's name, got 'alice'"},
        Mistake{"0 p1 refuses\n", "s.flow:5:3: a node does not refuse; a party or auto does"},
        Mistake{"node p2 proxy stateful 192.0.2.3 relay=\n",
                "s.flow:5:34: expected a network such as 192.0.2.0/24, got ''"},
        Mistake{"node p2 proxy stateful 192.0.2.3 domain=,\n",
                "s.flow:5:34: expected a domain such as example.com, got ','"},
        Mistake{"node p2 proxy stateful 192.0.2.3 t1=0\n", "s.flow:5:34: expected a duration above zero, got '0'"},
        Mistake{"node p2 proxy stateful 192.0.2.3 min-expires=1.5s\n",
                "s.flow:5:34: expected whole seconds, got '1.5s'"},
        Mistake{"node p2 proxy stateful advertise=a.example 192.0.2.3\n",
                "s.flow:5:24: advertise= stands behind the addresses that it is for"},
        Mistake{"node p2 proxy stateful 192.0.2.3 advertise=\n", "s.flow:5:34: expected a host, got ''"},
        Mistake{"node p2 proxy stateful 192.0.2.3 record-route=yes\n", "s.flow:5:34: record-route takes no value"},
        Mistake{"rule p1 lookup register\n", "s.flow:5:16: a rule has one action, and this is another"},
        Mistake{"rule p1 method= lookup\n", "s.flow:5:9: expected methods such as INVITE,BYE, got ''"},
        Mistake{"rule p1 relay=<tel:+1>\n", "s.flow:5:9: expected request-uri or a SIP URI, got '<tel:+1>'"},
        Mistake{"party carol 192.0.2.3 aor=carol\n", "s.flow:5:23: expected aor= with a SIP URI, got 'aor=carol'"},
        Mistake{"location sip:bob@example.com = bob;q=0.1234\n",
                "s.flow:5:32: expected q from 0 to 1, with at most three decimals, got 'bob;q=0.1234'"},
        Mistake{"0~1 p1 idle\n", "s.flow:5:1: this happens at one time, not within a range"},
        Mistake{"0~1 bob calls sip:x@example.com via p1\n", "s.flow:5:1: this happens at one time, not within a range"},
        Mistake{"0~1 alice opens p1\n", "s.flow:5:1: this happens at one time, not within a range"},
        Mistake{"0~1 link * loss=1%\n", "s.flow:5:1: this happens at one time, not within a range"},
        Mistake{"0 alice opens 192.0.2.9:5060\n", "s.flow:5:15: expected the name of somebody, got '192.0.2.9:5060'"},
        Mistake{"0 bob closes 192.0.2.9:5060\n", "s.flow:5:14: expected the name of somebody, got '192.0.2.9:5060'"},
        Mistake{"0 bob calls carol via p1\n", "s.flow:5:13: expected a SIP URI, got 'carol'"},
        Mistake{"0 p1 -> 192.0.2.10 100\n", "s.flow:5:9: 192.0.2.10:5060 is somebody's: write the name"},
        Mistake{"0 alice -> p1 INVITE sip:x  count Via 1\n", "s.flow:5:29: 'count' checks what a node sends"},
        Mistake{"0 alice -> p1 INVITE again  Via: x\n",
                "s.flow:5:29: what is sent again goes byte for byte: only 'as $x' may stand here"},
        Mistake{"0 alice -> p1 INVITE  same $x  !Via\n",
                "s.flow:5:32: what is sent again goes byte for byte: only 'as $x' may stand here"},
        Mistake{"0 alice -> p1 INVITE sip:x  reason OK\n", "s.flow:5:29: a request has no reason phrase"},
        Mistake{"0 p1 -> alice INVITE  reason OK\n", "s.flow:5:23: a request has no reason phrase"},
        Mistake{"0 p1 -> alice INVITE  !Via: x\n", "s.flow:5:23: expected '!Name' and no value, got '!Via: x'"},
        Mistake{"wall 2026-02-29T00:00:00Z\n",
                "s.flow:5:6: expected a time such as 2026-01-01T00:00:00Z, got '2026-02-29T00:00:00Z'"},
        Mistake{"users nobody example.com a:b\n", "s.flow:5:7: expected the name of a node above, got 'nobody'"},
        Mistake{"users p1 example.com alice\n", "s.flow:5:22: expected NAME:PASSWORD or an option, got 'alice'"},
        Mistake{"users p1 example.com algorithms=SHA-1\n",
                "s.flow:5:22: expected algorithms such as SHA-256,MD5, got 'SHA-1'"},
        Mistake{"users p1 example.com colour=red\n",
                "s.flow:5:22: expected NAME:PASSWORD or an option, got 'colour'; there is 'algorithms', 'qop', "
                "'nonce-life', 'may-register', 'from', 'from-also', 'store', 'remember', 'stale'"},
        Mistake{"rule p1 challenge=nobody lookup\n", "s.flow:5:9: no 'users' line is there for the realm 'nobody'"},
        Mistake{"0 p1 -> alice INVITE  credentials\n", "s.flow:5:23: credentials are what a party writes"},
        Mistake{"0 alice -> p1 OPTIONS sip:x  credentials nc\n",
                "s.flow:5:42: expected user=, password=, or a parameter such as nc=00000001, got 'nc'"},
        Mistake{"dns example.com\n", "s.flow:5:16: expected A, AAAA, SRV, NAPTR or '*'"},
        Mistake{"dns example.com MX mail\n",
                "s.flow:5:17: expected a type of records, got 'MX'; there is 'A', 'AAAA', 'SRV', 'NAPTR', '*'"},
        Mistake{"dns example.com A\n", "s.flow:5:17: expected records, or one of none, fails, times-out, answers"},
        Mistake{"dns example.com A 2001:db8::1\n", "s.flow:5:17: expected an IPv4 address"},
        Mistake{"dns example.com SRV 10 60 5060\n", "s.flow:5:17: expected PRIORITY WEIGHT PORT TARGET"},
        Mistake{"dns example.com SRV 10 60 5060 a b\n", "s.flow:5:17: expected PRIORITY WEIGHT PORT TARGET"},
        Mistake{"dns example.com NAPTR 10 x s SIP+D2U a.example\n",
                "s.flow:5:17: expected ORDER PREFERENCE FLAGS SERVICE [REGEXP] REPLACEMENT"},
        Mistake{"dns example.com A fails 192.0.2.1\n",
                "s.flow:5:17: expected records, or one of none, fails, times-out, answers"},
        Mistake{"dns * A 192.0.2.1\n", "s.flow:5:7: expected none, fails, times-out or answers: '*' has no records"},
        Mistake{"dns example.com A 192.0.2.1 ttl=soon\n",
                "s.flow:5:29: expected a duration such as 10ms or 3s, got 'soon'"},
        Mistake{"0~1 dns example.com A fails\n", "s.flow:5:1: this happens at one time, not within a range"},
        Mistake{"distinct $a $b\n", "s.flow:5:1: $a stands in no line"},
        Mistake{"covers 16.7\n", "s.flow:5:8: expected a section such as RFC3261#16.7, got '16.7'"},
        Mistake{"seed -1\n", "s.flow:5:6: expected a number, got '-1'"},
        Mistake{"tags\n", "s.flow:5:5: expected tags such as slow"},
        Mistake{"tags 1st\n", "s.flow:5:6: expected a tag of letters, digits and '-', got '1st'"},
        Mistake{"partial now\n", "s.flow:5:9: expected the end of the line, got 'now'"},
        Mistake{"scenario t\n", "s.flow:5:10: one file, one scenario"},
        Mistake{"wall soon\n", "s.flow:5:6: expected a time such as 2026-01-01T00:00:00Z, got 'soon'"},
        Mistake{"distinct $a\n", "s.flow:5:12: expected two names or more, such as $b1 $b2"},
        Mistake{"distinct a b\n", "s.flow:5:10: expected names such as $b1 $b2, got 'a'"},
        Mistake{"node\n", "s.flow:5:5: expected the node's name"},
        Mistake{"node 1p proxy stateful 192.0.2.9\n", "s.flow:5:6: expected the node's name, got '1p'"},
        Mistake{"node link proxy stateful 192.0.2.9\n", "s.flow:5:6: 'link' is a word of the language"},
        Mistake{"node p2 porxy stateful 192.0.2.9\n", "s.flow:5:9: expected 'proxy' or 'config', got 'porxy'"},
        Mistake{"node p2 proxy statful 192.0.2.9\n",
                "s.flow:5:15: expected a mode, got 'statful'; did you mean 'stateful'?"},
        Mistake{"node p2 proxy stateful\n", "s.flow:5:23: expected an address such as 192.0.2.1:5060"},
        Mistake{"node p2 proxy stateful 192.0.2.9;transport=sctp\n",
                "s.flow:5:24: expected ;transport=udp, tcp, tls, ws or wss, got ';transport=sctp'"},
        Mistake{"node p2 proxy stateful 192.0.2.9 recrod-route\n",
                "s.flow:5:34: expected an address or an option, got 'recrod-route'; did you mean 'record-route'?"},
        Mistake{"node p2 proxy stateful 192.0.2.9 max-contact=3\n",
                "s.flow:5:34: expected an address or an option, got 'max-contact'; did you mean 'max-contacts'?"},
        Mistake{"node p2 proxy stateful 192.0.2.9 max-contacts=many\n", "s.flow:5:34: expected a number, got 'many'"},
        Mistake{"node p2 proxy stateful 192.0.2.9 large-over-tcp=maybe\n",
                "s.flow:5:34: expected yes or no, got 'maybe'"},
        Mistake{"node p2 proxy stateful 192.0.2.9 path=always\n",
                "s.flow:5:34: expected supported or required, got 'always'"},
        Mistake{"node p2 proxy stateful 192.0.2.9 client-certificate=yes\n",
                "s.flow:5:34: expected no, ask or require, got 'yes'"},
        Mistake{"party carol\n", "s.flow:5:12: expected an address such as 192.0.2.10:5060"},
        Mistake{"party carol 192.0.2.3 passwrod=x\n",
                "s.flow:5:23: expected an address or an option of a party, got 'passwrod'; did you mean 'password'?"},
        Mistake{"party carol 192.0.2.3 transport=sctp\n",
                "s.flow:5:23: expected transport=udp, tcp, tls, ws or wss, got 'transport=sctp'"},
        Mistake{
            "auto carol 192.0.2.3 ring-after=1s\n",
            "s.flow:5:22: expected an address or an option of an auto, got 'ring-after'; did you mean 'rings-after'?"},
        Mistake{"auto carol 192.0.2.3 rejects=200\n",
                "s.flow:5:22: expected rejects= with a status from 300 to 699, got 'rejects=200'"},
        Mistake{"auto carol 192.0.2.3 registers=alice\n",
                "s.flow:5:22: expected registers= with a node that has a domain, got 'registers=alice'"},
        Mistake{"auto carol 192.0.2.3 expires=0.5\n",
                "s.flow:5:22: expected whole seconds, and some, got 'expires=0.5'"},
        Mistake{"location bob\n", "s.flow:5:10: expected an address of record such as sip:bob@example.com, got 'bob'"},
        Mistake{"location sip:x@example.com bob\n", "s.flow:5:28: expected '=', got 'bob'"},
        Mistake{"location sip:x@example.com = carol\n",
                "s.flow:5:30: expected a party above or a URI in angle brackets, got 'carol'"},
        Mistake{"location sip:x@example.com = bob;p=1\n", "s.flow:5:30: expected q= or expires=, got 'bob;p=1'"},
        Mistake{"host example.com\n", "s.flow:5:17: expected '='"},
        Mistake{"host example.com =\n", "s.flow:5:19: expected an address"},
        Mistake{"link alice\n", "s.flow:5:11: expected the other end's name"},
        Mistake{"link alice p1\n", "s.flow:5:14: expected latency=, jitter=, loss=, duplicate= or reorder="},
        Mistake{"link alice p1 latncy=1s\n",
                "s.flow:5:15: expected what is to be said of the network, got 'latncy'; did you mean 'latency'?"},
        Mistake{"link * latency=fast\n", "s.flow:5:8: expected a duration such as 10ms or 3s, got 'fast'"},
        Mistake{
            "rule p1 lookpu\n",
            "s.flow:5:9: expected a condition, an option or an action of a rule, got 'lookpu'; did you mean 'lookup'?"},
        Mistake{
            "rule p1 mehtod=INVITE lookup\n",
            "s.flow:5:9: expected a condition, an option or an action of a rule, got 'mehtod'; did you mean 'method'?"},
        Mistake{"rule p1 mode=statful lookup\n",
                "s.flow:5:9: expected a mode, got 'statful'; did you mean 'stateful'?"},
        Mistake{"rule p1 fork=all lookup\n", "s.flow:5:9: expected parallel, serial or q, got 'all'"},
        Mistake{"rule p1 preferences=maybe lookup\n", "s.flow:5:9: expected no, yes or redirect, got 'maybe'"},
        Mistake{"users p1 example.com algorithm=MD5\n",
                "s.flow:5:22: expected NAME:PASSWORD or an option, got 'algorithm'; did you mean 'algorithms'?"},
        Mistake{"users p1 example.com qop=none\n",
                "s.flow:5:22: expected qop=auth, qop=auth,auth-int, from=own or may-register=any, got 'qop=none'"},
        Mistake{"dns example.com a 192.0.2.1\n", "s.flow:5:17: expected a type of records, got 'a'; did you mean 'A'?"},
        Mistake{"nat home outside 203.0.113.1 inside alice time-out=3s\n",
                "s.flow:5:43: expected an option of a NAT box, got 'time-out'; did you mean 'timeout'?"},
        Mistake{"0 alcie -> p1 BYE\n", "s.flow:5:3: nobody is called 'alcie' above; did you mean 'alice'?"},
        Mistake{"0 p1 idel\n", "s.flow:5:6: expected '->', '-x' or a verb, got 'idel'; did you mean 'idle'?"},
        Mistake{"0 p1 live trasactions=1\n",
                "s.flow:5:11: expected a figure, got 'trasactions'; did you mean 'transactions'?"},
        Mistake{"0 p1 live transactions\n",
                "s.flow:5:11: expected a figure and its value, such as transactions=2, got 'transactions'"},
        Mistake{"0 p1 live\n", "s.flow:5:10: expected a figure such as transactions=2"},
        Mistake{"0 p1 tells\n", "s.flow:5:11: expected an event such as dialog-ended"},
        Mistake{"0 alice idle\n", "s.flow:5:3: expected a node's name, got 'alice'"},
        Mistake{"0 alice calls sip:x@example.com via p1\n", "s.flow:5:3: expected the name of an auto, got 'alice'"},
        Mistake{"0 bob calls sip:x@example.com by p1\n", "s.flow:5:31: expected 'via', got 'by'"},
        Mistake{"0 bob calls sip:x@example.com via p1 until 3s\n", "s.flow:5:38: expected 'for', got 'until'"},
        Mistake{"0 bob gives in\n", "s.flow:5:13: expected 'up', got 'in'"},
        Mistake{"0 bob holds forever\n", "s.flow:5:13: expected 'inactive', or the end of the line, got 'forever'"},
        Mistake{"0 bob transfers sip:x@example.com\n",
                "s.flow:5:17: expected 'to' or 'attended', got 'sip:x@example.com'"},
        Mistake{"0 bob transfers attended soon\n", "s.flow:5:26: expected the end of the line, got 'soon'"},
        Mistake{"0 bob transfers to carol\n", "s.flow:5:20: expected a SIP URI, got 'carol'"},
        Mistake{"0 p1 -> alice 100  count Via\n", "s.flow:5:29: expected a number"},
        Mistake{"0 p1 -> alice 100  count Via two\n", "s.flow:5:30: expected a number, got 'two'"},
        Mistake{"0 p1 -> alice 100  as x\n", "s.flow:5:23: expected a name such as $first, got 'x'"},
        Mistake{"0 p1 -> alice 100  sdp here\n",
                "s.flow:5:20: expected 'Name: value', 'Name = value', '!Name', 'count Name 2', body, sdp, signed, "
                "reason, credentials, as, same or again, got 'sdp here'"},
        Mistake{"0 p1 -> alice 100  body\n", "s.flow:5:24: expected a block \"\"\"…\"\"\", a name such as $sdp, or *"},
        Mistake{"0 p1 -> alice 100  body two words\n",
                "s.flow:5:29: expected two spaces before the next condition, got 'words'"},
        Mistake{"0 p1 -> alice INV@ITE sip:x\n", "s.flow:5:15: expected a method, got 'INV@ITE'"},
        Mistake{"0 alice -> p1 rawish\n", "s.flow:5:15: expected raw \"\"\"…\"\"\", got 'rawish'"},
        Mistake{"0 alice -> p1 raw x\n", "s.flow:5:15: expected a block \"\"\"…\"\"\", got 'raw x'"},
        Mistake{"0 alice -> p1 200  credentials\n", "s.flow:5:20: only a request has credentials"},
        Mistake{"0 alice -> p1 raw \"\"\"x\"\"\"  Via: x\n", "s.flow:5:24: raw bytes take 'as $x' alone"},
        Mistake{"0 alice -> p1 raw \"\"\"x\n\"\"\"\n", "s.flow:5:22: a block of several lines begins below its \"\"\""},
        Mistake{"0:30 alice -> p1 BYE\n", "s.flow:5:1: expected a time such as 0.010, +0.5 or 1.0~1.5, got '0:30'"},
        Mistake{"2~1 p1 -> alice 100\n", "s.flow:5:1: expected a time such as 0.010, +0.5 or 1.0~1.5, got '2~1'"},
        Mistake{"x\n",
                "s.flow:5:1: expected a time, or a word that begins a line, got 'x'; there is 'scenario', 'covers', "
                "'tags', 'seed', 'partial', 'distinct', 'wall', 'fault', 'promises', 'node', 'party', 'auto', "
                "'location', 'host', "
                "'link', 'rule', 'users', 'dns', 'nat', 'times', 'acl', 'list', 'limit', 'trust', 'web', 'include', "
                "'repeat', "
                "'end', "
                "'table'"},
        Mistake{"seed 1 2\n", "s.flow:5:8: expected the end of the line, got '2'"},
        Mistake{"seed 1\n  2\n", "s.flow:6:3: only lines with a time go on below"},
        Mistake{"0 p1 idle\n  !Via\n", "s.flow:6:3: expected no condition here, got '!Via'"},
        Mistake{"fault\n", "s.flow:5:6: expected a kind of fault"},
        Mistake{"fault lose 1 p1\n",
                "s.flow:5:7: expected one of drop, duplicate, delay, reorder, close, dns-fails, dns-times-out, "
                "restart, timer-first, got 'lose'"},
        Mistake{"fault drop 0 p1 -> alice\n", "s.flow:5:12: expected which one, counted from 1, got '0'"},
        Mistake{"fault drop 1 p1 alice\n", "s.flow:5:17: expected '->', got 'alice'"},
        Mistake{"fault drop 1 p1 -> nobody\n", "s.flow:5:20: nobody is called 'nobody' above"},
        Mistake{"fault restart 1 alice\n", "s.flow:5:17: expected a node's name, got 'alice'"},
        Mistake{"0 alice -> 192.0.2.99 BYE\n", "s.flow:5:1: a party sends to somebody with a name"}));

TEST(ScenarioParser, AnEmptyWorldIsNoScenario) {
  const auto empty = parse_scenario("s.flow", "# Nothing.\nscenario s\n");
  ASSERT_FALSE(empty);
  EXPECT_THAT(empty.error().to_string(), StartsWith("s.flow:2:1: nothing happens in this scenario: "));
}

TEST(ScenarioParser, CertificatesAreSeveral) {
  const Scenario scenario = parsed("node p2 proxy stateful 192.0.2.9;transport=tls cert=a.example cert=b.example\n");
  EXPECT_THAT(std::get<NodeSetup>(scenario.inhabitants.at(3)).tls.certificates, SizeIs(2));
}

TEST(ScenarioParser, UsersMayStandBelowTheRuleThatAsksForThem) {
  EXPECT_EQ(error_of("rule p1 challenge=staff lookup\nusers p1 staff a:b\n"), "");
}

TEST(ScenarioParser, AMistakeIsShownWithItsLineAndACaret) {
  EXPECT_THAT(error_of("seed x\n"), HasSubstr("\n  seed x\n       ^"));
}

}  // namespace
}  // namespace intermediary::sim
