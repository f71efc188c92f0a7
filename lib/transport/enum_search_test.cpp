#include "transport/enum_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intermediary {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view number = "+31201234567";
const std::string domain = "7.6.5.4.3.2.1.0.2.1.3.e164.arpa";

NaptrRecord rule(std::uint16_t order, std::uint16_t preference, std::string regexp, std::string service = "E2U+sip",
                 std::string flags = "u") {
  return {order, preference, std::move(flags), std::move(service), std::move(regexp), ""};
}
NaptrRecord onward(std::uint16_t order, std::string name) { return {order, 10, "", "", "", std::move(name)}; }

class EnumSearchTest : public testing::Test {
 protected:
  void say(const std::string& name, std::vector<DnsRecord> records) {
    known_.insert_or_assign({name, DnsType::Naptr}, DnsAnswer{std::move(records), std::chrono::seconds(60)});
  }
  void fail(const std::string& name, DnsFailure::Kind kind) {
    known_.insert_or_assign({name, DnsType::Naptr}, std::unexpected(DnsFailure{kind, {}, {}}));
  }
  EnumFound search(const std::vector<std::string>& suffixes = {"e164.arpa"}) const {
    return search_enum(number, suffixes, known_);
  }
  std::vector<std::string> uris(const std::vector<std::string>& suffixes = {"e164.arpa"}) const {
    const EnumFound found = search(suffixes);
    EXPECT_FALSE(found.missing);
    std::vector<std::string> texts;
    for (const Uri& uri : found.uris) texts.push_back(uri.to_string());
    return texts;
  }

  DnsAnswers known_;
};

TEST_F(EnumSearchTest, AsksForTheNumberBackwards) {
  EXPECT_EQ(search().missing, (DnsQuestion{domain, DnsType::Naptr}));
  EXPECT_EQ(enum_domain("+442079460148", "e164.arpa"), "8.4.1.0.6.4.9.7.0.2.4.4.e164.arpa");
}

TEST_F(EnumSearchTest, OrdersByOrderThenPreferenceThenAsTheyCame) {
  say(domain, {rule(10, 20, "!^.*$!sip:c@x!"), rule(20, 1, "!^.*$!sip:worse@x!"), rule(10, 10, "!^.*$!sip:a@x!"),
               rule(10, 10, "!^.*$!sip:b@x!")});
  EXPECT_THAT(uris(), ElementsAre("sip:a@x", "sip:b@x", "sip:c@x"));
}

TEST_F(EnumSearchTest, PassesOverWhatIsOfNoUse) {
  say(domain, {rule(1, 1, "!^.*$!mailto:a@x!", "E2U+email:mailto"), rule(1, 2, "!^.*$!sip:a@x!", "E2U+sip", "x"),
               rule(1, 3, "no expression"), rule(1, 4, "!^\\+44!sip:a@x!"), rule(1, 5, "!^.*$!tel:+1!"),
               rule(1, 6, "!^.*$!sip:a@x!", "SIP+D2U"), rule(1, 7, "!^.*$!sip:a@x!", "E2U+P-sip"),
               rule(2, 1, "!^.*$!sip:good@x!")});
  EXPECT_THAT(uris(), ElementsAre("sip:good@x"));
}

TEST_F(EnumSearchTest, TakesEveryWayOfSayingSip) {
  say(domain, {rule(1, 1, "!^.*$!sip:a@x!", "e2u+SIP"), rule(1, 2, "!^.*$!sips:b@x!", "E2U+voice:tel+sip", "U"),
               rule(1, 3, "!^.*$!sip:c@x!", "sip+E2U"), rule(1, 4, "!^.*$!sip:d@x!", "E2U+sip:im")});
  EXPECT_THAT(uris(), ElementsAre("sip:a@x", "sips:b@x", "sip:c@x", "sip:d@x"));
}

TEST_F(EnumSearchTest, GoesOnWhereARuleLeads) {
  say(domain, {onward(1, "Carrier.example.net."), rule(2, 1, "!^.*$!sip:later@x!")});
  EXPECT_EQ(search().missing, (DnsQuestion{"carrier.example.net", DnsType::Naptr}));
  say("carrier.example.net", {rule(9, 9, "!^\\+(.*)$!sip:\\1@carrier!")});
  EXPECT_THAT(uris(), ElementsAre("sip:31201234567@carrier"));
}

