// Requests that wait for whoever is asked where they go: what the scenarios in conformance/scenarios/asking cannot
// show, for no peer says it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "engine/engine.h"

namespace intermediary {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

Config asking(const std::string& source) {
  Config config;
  config.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
  config.domains = {"example.com"};
  config.groups = {{.name = "app", .peers = {{.name = "a", .uri = *Uri::parse("sip:192.0.2.30")}}}};
  config.route_sources.queries = {
      {.name = "crm", .url = *HttpUrl::parse("https://routes.example.com/v1"), .headers = {"X-A"}, .failures = 2}};
  config.route_sources.zones = {{.name = "public", .suffixes = {"e164.arpa"}}};
  config.route_sources.engines = {{.name = "own"}};
  config.rules = {{"asked", {.ruri = {.domains = {"local"}}}, AskAction{.source = source}, std::nullopt},
                  {"next", {}, RelayAction{.target = *Uri::parse("sip:192.0.2.40")}, std::nullopt}};
  return config;
}

class RouteAskingTest : public testing::Test {
 protected:
  explicit RouteAskingTest(const std::string& source = "route_query:crm")
      : config_(asking(source)), engine_(config_, seed_from_number(1)) {}

  void feed(Input input) {
    engine_.handle(now_, std::move(input));
    while (auto output = engine_.poll()) {
      if (auto* http = std::get_if<HttpRequest>(&*output)) http_.push_back(std::move(*http));
      if (auto* asked = std::get_if<RouteAsked>(&*output)) asked_.push_back(std::move(*asked));
      if (const auto* event = std::get_if<Event>(&*output)) events_.push_back(to_line(*event));
      const auto* sent = std::get_if<Transmit>(&*output);
      if (!sent) continue;
      const bool is_answer = sent->bytes.starts_with("SIP/2.0 ");
      sent_.push_back(is_answer ? sent->bytes.substr(8, 3)
                                : sent->bytes.substr(0, sent->bytes.find(" SIP/2.0")) + " to " +
                                      sent->hop.remote.to_string());
      bytes_.push_back(sent->bytes);
    }
  }
  void invite(const std::string& id, const std::string& uri = "sip:bob@example.com", std::string method = "INVITE") {
    std::string text = method;
    text += " " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK" + id +
            "\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=a\r\nTo: <" + uri + ">\r\nCall-ID: " + id +
            "\r\nCSeq: 1 " + method + "\r\nX-A: one\r\nContent-Length: 0\r\n\r\n";
    feed(DatagramReceived{ListenerId{1}, *Endpoint::parse("192.0.2.20:5060"), text});
  }
  void reply(HttpResult result) { feed(HttpReplied{http_.back().query, std::move(result)}); }
  void reply(const std::string& body) { reply(HttpAnswer{200, "application/json", std::nullopt, body}); }
  void fail() { reply(std::unexpected(HttpFailure{HttpFailure::Kind::Unreachable, "no connection"})); }
  void decide(RouteDecision decision) { feed(RouteDecided{asked_.back().query, std::move(decision)}); }
  void pass(Duration time) {
    now_ += time;
    feed(DeadlineReached{});
  }
  void load_anew() {
    auto loaded = Engine::load(engine_.config(), engine_.save());
    ASSERT_TRUE(loaded) << loaded.error();
    engine_ = *std::move(loaded);
  }
  const AskCounters& counted() const { return engine_.counters().asks; }

