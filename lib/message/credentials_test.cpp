#include "message/credentials.h"

#include <gmock/gmock.h>

#include "base/limits.h"

namespace intermediary {
namespace {

using testing::Eq;
using testing::HasSubstr;
using testing::Optional;

// RFC 3261 §22.2.
constexpr std::string_view example =
    "Digest username=\"bob\",\r\n        realm=\"biloxi.com\",\r\n        nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\","
    "\r\n\turi=\"sip:bob@biloxi.com\",\r\n        qop=auth,\r\n        nc=00000001,\r\n        cnonce=\"0a4f113b\",\r\n"
    "        response=\"6629fae49393a05397450978507c4ef1\",\r\n        opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";

std::string error_of(std::string_view value) {
  const auto credentials = parse_credentials(value);
  return credentials ? "none" : credentials.error().detail;
}

TEST(Credentials, OfTheStandardAreRead) {
  const auto credentials = parse_credentials(example);
  ASSERT_TRUE(credentials) << credentials.error().detail;
  EXPECT_TRUE(credentials->is_digest());
  EXPECT_THAT(credentials->value("username"), Optional(Eq("bob")));
  EXPECT_THAT(credentials->value("uri"), Optional(Eq("sip:bob@biloxi.com")));
  EXPECT_THAT(credentials->value("nc"), Optional(Eq("00000001")));
  EXPECT_THAT(credentials->value("algorithm"), Eq(std::nullopt));
  EXPECT_EQ(credentials->parameters.size(), 9u);
}

TEST(Credentials, NamesAndSchemeAreWithoutCase) {
  const auto credentials = parse_credentials("dIGEST Realm = \"a\" , NC=00000002");
  ASSERT_TRUE(credentials);
  EXPECT_TRUE(credentials->is_digest());
  EXPECT_THAT(credentials->value("realm"), Optional(Eq("a")));
  EXPECT_THAT(credentials->value("nc"), Optional(Eq("00000002")));
}

TEST(Credentials, EscapesAreTakenAway) {
  const auto credentials = parse_credentials(R"(Digest username="a\"b\\c, d=e")");
  ASSERT_TRUE(credentials);
  EXPECT_THAT(credentials->value("username"), Optional(Eq("a\"b\\c, d=e")));
}

TEST(Credentials, OfAnotherSchemeAreNotRead) {
  const auto credentials = parse_credentials("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  ASSERT_TRUE(credentials);
  EXPECT_FALSE(credentials->is_digest());
  EXPECT_TRUE(credentials->parameters.empty());
}

TEST(Credentials, TwoParametersOfOneNameAreRefused) {
  EXPECT_THAT(error_of(R"(Digest realm="a", REALM="b")"), HasSubstr("a second 'realm'"));
}

TEST(Credentials, AgainstTheGrammarAreRefused) {
  EXPECT_THAT(error_of(""), HasSubstr("no scheme"));
  EXPECT_THAT(error_of("Digest"), HasSubstr("no white space"));
  EXPECT_THAT(error_of("Digest "), HasSubstr("no parameter"));
  EXPECT_THAT(error_of("Digest realm"), HasSubstr("no '='"));
  EXPECT_THAT(error_of("Digest realm="), HasSubstr("no value"));
  EXPECT_THAT(error_of("Digest realm=\"a"), HasSubstr("not closed"));
  EXPECT_THAT(error_of("Digest realm=\"a\" nc=1"), HasSubstr("unexpected"));
  EXPECT_THAT(error_of("Digest realm=\"a\","), HasSubstr("no parameter"));
  std::string many = "Digest a=b";
  for (std::size_t i = 0; i < limit::parameters; ++i) many += ", a" + std::to_string(i) + "=b";
  EXPECT_THAT(error_of(many), HasSubstr("more parameters"));
  EXPECT_THAT(error_of(std::string(limit::line_bytes + 1, 'a')), HasSubstr("longer"));
}

}  // namespace
}  // namespace intermediary
