#include "sim/replay/mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intermediary::sim {
namespace {

using testing::HasSubstr;
using testing::Not;

class MaskTest : public testing::Test {
 protected:
  Masker masker_{HashKey{1, 2}};
  std::string name(const std::string& text) { return masker_.pseudonym(text); }
};

TEST_F(MaskTest, UsersAndNumbersBecomeOthersOfTheSameShape) {
  const std::string number = name("+31201234567");
  EXPECT_NE(number, "+31201234567");
  EXPECT_EQ(number.size(), 12u);
  EXPECT_EQ(number[0], '+');
  EXPECT_EQ(number.find_first_not_of("0123456789", 1), std::string::npos);
  EXPECT_EQ(name("+31201234567"), number);
  EXPECT_EQ(masker_.masked("INVITE sip:+31201234567@example.com;user=phone SIP/2.0\r\n"),
            "INVITE sip:" + number + "@example.com;user=phone SIP/2.0\r\n");
  EXPECT_EQ(masker_.masked("To: <tel:+31201234567;phone-context=x>\r\n"),
            "To: <tel:" + number + ";phone-context=x>\r\n");
  EXPECT_EQ(masker_.masked("Contact: <sips:bob:secret@192.0.2.1>\r\n"),
            "Contact: <sips:" + name("bob") + ":xxxxxx@192.0.2.1>\r\n");
}

TEST_F(MaskTest, TwoNamesNeverBecomeOne) {
  std::set<std::string> seen;
  for (char c = '0'; c <= '9'; ++c) seen.insert(name(std::string(1, c)));
  EXPECT_EQ(seen.size(), 10u);
}

TEST_F(MaskTest, DisplayNamesGoToo) {
  EXPECT_EQ(masker_.masked("From: \"Alice B.\" <sip:alice@example.com>;tag=1\r\n"),
            "From: \"" + name("Alice B.") + "\" <sip:" + name("alice") + "@example.com>;tag=1\r\n");
  EXPECT_EQ(masker_.masked("From: Alice Smith <sip:192.0.2.1>\r\n"),
            "From: " + name("Alice Smith") + " <sip:192.0.2.1>\r\n");
  EXPECT_EQ(masker_.masked("From: <sip:192.0.2.1>\r\n"), "From: <sip:192.0.2.1>\r\n");
}

TEST_F(MaskTest, CredentialsAreCrossedOut) {
  EXPECT_EQ(
      masker_.masked("Authorization: Digest username=\"bob\", realm=\"r\", nonce=\"abc\", uri=\"sip:r\", "
                     "response=\"0123\", cnonce=\"9\", qop=auth, nc=00000001\r\n"),
      "Authorization: Digest username=\"" + name("bob") +
          "\", realm=\"r\", nonce=\"xxx\", uri=\"sip:r\", response=\"xxxx\", cnonce=\"x\", qop=auth, nc=00000001\r\n");
  EXPECT_EQ(masker_.masked("Proxy-Authorization: Basic Ym9iOnNlY3JldA==\r\n"),
            "Proxy-Authorization: Basic xxxxxxxxxxxxxxxx\r\n");
  EXPECT_EQ(masker_.masked("Authorization: Digest username=\"bob\",\r\n response=\"0123\"\r\n"),
            "Authorization: Digest username=\"" + name("bob") + "\",\r\n response=\"xxxx\"\r\n");
  EXPECT_EQ(masker_.masked("Authentication-Info: nextnonce=\"12\"\r\n"), "Authentication-Info: nextnonce=\"xx\"\r\n");
  EXPECT_EQ(masker_.masked("Identity: eyJh.bcd;info=<x>\r\n"), "Identity: xxxxxxxxxxxxxxxxx\r\n");
}

TEST_F(MaskTest, KeysOfMediaAreCrossedOutAndFingerprintsStay) {
  const std::string sdp =
      "\r\nv=0\r\no=alice 1 1 IN IP4 192.0.2.1\r\ns=-\r\nk=clear:secret\r\n"
      "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1j|2^20|1:32\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\n"
      "a=fingerprint:sha-256 AB:CD\r\n";
  EXPECT_EQ(masker_.masked(sdp), "\r\nv=0\r\no=" + name("alice") +
                                     " 1 1 IN IP4 192.0.2.1\r\ns=-\r\nk=xxxxxxxxxxxx\r\n"
                                     "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxxxxxxxxxx|2^20|1:32\r\n"
                                     "a=ice-pwd:xxxxxxxxxxxxxxxxxxxxxx\r\na=fingerprint:sha-256 AB:CD\r\n");
}

TEST_F(MaskTest, LengthsStayAndBrokenTextDoesNoHarm) {
  for (const std::string& text :
       {std::string(), std::string("\0sip:\0@", 7), std::string("sip:"), std::string("<"), std::string("\"<"),
        std::string("Authorization:"), std::string("Authorization: Digest response="), std::string("a=crypto:\r\n"),
        std::string("\n\n\n"), std::string("Identity:"), std::string(" \n o= \n")}) {
    EXPECT_EQ(masker_.masked(text).size(), text.size()) << text;
  }
}

}  // namespace
}  // namespace intermediary::sim
