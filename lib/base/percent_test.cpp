#include "base/percent.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"

namespace intermediary {
namespace {

TEST(Percent, DecodesWhatRfc3986Section21Escapes) {
  EXPECT_EQ(percent_decoded("a%20b%2fc%2F"), "a b/c/");
  EXPECT_EQ(percent_decoded("%00"), std::string(1, '\0'));
  EXPECT_EQ(percent_decoded("+"), "+");
}

TEST(Percent, DoesNotGuessWhatAnEscapeThatIsNoneMeans) {
  for (const std::string_view text : {"%", "%4", "a%", "%g0", "%0g", "%%41", "% 1"}) {
    EXPECT_EQ(percent_decoded(text), std::nullopt) << text;
  }
}

TEST(Percent, LeavesUnreservedCharactersAndWhatItIsTold) {
  EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encoded("trunk:acme/gw 1"), "trunk%3Aacme%2Fgw%201");
  EXPECT_EQ(percent_encoded("trunk:acme/gw 1", ":/"), "trunk:acme/gw%201");
  EXPECT_EQ(percent_encoded("\xc3\xa9"), "%C3%A9");
}

RC_GTEST_PROP(Percent, GivesBackWhatItEscaped, (const std::string& text)) {
  const std::string encoded = percent_encoded(text);
  for (const char c : encoded) RC_ASSERT(is_alpha(c) || is_digit(c) || std::string_view("-._~%").contains(c));
  RC_ASSERT(percent_decoded(encoded) == text);
}

}  // namespace
}  // namespace intermediary
