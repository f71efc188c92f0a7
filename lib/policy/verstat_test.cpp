#include "policy/verstat.h"

#include <gtest/gtest.h>

#include <string>

#include "policy/media_protection.h"

namespace intermediary {
namespace {

MessagePtr invite(const std::string& fields, const std::string& body = "") {
  const auto message = Message::parse(
      "INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nTo: <sip:b@x>\r\nCall-ID: 1\r\n"
      "CSeq: 1 INVITE\r\nMax-Forwards: 70\r\n" +
          fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
      Framing::Datagram, Limits{});
  EXPECT_TRUE(message);
  return message ? *message : MessagePtr();
}

std::string with(const std::string& fields, std::string_view field = "From") {
  const MessagePtr message = invite(fields);
  const std::string bytes =
      with_verstat(*message, field, "TN-Validation-Passed").value_or(std::string(message->bytes()));
  const std::size_t from = bytes.find("Max-Forwards: 70\r\n") + 18;
  return bytes.substr(from, bytes.find("Content-Length") - from);
}

TEST(Verstat, StandsWithTheNumber) {
  EXPECT_EQ(with("From: \"A, <B>\" <tel:+1215>;tag=1\r\n"),
            "From: \"A, <B>\" <tel:+1215;verstat=TN-Validation-Passed>;tag=1\r\n");
  EXPECT_EQ(with("From: <sip:+1215@x;user=phone>;tag=1\r\n"),
            "From: <sip:+1215;verstat=TN-Validation-Passed@x;user=phone>;tag=1\r\n");
  EXPECT_EQ(with("From: sip:+1215@x;tag=1\r\n"), "From: <sip:+1215;verstat=TN-Validation-Passed@x>;tag=1\r\n");
}

TEST(Verstat, ThatWasThereBeforeIsGone) {
  EXPECT_EQ(with("From: <tel:+1215;verstat=TN-Validation-Failed>;tag=1\r\n"),
            "From: <tel:+1215;verstat=TN-Validation-Passed>;tag=1\r\n");
  EXPECT_EQ(
      with("From: <sip:+1215;VERSTAT=x;isub=1@x>;tag=1\r\nP-Asserted-Identity: <tel:+1;verstat=y>, <sip:a@x>\r\n"),
      "From: <sip:+1215;isub=1;verstat=TN-Validation-Passed@x>;tag=1\r\nP-Asserted-Identity: <tel:+1>, <sip:a@x>\r\n");
  EXPECT_EQ(with("From: <sip:alice;verstat=TN-Validation-Passed@x>;tag=1\r\n"), "From: <sip:alice@x>;tag=1\r\n");
  for (const std::string before : {";%76erstat=TN-Validation-Passed", "%3Bverstat=TN-Validation-Passed",
                                   "%3bVer%73tat%3DTN-Validation-Passed", ";verstat%3dx"}) {
    EXPECT_EQ(with("From: <sip:alice" + before + ";a=b@x>;tag=1\r\n"), "From: <sip:alice;a=b@x>;tag=1\r\n") << before;
  }
}

TEST(Verstat, StandsWithTheIdentityThatWasJudged) {
  EXPECT_EQ(with("From: <tel:+1>;tag=1\r\nP-Asserted-Identity: \"a,b\" <tel:+2>, <tel:+3>\r\n", "P-Asserted-Identity"),
            "From: <tel:+1>;tag=1\r\nP-Asserted-Identity: \"a,b\" <tel:+2;verstat=TN-Validation-Passed>, <tel:+3>\r\n");
}

TEST(Verstat, OfWhatIsNoNumberSaysNothing) {
  const MessagePtr message = invite("From: <sip:alice@x>;tag=1\r\n");
  EXPECT_FALSE(with_verstat(*message, "From", "No-TN-Validation"));
}

std::string media_trouble(const std::string& lines, const std::string& type = "application/sdp") {
  const std::string session = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n";
  return problem_with_media(*invite("From: <sip:a@x>;tag=1\r\nContent-Type: " + type + "\r\n", session + lines));
}

TEST(MediaProtection, IsThereWhereEveryMediumHasKeys) {
  EXPECT_EQ(media_trouble("m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n"), "");
  EXPECT_EQ(media_trouble("a=fingerprint:sha-256 AB\r\nm=audio 4000 UDP/TLS/RTP/SAVPF 0\r\nm=video 0 RTP/AVP 1\r\n"),
            "");
  EXPECT_EQ(media_trouble("m=application 4000 UDP/DTLS/SCTP webrtc-datachannel\r\na=fingerprint:sha-256 AB\r\n"), "");
}

TEST(MediaProtection, IsMissingElse) {
  EXPECT_EQ(media_trouble("m=audio 4000 RTP/AVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n"),
            "audio over RTP/AVP is not encrypted");
  EXPECT_EQ(media_trouble("m=audio 4000 RTP/SAVP 0\r\n"), "audio over RTP/SAVP comes without a key (a=crypto)");
  EXPECT_EQ(media_trouble("m=audio 4000 UDP/TLS/RTP/SAVP 0\r\n"),
            "audio over UDP/TLS/RTP/SAVP comes without a fingerprint (a=fingerprint)");
  EXPECT_EQ(media_trouble("m=audio 4000 RTP/SAVP 0\r\na=crypto:1 x\r\nm=video 4002 RTP/AVPF 1\r\n"),
            "video over RTP/AVPF is not encrypted");
  EXPECT_EQ(media_trouble("", "multipart/mixed;boundary=x"), "its body is no session description that could be read");
  EXPECT_EQ(problem_with_media(*invite("From: <sip:a@x>;tag=1\r\n")),
            "it offers no media, and what its answer offers cannot be seen here");
}

}  // namespace
}  // namespace intermediary
