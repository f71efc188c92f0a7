#include "ua/protected_copy.h"

#include <gmock/gmock.h>

#include "message/multipart.h"
#include "policy/test_smime.h"
#include "ua/test_registrar.h"

namespace intermediary {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const std::string date = "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n";
const WallTime new_year{std::chrono::seconds(1'767'225'600)};

// A registrar for example.com that reads and makes protected copies.
class ProtectedCopyTest : public RegistrarTest {
 protected:
  static std::string head(const std::string& cseq = "1") {
    return "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bKua1\r\n"
           "From: <sip:bob@example.com>;tag=f1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c1\r\nCSeq: " +
           cseq + " REGISTER\r\n";
  }
  static std::string usual() { return date + "Contact: <sip:bob@192.0.2.4>;expires=600\r\nSupported: path\r\n"; }

  std::string body_of(const std::string& content) const {
    return write_signed_body(content, test_smime::sign(content, certificate), "b1");
  }
  std::string copy_of(const std::string& lines) const {
    return body_of(signed_part("message/sip", head() + lines + "\r\n"));
  }
  UaAnswer receive(const std::string& lines, const std::string& body, const std::string& cseq = "1") {
    return receive_bytes(head(cseq) + lines + "Content-Type: " + signed_body_type("b1") +
                         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  UaAnswer receive_bytes(std::string bytes) {
    Limits room;
    room.datagram_bytes = 65535;
    auto message = Message::parse(std::move(bytes), Framing::Datagram, room);
    if (!message) throw std::logic_error(message.error().error.to_string());
    return signing_registrar.answer(now, **message, arrival, wall);
  }
  // With `outer` instead of what was signed.
  UaAnswer changed(const std::string& outer, const std::string& inner = usual()) {
    return receive(outer, copy_of(inner));
  }

  WallTime wall = new_year;
  std::string certificate = test_smime::certificate_for("email:bob@example.com");
  Smime smime = *Smime::open(test_smime::registrar_keys());
  Registrar signing_registrar{settings, names, location, gruu_key, &smime};
};

TEST_F(ProtectedCopyTest, APathThatTheCopySupportsIsTaken) {
  const UaAnswer answer = changed(usual() + "Path: <sip:p@192.0.2.9;lr>\r\nRequire: path\r\n");
  EXPECT_EQ(answer.status, 200) << answer.detail;
  EXPECT_THAT(field_values(answer, "Path"), ElementsAre("<sip:p@192.0.2.9;lr>"));
  EXPECT_TRUE(answer.with_copy);
}

TEST_F(ProtectedCopyTest, SupportThatSomebodyAddedIsRefused) {
  const std::string inner = date + "Contact: <sip:bob@192.0.2.4>;expires=600\r\n";
  const UaAnswer answer = changed(usual() + "Path: <sip:p@192.0.2.9;lr>\r\n", inner);
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.detail, "it says Supported: path, and its protected copy does not");
  EXPECT_THAT(field_values(answer, "Warning"),
              ElementsAre("399 registrar \"it says Supported: path, and its protected copy does not\""));
  EXPECT_THAT(bound(), IsEmpty());
}

TEST_F(ProtectedCopyTest, SupportThatSomebodyTookAwayIsRefused) {
  EXPECT_EQ(changed(date + "Contact: <sip:bob@192.0.2.4>;expires=600\r\n").detail,
            "its protected copy says Supported: path, and it does not");
  EXPECT_EQ(changed(usual() + "k: PATH\r\n").status, 200);
}

TEST_F(ProtectedCopyTest, APathThatNeitherSupportsIsRefusedAsEver) {
  const std::string plain = date + "Contact: <sip:bob@192.0.2.4>;expires=600\r\n";
  EXPECT_EQ(changed(plain + "Path: <sip:p@192.0.2.9;lr>\r\n", plain).status, 420);
}

TEST_F(ProtectedCopyTest, WhatWasChangedOnTheWayIsRefused) {
  const auto cause = [&](const std::string& outer) { return changed(outer).detail; };
  const std::string end = " is not that of its protected copy";
  EXPECT_EQ(cause(date + "Contact: <sip:eve@192.0.2.66>;expires=600\r\nSupported: path\r\n"), "its Contact" + end);
  EXPECT_EQ(cause(date + "Contact: <sip:bob@192.0.2.4>;expires=0\r\nSupported: path\r\n"), "its Contact" + end);
  EXPECT_EQ(cause(date + "Contact: <sip:bob@192.0.2.4>;expires=600;q=1\r\nSupported: path\r\n"), "its Contact" + end);
  EXPECT_EQ(cause(date + "Contact: <sip:bob@192.0.2.4;ob>;expires=600\r\nSupported: path\r\n"), "its Contact" + end);
  EXPECT_EQ(cause(usual() + "Contact: <sip:eve@192.0.2.66>\r\n"), "its Contact" + end);
  EXPECT_EQ(cause(usual() + "Expires: 60\r\n"), "its Expires" + end);
  EXPECT_EQ(
      cause("Date: Thu, 01 Jan 2026 00:00:01 GMT\r\nContact: <sip:bob@192.0.2.4>;expires=600\r\nSupported: path\r\n"),
      "its Date" + end);
  EXPECT_EQ(receive(usual(), copy_of(usual()), "2").detail, "its CSeq" + end);
  const auto with = [&](const std::string& what, const std::string& instead) {
    std::string inner = head() + usual() + "\r\n";
    inner.replace(inner.find(what), what.size(), instead);
    return receive(usual(), body_of(signed_part("message/sip", inner))).detail;
  };
  EXPECT_EQ(with("tag=f1", "tag=f2"), "its From" + end);
  EXPECT_EQ(with("To: <sip:bob", "To: <sip:eve"), "its To" + end);
  EXPECT_EQ(with("c1", "c2"), "its Call-ID" + end);
  EXPECT_EQ(with("REGISTER sip:example.com SIP/2.0", "SIP/2.0 200 OK"), "its protected copy is a response");
  EXPECT_THAT(bound(), IsEmpty());
}

TEST_F(ProtectedCopyTest, HowItIsWrittenDoesNotMatter) {
  const UaAnswer answer =
      changed("Date:  Thu, 01 Jan 2026 00:00:00 GMT\r\nm: \"B\" <SIP:bob@192.0.2.4>;Expires=600\r\nk: PATH\r\n");
  EXPECT_EQ(answer.status, 200) << answer.detail;
}

TEST_F(ProtectedCopyTest, TheSignerIsTheAddressOfRecord) {
  const auto status_for = [&](const std::string& names) {
    certificate = test_smime::certificate_for(names);
    return changed(usual()).status;
  };
  EXPECT_EQ(status_for("URI:sip:bob@example.com"), 200);
  certificate = test_smime::certificate_for("email:eve@example.com,email:bob@example.com");
  EXPECT_EQ(receive(usual(), body_of(signed_part("message/sip", head("2") + usual() + "\r\n")), "2").status, 200);
  for (const std::string other : {"email:eve@example.com", "email:bob@example.net", "URI:sip:example.com",
                                  "DNS:example.com", "URI:sip:bob@example.com;x=y", "URI:tel:bob"}) {
    EXPECT_EQ(status_for(other), 403) << other;
  }
  EXPECT_EQ(changed(usual()).detail, "it is not signed by its address of record");
}

TEST_F(ProtectedCopyTest, ASignatureThatDoesNotCountIsRefused) {
  std::string body = copy_of(usual());
  body.replace(body.find("z9hG4bKua1"), 10, "z9hG4bKua2");
  EXPECT_EQ(receive(usual(), body).status, 403);
  EXPECT_THAT(receive(usual(), body).detail, StartsWith("its signature does not verify: "));
  certificate = test_smime::certificate_for("email:bob@example.com", test_smime::Issuer::Stranger);
  EXPECT_EQ(changed(usual()).status, 403);
  EXPECT_THAT(changed(usual()).detail, StartsWith("its signer's certificate does not count: "));
}

TEST_F(ProtectedCopyTest, IsNoOlderAndNoYoungerThanAnHour) {
  wall = new_year + std::chrono::hours(1);
  EXPECT_EQ(changed(usual()).status, 200);
  for (const Duration apart :
       {Duration(std::chrono::hours(1)) + Duration(1), -Duration(std::chrono::hours(1)) - Duration(1)}) {
    wall = new_year + apart;
    EXPECT_EQ(changed(usual()).status, 403);
    EXPECT_EQ(changed(usual()).detail, "its Date is more than an hour from the time here");
  }
  const std::string undated = "Contact: <sip:bob@192.0.2.4>\r\n";
  EXPECT_EQ(changed(undated, undated).detail, "its protected copy has no Date");
  EXPECT_EQ(changed("Date: now\r\n", "Date: now\r\n").detail, "its Date is none");
}

TEST_F(ProtectedCopyTest, AFragmentIsACopyToo) {
  const std::string lines =
      "From: <sip:bob@example.com>;tag=f1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c1\r\nCSeq: 1 REGISTER\r\n" +
      usual();
  EXPECT_EQ(receive(usual(), body_of(signed_part("message/sipfrag", lines))).status, 200);
  EXPECT_EQ(
      receive(usual(), body_of(signed_part("message/sipfrag", "REGISTER sip:example.com SIP/2.0\r\n" + lines + "\r\n")),
              "1")
          .status,
      500)
      << "a copy as good as the first";
  const UaAnswer without = receive(usual(), body_of(signed_part("message/sipfrag", usual())));
  EXPECT_EQ(without.status, 400);
  EXPECT_THAT(without.detail, HasSubstr("its protected copy: "));
}

TEST_F(ProtectedCopyTest, WhatIsNoCopyIsRefused) {
  EXPECT_EQ(receive(usual(), "nothing").status, 400);
  EXPECT_EQ(receive(usual(), body_of(signed_part("message/sip", "nothing"))).status, 400);
  const UaAnswer text = receive(usual(), body_of(signed_part("text/plain", "nothing")));
  EXPECT_EQ(text.status, 415);
  EXPECT_THAT(field_values(text, "Accept"), ElementsAre("message/sip, message/sipfrag"));
  EXPECT_EQ(receive(usual(), body_of(signed_part("application/pkcs7-mime", "secret"))).status, 493);
}

TEST_F(ProtectedCopyTest, AnEncryptedBodyIsUndecipherable) {
  const auto status_of = [&](const std::string& type) {
    return receive_bytes(head() + usual() + type + "Content-Length: 6\r\n\r\nsecret").status;
  };
  EXPECT_EQ(status_of("Content-Type: application/pkcs7-mime;smime-type=enveloped-data\r\n"), 493);
  EXPECT_EQ(status_of("Content-Type: application/pkcs7-mime\r\nContent-Disposition: attachment;handling=optional\r\n"),
            493);
  EXPECT_EQ(status_of("Content-Type: text/plain\r\n"), 415);
}

TEST_F(ProtectedCopyTest, CountsEvenWhereItIsCalledOptional) {
  const std::string body = copy_of(date);
  EXPECT_EQ(receive(usual() + "Content-Disposition: attachment;handling=optional\r\n", body).status, 403);
}

TEST_F(ProtectedCopyTest, WithoutCertificatesASignedBodyIsNotUnderstood) {
  const UaAnswer answer = registrar.answer(
      now,
      *request_to("sip:example.com", "REGISTER",
                  "To: <sip:bob@example.com>\r\nCall-ID: c1\r\nContent-Type: " + signed_body_type("b1") + "\r\n", "1",
                  copy_of(usual())),
      arrival);
  EXPECT_EQ(answer.status, 415);
  EXPECT_THAT(field_values(answer, "Accept"), ElementsAre("application/sdp"));
}

TEST_F(ProtectedCopyTest, AnAnswerIsCopiedWhereItHasAPathOrItsRequestWasSigned) {
  const std::string lines = "To: <sip:bob@example.com>\r\nSupported: path\r\nContact: <sip:bob@192.0.2.4>\r\n";
  const auto asks_for_copy = [&](Registrar& which, const std::string& more, const std::string& cseq) {
    return which
        .answer(now, *request_to("sip:example.com", "REGISTER", lines + "Call-ID: c2\r\n" + more, cseq), arrival, wall)
        .with_copy;
  };
  EXPECT_FALSE(asks_for_copy(signing_registrar, "", "1"));
  EXPECT_TRUE(asks_for_copy(signing_registrar, "Path: <sip:192.0.2.9;lr>\r\n", "2"));
  EXPECT_FALSE(asks_for_copy(registrar, "Path: <sip:192.0.2.9;lr>\r\n", "3"));
  EXPECT_TRUE(changed(usual()).with_copy);
}

TEST_F(ProtectedCopyTest, AnAnswersCopyIsSigned) {
  const std::string response = "SIP/2.0 200 OK\r\nPath: <sip:192.0.2.9;lr>\r\nContent-Length: 0\r\n\r\n";
  const ProtectedCopy copy = make_protected_copy(smime, wall, response, "t1");
  const auto body = read_signed_body(copy.content_type, copy.body);
  ASSERT_TRUE(body) << body.error();
  EXPECT_EQ(body->content_type, "message/sip");
  EXPECT_EQ(body->content_body, response);
  EXPECT_TRUE(test_smime::is_signed(body->content, body->signature, test_smime::authority()));
}

}  // namespace
}  // namespace intermediary
