#include "base/json_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/json.h"

namespace intermediary {
namespace {

JsonValue parsed_json(std::string_view text) {
  auto value = JsonValue::parse(text);
  EXPECT_TRUE(value) << value.error();
  return value.value_or(JsonValue());
}
std::string problem_with_json(std::string_view text) {
  const auto value = JsonValue::parse(text);
  return value ? "none" : value.error();
}

TEST(JsonValue, ReadsEveryKind) {
  const JsonValue value = parsed_json(R"( {"a": [1, -2, true, false, null], "b": {"c": "d"}} )");
  const JsonArray& array = *value.find("a")->array();
  ASSERT_EQ(array.size(), 5u);
  EXPECT_EQ(array[0].integer(), 1);
  EXPECT_EQ(array[1].integer(), -2);
  EXPECT_TRUE(*array[2].boolean());
  EXPECT_FALSE(*array[3].boolean());
  EXPECT_FALSE(array[4].boolean() || array[4].text() || array[4].number());
  EXPECT_EQ(*value.find("b")->find("c")->text(), "d");
  EXPECT_EQ(value.find("x"), nullptr);
  EXPECT_EQ(array[0].find("x"), nullptr);
}

TEST(JsonValue, ReadsEscapes) {
  EXPECT_EQ(*parsed_json(R"("\"\\\/\b\f\n\r\t")").text(), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(*parsed_json(R"("\u0041\u00e9\u20AC\ud83d\ude00")").text(), "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST(JsonValue, NumbersStayAsTheyWere) {
  EXPECT_EQ(parsed_json("0.70").number()->text, "0.70");
  EXPECT_EQ(parsed_json("1E+3").number()->text, "1E+3");
  EXPECT_EQ(parsed_json("1.0").integer(), std::nullopt);
  EXPECT_EQ(parsed_json("99999999999999999999").integer(), std::nullopt);
}

TEST(JsonValue, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(problem_with_json(""), "byte 1: a value is missing");
  EXPECT_EQ(problem_with_json("{} x"), "byte 4: something stands behind the value");
  EXPECT_EQ(problem_with_json(R"({"a":1,"a":2})"), "byte 11: a name that stands there twice");
  EXPECT_EQ(problem_with_json("[1,]"), "byte 4: no value");
  EXPECT_EQ(problem_with_json("[1 2]"), "byte 4: ',' or ']' is missing");
  EXPECT_EQ(problem_with_json("{1:2}"), "byte 2: a name is missing");
  EXPECT_EQ(problem_with_json(R"({"a" 1})"), "byte 6: ':' is missing");
  EXPECT_EQ(problem_with_json("01"), "byte 3: a number with a zero in front");
  EXPECT_EQ(problem_with_json("1."), "byte 3: a number without digits");
  EXPECT_EQ(problem_with_json("+1"), "byte 1: no value");
  EXPECT_EQ(problem_with_json("nul"), "byte 1: no value");
  EXPECT_EQ(problem_with_json("\"a"), "byte 3: a text without an end");
  EXPECT_EQ(problem_with_json("\"\n\""), "byte 2: a control character in a text");
  EXPECT_EQ(problem_with_json("\"\xff\""), "byte 2: no UTF-8");
  EXPECT_EQ(problem_with_json(R"("\x")"), "byte 3: no such escape");
  EXPECT_EQ(problem_with_json(R"("\ud800")"), "byte 8: half of a pair of surrogates");
  EXPECT_EQ(problem_with_json(R"("\udc00")"), "byte 8: half of a pair of surrogates");
  EXPECT_EQ(problem_with_json(R"("\u12g4")"), "byte 6: four hexadecimal digits are missing");
}

TEST(JsonValue, IsNoDeeperThanItsLimit) {
  EXPECT_EQ(problem_with_json(std::string(16, '[') + std::string(16, ']')), "none");
  EXPECT_EQ(problem_with_json(std::string(17, '[') + std::string(17, ']')),
            "byte 17: too many arrays and objects within each other");
}

RC_GTEST_PROP(JsonValueProperty, WhatIsWrittenIsRead, (std::string text)) {
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  RC_ASSERT(*JsonValue::parse(json_string(text))->text() == text);
}

RC_GTEST_PROP(JsonValueProperty, AnyBytesAreReadOrRefused, (std::string bytes)) {
  const auto value = JsonValue::parse("[" + bytes);
  if (!value) RC_ASSERT(value.error().starts_with("byte "));
}

}  // namespace
}  // namespace intermediary
