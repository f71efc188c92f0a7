#include "message/multipart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/smime_limits.h"

namespace intermediary {
namespace {

using testing::HasSubstr;

const std::string type = "multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=b42";
const std::string signature_part =
    "Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\nAP8Q\r\n";

std::string body(const std::string& first, const std::string& second = signature_part) {
  return "--b42\r\n" + first + "\r\n--b42\r\n" + second + "\r\n--b42--\r\n";
}

std::string error_of(const std::string& content_type, const std::string& text) {
  const auto read = read_signed_body(content_type, text);
  return read ? "" : read.error();
}

TEST(MultipartTest, MediaTypesAndTheirParameters) {
  EXPECT_TRUE(is_media_type("Multipart/Signed ; a=b", "multipart/signed"));
  EXPECT_FALSE(is_media_type("multipart/mixed", "multipart/signed"));
  EXPECT_EQ(media_parameter("a/b;x=\"1;\\\"2\" ; Boundary = z", "x"), "1;\"2");
  EXPECT_EQ(media_parameter("a/b;x=\"1;\\\"2\" ; Boundary = z", "boundary"), "z");
  EXPECT_EQ(media_parameter("a/b;x", "x"), std::nullopt);
}

TEST(MultipartTest, WhatIsSignedIsTheFirstPartByteForByte) {
  const std::string first = "Content-Type: message/sip\r\n\r\nREGISTER sip:a SIP/2.0\r\nTo: <sip:b@a>\r\n\r\n";
  const std::string whole = body(first);
  const auto read = read_signed_body(type, whole);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->content, first);
  EXPECT_EQ(read->content_type, "message/sip");
  EXPECT_EQ(read->content_body, "REGISTER sip:a SIP/2.0\r\nTo: <sip:b@a>\r\n\r\n");
  EXPECT_EQ(read->signature, std::string("\0\xff\x10", 3));
}

TEST(MultipartTest, WhatStandsAroundThePartsDoesNotMatter) {
  const std::string first = "content-type:\r\n message/sip\r\nX: y\r\n\r\n--b4\r\n --b42\r\n--b42x\r\n";
  const std::string whole = "a preamble\r\n" + body(first) + "--b42\r\nan epilogue";
  const auto read = read_signed_body(type, whole);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->content, first);
  EXPECT_EQ(read->content_type, "message/sip");
}

TEST(MultipartTest, ASignatureMayBeBinary) {
  const std::string whole = body("A: b\r\n\r\n", "Content-Type: application/x-pkcs7-signature\r\n\r\n\x30\x80");
  EXPECT_EQ(read_signed_body(type, whole)->signature, "\x30\x80");
}

TEST(MultipartTest, WhatIsWrittenIsReadAgain) {
  const std::string content = signed_part("message/sip", "SIP/2.0 200 OK\r\n\r\n");
  const std::string signature = std::string(100, '\xfb') + std::string(1, '\0');
  const std::string written = write_signed_body(content, signature, "x-1");
  const auto read = read_signed_body(signed_body_type("x-1"), written);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->content, content);
  EXPECT_EQ(read->content_body, "SIP/2.0 200 OK\r\n\r\n");
  EXPECT_EQ(read->signature, signature);
}

TEST(MultipartTest, SaysWhatIsWrong) {
  const std::string first = "Content-Type: message/sip\r\n\r\nx";
  EXPECT_THAT(error_of("multipart/signed;boundary=b42", body(first)), HasSubstr("protocol"));
  EXPECT_THAT(error_of("multipart/signed;protocol=\"application/pgp-signature\";boundary=b42", body(first)),
              HasSubstr("protocol"));
  EXPECT_THAT(error_of("multipart/signed;protocol=\"application/pkcs7-signature\"", body(first)),
              HasSubstr("no boundary"));
  EXPECT_THAT(error_of("multipart/signed;protocol=\"application/pkcs7-signature\";boundary=" + std::string(71, 'b'),
                       body(first)),
              HasSubstr("no boundary"));
  const std::string one_part = "--b42\r\n" + first + "\r\n--b42--\r\n";
  const std::string unclosed = body(first).substr(0, body(first).rfind("--b42--"));
  const std::string three_parts = body(first, first + "\r\n--b42\r\nx");
  for (const std::string& text : {std::string(), std::string("--b42--\r\n"), one_part, unclosed, three_parts}) {
    EXPECT_THAT(error_of(type, text), HasSubstr("two parts")) << text;
  }
  EXPECT_THAT(error_of(type, "--b42\r\n--b42\r\n" + signature_part + "\r\n--b42--"), HasSubstr("no empty line"));
  EXPECT_THAT(error_of(type, body("\r\nx")), HasSubstr("no empty line"));
  EXPECT_THAT(error_of(type, body("wrong\r\n\r\n")), HasSubstr("no colon"));
  EXPECT_THAT(error_of(type, body("Content-Transfer-Encoding: Base64\r\n\r\nx")), HasSubstr("encoded: base64"));
  EXPECT_THAT(error_of(type, body(first, first)), HasSubstr("no application/pkcs7-signature"));
}

TEST(MultipartTest, HasLimits) {
  const std::string first = "Content-Type: message/sip\r\n\r\nx";
  std::string lines;
  for (std::size_t i = 0; i < limit::part_header_lines; ++i) lines += "A: b\r\n";
  EXPECT_EQ(error_of(type, body(lines + "\r\nx")), "");
  EXPECT_THAT(error_of(type, body(lines + "A: b\r\n\r\nx")), HasSubstr("too many header lines"));
  const std::string head = "Content-Type: application/pkcs7-signature\r\n\r\n";
  EXPECT_EQ(error_of(type, body(first, head + std::string(limit::signature_bytes, 'x'))), "");
  EXPECT_THAT(error_of(type, body(first, head + std::string(limit::signature_bytes + 1, 'x'))), HasSubstr("too large"));
}

TEST(MultipartTest, BadBase64IsNoSignature) {
  for (const std::string text : {"AP8*", "AP8-", "A"}) {
    const std::string part =
        "Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n" + text;
    EXPECT_THAT(error_of(type, body("A: b\r\n\r\nx", part)), HasSubstr("neither base64")) << text;
  }
}

}  // namespace
}  // namespace intermediary
