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

TEST_F(MaskTest, EveryKeyOfALineIsCrossedOut) {
  EXPECT_EQ(masker_.masked("\r\nv=0\r\na=crypto:1 S inline:abc|2^20|1:4;inline:de|2^20|2:4 FEC_KEY=inline:f|1\r\n"
                           "A=crypto:2 X INLINE:gh\r\na=x-token:i\r\na=ssrc:1 cname:bob@h\r\nno line\r\n"),
            "\r\nv=0\r\na=crypto:1 S inline:xxx|2^20|1:4;inline:xx|2^20|2:4 FEC_KEY=inline:x|1\r\n"
            "A=crypto:2 X INLINE:xx\r\na=x-token:x\r\na=ssrc:1 cname:" +
                name("bob") + "@h\r\nxx xxxx\r\n");
}

TEST_F(MaskTest, AFoldedFieldIsOne) {
  EXPECT_EQ(masker_.masked("Authorization: Bearer\r\n ab.cd\r\nProxy-Authorization:\r\n\tBearer ef\r\n"),
            "Authorization: Bearer\r\n xxxxx\r\nProxy-Authorization:\r\n\tBearer xx\r\n");
  EXPECT_EQ(
      masker_.masked("From: \"Bob\"\r\n <sip:bob@h>;tag=1\r\nTo: Bob\r\n <sip:h>\r\n"),
      "From: \"" + name("Bob") + "\"\r\n <sip:" + name("bob") + "@h>;tag=1\r\nTo: " + name("Bob") + "\r\n <sip:h>\r\n");
  EXPECT_EQ(masker_.masked("Subject:\r\n Meet\r\n me\r\n").size(), 22u);
  EXPECT_EQ(masker_.masked("Identity: ab\r\n cd\r\ny:e\r\n f\r\n"), "Identity: xx\r\n xx\r\ny:x\r\n x\r\n");
}

TEST_F(MaskTest, SeveralCredentialsMayStandOnALine) {
  EXPECT_EQ(masker_.masked("Authorization: Digest username=\"bob\", realm=\"a, b\", nonce=\"1\", Digest username=bob, "
                           "nonce=\"2\\\"3\", ik=\"4\", Bearer abc\r\n"),
            "Authorization: Digest username=\"" + name("bob") + "\", realm=\"a, b\", nonce=\"x\", Digest username=" +
                name("bob") + ", nonce=\"xxxx\", ik=\"x\", Bearer xxx\r\n");
  EXPECT_EQ(masker_.masked("Authorization: Digest realm=\"a\"secret, nonce=\"never closed, response=\"1\r\n"),
            "Authorization: Digest realm=\"a\"xxxxxx, nonce=\"xxxxx xxxxxxx xxxxxxxxx\"x\r\n");
  EXPECT_EQ(masker_.masked("Authorization: secret\r\n"), "Authorization: xxxxxx\r\n");
}

TEST_F(MaskTest, QuotedNamesMayHoldQuotes) {
  EXPECT_EQ(masker_.masked("From: \"Bob \\\"Nick\\\"\" <sip:h>;tag=1\r\n"),
            "From: \"" + name("Bob \\\"Nick\\\"") + "\" <sip:h>;tag=1\r\n");
  const std::string contact = "Contact: <sip:192.0.2.1>;+sip.instance=\"<urn:uuid:00>\"\r\n";
  EXPECT_EQ(masker_.masked(contact), contact);
  EXPECT_EQ(masker_.masked("To: Jos\xc3\xa9 Smith <sip:h>, Bob <sip:h>\r\n"),
            "To: " + name("Jos\xc3\xa9 Smith") + " <sip:h>, " + name("Bob") + " <sip:h>\r\n");
  EXPECT_EQ(masker_.masked("Call-ID: a<b>\"c\"@h\r\n"), "Call-ID: a<b>\"c\"@h\r\n");
}

TEST_F(MaskTest, PeopleWithinUrisAreFound) {
  EXPECT_EQ(masker_.masked("Refer-To: <sip:h?From=sip%3Abob%40h&Replaces=1%40h%3Bto-tag%3D2&X=%41b>\r\n"),
            "Refer-To: <sip:h?From=xxx%3Axxx%40x&Replaces=1%40h%3Bto-tag%3D2&X=%78x>\r\n");
  EXPECT_EQ(masker_.masked("To: <tel:123;isub=45;phone-context=+678;x=sip%3Abob%40h>\r\n"),
            "To: <tel:" + name("123") + ";isub=" + name("45") + ";phone-context=" + name("+678") + ";x=sip%3A" +
                name("bob") + "%40h>\r\n");
  EXPECT_EQ(masker_.masked("Contact: <sip:h>;+sip.instance=\"<urn:gsma:imei:35622410-483840-0>\"\r\n"),
            "Contact: <sip:h>;+sip.instance=\"<urn:gsma:imei:" + name("35622410-483840-0") + ">\"\r\n");
  const std::string escaped = name("b%6Fb%40");  // stays a text that can be unescaped
  EXPECT_NE(escaped, "b%6Fb%40");
  EXPECT_EQ(escaped.size(), 8u);
  EXPECT_EQ(escaped[1], '%');
  EXPECT_EQ(escaped.substr(5), "%40");
  EXPECT_THAT(escaped.substr(2, 2), testing::MatchesRegex("[67][0-9A-F]"));
}