TEST_F(EnumSearchTest, ComesBackFromWhereThereIsNothing) {
  say(domain, {onward(1, "a.example.net"), onward(1, "b.example.net"), onward(1, "not a name"),
               rule(2, 1, "!^.*$!sip:later@x!")});
  fail("a.example.net", DnsFailure::Kind::NoSuchName);
  fail("b.example.net", DnsFailure::Kind::TimedOut);
  EXPECT_THAT(uris(), ElementsAre("sip:later@x"));
}

TEST_F(EnumSearchTest, ALoopEnds) {
  say(domain, {onward(1, "a.example.net")});
  say("a.example.net", {onward(1, domain), rule(2, 1, "!^.*$!sip:out@x!")});
  EXPECT_THAT(uris(), ElementsAre("sip:out@x"));
  say("a.example.net", {onward(1, "a.example.net")});
  EXPECT_THAT(uris(), IsEmpty());
}

TEST_F(EnumSearchTest, NoWayIsTooLong) {
  std::string name = domain;
  for (int i = 0; i < 20; ++i) {
    const std::string next = "n" + std::to_string(i) + ".example.net";
    say(name, {onward(1, next)});
    name = next;
  }
  say(name, {rule(1, 1, "!^.*$!sip:far@x!")});
  EXPECT_THAT(uris(), IsEmpty());
}

TEST_F(EnumSearchTest, TheNextSuffixIsForWhatTheOneBeforeDoesNotKnow) {
  fail(domain, DnsFailure::Kind::NoSuchName);
  const std::string other = enum_domain(number, "enum.example");
  EXPECT_EQ(search({"e164.arpa", "enum.example"}).missing, (DnsQuestion{other, DnsType::Naptr}));
  say(other, {rule(1, 1, "!^.*$!sip:a@x!")});
  EXPECT_THAT(uris({"e164.arpa", "enum.example"}), ElementsAre("sip:a@x"));
}

TEST_F(EnumSearchTest, TroubleIsNotNothing) {
  fail(domain, DnsFailure::Kind::NoSuchName);
  EXPECT_EQ(search().trouble, "");
  fail(domain, DnsFailure::Kind::TimedOut);
  EXPECT_EQ(search().trouble, domain + ": no server answered");
}

std::string made(std::string_view expression) {
  const auto text = substituted(expression, number);
  return text ? *text : text.error();
}

TEST(EnumSubstitution, ReplacesAsSedDoes) {
  EXPECT_EQ(made("!^\\+31(..)(.*)$!sip:\\2@\\1.example.com!"), "sip:1234567@20.example.com");
  EXPECT_EQ(made("/^.*$/sip:a\\/b@x/"), "sip:a/b@x");
  EXPECT_EQ(made("!^.*$!sip:a\\!b@x!"), "sip:a!b@x");
  EXPECT_EQ(made("!^.*$!sip:\\0@x!"), "a backslash stands before what is no group");
  EXPECT_EQ(made("!^.*$!sip:a@x!i"), "sip:a@x");
  EXPECT_EQ(substituted("!^ABC$!x!i", "abc"), "x");
  EXPECT_FALSE(substituted("!^ABC$!x!", "abc"));
  // The longest match counts (POSIX), not the first alternative.
  EXPECT_EQ(made("!^(\\+31|\\+3120)!sip:!"), "sip:1234567");
}

TEST(EnumSubstitution, RefusesWhatIsNone) {
  EXPECT_EQ(made(""), "it is empty");
  EXPECT_EQ(made("!a!b"), "its delimiter does not stand there three times");
  EXPECT_EQ(made("!a!b!c!"), "its delimiter does not stand there three times");
  EXPECT_EQ(made("!a!b!g"), "it has other flags than 'i'");
  EXPECT_EQ(made("1a1b1"), "its delimiter is a digit, a flag or a backslash");
  EXPECT_EQ(made("iaibi"), "its delimiter is a digit, a flag or a backslash");
  EXPECT_EQ(made("!44!x!"), "it does not match");
  EXPECT_EQ(made("!^.*$!\\"), "its delimiter does not stand there three times");
  EXPECT_FALSE(substituted("!^.*$!\\3!", number));
  EXPECT_FALSE(substituted("!(!x!", number));
}

}  // namespace
}  // namespace intermediary
