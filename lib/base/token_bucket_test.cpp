#include "base/token_bucket.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint at(Duration since) { return TimePoint{} + since; }

// Asked every `step` for `whole`.
int taken(const TokenRate& rate, Duration step, Duration whole) {
  TokenBucket bucket;
  int count = 0;
  for (Duration now{}; now <= whole; now += step) {
    if (wait_for_token(rate, bucket, at(now)) != Duration::zero()) continue;
    take_token(rate, bucket, at(now));
    ++count;
  }
  return count;
}

TEST(TokenBucketTest, GivesItsBurstAndThenExactlyItsRate) {
  EXPECT_EQ(taken({.count = 20, .burst = 40}, milliseconds(1), seconds(10)), 40 + 200);
  EXPECT_EQ(taken({.count = 3, .period = seconds(7), .burst = 2}, microseconds(999), seconds(70) + milliseconds(1)),
            2 + 30);
}

TEST(TokenBucketTest, SaysWhenThereIsATokenToTheMicrosecond) {
  const TokenRate rate{.count = 3, .burst = 1};
  TokenBucket bucket;
  take_token(rate, bucket, at(seconds(5)));
  const Duration wait = wait_for_token(rate, bucket, at(seconds(5)));
  EXPECT_EQ(wait, microseconds(333'334));
  EXPECT_GT(wait_for_token(rate, bucket, at(seconds(5) + wait - microseconds(1))), Duration::zero());
  EXPECT_EQ(wait_for_token(rate, bucket, at(seconds(5) + wait)), Duration::zero());
}

TEST(TokenBucketTest, LacksNoMoreThanItHolds) {
  const TokenRate rate{.count = 1, .burst = 2};
  TokenBucket bucket;
  for (int i = 0; i < 100; ++i) take_token(rate, bucket, at(seconds(1)));
  EXPECT_EQ(wait_for_token(rate, bucket, at(seconds(1))), seconds(1));
}

}  // namespace
}  // namespace intermediary
