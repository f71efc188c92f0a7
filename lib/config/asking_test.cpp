#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "config/test_world.h"

namespace intermediary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view beginning =
    "listen = [{ on = \"udp:192.0.2.1:5060\" }, { on = \"tcp:192.0.2.1:5060\" }]\ndomains = "
    "[\"example.com\"]\n[pool.app]\npeers = "
    "[\"sip:192.0.2.9\"]\n";

std::string rule_that(std::string_view action) {
  return "[[rule]]\nname = \"asked\"\nwhen = { source = \"192.0.2.0/24\" }\ndo = { " + std::string(action) + " }\n";
}
Config loaded(const std::string& text) {
  auto result = load_config(std::string(beginning) + text, "c.toml", empty_surroundings());
  EXPECT_TRUE(result) << result.error().front().to_string();
  if (!result) return {};
  EXPECT_THAT(result->warnings, IsEmpty());
  EXPECT_EQ(problem_with(result->config), "");
  return result->config;
}
// Of the first problem, from behind the file's name.
std::string problem(const std::string& text) {
  const auto result = load_config(std::string(beginning) + text, "c.toml", empty_surroundings());
  if (!result) return result.error().front().to_string().substr(7);
  return result->warnings.empty() ? "none" : result->warnings.front().to_string().substr(7);
}

TEST(AskingConfigTest, ReadsWhomToAsk) {
  const Config config = loaded(
      "[route_query.crm]\nurl = \"https://routes.example.com/v1\"\ntimeout = \"300ms\"\nheaders = [\"X-A\", "
      "\"Subject\"]\n"
      "http_headers = { Authorization = \"Bearer x\" }\nfailures = 3\nrest = \"30s\"\n"
      "on_failure = { reject = 480, reason = \"Not Now\", retry_after = \"5s\" }\n"
      "[enum.public]\nsuffixes = [\"E164.arpa.\", \"enum.example\"]\nnot_found = \"next\"\n"
      "on_failure = { relay = [\"pool:app\"] }\n[enum.usual]\n[engine.own]\ntimeout = \"2s\"\n" +
      rule_that("ask = \"route_query:crm\"") +
      "[[rule]]\nname = \"b\"\nwhen = { source = \"198.51.100.1\" }\ndo = { ask = \"enum:public\" }\n"
      "[[rule]]\nname = \"c\"\nwhen = { source = \"198.51.100.2\" }\ndo = { ask = \"enum:usual\" }\n"
      "[[rule]]\nname = \"d\"\nwhen = { source = \"198.51.100.3\" }\ndo = { ask = \"engine:own\" }\n");
  const RouteSources& sources = config.route_sources;
  const RouteQuery wanted{.name = "crm",
                          .url = *HttpUrl::parse("https://routes.example.com/v1"),
                          .timeout = milliseconds(300),
                          .headers = {"X-A", "Subject"},
                          .fields = {{"Authorization", "Bearer x"}},
                          .failures = 3,
                          .rest = seconds(30),
                          .on_failure = RejectAction{480, "Not Now", seconds(5)}};
  EXPECT_THAT(sources.queries, ElementsAre(wanted));
  EXPECT_THAT(sources.zones, ElementsAre(EnumZone{.name = "public",
                                                  .suffixes = {"e164.arpa", "enum.example"},
                                                  .on_failure = RelayAction{.groups = {"pool:app"}},
                                                  .not_found = NextRule{}},
                                         EnumZone{.name = "usual", .suffixes = {"e164.arpa"}}));
  EXPECT_THAT(sources.engines, ElementsAre(RoutingEngineUse{.name = "own", .timeout = seconds(2)}));
  EXPECT_THAT(sources.references(), ElementsAre("route_query:crm", "enum:public", "enum:usual", "engine:own"));
  EXPECT_EQ(config.rules[0].action, (RuleAction(AskAction{.source = "route_query:crm"})));
}

TEST(AskingConfigTest, AskedRulesForkByQUnlessTheySaySo) {
  const std::string query = "[route_query.crm]\nurl = \"http://localhost/\"\n";
  const auto fork = [&](const std::string& more) {
    return std::get<AskAction>(loaded(query + rule_that("ask = \"route_query:crm\"" + more)).rules[0].action).fork;
  };
  EXPECT_EQ(fork("").mode, ForkMode::ByQ);
  EXPECT_EQ(fork(", fork = \"serial\", ring_timeout = \"20s\"").mode, ForkMode::Serial);
  EXPECT_EQ(fork(", ring_timeout = \"20s\"").ring_timeout, seconds(20));
}

TEST(AskingConfigTest, AGroupThatAnAnswerMayNameIsOfUse) {
  EXPECT_EQ(problem("[route_query.crm]\nurl = \"http://localhost/\"\n" + rule_that("ask = \"route_query:crm\"")),
            "none");
  EXPECT_EQ(problem("[enum.public]\n" + rule_that("ask = \"enum:public\"")),
            "3:7: warning: no rule has to do with pool:app");
}

TEST(AskingConfigTest, RefusesWhatCannotBe) {
  const std::string query = "[route_query.crm]\nurl = \"http://localhost/\"\n";
  const std::string asks = rule_that("ask = \"route_query:crm\"");
  EXPECT_EQ(problem(query + "tiemout = \"1s\"\n" + asks),
            "7:1: error: unknown key 'tiemout' in [route_query.crm]; did you mean 'timeout'?");
  EXPECT_EQ(problem(query + "headers = [\"X A\"]\n" + asks), "7:12: error: 'X A' is no name of a header field");
  EXPECT_EQ(problem(query + "http_headers = { X-A = \"a\\nb\" }\n" + asks),
            "7:18: error: 'X-A' is no header field of HTTP, or its value is no line of ASCII");
  EXPECT_EQ(problem(query + "on_failure = { reason = \"x\", relay = \"request-uri\" }\n" + asks),
            "7:16: error: 'reason' belongs to 'reject', which is missing here");
  EXPECT_EQ(problem(query + "on_failure = {}\n" + asks),
            "7:14: error: 'on_failure' of [route_query.crm] needs 'reject' or 'relay', one of them");
  EXPECT_EQ(problem(query + "on_failure = { relay = \"pool:apq\" }\n" + asks),
            "7:24: error: there is no [pool.apq] to relay to; did you mean 'pool:app'?");
  EXPECT_EQ(problem("[enum.public]\nsuffixes = [\"e164.arpa\", \"E164.ARPA\"]\n" + rule_that("ask = \"enum:public\"")),
            "6:26: error: 'E164.ARPA' stands here twice");
  EXPECT_EQ(problem(query + rule_that("ask = \"route_query:crm\", late_contacts = true")),
            "10:6: error: 'late_contacts' belongs to 'lookup', which is missing here");
  EXPECT_EQ(problem(query + rule_that("ask = \"route_query:crm\", mode = \"stateless\"")),
            "10:6: error: the rule 'asked' asks route_query:crm in a stateless proxy, which cannot wait; add mode = "
            "\"stateful\"");
}

}  // namespace
}  // namespace intermediary
