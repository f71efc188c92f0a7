#include "base/keyed_hash.h"

#include <gtest/gtest.h>

#include <array>

namespace intermediary {
namespace {

// The key and the inputs of the paper's appendix A: 00 01 02 … 0f.
constexpr HashKey paper_key{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};

std::string counting(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(i);
  return text;
}

TEST(SipHashTest, GivesThePapersValue) { EXPECT_EQ(siphash(paper_key, counting(15)), 0xa129ca6149be45e5ULL); }

TEST(SipHashTest, GivesTheReferenceValuesOfShortInputs) {
  constexpr std::array<std::uint64_t, 9> reference{0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a,
                                                   0x85676696d7fb7e2d, 0xcf2794e0277187b7, 0x18765564cd99a68d,
                                                   0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462};
  for (std::size_t bytes = 0; bytes < reference.size(); ++bytes) {
    EXPECT_EQ(siphash(paper_key, counting(bytes)), reference[bytes]) << bytes;
  }
}

TEST(KeyedHashTest, FieldsDoNotRunTogether) {
  const auto of = [](std::string_view a, std::string_view b) {
    return KeyedHash(paper_key).field(a).field(b).finish();
  };
  EXPECT_EQ(of("ab", "c"), of("ab", "c"));
  EXPECT_NE(of("ab", "c"), of("a", "bc"));
  EXPECT_NE(of("", "abc"), of("abc", ""));
  EXPECT_NE(of(std::string(8, '\0'), ""), of("", std::string(8, '\0')));
}

TEST(KeyedHashTest, IsTheFunctionOfThePaperOverItsInputs) {
  const std::string number = counting(8);
  EXPECT_EQ(KeyedHash(paper_key).number(0x0706050403020100ULL).finish(), siphash(paper_key, number));
  const std::string text_and_length("abc\0\0\0\0\x03", 8);
  EXPECT_EQ(KeyedHash(paper_key).field("abc").finish(), siphash(paper_key, text_and_length));
  const std::string longer("01234567AB\0\0\0\0\0\x0a", 16);
  EXPECT_EQ(KeyedHash(paper_key).field("01234567AB").finish(), siphash(paper_key, longer));
  const std::string longest = std::string(304, 'x') + std::string("\x30\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\xff", 16);
  EXPECT_EQ(KeyedHash(paper_key).field(std::string(304, 'x')).finish(), siphash(paper_key, longest));
}

TEST(KeyedHashTest, CanGoOnAfterFinish) {
  KeyedHash hash(paper_key);
  hash.field("first");
  const std::uint64_t first = hash.finish();
  EXPECT_EQ(hash.finish(), first);
  EXPECT_EQ(hash.field("second").finish(), KeyedHash(paper_key).field("first").field("second").finish());
}

TEST(KeyedHashTest, DependsOnTheKey) { EXPECT_NE(siphash({0, 0}, "alice"), siphash({0, 1}, "alice")); }

TEST(KeyedHashTest, AWideHashIsTheHashAndAnotherWord) {
  const KeyedHash alice = std::move(KeyedHash(paper_key).field("alice"));
  const KeyedHash bob = std::move(KeyedHash(paper_key).field("bob"));
  EXPECT_EQ(alice.finish_wide(), alice.finish_wide());
  EXPECT_EQ(alice.finish_wide().high, alice.finish());
  EXPECT_NE(alice.finish_wide().low, alice.finish_wide().high);
  EXPECT_NE(alice.finish_wide().low, bob.finish_wide().low);
}

TEST(ToHexTest, WritesSixteenDigits) {
  EXPECT_EQ(to_hex(0), "0000000000000000");
  EXPECT_EQ(to_hex(0x0123456789abcdefULL), "0123456789abcdef");
  EXPECT_EQ(to_hex(0xfa9010bf5e6d7c8aULL), "fa9010bf5e6d7c8a");
}

}  // namespace
}  // namespace intermediary
