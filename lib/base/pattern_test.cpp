#include "base/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intermediary {
namespace {

using testing::HasSubstr;

TEST(PatternTest, IsFoundAnywhereUnlessAnchored) {
  const auto digits = Pattern::compile("[0-9]{3}");
  ASSERT_TRUE(digits);
  EXPECT_TRUE(digits->found_in("ab123"));
  EXPECT_FALSE(digits->found_in("12a3"));
  const auto prefix = Pattern::compile("^[+0]");
  EXPECT_TRUE(prefix->found_in("+3120"));
  EXPECT_FALSE(prefix->found_in("3120"));
  EXPECT_FALSE(prefix->found_in(""));
}

TEST(PatternTest, SaysWhatIsWrong) {
  EXPECT_THAT(Pattern::compile("^(0").error(), HasSubstr("missing )"));
  EXPECT_THAT(Pattern::compile("(a)\\1").error(), HasSubstr("invalid escape sequence"));
  EXPECT_THAT(Pattern::compile(std::string(1025, 'a')).error(), HasSubstr("longer than 1024"));
  EXPECT_THAT(Pattern::compile("((a{1000}){1000}){1000}").error(), HasSubstr("invalid repetition size"));
}

TEST(PatternTest, TakesAnyBytes) {
  const auto any = Pattern::compile("^.+$");
  EXPECT_TRUE(any->found_in(std::string_view("\xff\x80", 2)));
}

TEST(PatternTest, IsEqualByItsText) {
  EXPECT_EQ(*Pattern::compile("a+"), *Pattern::compile("a+"));
  EXPECT_FALSE(*Pattern::compile("a+") == *Pattern::compile("aa*"));
}

// The expression on which searches by backtracking take 2^n steps.
TEST(PatternTest, TakesTimeByItsSubjectAlone) {
  const auto evil = Pattern::compile("^(a+)+$");
  EXPECT_FALSE(evil->found_in(std::string(8000, 'a') + '!'));
}

}  // namespace
}  // namespace intermediary
