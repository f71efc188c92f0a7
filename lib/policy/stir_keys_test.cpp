#include "policy/stir_keys.h"

#include <gtest/gtest.h>

#include <string>

#include "base/base64url.h"
#include "policy/test_stir.h"

namespace intermediary {
namespace {

using test_smime::Issuer;
using namespace test_stir;

const WallTime in_2026 = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1).time_since_epoch());

// RFC 6979 §A.2.5, as PKCS #8.
constexpr std::string_view key_of_rfc6979 = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgya+p2EW6dRZrXCFX
Z7HWk05Qw9s26JsSe4piKxIPZyGhRANCAARg/tS6JVqdMclh63TGNW1owEm4kjth
+mzmaWIuYPKftnkD/hAIuLyZpBrp6VYovGTy8bIMLX6fUXejwpTURiKZ
-----END PRIVATE KEY-----
)";

SignerKeys signer_of_rfc6979() { return test_stir::signer({.key = key_of_rfc6979}); }
std::string der_of_unknown() { return der(0xA7, der(0x16, "1")); }

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    text += {digits[static_cast<unsigned char>(c) >> 4], digits[static_cast<unsigned char>(c) & 15]};
  }
  return text;
}

StirSigner opened(const SignerKeys& keys) {
  auto signer = StirSigner::open(keys);
  EXPECT_TRUE(signer) << signer.error();
  return *std::move(signer);
}

std::string chain_trouble(const std::string& chain, WallTime when = in_2026) {
  const auto checked = StirAuthorities::open(test_smime::authority())->check(chain, when);
  return checked ? "" : checked.error();
}

TEST(StirSigner, SignsAsRfc6979Says) {
  const StirSigner signer = opened(signer_of_rfc6979());
  EXPECT_EQ(hex(signer.sign("sample")),
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
            "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8");
  EXPECT_EQ(hex(signer.sign("test")),
            "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
            "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083");
}

TEST(StirSigner, IsVerifiedByItsCertificateAlone) {
  const StirSigner signer = opened(test_stir::signer());
  const std::string signature = signer.sign("text");
  ASSERT_EQ(signature.size(), 64U);
  EXPECT_EQ(signer.sign("text"), signature);
  EXPECT_TRUE(signer.certificate().verifies("text", signature));
  EXPECT_FALSE(signer.certificate().verifies("texu", signature));
  for (std::size_t i = 0; i < signature.size(); i += 9) {
    std::string other = signature;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_FALSE(signer.certificate().verifies("text", other)) << i;
  }
  EXPECT_FALSE(signer.certificate().verifies("text", std::string(64, '\0')));
  EXPECT_FALSE(signer.certificate().verifies("text", signature.substr(1)));
  EXPECT_FALSE(opened(signer_of_rfc6979()).certificate().verifies("text", signature));
}

TEST(StirSigner, TellsWhatItCannotUse) {
  EXPECT_EQ(StirSigner::open({"", std::string(test_smime::elliptic_key)}).error(),
            "the certificate cannot be read: there is none");
  EXPECT_EQ(StirSigner::open({certificate(), std::string(test_smime::signer_key)}).error(),
            "the key is not one of ES256, on the curve P-256");
  EXPECT_EQ(StirSigner::open({certificate(), std::string(key_of_rfc6979)}).error(),
            "the key is not that of the certificate");
  EXPECT_EQ(
      StirSigner::open({certificate({.key = test_smime::signer_key}), std::string(test_smime::signer_key)}).error(),
      "the certificate cannot be used: its key is not one of ES256, on the curve P-256");
  EXPECT_TRUE(StirSigner::open({certificate(), "no key"}).error().starts_with("the key cannot be read: "));
}

TEST(StirSigner, IsGoodAsLongAsItsCertificate) {
  const StirSigner signer = opened(test_stir::signer());
  EXPECT_TRUE(signer.is_valid_at(in_2026));
  EXPECT_FALSE(signer.is_valid_at(in_2026 + std::chrono::days(4000)));
  EXPECT_FALSE(signer.is_valid_at(in_2026 - std::chrono::days(400)));
}

