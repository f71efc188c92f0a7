#include "base/base64url.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace intermediary {
namespace {

// RFC 4648 §10, without padding.
TEST(Base64urlTest, WritesTheExamplesOfTheRfc) {
  EXPECT_EQ(to_base64url(""), "");
  EXPECT_EQ(to_base64url("f"), "Zg");
  EXPECT_EQ(to_base64url("fo"), "Zm8");
  EXPECT_EQ(to_base64url("foo"), "Zm9v");
  EXPECT_EQ(to_base64url("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
}

TEST(Base64urlTest, ReadsNothingButWhatItWrites) {
  EXPECT_EQ(from_base64url("Zm8"), "fo");
  EXPECT_EQ(from_base64url("Zm9"), std::nullopt) << "bits behind the last octet";
  EXPECT_EQ(from_base64url("Z"), std::nullopt) << "less than an octet";
  EXPECT_EQ(from_base64url("Zm8="), std::nullopt);
  EXPECT_EQ(from_base64url("Zm+v"), std::nullopt);
}

RC_GTEST_PROP(Base64urlTest, IsReadBack, (const std::string& bytes)) {
  RC_ASSERT(from_base64url(to_base64url(bytes)) == bytes);
}

TEST(NumbersTest, AreReadBackInNetworkOrder) {
  std::string bytes;
  append_number(bytes, 0x0102030405060708, 8);
  append_number(bytes, 0x1ff, 1);
  EXPECT_EQ(bytes, "\x01\x02\x03\x04\x05\x06\x07\x08\xff");
  EXPECT_EQ(read_number(std::string_view(bytes).substr(6, 3)), 0x0708ffu);
}

}  // namespace
}  // namespace intermediary
