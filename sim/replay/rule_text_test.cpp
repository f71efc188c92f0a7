#include "sim/replay/rule_text.h"

#include <gtest/gtest.h>

#include "sim/node_options.h"

namespace intermediary::sim {
namespace {

Config one_listener() {
  Config config;
  config.listeners = {{"inside", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
  return config;
}

Rule read_back(const std::string& text) {
  Words words(Piece{text, {}});
  return parse_rule(words, 1).rule;
}

class RuleText : public testing::TestWithParam<const char*> {};

TEST_P(RuleText, IsWhatTheLanguageReads) {
  const Rule rule = read_back(GetParam());
  EXPECT_EQ(read_back(rule_text(rule, one_listener())), rule) << rule_text(rule, one_listener());
}

INSTANTIATE_TEST_SUITE_P(
    All, RuleText,
    testing::Values("name=a register", "name=a method=INVITE,BYE domain=local lookup",
                    "name=a user=^[+0] from-user=^a$ from-domain=local to-user=b to-domain=example.net drop",
                    "name=a source=192.0.2.0/24 transport=udp,tls dialog=no reject=404",
                    "name=a header.X-Gate=^a$ header.Subject !header.X-Door dialog=yes relay=request-uri",
                    "name=a status=301 redirect=<sip:bob@example.net>", "name=a redirect=location",
                    "name=a mode=stateful fork=q ring-timeout=2s recurse late-contacts lookup",
                    "name=a source=10.0.0.0/8,acl:inside,!acl:outside time=office,night limit=calls,all lookup",
                    "name=a list=vip from-list=staff to-list=staff,vip relay=request-uri", "name=a notify=dialog"));

TEST(RuleTextTest, OfSeveralExpressionsMakesOne) {
  Rule rule{"a", {.ruri = {.users = {*Pattern::compile("^0"), *Pattern::compile("^[+]")}}}, DropAction{}, {}};
  const std::string text = rule_text(rule, one_listener());
  EXPECT_EQ(text, "name=a user=(?:^0)|(?:^[+]) drop");
  const Rule read = read_back(text);
  EXPECT_TRUE(read.when.ruri.users.front().found_in("+31"));
  EXPECT_FALSE(read.when.ruri.users.front().found_in("31"));
}

TEST(RuleTextTest, NamesListenersAsTheNodeOfAScenarioDoes) {
  const Rule rule{"a", {.listeners = {"inside"}}, DropAction{}, {}};
  EXPECT_EQ(rule_text(rule, one_listener()), "name=a listener=udp1 drop");
}

}  // namespace
}  // namespace intermediary::sim
