#include "policy/smime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/test_smime.h"

namespace intermediary {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const WallTime now{std::chrono::seconds(1'767'225'600)};  // 2026-01-01
const std::string content = "Content-Type: message/sip\r\n\r\nREGISTER sip:example.com SIP/2.0\r\n\n\r";
const std::string bob = test_smime::certificate_for("email:bob@example.com");

Smime opened(const SmimeKeys& keys = test_smime::registrar_keys()) {
  auto smime = Smime::open(keys);
  if (!smime) throw std::logic_error(smime.error());
  return *std::move(smime);
}

std::string problem_of(const SmimeKeys& keys) {
  const auto smime = Smime::open(keys);
  return smime ? "" : smime.error();
}

std::string error_of(const std::string& signature, const std::string& of = content, WallTime time = now) {
  const auto verified = opened().verify(time, of, signature);
  return verified ? "" : verified.error();
}

TEST(SmimeTest, SaysWhomTheSignersCertificateNames) {
  const std::string certificate = test_smime::certificate_for(
      "email:bob@example.com,URI:sips:bob@example.net,DNS:example.org,URI:http://example.com");
  EXPECT_THAT(opened().verify(now, content, test_smime::sign(content, certificate)).value(),
              ElementsAre("sip:bob@example.com", "sips:bob@example.net", "http://example.com"));
  EXPECT_THAT(opened().verify(now, content, test_smime::sign(content, test_smime::certificate_for(""))).value(),
              IsEmpty());
}

TEST(SmimeTest, WhatItSignsVerifiesAndIsTheSameEachTime) {
  const std::string signature = opened().sign(now, content);
  EXPECT_TRUE(test_smime::is_signed(content, signature, test_smime::authority()));
  EXPECT_FALSE(test_smime::is_signed(content + " ", signature, test_smime::authority()));
  EXPECT_THAT(opened().verify(now, content, signature).value(), ElementsAre("sip:example.com"));
  EXPECT_EQ(opened().sign(now + Duration(999'999), content), signature);
  EXPECT_NE(opened().sign(now + std::chrono::seconds(1), content), signature);
}

TEST(SmimeTest, AChangedContentOrSignatureDoesNotVerify) {
  std::string signature = test_smime::sign(content, bob);
  EXPECT_EQ(error_of(signature), "");
  EXPECT_THAT(error_of(signature, content + "x"), HasSubstr("does not verify"));
  signature.back() = static_cast<char>(signature.back() ^ 1);
  EXPECT_THAT(error_of(signature), HasSubstr("does not verify"));
}

TEST(SmimeTest, TheSignersCertificateMustCount) {
  const auto error_for = [](const test_smime::CertificateParts& parts, std::string_view key = test_smime::signer_key) {
    return error_of(test_smime::sign(content, test_smime::make_certificate(parts), key));
  };
  EXPECT_THAT(error_for({.issuer = test_smime::Issuer::Stranger}),
              HasSubstr("does not count: unable to get local issuer"));
  EXPECT_THAT(error_for({.until = "20251231235959Z"}), HasSubstr("certificate has expired"));
  EXPECT_EQ(error_for({.extended_usage = "emailProtection"}), "");
  EXPECT_THAT(error_for({.extended_usage = "serverAuth"}), HasSubstr("purpose"));
  EXPECT_EQ(error_for({.key = test_smime::elliptic_key}, test_smime::elliptic_key), "");
  EXPECT_THAT(error_of(test_smime::sign(content, bob), content, WallTime()), HasSubstr("not yet valid"));
}

TEST(SmimeTest, OneDetachedSignatureWithItsCertificate) {
  using test_smime::sign;
  EXPECT_EQ(error_of(sign(content, bob, test_smime::signer_key, EVP_sha512())), "");
  EXPECT_THAT(error_of(sign(content, bob, test_smime::signer_key, EVP_sha1())), HasSubstr("weaker than SHA-256"));
  EXPECT_THAT(error_of(sign(content, bob, test_smime::signer_key, EVP_sha256(), 0)), HasSubstr("not detached"));
  EXPECT_THAT(error_of(sign(content, bob, test_smime::signer_key, EVP_sha256(), CMS_DETACHED | CMS_NOCERTS)),
              HasSubstr("does not hold the signer's certificate"));
  for (const std::string& wrong : {std::string(), std::string("\x30\x80"), std::string(1000, '\x30'),
                                   sign(content, bob) + "x", sign(content, bob).substr(0, 900)}) {
    EXPECT_THAT(error_of(wrong), HasSubstr("no SignedData"));
  }
  EXPECT_THAT(error_of(std::string(16 * 1024 + 1, '0')), HasSubstr("too large"));
}

TEST(SmimeTest, KeysThatCannotBeUsedAreRefusedByName) {
  const SmimeKeys good = test_smime::registrar_keys();
  EXPECT_EQ(problem_of(good), "");
  const auto with = [&](auto change) {
    SmimeKeys keys = good;
    change(keys);
    return problem_of(keys);
  };
  EXPECT_EQ(with([](SmimeKeys& keys) { keys.chain = ""; }), "the certificate cannot be read: there is none");
  EXPECT_THAT(with([](SmimeKeys& keys) { keys.chain.erase(100, 4); }), HasSubstr("the certificate cannot be read: "));
  EXPECT_THAT(with([](SmimeKeys& keys) { keys.key = ""; }), HasSubstr("the key cannot be used: "));
  EXPECT_EQ(with([](SmimeKeys& keys) { keys.key = test_smime::elliptic_key; }),
            "the key cannot be used: it is EC, and signatures need an RSA key");
  EXPECT_EQ(with([](SmimeKeys& keys) { keys.key = test_smime::authority_key; }),
            "the key is not that of the certificate");
  EXPECT_EQ(with([](SmimeKeys& keys) { keys.authorities = "none"; }), "the authorities cannot be read: there is none");
  EXPECT_EQ(with([&](SmimeKeys& keys) { keys.chain += keys.authorities; }), "");
}

}  // namespace
}  // namespace intermediary