TEST_F(MaskTest, WordsAndFieldsThatNobodyKnowsGo) {
  EXPECT_EQ(masker_.masked("MESSAGE sip:h SIP/2.0\r\nSubject: Meet Bob\r\nCookie: a=b c\r\nX-Token:1\r\n"
                           "no field\r\nWarning: 399 h \"bob failed\"\r\nReason: SIP;cause=200;text=\"bob\"\r\n"
                           "User-Agent: Phone \"1\"\r\n\r\n"),
            "MESSAGE sip:h SIP/2.0\r\nSubject: " + name("Meet Bob") + "\r\nCookie: xxx x\r\nX-Token:x\r\nxx xxxxx\r\n" +
                "Warning: 399 h \"" + name("bob failed") + "\"\r\nReason: SIP;cause=200;text=\"" + name("bob") +
                "\"\r\nUser-Agent: Phone \"1\"\r\n\r\n");
}

TEST_F(MaskTest, BodiesThatNobodyKnowsAreCrossedOut) {
  const std::string head = "INFO sip:h SIP/2.0\r\n";
  for (const std::string type : {"text/plain", "application/dtmf-relay", "application/dtmf", "application/json"}) {
    const std::string fields = head + "c : " + type + ";charset=x\r\n\r\n";
    EXPECT_EQ(masker_.masked(fields + "Signal= 5\r\nv=1\r\n"), fields + "xxxxxxx x\r\nxxx\r\n");
  }
  const std::string encoded = head + "Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n\r\n";
  EXPECT_EQ(masker_.masked(encoded + "v=0"), encoded + "xxx");
  EXPECT_EQ(masker_.masked(head + "\r\nHello"), head + "\r\nxxxxx");
}

TEST_F(MaskTest, PartsAreMaskedByTheirTypes) {
  const std::string head = "INFO sip:h SIP/2.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"b\"\r\n\r\n";
  EXPECT_EQ(masker_.masked(
                head + "hi\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nk=clear:1\r\n--b\r\n\r\nhi\r\n"
                       "--bc\r\n--b\r\nContent-Type: message/sipfrag\r\n\r\nSIP/2.0 200 OK\r\nX-A: b\r\n--b--\r\nbye"),
            head +
                "xx\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nk=xxxxxxx\r\n--b\r\n\r\nxx\r\n"
                "xxxx\r\n--b\r\nContent-Type: message/sipfrag\r\n\r\nSIP/2.0 200 OK\r\nX-A: x\r\n--b--\r\nxxx");
}

TEST_F(MaskTest, XmlKeepsItsElements) {
  const std::string head = "NOTIFY sip:h SIP/2.0\r\nContent-Type: application/dialog-info+xml\r\n\r\n";
  EXPECT_EQ(
      masker_.masked(head + "<?xml version=\"1.0\"?>\n<dialog-info xmlns='urn:x' state=\"full\" entity=\"sip:bob@h\">"
                            "<!--bob--><name> Bob &amp; Co </name><pw a='bob'>tel:+31</pw></dialog-info>\n"),
      head + "<?xml version=\"1.0\"?>\n<dialog-info xmlns='urn:x' state=\"full\" entity=\"sip:" + name("bob") +
          "@h\"><!--" + name("bob-->") + "<name> " + name("Bob ") + "&amp;" + name(" Co") + " </name><pw a='" +
          name("bob") + "'>tel:" + name("+31") + "</pw></dialog-info>\n");
}

TEST_F(MaskTest, LengthsStayAndBrokenTextDoesNoHarm) {
  for (const std::string& text : {std::string(),
                                  std::string("\0sip:\0@", 7),
                                  std::string("sip:"),
                                  std::string("<"),
                                  std::string("\"<"),
                                  std::string("Authorization:"),
                                  std::string("Authorization: Digest response="),
                                  std::string("a=crypto:\r\n"),
                                  std::string("\n\n\n"),
                                  std::string("Identity:"),
                                  std::string(" \n o= \n"),
                                  std::string("Authorization: \""),
                                  std::string("To: \"\\"),
                                  std::string("sip%3a"),
                                  std::string("sip:?"),
                                  std::string("a: b\nc: multipart/x;boundary=\"\n\n--\n"),
                                  std::string("\nv=0\na=crypto:"),
                                  std::string("c:a/xml\n\n<a b='&"),
                                  std::string("c:a/xml\n\n&;<!--"),
                                  std::string("sip:a%4@")}) {
    EXPECT_EQ(masker_.masked(text).size(), text.size()) << text;
  }
}

}  // namespace
}  // namespace intermediary::sim
