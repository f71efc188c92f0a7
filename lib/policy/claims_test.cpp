#include "policy/claims.h"

#include <gtest/gtest.h>

#include <string>

namespace intermediary {
namespace {

std::string json_trouble(std::string_view json) {
  const auto claims = parse_claims(json);
  return claims ? "" : claims.error();
}

TEST(Claims, AreATree) {
  const auto claims = parse_claims(R"( {"dest":{"tn":["1","2"]}, "iat" : 1443208345 ,"yes":true,"none":null} )");
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->find("iat")->text, "1443208345");
  EXPECT_EQ(claims->find("dest")->find("tn")->texts(), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(claims->find("yes")->kind, Claim::Kind::Boolean);
  EXPECT_EQ(claims->find("none")->kind, Claim::Kind::Null);
  EXPECT_EQ(claims->find("orig"), nullptr);
  EXPECT_EQ(claims->text_of("iat"), std::nullopt);
}

TEST(Claims, EscapesOfTextsAreUndone) {
  const auto claims = parse_claims(R"({"a":"\"\\\/\b\f\n\r\tA\u00e9\ud83d\ude00"})");
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->text_of("a"), "\"\\/\b\f\n\r\tA\xC3\xA9\xF0\x9F\x98\x80");
}

TEST(Claims, WhatStandsTwiceIsRefused) {
  EXPECT_EQ(json_trouble(R"({"iat":1,"iat":2})"), "'iat' stands twice in it");
  EXPECT_EQ(json_trouble(R"({"orig":{"tn":"1","\u0074n":"2"}})"), "'tn' stands twice in it");
}

TEST(Claims, WhatIsNoJsonIsRefused) {
  for (const std::string_view json :
       {"", "{", "{\"a\"}", "{\"a\":1,}", "[1,]", "{a:1}", "\"\x01\"", "\"\xff\"", R"("\ud800")", R"("\x")", "01", "1.",
        "+1", "nul", "{\"a\":1}}", "\"a", "[1 2]"}) {
    EXPECT_NE(json_trouble(json), "") << json;
  }
}

TEST(Claims, HaveLimits) {
  EXPECT_EQ(json_trouble(std::string(9000, ' ')), "it is too large");
  EXPECT_EQ(json_trouble("[[[[[[[[1]]]]]]]]"), "its JSON is nested too deep");
  EXPECT_EQ(json_trouble("[[[[[[1]]]]]]"), "");
}

}  // namespace
}  // namespace intermediary
