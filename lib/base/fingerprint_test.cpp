#include "base/fingerprint.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace intermediary {
namespace {

// The values themselves are part of the format of records (docs/records.md).
TEST(FingerprintTest, IsTheSameEverywhere) {
  EXPECT_EQ(fingerprint(""), 0x8759d121af031302);
  EXPECT_EQ(fingerprint("INVITE"), 0xc24ad0c0ce227a1a);
  EXPECT_EQ(fingerprint("INVITE sip:bob@example.com SIP/2.0\r\n"), 0x3e25109fa079251f);
}

TEST(FingerprintTest, TellsEveryLengthAndEveryBit) {
  std::set<std::uint64_t> seen;
  std::string bytes;
  std::size_t count = 0;
  for (int length = 0; length < 70; ++length, bytes += '\0') {
    seen.insert(fingerprint(bytes));
    ++count;
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string other = bytes;
      other[bit / 8] = static_cast<char>(1 << bit % 8);
      seen.insert(fingerprint(other));
      ++count;
    }
  }
  EXPECT_EQ(seen.size(), count);
}

TEST(FingerprintTest, GoesOnFromAnother) {
  EXPECT_NE(fingerprint("b", fingerprint("a")), fingerprint("a", fingerprint("b")));
  EXPECT_NE(fingerprint("b", fingerprint("a")), fingerprint("b"));
}

}  // namespace
}  // namespace intermediary
