#include "routing/rule.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

RuleQuery invite_to(std::string_view host, bool local = false) {
  return {"INVITE", host, local, IpAddress::v4({192, 0, 2, 7})};
}

RuleMatch methods(std::vector<std::string> list) {
  RuleMatch match;
  match.methods = std::move(list);
  return match;
}
RuleMatch domains(std::vector<std::string> list) {
  RuleMatch match;
  match.ruri_domains = std::move(list);
  return match;
}
RuleMatch sources(std::vector<std::string_view> list) {
  RuleMatch match;
  for (const std::string_view prefix : list) match.sources.push_back(*Cidr::parse(prefix));
  return match;
}

TEST(RuleMatchTest, WithoutConditionsTakesEverything) {
  EXPECT_TRUE(matches({}, invite_to("example.com")));
  EXPECT_TRUE(matches({}, invite_to("")));
}

TEST(RuleMatchTest, ComparesMethodsExactly) {
  EXPECT_TRUE(matches(methods({"REGISTER", "INVITE"}), invite_to("example.com")));
  EXPECT_FALSE(matches(methods({"invite"}), invite_to("example.com")));
  EXPECT_FALSE(matches(methods({"INVIT", "INVITES"}), invite_to("example.com")));
}

TEST(RuleMatchTest, ComparesDomainsWithoutCase) {
  EXPECT_TRUE(matches(domains({"Example.COM"}), invite_to("eXample.com")));
  EXPECT_FALSE(matches(domains({"example.com"}), invite_to("sub.example.com")));
  EXPECT_FALSE(matches(domains({"example.com"}), invite_to("")));
}

TEST(RuleMatchTest, LocalMeansOurOwnDomains) {
  EXPECT_TRUE(matches(domains({"local"}), invite_to("example.com", true)));
  EXPECT_FALSE(matches(domains({"local"}), invite_to("example.com", false)));
  EXPECT_FALSE(matches(domains({"local"}), invite_to("local", false))) << "the word is not a host";
  EXPECT_TRUE(matches(domains({"local", "other.org"}), invite_to("other.org", false)));
}

TEST(RuleMatchTest, LooksAtTheSocketsAddress) {
  EXPECT_TRUE(matches(sources({"10.0.0.0/8", "192.0.2.0/24"}), invite_to("example.com")));
  EXPECT_FALSE(matches(sources({"10.0.0.0/8", "2001:db8::/32"}), invite_to("example.com")));
}

TEST(RuleMatchTest, EveryConditionMustHold) {
  RuleMatch match = methods({"INVITE"});
  match.ruri_domains = {"local"};
  match.sources = {*Cidr::parse("192.0.2.7")};
  EXPECT_TRUE(matches(match, invite_to("example.com", true)));
  EXPECT_FALSE(matches(match, invite_to("example.com", false)));
  RuleQuery other = invite_to("example.com", true);
  other.method = "MESSAGE";
  EXPECT_FALSE(matches(match, other));
  other = invite_to("example.com", true);
  other.source = IpAddress::v4({192, 0, 2, 8});
  EXPECT_FALSE(matches(match, other));
}

TEST(ChooseTest, TheFirstThatTakesItWins) {
  const std::vector<Rule> rules{{"registrations", methods({"REGISTER"}), RegisterAction{}, {}},
                                {"calls", methods({"INVITE"}), LookupAction{}, {}},
                                {"also-calls", methods({"INVITE"}), RelayAction{}, {}}};
  EXPECT_EQ(choose(rules, invite_to("example.com"))->name, "calls");
  RuleQuery other = invite_to("example.com");
  other.method = "MESSAGE";
  EXPECT_EQ(choose(rules, other), nullptr);
  EXPECT_EQ(choose({}, other), nullptr);
}

TEST(NamesSourceTest, OneRuleIsEnough) {
  const std::vector<Rule> rules{{"anybody", {}, LookupAction{}, {}},
                                {"trunk", sources({"198.51.100.0/24"}), RelayAction{}, {}}};
  EXPECT_TRUE(names_source(rules, IpAddress::v4({198, 51, 100, 9})));
  EXPECT_FALSE(names_source(rules, IpAddress::v4({192, 0, 2, 7}))) << "a rule for anybody names nobody";
}

}  // namespace
}  // namespace intermediary
