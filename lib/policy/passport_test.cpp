#include "policy/passport.h"

#include <gtest/gtest.h>

#include <string>

#include "base/base64url.h"

namespace intermediary {
namespace {

constexpr std::string_view header = R"({"alg":"ES256","typ":"passport","x5u":"https://cert.example.org/passport.cer"})";
constexpr std::string_view payload =
    R"({"dest":{"uri":["sip:alice@example.com"]},"iat":1471375418,"orig":{"tn":"12155551212"}})";
// RFC 8225 Appendix A.
constexpr std::string_view appendix =
    "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9."
    "eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6MTQ3MTM3NTQxOCwib3JpZyI6eyJ0biI6IjEyMTU1NTUxMjEyIn"
    "19."
    "VLBCIVDCaeK6M4hLJb6SHQvacAQVvoiiEOWQ_iUkqk79UD81fHQ0E1b3_GluIkba7UWYRM47ZbNFdOJquE35cw";

Passport of_appendix() {
  return {.certificate_url = "https://cert.example.org/passport.cer",
          .origin = {true, "12155551212"},
          .uris = {"sip:alice@example.com"},
          .issued = 1471375418};
}

std::string token(std::string_view head, std::string_view body) {
  return to_base64url(head) + "." + to_base64url(body) + "." + to_base64url(std::string(64, 's'));
}

std::string trouble(std::string_view head, std::string_view body) {
  const auto read = read_passport(token(head, body));
  return read ? "" : read.error();
}

PassportParty party(const char* uri) { return passport_party(*Uri::parse(uri)); }

TEST(Passport, IsWrittenAsRfc8225Does) {
  EXPECT_EQ(signing_input(of_appendix()), appendix.substr(0, appendix.rfind('.')));
}

TEST(Passport, IsReadAsRfc8225HasIt) {
  const auto read = read_passport(appendix);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->passport, of_appendix());
  EXPECT_EQ(read->signed_text, appendix.substr(0, appendix.rfind('.')));
  EXPECT_EQ(to_base64url(read->signature), appendix.substr(appendix.rfind('.') + 1));
}

TEST(Passport, OfShakenHasItsClaimsInOrder) {
  Passport passport = of_appendix();
  passport.extension = "shaken";
  passport.uris = {};
  passport.numbers = {"12155550131", "12155550130"};
  passport.attest = "A";
  passport.origid = "123e4567-e89b-12d3-a456-426655440000";
  passport.media = {{"sha-256", "02"}, {"sha-256", "4A"}};
  const std::string text = signing_input(passport);
  EXPECT_EQ(from_base64url(text.substr(0, text.find('.'))),
            R"({"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert.example.org/passport.cer"})");
  EXPECT_EQ(from_base64url(text.substr(text.find('.') + 1)),
            R"({"attest":"A","dest":{"tn":["12155550130","12155550131"]},"iat":1471375418,)"
            R"("mky":[{"alg":"sha-256","dig":"02"},{"alg":"sha-256","dig":"4A"}],)"
            R"("orig":{"tn":"12155551212"},"origid":"123e4567-e89b-12d3-a456-426655440000"})");
  auto read = read_passport(text + "." + to_base64url(std::string(64, 's')));
  ASSERT_TRUE(read) << read.error();
  passport.numbers = {"12155550130", "12155550131"};
  EXPECT_EQ(read->passport, passport);
}

TEST(Passport, OfAnotherAlgorithmIsRefused) {
  EXPECT_EQ(trouble(R"({"alg":"none","typ":"passport","x5u":"https://a"})", payload),
            "its algorithm is 'none', and ES256 is the only one");
  EXPECT_EQ(trouble(R"({"alg":"HS256","typ":"passport","x5u":"https://a"})", payload),
            "its algorithm is 'HS256', and ES256 is the only one");
  EXPECT_EQ(trouble(R"({"typ":"passport","x5u":"https://a"})", payload), "its header names no algorithm");
}

TEST(Passport, WithAnotherHeaderIsRefused) {
  EXPECT_EQ(trouble(R"({"alg":"ES256","typ":"JWT","x5u":"https://a"})", payload),
            "it is no PASSporT: 'typ' in its header is another");
  EXPECT_EQ(trouble(R"({"alg":"ES256","crit":["x"],"typ":"passport","x5u":"https://a"})", payload),
            "its header has critical extensions ('crit'), of which none is known");
  EXPECT_EQ(trouble(R"({"alg":"ES256","ppt":"div","typ":"passport","x5u":"https://a"})", payload),
            "its extension ('ppt') is not supported");
  EXPECT_EQ(trouble(R"({"alg":"ES256","typ":"passport"})", payload), "its header names no certificate ('x5u')");
  EXPECT_EQ(trouble(R"({"alg":"ES256","alg":"ES256","typ":"passport"})", payload),
            "its header cannot be read: byte 21: a name that stands there twice");
}

TEST(Passport, WithoutItsClaimsIsRefused) {
  EXPECT_EQ(trouble(header, R"({"dest":{"tn":["1"]},"orig":{"tn":"2"}})"), "it does not say when it was made ('iat')");
  EXPECT_EQ(trouble(header, R"({"dest":{"tn":["1"]},"iat":"1","orig":{"tn":"2"}})"),
            "its 'iat' is no number of seconds");
  EXPECT_EQ(trouble(header, R"({"dest":{"tn":["1"]},"iat":1})"), "it does not say who calls ('orig')");
  EXPECT_EQ(trouble(header, R"({"dest":{"tn":["1"]},"iat":1,"orig":{"tn":"2","uri":"sip:a@b"}})"),
            "its 'orig' is not one number or URI");
  EXPECT_EQ(trouble(header, R"({"iat":1,"orig":{"tn":"2"}})"), "it does not say who is called ('dest')");
  EXPECT_EQ(trouble(header, R"({"dest":{},"iat":1,"orig":{"tn":"2"}})"), "its 'dest' names nobody");
  EXPECT_EQ(trouble(header, R"({"dest":{"tn":"1"},"iat":1,"orig":{"tn":"2"}})"), "its 'dest' is no list of texts");
  const std::string shaken = R"({"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://a"})";
  EXPECT_EQ(trouble(shaken, R"({"attest":"D","dest":{"tn":["1"]},"iat":1,"orig":{"tn":"2"},"origid":"x"})"),
            "its 'attest' is not A, B or C");
  EXPECT_EQ(trouble(shaken, R"({"attest":"A","dest":{"tn":["1"]},"iat":1,"orig":{"tn":"2"}})"), "it has no 'origid'");
  EXPECT_EQ(trouble(shaken, R"({"attest":"A","dest":{"tn":["1"]},"iat":1,"orig":{"uri":"sip:a@b"},"origid":"x"})"),
            "its 'orig' is no number, as \"shaken\" has it");
}

TEST(Passport, OfAnotherShapeIsRefused) {
  EXPECT_FALSE(read_passport("a.b"));
  EXPECT_FALSE(read_passport("a.b.c.d"));
  EXPECT_FALSE(read_passport(std::string(20'000, 'a')));
  EXPECT_EQ(read_passport(to_base64url(header) + "." + to_base64url(payload) + "." + to_base64url("short")).error(),
            "its signature is not one of ES256");
  EXPECT_EQ(read_passport("!!." + to_base64url(payload) + ".x").error(), "its header is no base64url");
}

TEST(PassportParty, IsANumberWhereItSaysSo) {
  EXPECT_EQ(party("tel:+1-215-555-1212"), (PassportParty{true, "12155551212"}));
  EXPECT_EQ(party("sip:12155551212@example.com;user=phone"), (PassportParty{true, "12155551212"}));
  EXPECT_EQ(party("sip:+1(215)555.1212@example.com"), (PassportParty{true, "12155551212"}));
  EXPECT_EQ(party("sip:+12155551212;verstat=No-TN-Validation@example.com;user=phone"),
            (PassportParty{true, "12155551212"}));
  EXPECT_EQ(party("tel:555-1212;phone-context=+1215"), (PassportParty{true, "12155551212"}));
  EXPECT_EQ(party("tel:*69;phone-context=example.com"), (PassportParty{true, "*69"}));
}

TEST(PassportParty, IsAUriElse) {
  EXPECT_EQ(party("sip:12155551212@example.com"), (PassportParty{false, "sip:12155551212@example.com"}));
  EXPECT_EQ(party("sips:Al%69ce%20:secret@EXAMPLE.com:5061;transport=tcp?Subject=x"),
            (PassportParty{false, "sips:alice%20@example.com"}));
  EXPECT_EQ(party("sip:+12155551212555555@example.com"), (PassportParty{false, "sip:+12155551212555555@example.com"}));
  EXPECT_EQ(party("sip:example.com"), (PassportParty{false, "sip:example.com"}));
}

TEST(PassportParty, IsCalledWhereItStandsInDest) {
  Passport passport = of_appendix();
  EXPECT_TRUE(passport.is_for({false, "sip:alice@example.com"}));
  EXPECT_FALSE(passport.is_for({true, "sip:alice@example.com"}));
  EXPECT_FALSE(passport.is_for({false, "sip:bob@example.com"}));
}

TEST(MediaKeys, AreThoseOfTheFingerprintsInOrder) {
  const auto keys = media_keys(
      "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\na=fingerprint:SHA-256 4a:AD\r\n"
      "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 02:1A\r\n"
      "m=audio 4002 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 02:1a\r\n");
  EXPECT_EQ(keys, (std::vector<MediaKey>{{"sha-256", "021A"}, {"sha-256", "4AAD"}}));
  EXPECT_TRUE(media_keys("no description").empty());
}

TEST(IdentityField, IsRead) {
  const auto field = read_identity_field("aa.bb\r\n .cc;info=<https://a.example/x;y>;alg=ES256;ppt=\"shaken\";more");
  ASSERT_TRUE(field) << field.error();
  EXPECT_EQ(*field, (IdentityField{"aa.bb.cc", "https://a.example/x;y", "ES256", "shaken"}));
  const auto plain = read_identity_field("..sig ; info = <https://a.example/x>");
  ASSERT_TRUE(plain) << plain.error();
  EXPECT_TRUE(plain->is_compact());
  EXPECT_EQ(plain->algorithm, "ES256");
}

TEST(IdentityField, OfAnotherShapeIsRefused) {
  EXPECT_EQ(read_identity_field("a.b.c").error(), "it does not say where its certificate is ('info')");
  EXPECT_EQ(read_identity_field(";info=<https://a>").error(), "it is empty");
  EXPECT_EQ(read_identity_field("a;info=<https://a").error(), "a parameter of it does not end");
  EXPECT_EQ(read_identity_field("a;info=<https://a>x").error(), "something stands behind a parameter of it");
  EXPECT_EQ(read_identity_field("a;info=<https://a>;info=<https://b>").error(), "its 'info' stands twice");
  EXPECT_EQ(read_identity_field("a;;info=<https://a>").error(), "a parameter of it has no name");
  EXPECT_EQ(read_identity_field(std::string(9000, 'a')).error(), "it is too large");
}

TEST(IdentityField, WrittenIsReadAgain) {
  Passport passport = of_appendix();
  passport.extension = "shaken";
  passport.attest = "B";
  passport.origid = "x";
  const auto field = read_identity_field(identity_value(passport, std::string(64, 's')));
  ASSERT_TRUE(field) << field.error();
  EXPECT_EQ(field->extension, "shaken");
  EXPECT_EQ(field->certificate_url, passport.certificate_url);
  EXPECT_EQ(read_passport(field->token)->passport, passport);
  const IdentityField compact{".." + to_base64url(std::string(64, 's')), "https://a"};
  EXPECT_EQ(compact_signature(compact), std::string(64, 's'));
}

}  // namespace
}  // namespace intermediary
