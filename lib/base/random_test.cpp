#include "base/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/text.h"

namespace intermediary {
namespace {

using testing::ElementsAre;

TEST(ChaCha20Test, GivesTheBlockOfRfc8439Section232) {
  const ChaChaKey key{0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c};
  EXPECT_THAT(
      chacha20_block(key, 1, {0x09000000, 0x4a000000, 0x00000000}),
      ElementsAre(0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
                  0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9, 0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2));
}

// RFC 8439 appendix A.1, test vectors 1 and 2: the zero key's stream starts 76 b8 e0 ad a0 f1 3d 90, and its second
// block 9f 07 e7 be 55 51 38 7a.
TEST(RandomSourceTest, IsTheKeyStreamOfItsSeed) {
  RandomSource random{Seed{}};
  EXPECT_EQ(random.next(), 0x903df1a0ade0b876ULL);
  for (int word = 1; word < 8; ++word) random.next();
  EXPECT_EQ(random.next(), 0x7a385155bee7079fULL);
}

TEST(RandomSourceTest, ACopyGoesOnAlike) {
  RandomSource random(seed_from_number(7));
  random.token(5);
  RandomSource copy = random;
  EXPECT_EQ(copy, random);
  EXPECT_EQ(copy.token(40), random.token(40));
  EXPECT_EQ(copy, random);
}

TEST(RandomSourceTest, SeedsDiffer) {
  EXPECT_NE(RandomSource(seed_from_number(1)).next(), RandomSource(seed_from_number(2)).next());
  EXPECT_NE(RandomSource(seed_from_number(0)).next(), RandomSource(seed_from_number(std::uint64_t{1} << 63)).next());
}

TEST(RandomSourceTest, BelowGivesEveryValueAndNoOther) {
  RandomSource random(seed_from_number(1));
  std::set<std::uint64_t> seen;
  for (int draw = 0; draw < 200; ++draw) seen.insert(random.below(5));
  EXPECT_THAT(seen, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(random.below(1), 0);
}

// Of the 2**64 draws a third lies below 2**64 mod bound; had they counted, the lower half would come twice as often.
TEST(RandomSourceTest, BelowFavoursNoValue) {
  constexpr std::uint64_t bound = (std::uint64_t{1} << 63) + (std::uint64_t{1} << 62);
  RandomSource random(seed_from_number(1));
  int low = 0;
  for (int draw = 0; draw < 3000; ++draw) low += random.below(bound) < bound / 3 ? 1 : 0;
  EXPECT_NEAR(low, 1000, 120);
}

TEST(RandomSourceTest, TokensAreLowerCaseTokensOfThatLength) {
  RandomSource random(seed_from_number(1));
  std::set<char> seen;
  for (std::size_t count : {0, 1, 12, 13, 32, 200}) {
    const std::string token = random.token(count);
    EXPECT_EQ(token.size(), count);
    EXPECT_EQ(is_token(token), count > 0);
    EXPECT_EQ(lowercase(token), token);
    seen.insert(token.begin(), token.end());
  }
  EXPECT_EQ(seen.size(), 32);
}

}  // namespace
}  // namespace intermediary
