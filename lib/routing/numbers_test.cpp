#include "routing/numbers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intermediary {
namespace {

using ::testing::Eq;

Uri uri(std::string_view text) { return *Uri::parse(text); }
Pattern pattern(std::string_view text) { return *Pattern::compile(text); }

NumberPlan dutch() {
  NumberPlan plan{.name = "nl", .country = "31", .national = "0", .international = "00", .area = "20"};
  plan.keep = {pattern("^112$"), pattern("^[*#]")};
  return plan;
}

std::string dialled_as(std::string_view text, const NumberPlan& plan = dutch()) {
  const auto number = dialled(plan, uri(text));
  return number ? *number : "error: " + number.error();
}

TEST(NumbersTest, VisualSeparatorsAreNoPartOfANumber) {
  EXPECT_EQ(number_of(uri("tel:+31-20-123.45(67)")), "+31201234567");
  EXPECT_EQ(number_of(uri("sip:020-1234567@gw")), "0201234567");
  EXPECT_EQ(number_of(uri("sip:%2B31201234567@gw")), "+31201234567");
  EXPECT_EQ(number_of(uri("sip:*21%23@gw")), "*21#");
}

TEST(NumbersTest, ParametersAreNoPartOfANumber) {
  EXPECT_EQ(number_of(uri("sip:+31201234567;npdi;rn=+3120@gw;user=phone")), "+31201234567");
  EXPECT_EQ(number_of(uri("tel:1234;phone-context=example.com")), "1234");
}

TEST(NumbersTest, NamesAreNoNumbers) {
  EXPECT_EQ(number_of(uri("sip:bob@gw")), std::nullopt);
  EXPECT_EQ(number_of(uri("sip:12a@gw")), std::nullopt);
  EXPECT_EQ(number_of(uri("sip:1+2@gw")), std::nullopt);
  EXPECT_EQ(number_of(uri("sip:+@gw")), std::nullopt);
  EXPECT_EQ(number_of(uri("sip:+*1@gw")), std::nullopt);
  EXPECT_EQ(number_of(uri("sip:gw")), std::nullopt);
  EXPECT_EQ(number_of(uri("mailto:12@gw")), std::nullopt);
}

TEST(NumbersTest, WhatIsDialledBecomesE164) {
  EXPECT_EQ(dialled_as("sip:0201234567@gw"), "+31201234567");
  EXPECT_EQ(dialled_as("sip:0049301234@gw"), "+49301234");
  EXPECT_EQ(dialled_as("sip:+49301234@gw"), "+49301234");
  EXPECT_EQ(dialled_as("sip:1234567@gw"), "+31201234567");
  EXPECT_EQ(dialled_as("tel:+31-20-1234567;npdi"), "+31201234567");
}

TEST(NumbersTest, ServiceNumbersAndNamesStay) {
  EXPECT_EQ(dialled_as("sip:112@gw"), "112");
  EXPECT_EQ(dialled_as("sip:*21%23@gw"), "*21#");
  EXPECT_EQ(dialled_as("sip:bob@gw"), "bob");
}

TEST(NumbersTest, APhoneContextMakesANumberPrivate) {
  EXPECT_EQ(dialled_as("tel:7042;phone-context=+31-20"), "7042");
  EXPECT_EQ(dialled_as("sip:0207042;phone-context=example.com@gw"), "0207042");
}

TEST(NumbersTest, WithoutAreaSubscriberNumbersStay) {
  NumberPlan plan = dutch();
  plan.area.clear();
  EXPECT_EQ(dialled_as("sip:1234567@gw", plan), "1234567");
}

TEST(NumbersTest, WithoutNationalPrefixEveryNumberIsNational) {
  const NumberPlan plan{.name = "dk", .country = "45", .international = "00"};
  EXPECT_EQ(dialled_as("sip:33121212@gw", plan), "+4533121212");
  EXPECT_EQ(dialled_as("sip:0046812345@gw", plan), "+46812345");
}

TEST(NumbersTest, RewritesComeFirstAndTheFirstThatMatchesCounts) {
  NumberPlan plan = dutch();
  plan.rewrite = {{pattern("^9(\\d+)$"), "\\1"}, {pattern("^90"), "7"}, {pattern("#$"), ""}};
  EXPECT_EQ(dialled_as("sip:90201234567@gw", plan), "+31201234567");
  EXPECT_EQ(dialled_as("sip:0201234567%23@gw", plan), "+31201234567");
}

TEST(NumbersTest, TooLongForE164) {
  EXPECT_EQ(dialled_as("sip:0012345678901234567@gw"), "error: it has more than 15 digits (E.164)");
  EXPECT_EQ(dialled_as("sip:00@gw"), "error: nothing is dialled behind the international prefix");
  EXPECT_EQ(dialled_as("sip:+123456789012345@gw"), "+123456789012345");
}

TEST(NumbersTest, AUriWithItsNumberKeepsItsParameters) {
  EXPECT_EQ(with_number(uri("sip:0201234567;npdi;rn=+3120@gw;transport=tcp"), "+31201234567").to_string(),
            "sip:+31201234567;npdi;rn=+3120@gw;transport=tcp;user=phone");
  EXPECT_EQ(with_number(uri("tel:020-1234567;isub=12"), "+31201234567").to_string(), "tel:+31201234567;isub=12");
  EXPECT_EQ(with_number(uri("sip:bob@gw"), "bob").to_string(), "sip:bob@gw");
}

std::string leaves(std::string_view number, NumberFormat::Kind kind, std::string prefix = {}) {
  const NumberPlan plan = dutch();
  return written(number, {.kind = kind, .prefix = std::move(prefix)}, &plan);
}

TEST(NumbersTest, LeavesAsTheOtherNetworkWantsIt) {
  using Kind = NumberFormat::Kind;
  EXPECT_EQ(leaves("+31201234567", Kind::E164), "+31201234567");
  EXPECT_EQ(leaves("+31201234567", Kind::Digits), "31201234567");
  EXPECT_EQ(leaves("+31201234567", Kind::International), "0031201234567");
  EXPECT_EQ(leaves("+31201234567", Kind::National), "0201234567");
  EXPECT_EQ(leaves("+49301234", Kind::National), "0049301234");
  EXPECT_EQ(leaves("+49301234", Kind::Digits, "8899"), "889949301234");
  EXPECT_EQ(leaves("112", Kind::Digits, "8899"), "112");
}

TEST(NumbersTest, LeavesRewritten) {
  NumberFormat format{.kind = NumberFormat::Kind::Digits};
  format.rewrite = {{pattern("^(.*)$"), "\\1#"}};
  EXPECT_EQ(written("+49301234", format, nullptr), "49301234#");
}

TEST(NumbersTest, TelBecomesSipAtAHost) {
  EXPECT_EQ(sip_uri_of(uri("tel:+31201234567;npdi"), uri("sips:sip.acme.net:5071")).to_string(),
            "sips:+31201234567;npdi@sip.acme.net:5071;user=phone");
}

}  // namespace
}  // namespace intermediary