TEST(StirAuthorities, KnowWhomTheyHaveSigned) {
  EXPECT_EQ(chain_trouble(certificate()), "");
  EXPECT_EQ(chain_trouble(certificate({.issuer = Issuer::Stranger})),
            "the certificate does not count: unable to get local issuer certificate");
  EXPECT_EQ(chain_trouble(certificate(), in_2026 + std::chrono::days(4000)),
            "the certificate does not count: certificate has expired");
  EXPECT_EQ(chain_trouble(certificate({.key = test_smime::signer_key})),
            "the certificate is not supported: its key is not one of ES256, on the curve P-256");
  EXPECT_EQ(chain_trouble(certificate({.constrains_claims = true})),
            "the certificate is not supported: it constrains claims (JWTClaimConstraints), which is not supported");
  EXPECT_EQ(chain_trouble(certificate({.numbers = "nonsense"})),
            "the certificate is not supported: its list of numbers cannot be read");
  EXPECT_EQ(chain_trouble("no certificate"), "the certificate cannot be read: there is none");
  EXPECT_EQ(chain_trouble(std::string(40'000, ' ')), "the certificate is too large");
  EXPECT_EQ(StirAuthorities::open("none").error(), "the authorities cannot be read: there is none");
}

TEST(StirCertificate, SpeaksForItsNumbersAndDomains) {
  const auto authorities = *StirAuthorities::open(test_smime::authority());
  const auto known = *authorities.check(certificate({.alternative_names = "DNS:Example.com"}), in_2026);
  EXPECT_EQ(known.problem_with_number("12155551212"), "");
  EXPECT_EQ(known.problem_with_number("12155551213"), "its certificate does not cover the number 12155551213");
  EXPECT_EQ(known.problem_with_domain("EXAMPLE.com"), "");
  EXPECT_EQ(known.problem_with_domain("sub.example.com"), "its certificate does not name the domain sub.example.com");
  const auto without = *authorities.check(certificate({.numbers = ""}), in_2026);
  EXPECT_EQ(without.problem_with_number("12155551212"), "its certificate lists no numbers (TNAuthList)");
  const auto by_uri =
      *authorities.check(certificate({.alternative_names = "DNS:example.com,URI:sip:example.net"}), in_2026);
  EXPECT_EQ(by_uri.problem_with_domain("example.net"), "");
  EXPECT_NE(by_uri.problem_with_domain("example.com"), "");
}

TEST(NumberAuthority, IsReadAndCovers) {
  const auto authority =
      read_number_authority(number_list(number_range("12155550000", std::string("\x03\xE8", 2)) + one_number("*69")));
  ASSERT_TRUE(authority) << authority.error();
  EXPECT_EQ(authority->ranges, (std::vector<NumberAuthority::Range>{{"12155550000", 1000}, {"*69", 1}}));
  EXPECT_TRUE(authority->covers("12155550000"));
  EXPECT_TRUE(authority->covers("12155550999"));
  EXPECT_FALSE(authority->covers("12155551000"));
  EXPECT_FALSE(authority->covers("12155549999"));
  EXPECT_FALSE(authority->covers("012155550000"));
  EXPECT_TRUE(authority->covers("*69"));
  EXPECT_TRUE(read_number_authority(number_list(provider("1234")))->covers("anything"));
}

TEST(NumberAuthority, OfAnotherShapeIsRefused) {
  for (const std::string& der : {std::string(), number_list(""), number_list("x"), number_list(one_number("")),
                                 number_list(one_number("1234567890123456")), number_list(one_number("+1")),
                                 number_list(number_range("10", "\x01")), number_list(number_range("10", "\x5B")),
                                 number_list(number_range("*1", "\x02")), number_list(number_range("10", "\xFF")),
                                 number_list(one_number("1")) + "x", number_list(der_of_unknown())}) {
    EXPECT_FALSE(read_number_authority(der)) << hex(der);
  }
  EXPECT_TRUE(read_number_authority(number_list(number_range("10", "\x5A"))));
}

}  // namespace
}  // namespace intermediary
