#include "routing/rule.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

RuleQuery invite_to(std::string_view host, bool local = false) {
  return {.method = "INVITE", .ruri = {"", host, local}, .source = IpAddress::v4({192, 0, 2, 7})};
}

RuleMatch methods(std::vector<std::string> list) {
  RuleMatch match;
  match.methods = std::move(list);
  return match;
}
RuleMatch domains(std::vector<std::string> list) {
  RuleMatch match;
  match.ruri.domains = std::move(list);
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

RuleUri party(std::string_view user, std::string_view host, bool local = false) { return {user, host, local}; }
UriMatch users(const char* pattern) { return {.users = {*Pattern::compile(pattern)}}; }

TEST(RuleMatchTest, UsersAreSearchedForAPatternWithTheirEscapesUndone) {
  const RuleMatch match{.ruri = users("^[+0]")};
  RuleQuery query = invite_to("example.com");
  query.ruri.user = "+31201234567";
  EXPECT_TRUE(matches(match, query));
  query.ruri.user = "%2B31201234567";
  EXPECT_TRUE(matches(match, query));
  query.ruri.user = "bob";
  EXPECT_FALSE(matches(match, query));
}

TEST(RuleMatchTest, UserAndDomainOfOneUriBothCount) {
  RuleMatch match{.from = users("^bob$")};
  match.from.domains = {"local"};
  RuleQuery query = invite_to("example.com");
  EXPECT_FALSE(matches(match, query)) << "nobody knows who it is from";
  query.from = party("bob", "example.com", true);
  EXPECT_TRUE(matches(match, query));
  query.from = party("bob", "example.net");
  EXPECT_FALSE(matches(match, query));
  query.from = party("bobby", "example.com", true);
  EXPECT_FALSE(matches(match, query));
}

TEST(RuleMatchTest, ToIsNotTheRequestUri) {
  RuleQuery query = invite_to("example.com");
  query.to = party("bob", "example.net");
  EXPECT_TRUE(matches({.to = {.domains = {"example.net"}}}, query));
  EXPECT_FALSE(matches({.to = {.domains = {"example.com"}}}, query));
}

TEST(RuleMatchTest, WhereItCameInCounts) {
  RuleQuery query = invite_to("example.com");
  query.listener = "inside";
  query.transport = Transport::Tls;
  EXPECT_TRUE(matches({.listeners = {"outside", "inside"}, .transports = {Transport::Tls}}, query));
  EXPECT_FALSE(matches({.listeners = {"outside"}}, query));
  EXPECT_FALSE(matches({.transports = {Transport::Udp, Transport::Wss}}, query));
}

TEST(RuleMatchTest, ToTagsMakeADialog) {
  RuleQuery query = invite_to("example.com");
  EXPECT_FALSE(matches({.in_dialog = true}, query));
  EXPECT_TRUE(matches({.in_dialog = false}, query));
  query.in_dialog = true;
  EXPECT_TRUE(matches({.in_dialog = true}, query));
}

class FieldMatchTest : public testing::Test {
 protected:
  bool takes(const FieldMatch& field) const {
    RuleQuery query = invite_to("example.com");
    query.message = message_.get();
    return matches({.fields = {field}}, query);
  }
  const MessagePtr message_ = *Message::parse(
      "INVITE sip:bob@example.com SIP/2.0\r\nv: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
      "To: <sip:bob@example.com>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\ns: Hello\r\nX-Gate: one\r\nx-gate: two\r\n\r\n",
      Framing::Whole, Limits{});
};

TEST_F(FieldMatchTest, AnyOfThatNameMayHaveThePattern) {
  EXPECT_TRUE(takes({.name = "X-GATE", .pattern = Pattern::compile("^two$").value()}));
  EXPECT_FALSE(takes({.name = "X-Gate", .pattern = Pattern::compile("three").value()}));
}

TEST_F(FieldMatchTest, BeingThereIsEnoughWithoutAPattern) {
  EXPECT_TRUE(takes({.name = "X-Gate"}));
  EXPECT_FALSE(takes({.name = "X-Door"}));
}

TEST_F(FieldMatchTest, NotBeingThereIsACondition) {
  EXPECT_TRUE(takes({.name = "X-Door", .present = false}));
  EXPECT_FALSE(takes({.name = "X-Gate", .present = false}));
}

TEST_F(FieldMatchTest, LongAndCompactNamesAreOne) {
  EXPECT_TRUE(takes({.name = "Subject", .pattern = Pattern::compile("Hello").value()}));
  EXPECT_TRUE(takes({.name = "s"}));
  EXPECT_TRUE(takes({.name = "Via"}));
}

TEST(ReadsPartiesTest, FromOrTo) {
  EXPECT_FALSE(reads_parties({{"r", methods({"INVITE"}), LookupAction{}, {}}}));
  EXPECT_TRUE(reads_parties({{"r", {.from = users("a")}, LookupAction{}, {}}}));
  EXPECT_TRUE(reads_parties({{"r", {.to = {.domains = {"local"}}}, LookupAction{}, {}}}));
}

TEST(RuleMatchTest, EveryConditionMustHold) {
  RuleMatch match = methods({"INVITE"});
  match.ruri.domains = {"local"};
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

// ---- what the request alone does not say

class KnownFacts : public RuleFacts {
 public:
  bool is_time(std::string_view times) const override { return times == now; }
  bool allows(std::string_view access_list, const IpAddress&) const override { return access_list == "inside"; }
  bool lists(std::string_view list, std::string_view user, std::string_view) const override {
    return list == "vip" && user == "alice";
  }
  std::optional<Principal> principal(const Rule&) const override {
    ++asked;
    return who;
  }

  std::string now = "office";
  std::optional<Principal> who{};
  mutable int asked = 0;
};

class RuleFactsTest : public testing::Test {
 protected:
  RuleQuery query() const {
    RuleQuery query = invite_to("example.com");
    query.ruri.user = "alice";
    query.facts = &facts_;
    return query;
  }
  bool takes(const RuleMatch& match) const { return takes(match, query()); }
  static bool takes(const RuleMatch& match, const RuleQuery& query) {
    return choose({{"r", match, DropAction{}, std::nullopt}}, query) != nullptr;
  }
  static RuleMatch wants(const IdentityMatch& identity) {
    RuleMatch match;
    match.identity = identity;
    return match;
  }

  KnownFacts facts_;
};

TEST_F(RuleFactsTest, OneOfSeveralTimesSuffices) {
  RuleMatch match;
  match.times = {"night", "office"};
  EXPECT_TRUE(takes(match));
  match.times = {"night"};
  EXPECT_FALSE(takes(match));
}

TEST_F(RuleFactsTest, AnAccessListOrAPrefixSuffices) {
  RuleMatch match;
  match.access = {{"inside", true}};
  EXPECT_TRUE(takes(match));
  match.access = {{"inside", false}};
  EXPECT_FALSE(takes(match));
  match.access = {{"outside", false}};
  EXPECT_TRUE(takes(match));
  match.access = {{"outside", true}};
  EXPECT_FALSE(takes(match));
  match.sources = {*Cidr::parse("192.0.2.0/24")};
  EXPECT_TRUE(takes(match));
}

TEST_F(RuleFactsTest, ListsAreOfOneUri) {
  RuleMatch match;
  match.ruri.lists = {"blocked", "vip"};
  EXPECT_TRUE(takes(match));
  match.ruri.lists = {"blocked"};
  EXPECT_FALSE(takes(match));
  match.ruri.lists = {};
  match.from.lists = {"vip"};
  EXPECT_FALSE(takes(match)) << "a From that cannot be read";
}

TEST_F(RuleFactsTest, WhoIsUnknownIsTakenToBeAsked) {
  const RuleMatch match = wants({.known = true, .realm = "users", .users = {*Pattern::compile("^alice$")}});
  EXPECT_TRUE(takes(match));
  facts_.who = Principal{"alice", "alice", "example.com"};
  EXPECT_TRUE(takes(match));
  facts_.who = Principal{"bob", "bob", "example.com"};
  EXPECT_FALSE(takes(match));
}

TEST_F(RuleFactsTest, AnAckOrCancelIsNeverAsked) {
  RuleQuery ack = query();
  ack.may_be_asked = false;
  EXPECT_FALSE(takes(wants({.known = true, .realm = "users"}), ack));
  EXPECT_TRUE(takes(wants({.known = false, .realm = "users"}), ack));
  facts_.who = Principal{"alice", "alice", "example.com"};
  EXPECT_TRUE(takes(wants({.known = true, .realm = "users"}), ack));
}

TEST_F(RuleFactsTest, NobodyIsWhoShowsNothing) {
  const RuleMatch match = wants({.known = false, .realm = "users"});
  EXPECT_TRUE(takes(match));
  facts_.who = Principal{"alice", "alice", "example.com"};
  EXPECT_FALSE(takes(match));
}

TEST_F(RuleFactsTest, SomebodyMayStandInAList) {
  const RuleMatch match = wants({.known = true, .realm = "users", .users = {}, .lists = {"vip"}});
  facts_.who = Principal{"alice", "alice", "example.com"};
  EXPECT_TRUE(takes(match));
  facts_.who = Principal{"bob", "bob", "example.com"};
  EXPECT_FALSE(takes(match));
}

TEST_F(RuleFactsTest, NobodyIsLookedAtWhereAnotherConditionFails) {
  RuleMatch match = wants({.known = true, .realm = "users"});
  match.methods = {"REGISTER"};
  EXPECT_FALSE(takes(match));
  EXPECT_EQ(facts_.asked, 0);
}

}  // namespace
}  // namespace intermediary
