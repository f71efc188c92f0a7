#include "policy/nonce.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

using std::chrono::seconds;

constexpr HashKey key{1, 2};

WallTime wall(seconds since_epoch) { return WallTime(since_epoch); }
Nonce nonce_of(seconds issued, std::uint64_t random = 7) { return {wall(issued), random}; }

TEST(Nonce, IsReadByWhoeverHasTheKey) {
  const Nonce nonce = nonce_of(seconds(1'800'000'000));
  const std::string text = write_nonce(key, "example.com", nonce);
  EXPECT_EQ(text.size(), 64u);
  EXPECT_EQ(read_nonce(key, "example.com", text), nonce);
  EXPECT_EQ(read_nonce({1, 3}, "example.com", text), std::nullopt);
}

TEST(Nonce, IsForOneRealm) {
  EXPECT_EQ(read_nonce(key, "b", write_nonce(key, "a", nonce_of(seconds(1)))), std::nullopt);
}

TEST(Nonce, ThatWasChangedIsNobodys) {
  const std::string text = write_nonce(key, "a", nonce_of(seconds(0xabcdef)));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_EQ(read_nonce(key, "a", changed), std::nullopt) << i;
  }
  std::string capitals = text;
  for (char& c : capitals) c = c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
  EXPECT_EQ(read_nonce(key, "a", capitals), std::nullopt);
  EXPECT_EQ(read_nonce(key, "a", text + "0"), std::nullopt);
  EXPECT_EQ(read_nonce(key, "a", ""), std::nullopt);
}

TEST(NonceUses, EachCountOnce) {
  NonceUses uses(10);
  const Nonce nonce = nonce_of(seconds(1));
  EXPECT_TRUE(uses.use(nonce, 1));
  EXPECT_FALSE(uses.use(nonce, 1));
  EXPECT_TRUE(uses.use(nonce, 2));
  EXPECT_TRUE(uses.use(nonce_of(seconds(1), 8), 1));  // another nonce of the same time
  EXPECT_FALSE(uses.use(nonce, 0));
}

TEST(NonceUses, CountsMayComeOutOfOrderByLessThan64) {
  NonceUses uses(10);
  const Nonce nonce = nonce_of(seconds(1));
  EXPECT_TRUE(uses.use(nonce, 100));
  EXPECT_TRUE(uses.use(nonce, 37));
  EXPECT_FALSE(uses.use(nonce, 36));
  EXPECT_FALSE(uses.use(nonce, 37));
  EXPECT_TRUE(uses.use(nonce, 101));
  EXPECT_FALSE(uses.use(nonce, 100));
  EXPECT_FALSE(uses.use(nonce, 37));
  EXPECT_TRUE(uses.use(nonce, 0xffffffff));
  EXPECT_FALSE(uses.use(nonce, 101));
  EXPECT_TRUE(uses.use(nonce, 0xfffffffe));
}

TEST(NonceUses, WhoDoesNotCountUsesItUp) {
  NonceUses uses(10);
  EXPECT_TRUE(uses.use(nonce_of(seconds(1)), std::nullopt));
  EXPECT_FALSE(uses.use(nonce_of(seconds(1)), std::nullopt));
  EXPECT_FALSE(uses.use(nonce_of(seconds(1)), 1));
  EXPECT_TRUE(uses.use(nonce_of(seconds(2)), 1));
  EXPECT_FALSE(uses.use(nonce_of(seconds(2)), std::nullopt));
  EXPECT_FALSE(uses.use(nonce_of(seconds(2)), 2));
}

TEST(NonceUses, AFullTableForgetsTheOldestAndTakesItNoMore) {
  NonceUses uses(2);
  EXPECT_TRUE(uses.use(nonce_of(seconds(1)), 1));
  EXPECT_TRUE(uses.use(nonce_of(seconds(2)), 1));
  EXPECT_TRUE(uses.use(nonce_of(seconds(3)), 1));
  EXPECT_EQ(uses.size(), 2u);
  EXPECT_FALSE(uses.use(nonce_of(seconds(1)), 1));  // it would be a replay
  EXPECT_FALSE(uses.use(nonce_of(seconds(1)), 2));
  EXPECT_TRUE(uses.use(nonce_of(seconds(2)), 2));
}

TEST(NonceUses, WhatWasIssuedBeforeIsNotTaken) {
  NonceUses uses(10);
  EXPECT_TRUE(uses.use(nonce_of(seconds(5)), 1));
  uses.forget_before(wall(seconds(6)));
  EXPECT_EQ(uses.size(), 0u);
  EXPECT_FALSE(uses.use(nonce_of(seconds(5)), 2));
  EXPECT_TRUE(uses.use(nonce_of(seconds(6)), 1));
}

TEST(NonceUses, ToAskUsesNothingUp) {
  NonceUses uses(2);
  const Nonce nonce = nonce_of(seconds(1));
  EXPECT_TRUE(uses.would_take(nonce, 1));
  EXPECT_TRUE(uses.would_take(nonce, 1));
  EXPECT_TRUE(uses.use(nonce, 1));
  EXPECT_FALSE(uses.would_take(nonce, 1));
  EXPECT_TRUE(uses.would_take(nonce, 2));
  EXPECT_FALSE(uses.would_take(nonce, 0));
  // What would have to take the place of a later one is not taken.
  EXPECT_TRUE(uses.use(nonce_of(seconds(3)), 1));
  EXPECT_FALSE(uses.would_take(nonce_of(seconds(1), 8), 1));
  EXPECT_TRUE(uses.would_take(nonce_of(seconds(4)), 1));
  EXPECT_EQ(uses.size(), 2u);
  uses.forget_before(wall(seconds(10)));
  EXPECT_FALSE(uses.would_take(nonce_of(seconds(4)), 1));
}

}  // namespace
}  // namespace intermediary
