#include "policy/digest_hash.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

TEST(DigestHash, IsThatOfTheStandards) {
  // RFC 3261 §22.4 item 7 and RFC 8760 §2.6 item 7: the hash of nothing.
  EXPECT_EQ(digest_hash(DigestAlgorithm::Md5, {""}), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(digest_hash(DigestAlgorithm::Sha256, {""}),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  // FIPS 180-4's example "abc".
  EXPECT_EQ(digest_hash(DigestAlgorithm::Sha512_256, {"abc"}),
            "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23");
}

TEST(DigestHash, JoinsItsPartsByColons) {
  EXPECT_EQ(digest_hash(DigestAlgorithm::Md5, {"a", "", "c"}), digest_hash(DigestAlgorithm::Md5, {"a::c"}));
}

TEST(DigestHash, HasAsManyDigitsAsItsAlgorithmSays) {
  for (const DigestAlgorithm algorithm : {DigestAlgorithm::Md5, DigestAlgorithm::Sha256, DigestAlgorithm::Sha512_256}) {
    EXPECT_EQ(digest_hash(algorithm, {"x"}).size(), digest_digits(algorithm));
    EXPECT_EQ(parse_digest_algorithm(algorithm_name(algorithm)), algorithm);
  }
  EXPECT_EQ(parse_digest_algorithm("sha-256"), DigestAlgorithm::Sha256);
  EXPECT_EQ(parse_digest_algorithm("SHA-256-sess"), std::nullopt);
}

}  // namespace
}  // namespace intermediary
