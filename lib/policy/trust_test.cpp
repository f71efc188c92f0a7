#include "policy/trust.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

constexpr std::string_view first_line = "MESSAGE sip:bob@example.com SIP/2.0\r\n";

std::string text_with(const std::string& fields, const std::string& body = "") {
  return std::string(first_line) + "Via: SIP/2.0/UDP h\r\n" + fields + "To: <sip:bob@example.com>\r\n\r\n" + body;
}

TEST(Trust, TakesEveryAssertedIdentityAway) {
  EXPECT_EQ(
      for_outside(text_with("P-Asserted-Identity: <sip:a@b>\r\np-ASSERTED-identity : <sip:a@b>,\r\n <tel:+1>\r\n")),
      text_with(""));
  EXPECT_EQ(for_outside(text_with("")), std::nullopt);
  EXPECT_EQ(for_outside(text_with("X-P-Asserted-Identity: a\r\n")), std::nullopt);
}

TEST(Trust, LooksAtTheHeaderAlone) {
  EXPECT_EQ(for_outside(text_with("", "P-Asserted-Identity: a\r\n")), std::nullopt);
  EXPECT_EQ(for_outside(text_with("Subject: x\r\n P-Asserted-Identity: a\r\n")), std::nullopt);
  EXPECT_EQ(for_outside("P-Asserted-Identity: a\r\n\r\n"), std::nullopt) << "a start line";
}

TEST(Trust, LetsThroughWhatItsUserDoesNotMind) {
  const std::string identity = "P-Asserted-Identity: <sip:a@b>\r\n";
  EXPECT_EQ(for_outside(text_with(identity + "Privacy: none\r\n")), std::nullopt);
  EXPECT_EQ(for_outside(text_with(identity + "privacy:  NONE \r\n")), std::nullopt);
  for (const char* privacy : {"id", "none;id", "id;critical", "header", ""}) {
    const std::string line = std::string("Privacy: ") + privacy + "\r\n";
    EXPECT_EQ(for_outside(text_with(identity + line)), text_with(line)) << privacy;
  }
}

TEST(Trust, AssertsOneIdentityAndEndsTheHint) {
  EXPECT_EQ(
      asserting(text_with("P-Preferred-Identity: <sip:c@d>\r\nP-Asserted-Identity: <sip:e@f>\r\n", "body"), "sip:a@b"),
      std::string(first_line) +
          "Via: SIP/2.0/UDP h\r\nTo: <sip:bob@example.com>\r\nP-Asserted-Identity: <sip:a@b>\r\n\r\nbody");
  EXPECT_EQ(asserting(text_with("P-Preferred-Identity: <sip:c@d>\r\n"), ""), text_with(""));
}

TEST(Trust, AnIdentityIsAUri) {
  EXPECT_EQ(identity_uri("alice", "example.com"), "sip:alice@example.com");
  EXPECT_EQ(identity_uri("a>b@c", "example.com"), "sip:a%3Eb%40c@example.com");
  EXPECT_EQ(identity_uri("", "example.com"), "");
  EXPECT_EQ(identity_uri("alice", "no domain"), "");
}

TEST(Trust, FindsAHint) {
  EXPECT_EQ(field_value(text_with("P-Preferred-Identity:\r\n <sip:c@d>\r\n"), preferred_identity), "<sip:c@d>");
  EXPECT_EQ(field_value(text_with(""), preferred_identity), std::nullopt);
}

}  // namespace
}  // namespace intermediary
