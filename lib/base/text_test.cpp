#include "base/text.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

TEST(ParseDecimal, TakesDigitsUpToTheLargestValue) {
  EXPECT_EQ(parse_decimal<std::uint8_t>("0"), 0);
  EXPECT_EQ(parse_decimal<std::uint8_t>("255"), 255);
  EXPECT_EQ(parse_decimal<std::uint8_t>("000255"), 255);
  EXPECT_EQ(parse_decimal<std::uint32_t>("4294967295"), 4294967295U);
  EXPECT_EQ(parse_decimal<std::uint64_t>("18446744073709551615"), ~std::uint64_t{0});
}

TEST(ParseDecimal, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(parse_decimal<std::uint8_t>("256"));
  EXPECT_FALSE(parse_decimal<std::uint8_t>("2550"));
  EXPECT_FALSE(parse_decimal<std::uint32_t>("4294967296"));
  EXPECT_FALSE(parse_decimal<std::uint64_t>("18446744073709551616"));
}

TEST(ParseDecimal, RefusesWhatIsNoRunOfDigits) {
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1a", "0x1"}) EXPECT_FALSE(parse_decimal<int>(text)) << text;
}

TEST(Text, ATokenIsWhatTheGrammarSays) {
  EXPECT_TRUE(is_token("INVITE-.!%*_+`'~09"));
  EXPECT_FALSE(is_token(""));
  EXPECT_FALSE(is_token("a b"));
  EXPECT_FALSE(is_token("a@b"));
}

TEST(Text, CaseOfAsciiAloneIsIgnored) {
  EXPECT_TRUE(equals_ignoring_case("Call-ID", "cALL-id"));
  EXPECT_FALSE(equals_ignoring_case("Call-ID", "Call-I"));
  EXPECT_FALSE(equals_ignoring_case("\xc4", "\xe4"));
}

}  // namespace
}  // namespace intermediary