  TimePoint now_ = at(seconds(1));
  Config config_;
  Engine engine_;
  std::vector<HttpRequest> http_;
  std::vector<RouteAsked> asked_;
  std::vector<std::string> events_, sent_, bytes_;
};

TEST_F(RouteAskingTest, AsksWithWhatTheRequestSays) {
  invite("one");
  ASSERT_THAT(http_, SizeIs(1));
  const HttpOrder& order = http_[0].order;
  EXPECT_EQ(order.method, "POST");
  EXPECT_EQ(order.url.to_string(), "https://routes.example.com/v1");
  EXPECT_EQ(order.timeout, seconds(1));
  EXPECT_TRUE(order.may_be_inside);
  EXPECT_THAT(order.body, HasSubstr(R"("request_uri":"sip:bob@example.com")"));
  EXPECT_THAT(order.body, HasSubstr(R"("headers":[["X-A","one"]])"));
  EXPECT_THAT(sent_, ElementsAre("100"));
  EXPECT_EQ(engine_.live().queries, 1u);
}

TEST_F(RouteAskingTest, GoesWhereItIsTold) {
  invite("one");
  reply(R"({"targets":[{"uri":"sip:bob@192.0.2.50"}],"headers":{"X-A":"two","X-B":"b"}})");
  EXPECT_THAT(sent_, ElementsAre("100", "INVITE sip:bob@192.0.2.50 to 192.0.2.50:5060"));
  EXPECT_THAT(bytes_.back(), HasSubstr("X-A: two\r\n"));
  EXPECT_THAT(bytes_.back(), HasSubstr("X-B: b\r\n"));
  EXPECT_EQ(engine_.live().queries, 0u);
}

TEST_F(RouteAskingTest, GoesByGroupsThatItIsTold) {
  invite("one");
  reply(R"({"targets":[{"group":"pool:app","uri":"sip:carol@example.com"}]})");
  EXPECT_EQ(sent_.back(), "INVITE sip:carol@example.com to 192.0.2.30:5060");
  invite("two");
  reply(R"({"targets":[{"group":"pool:other"}]})");
  EXPECT_EQ(sent_.back(), "503");
  EXPECT_THAT(events_, Contains(HasSubstr("it says pool:other, which there is not")));
}

TEST_F(RouteAskingTest, NobodySetsWhatIsTheProxysOwn) {
  invite("one");
  reply(R"({"targets":[{"uri":"sip:bob@192.0.2.50"}],"headers":{"Via":"x"}})");
  EXPECT_EQ(sent_.back(), "503");
  invite("two");
  reply(R"({"targets":[{"uri":"sip:bob@192.0.2.50"}],"headers":{"X-A":"x\r\nVia: y"}})");
  EXPECT_EQ(sent_.back(), "503");
  EXPECT_EQ(counted().routes_failed, 2u);
}

TEST_F(RouteAskingTest, AReplyThatComesTooLateChangesNothing) {
  invite("one");
  pass(seconds(1));
  EXPECT_THAT(sent_, ElementsAre("100", "503"));
  reply(R"({"continue":true})");
  EXPECT_THAT(sent_, SizeIs(2));
  EXPECT_EQ(engine_.live().queries, 0u);
  EXPECT_EQ(counted().http_failures, 1u);
}

TEST_F(RouteAskingTest, ARepetitionEndsAtItsTransaction) {
  invite("one");
  invite("one");
  EXPECT_THAT(http_, SizeIs(1));
  EXPECT_THAT(sent_, ElementsAre("100", "100"));
}

TEST_F(RouteAskingTest, ACircuitOpensAndTriesOnceAfterItsRest) {
  for (const char* id : {"one", "two"}) {
    invite(id);
    fail();
  }
  EXPECT_THAT(events_, Contains(HasSubstr("route-source-changed source=route_query:crm state=down")));
  invite("three");
  EXPECT_THAT(http_, SizeIs(2));
  EXPECT_EQ(sent_.back(), "503");
  EXPECT_EQ(counted().routes_unasked, 1u);
  pass(seconds(10));
  load_anew();
  invite("four");
  invite("five");  // only one is to find out
  EXPECT_THAT(http_, SizeIs(3));
  fail();
  invite("six");
  EXPECT_THAT(http_, SizeIs(3));
  pass(seconds(10));
  invite("seven");
  ASSERT_THAT(http_, SizeIs(4));
  reply(R"({"continue":true})");
  EXPECT_EQ(sent_.back(), "INVITE sip:bob@example.com to 192.0.2.40:5060");
  EXPECT_THAT(events_, Contains(HasSubstr("route-source-changed source=route_query:crm state=up")));
  invite("eight");
  EXPECT_THAT(http_, SizeIs(5));
}

TEST_F(RouteAskingTest, AnEngineThatWasLoadedGoesOnWaiting) {
  invite("one");
  load_anew();
  reply(R"({"reject":{"status":404,"reason":"Not Here"}})");
  EXPECT_THAT(bytes_.back(), StartsWith("SIP/2.0 404 Not Here\r\n"));
}

TEST_F(RouteAskingTest, WhatWaitsGoesByTheRuleThatAsked) {
  invite("one");
  config_.rules[0].name = "renamed";
  config_.rules[0].action = RejectAction{403};
  feed(ConfigurationChanged{config_});
  reply(R"({"targets":[{"uri":"sip:bob@192.0.2.50"}]})");
  EXPECT_EQ(sent_.back(), "INVITE sip:bob@192.0.2.50 to 192.0.2.50:5060");
  EXPECT_THAT(events_, Contains(HasSubstr("changed=")));
}

TEST_F(RouteAskingTest, WhereNoRuleIsAfterAReloadItComesAgain) {
  invite("one");
  config_.rules[0].name = "renamed";
  feed(ConfigurationChanged{config_});
  reply(R"({"continue":true})");
  EXPECT_EQ(sent_.back(), "503");
}

TEST_F(RouteAskingTest, NoMoreWaitThanThereIsRoomFor) {
  config_.limits.transactions_per_source = 100'000;
  engine_ = Engine(config_, seed_from_number(1));
  for (std::size_t i = 0; i <= limit::http_waits; ++i) {
    EXPECT_THAT(sent_, IsEmpty());
    invite("id" + std::to_string(i), "sip:bob@example.com", "MESSAGE");
  }
  EXPECT_THAT(http_, SizeIs(limit::http_waits));
  EXPECT_THAT(sent_, ElementsAre("503"));
  EXPECT_EQ(counted().routes_unasked, 1u);
}

class RoutingEngineTest : public RouteAskingTest {
 protected:
  RoutingEngineTest() : RouteAskingTest("engine:own") {}
};

TEST_F(RoutingEngineTest, IsAskedByValuesAndAnswersLater) {
  invite("one");
  ASSERT_THAT(asked_, SizeIs(1));
  EXPECT_EQ(asked_[0].engine, "own");
  EXPECT_EQ(asked_[0].facts.rule, "asked");
  EXPECT_EQ(asked_[0].facts.request_uri, "sip:bob@example.com");
  EXPECT_EQ(asked_[0].facts.source, *Endpoint::parse("192.0.2.20:5060"));
  EXPECT_EQ(engine_.live().queries, 1u);
  load_anew();
  decide(RouteTo{{{*Uri::parse("sip:bob@192.0.2.50"), "", 1000}}});
  EXPECT_THAT(sent_, ElementsAre("100", "INVITE sip:bob@192.0.2.50 to 192.0.2.50:5060"));
  decide(RouteNext{});  // once is enough
  EXPECT_THAT(sent_, SizeIs(2));
}

TEST_F(RoutingEngineTest, WhateverItSaysIsJudged) {
  const std::vector<RouteDecision> wrong = {RouteTo{},
                                            RouteTo{{{}}},
                                            RouteTo{{{*Uri::parse("tel:+31")}}},
                                            RouteTo{{{*Uri::parse("sip:b@x"), "", 1001}}},
                                            RouteTo{{{*Uri::parse("sip:b@x")}}, {{"X A", "b"}}},
                                            RouteReject{200},
                                            RouteFailed{"it is tired"}};
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    invite("id" + std::to_string(i));
    decide(wrong[i]);
    EXPECT_EQ(sent_.back(), "503") << i;
  }
  EXPECT_EQ(counted().routes_failed, wrong.size());
  EXPECT_THAT(events_, Contains(HasSubstr("reason=\"it is tired\"")));
}

TEST_F(RoutingEngineTest, IsWaitedForNoLongerThanItMay) {
  invite("one");
  pass(seconds(1));
  EXPECT_THAT(sent_, ElementsAre("100", "503"));
  decide(RouteNext{});
  EXPECT_THAT(sent_, SizeIs(2));
  EXPECT_EQ(engine_.live().queries, 0u);
}

TEST(AskingConfig, HasWhatItsRulesName) {
  EXPECT_EQ(problem_with(asking("route_query:crm")), "");
  EXPECT_EQ(problem_with(asking("enum:crm")), "rule 'asked' asks enum:crm, which there is not");
  Config stateless = asking("engine:own");
  stateless.proxy.mode = ProxyMode::Stateless;
  EXPECT_THAT(problem_with(stateless), HasSubstr("without state"));
  Config relays = asking("engine:own");
  relays.route_sources.engines[0].on_failure = RelayAction{.groups = {"pool:x"}};
  EXPECT_EQ(problem_with(relays), "engine:own relays to pool:x, which there is not");
}

}  // namespace
}  // namespace intermediary
