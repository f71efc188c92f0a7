#include "routing/feature_set.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace intermediary {
namespace {

FeatureSet features(std::string_view text) {
  const auto parameters = scan_parameters(text);
  EXPECT_TRUE(parameters) << parameters.error();
  const auto set = feature_set(*parameters);
  EXPECT_TRUE(set) << set.error();
  return *set;
}

bool match(std::string_view a, std::string_view b) {
  const bool forth = matches(features(a), features(b)), back = matches(features(b), features(a));
  EXPECT_EQ(forth, back);
  return forth;
}

std::string problem(std::string_view text) {
  const auto parameters = scan_parameters(text);
  if (!parameters) return parameters.error();
  const auto set = feature_set(*parameters);
  return set ? "" : set.error();
}

TEST(FeatureSetTest, TakesFeatureParametersAlone) {
  const FeatureSet set = features(";q=0.7;audio;Methods=\"INVITE, bye\";+sip.Message;other-param=66372;expires=60");
  ASSERT_EQ(set.terms.size(), 3);
  EXPECT_EQ(set.terms[0].tag, "sip.audio");
  EXPECT_EQ(set.terms[0].values[0].text, "true");
  EXPECT_EQ(set.terms[1].tag, "sip.methods");
  EXPECT_EQ(set.terms[1].values[1].text, "bye");
  EXPECT_EQ(set.terms[2].tag, "sip.message");
}

TEST(FeatureSetTest, DecodesTags) {  // RFC 3841 §8
  EXPECT_TRUE(features(";+g!example'feature").find("g:example/feature"));
  EXPECT_TRUE(features(";language=\"en\"").find("language"));
  EXPECT_TRUE(features(";type=\"x\"").find("type"));
}

TEST(FeatureMatchTest, TokensHaveNoCaseAndStringsHave) {
  EXPECT_TRUE(match(";class=\"Business\"", ";class=\"business\""));
  EXPECT_FALSE(match(";class=\"business\"", ";class=\"personal\""));
  EXPECT_TRUE(match(";+x=\"<Text>\"", ";+x=\"<Text>\""));
  EXPECT_FALSE(match(";+x=\"<Text>\"", ";+x=\"<text>\""));
  EXPECT_FALSE(match(";+x=\"<text>\"", ";+x=\"text\"")) << "a string is no token";
  EXPECT_FALSE(match(";audio", ";audio=\"FALSE\""));
  EXPECT_TRUE(match(";audio", ";video=\"FALSE\"")) << "different tags do not meet";
}

TEST(FeatureMatchTest, OneCommonValueIsEnough) {
  EXPECT_TRUE(match(";methods=\"INVITE,BYE\"", ";methods=\"BYE,MESSAGE\""));
  EXPECT_FALSE(match(";methods=\"INVITE,BYE\"", ";methods=\"OPTIONS,MESSAGE\""));
}

TEST(FeatureMatchTest, AnExclamationMarkMeansAllOthers) {
  EXPECT_FALSE(match(";events=\"!presence\"", ";events=\"presence\""));
  EXPECT_TRUE(match(";events=\"!presence\"", ";events=\"dialog\""));
  EXPECT_TRUE(match(";events=\"!presence\"", ";events=\"!dialog\""));
  EXPECT_TRUE(match(";events=\"!presence,presence\"", ";events=\"presence\""));
}

TEST(FeatureMatchTest, NumbersAreCompared) {
  EXPECT_TRUE(match(";priority=\"#>=20\"", ";priority=\"#30:35\""));
  EXPECT_TRUE(match(";priority=\"#>=20\"", ";priority=\"#=20\""));
  EXPECT_FALSE(match(";priority=\"#>=20\"", ";priority=\"#<=19.999999\""));
  EXPECT_FALSE(match(";+x=\"#=-1.5\"", ";+x=\"#-1.4:2\""));
  EXPECT_FALSE(match(";+x=\"!#1:5\"", ";+x=\"#2:4\""));
  EXPECT_TRUE(match(";+x=\"!#1:5\"", ";+x=\"#2:6\""));
  EXPECT_FALSE(match(";+x=\"#=1\"", ";+x=\"1\"")) << "a number is no token";
}

TEST(FeatureSetTest, SaysWhatItCannotRead) {
  EXPECT_EQ(problem(";audio;audio"), "'audio' stands there twice");
  EXPECT_EQ(problem("audio"), "something stands where a ';' belongs");
  EXPECT_EQ(problem(";;"), "a parameter without a name");
  EXPECT_EQ(problem(";class=\"a\\"), "the quotes of 'class' do not end");
  EXPECT_EQ(problem(";+x=\"#1234567890:2\""), "'+x' has a value that cannot be read");
  EXPECT_EQ(problem(";+x=\"a,,b\""), "'+x' has a value that cannot be read");
  EXPECT_EQ(problem(";other=\"a,,b\""), "") << "no feature";
}

TEST(FeatureSetTest, HasItsLimits) {
  std::string parameters, values = ";methods=\"a";
  for (std::size_t i = 0; i <= limit::parameters; ++i) parameters += ";p" + std::to_string(i);
  for (std::size_t i = 0; i < limit::feature_values; ++i) values += ",a";
  EXPECT_EQ(problem(parameters), "more than 64 parameters");
  EXPECT_EQ(problem(values + "\""), "more than 256 values of features");
}

}  // namespace
}  // namespace intermediary
