#include "sim/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intermediary::sim {
namespace {

TEST(Pattern, StarStandsForAnything) {
  Bindings none;
  EXPECT_TRUE(matches_text("sip:*@example.com", "sip:bob@example.com", none));
  EXPECT_FALSE(matches_text("sip:*@example.com", "sip:bob@example.net", none));
}

TEST(Pattern, NameBindsOnceAndMustMatchAfterwards) {
  Bindings bindings;
  EXPECT_TRUE(matches_text("sip:$user@*", "sip:bob@example.com", bindings));
  EXPECT_EQ(bindings.at("user"), "bob");
  EXPECT_TRUE(matches_text("$user", "bob", bindings));
  EXPECT_FALSE(matches_text("$user", "bobby", bindings));
}

TEST(Pattern, NothingIsBoundWhenTheWholeDoesNotFit) {
  Bindings bindings;
  EXPECT_FALSE(matches_text("$a x", "bob y", bindings));
  EXPECT_TRUE(bindings.empty());
}

TEST(Pattern, ParametersFitInAnyOrderAndOthersDoNotMatter) {
  Bindings bindings;
  EXPECT_TRUE(matches_value("*;branch=$b", "SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bKa;received=192.0.2.9", bindings));
  EXPECT_EQ(bindings.at("b"), "z9hG4bKa");
  EXPECT_TRUE(matches_value("SIP/2.0/UDP 192.0.2.1", "SIP/2.0/UDP 192.0.2.1;branch=x", bindings));
  EXPECT_FALSE(matches_value("*;rport=5060", "SIP/2.0/UDP 192.0.2.1;rport", bindings));
  EXPECT_FALSE(matches_value("*;!rport", "SIP/2.0/UDP 192.0.2.1;rport", bindings));
  EXPECT_TRUE(matches_value("*;!rport", "SIP/2.0/UDP 192.0.2.1", bindings));
}

TEST(Pattern, ParametersInsideAngleBracketsBelongToTheHead) {
  Bindings bindings;
  EXPECT_TRUE(matches_value("<sip:192.0.2.1;lr>", "<sip:192.0.2.1;lr>", bindings));
  EXPECT_FALSE(matches_value("<sip:192.0.2.1;lr>", "<sip:192.0.2.1;lr;x=1>", bindings));
  EXPECT_TRUE(matches_value("<sip:192.0.2.1;lr*>", "<sip:192.0.2.1;lr;x=1>;q=1", bindings));
}

TEST(Pattern, BackslashMakesTheNextCharacterLiteral) {
  Bindings bindings;
  EXPECT_TRUE(matches_text("\\*", "*", bindings));
  EXPECT_FALSE(matches_text("\\*", "x", bindings));
  EXPECT_EQ(fill_in("\\*\\$a", bindings, "?"), "*$a");
}

TEST(Pattern, WritingKeepsTheUsualHeadForAStar) {
  Bindings bindings{{"t", "two"}};
  EXPECT_EQ(write_value("*;tag=one", bindings, "<sip:bob@example.com>;tag=bob-1"), "<sip:bob@example.com>;tag=one");
  EXPECT_EQ(write_value("*;tag=$t", bindings, "<sip:bob@example.com>"), "<sip:bob@example.com>;tag=two");
  EXPECT_EQ(write_value("*;!tag", bindings, "<sip:bob@example.com>;tag=x;y"), "<sip:bob@example.com>;y");
  EXPECT_EQ(write_value("<sip:carol@example.com>", bindings, "<sip:bob@example.com>;tag=x"), "<sip:carol@example.com>");
}

TEST(Pattern, BlocksHoldAnyByte) {
  Bindings bindings{{"b", "z9"}};
  EXPECT_EQ(expand_block("a\\r\\n\\x00\\\\\\{b}", &bindings).value(), std::string("a\r\n\0\\z9", 7));
  EXPECT_FALSE(expand_block("\\{unbound}", &bindings));
  EXPECT_FALSE(expand_block("\\q", &bindings));
  EXPECT_FALSE(expand_block("\\x4", &bindings));
}

}  // namespace
}  // namespace intermediary::sim
