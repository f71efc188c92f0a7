// What rules name, in an engine made from code. What it does on the wire in detail is proved by scenarios.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine.h"

namespace intermediary {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Config config_with(const Rule& rule) {
  Config config;
  config.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
  config.times = {{.name = "always", .zone = {}, .windows = {TimeWindow{}}}};
  config.access_lists = {{.name = "inside", .allow = {*Cidr::parse("192.0.2.0/24")}, .deny = {}}};
  config.rate_limits = {RateLimit{.name = "few", .per = RateLimit::Per::Source, .burst = 2},
                        RateLimit{.name = "fewer", .per = RateLimit::Per::Everybody, .burst = 1}};
  config.rules = {rule};
  return config;
}

Rule rejecting(const RuleMatch& when) { return {"r", when, RejectAction{.status = 480}, std::nullopt}; }

// Those that redirect keep nothing that a test would have to wait for but their transaction.
Rule redirecting(std::vector<std::string> limits) {
  Rule rule{"r", {}, RedirectAction{.contacts = {*Uri::parse("sip:a@192.0.2.99")}}, std::nullopt};
  rule.limits = std::move(limits);
  return rule;
}

// The status line of the answer to a request that is like no other.
std::string asked(Engine& engine, std::chrono::microseconds time, const std::string& from = "192.0.2.10:5060") {
  static int number = 0;
  const std::string id = std::to_string(++number);
  engine.handle(at(time),
                DatagramReceived{ListenerId{1}, *Endpoint::parse(from),
                                 "MESSAGE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP " + from + ";branch=z9hG4bK" +
                                     id + "\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: " + id +
                                     "\r\nCSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"});
  std::string answer;
  while (auto output = engine.poll()) {
    if (const auto* transmit = std::get_if<Transmit>(&*output)) answer = transmit->bytes;
  }
  return answer;
}

Engine engine_with(const Config& config) {
  EXPECT_EQ(problem_with(config), "");
  return {config, seed_from_number(1)};
}

TEST(EnginePolicyTest, NoTimeHoldsBeforeTheWallClockIsKnown) {
  RuleMatch when;
  when.times = {"always"};
  Engine engine = engine_with(config_with(rejecting(when)));
  EXPECT_THAT(asked(engine, std::chrono::seconds(1)), StartsWith("SIP/2.0 404 "));
  engine.handle(at(std::chrono::seconds(2)), WallClock{WallTime(std::chrono::seconds(1'767'225'600))});
  EXPECT_THAT(asked(engine, std::chrono::seconds(3)), StartsWith("SIP/2.0 480 "));
}

TEST(EnginePolicyTest, OfSeveralLimitsAllGiveATokenOrNone) {
  Engine engine = engine_with(config_with(redirecting({"few", "fewer"})));
  EXPECT_THAT(asked(engine, std::chrono::milliseconds(1)), StartsWith("SIP/2.0 302 "));
  for (int i = 2; i < 10; ++i) {
    EXPECT_THAT(asked(engine, std::chrono::milliseconds(i)), StartsWith("SIP/2.0 503 ")) << i;
  }
  EXPECT_EQ(engine.counters().rate_limited, 8u);
  // Of "few" only one was taken: had refusals cost, it would be empty now.
  EXPECT_THAT(asked(engine, std::chrono::milliseconds(1001)), StartsWith("SIP/2.0 302 "));
  EXPECT_THAT(asked(engine, std::chrono::milliseconds(1002), "192.0.2.11:5060"), StartsWith("SIP/2.0 503 "));
}

TEST(EnginePolicyTest, ASaveHoldsWhatWasTaken) {
  const Config config = config_with(redirecting({"few"}));
  Engine engine = engine_with(config);
  EXPECT_THAT(asked(engine, std::chrono::milliseconds(1)), StartsWith("SIP/2.0 302 "));
  auto loaded = Engine::load(config, engine.save());
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_THAT(asked(*loaded, std::chrono::milliseconds(2)), StartsWith("SIP/2.0 302 "));
  EXPECT_THAT(asked(*loaded, std::chrono::milliseconds(3)), HasSubstr("\r\nRetry-After: 1\r\n"));
  EXPECT_THAT(asked(*loaded, std::chrono::milliseconds(4), "192.0.2.11:5060"), StartsWith("SIP/2.0 302 "));
}

TEST(EnginePolicyTest, WhatIsNamedMustBeThere) {
  const auto problem_of = [](const RuleMatch& when) { return problem_with(config_with(rejecting(when))); };
  RuleMatch when;
  when.times = {"never"};
  EXPECT_EQ(problem_of(when), "rule 'r' names times that there are not");
  when = {};
  when.access = {{"inside", true}, {"outside", true}};
  EXPECT_EQ(problem_of(when), "rule 'r' names an access list that there is not");
  when = {};
  when.to.lists = {"vip"};
  EXPECT_EQ(problem_of(when), "rule 'r' names a list that there is not");
  when = {};
  when.identity = IdentityMatch{.known = true, .realm = "users"};
  EXPECT_EQ(problem_of(when), "rule 'r' asks for users that there are not");
  EXPECT_EQ(problem_with(config_with(redirecting({"none"}))), "rule 'r' names a limit that there is not");
  Rule stateless = redirecting({"few"});
  stateless.mode = ProxyMode::Stateless;
  EXPECT_EQ(problem_with(config_with(stateless)), "rule 'r' limits without state: a repetition would be counted again");
}

}  // namespace
}  // namespace intermediary
