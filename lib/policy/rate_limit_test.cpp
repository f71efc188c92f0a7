#include "policy/rate_limit.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/archive.h"

namespace intermediary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool admits(RateLimiter& limiter, TimePoint now, std::string_view key = "a") {
  if (limiter.wait(now, key) != Duration::zero()) return false;
  limiter.take(now, key);
  return true;
}

std::int64_t admitted_of(RateLimiter& limiter, int asked, TimePoint now, std::string_view key = "a") {
  std::int64_t count = 0;
  for (int i = 0; i < asked; ++i) count += admits(limiter, now, key) ? 1 : 0;
  return count;
}

RateLimit twenty_a_second() { return {.name = "calls", .count = 20, .period = seconds(1), .burst = 40}; }

TEST(RateLimiter, LetsTheBurstThroughAndThenTheRate) {
  const RateLimit limit = twenty_a_second();
  RateLimiter limiter(limit);
  EXPECT_EQ(admitted_of(limiter, 100, at(seconds(0))), 40);
  EXPECT_EQ(limiter.wait(at(seconds(0)), "a"), milliseconds(50));
  EXPECT_FALSE(admits(limiter, at(milliseconds(50) - Duration(1))));
  EXPECT_TRUE(admits(limiter, at(milliseconds(50))));
  EXPECT_EQ(admitted_of(limiter, 100, at(milliseconds(1050))), 20);
  EXPECT_EQ(admitted_of(limiter, 100, at(seconds(1000))), 40);
}

TEST(RateLimiter, EachKeyHasABucketOfItsOwn) {
  const RateLimit limit{.name = "l", .count = 1, .burst = 1};
  RateLimiter limiter(limit);
  EXPECT_TRUE(admits(limiter, at(seconds(0)), "a"));
  EXPECT_TRUE(admits(limiter, at(seconds(0)), "b"));
  EXPECT_FALSE(admits(limiter, at(seconds(0)), "a"));
}

TEST(RateLimiter, AThirdOfASecondIsNotRounded) {
  const RateLimit limit{.name = "l", .count = 3, .period = seconds(1), .burst = 2};
  RateLimiter limiter(limit);
  EXPECT_EQ(admitted_of(limiter, 3, at(Duration(0))), 2);
  EXPECT_EQ(limiter.wait(at(Duration(0)), "a"), Duration(333'334));
  EXPECT_FALSE(admits(limiter, at(Duration(333'333))));
  EXPECT_TRUE(admits(limiter, at(Duration(333'334))));
  // Two parts are left over from the wait, so the next one comes a microsecond earlier.
  EXPECT_EQ(limiter.wait(at(Duration(333'334)), "a"), Duration(333'333));
}

// Whoever asks so often that his bucket is never full gets burst + floor(rate · t), never more.
RC_GTEST_PROP(RateLimiter, AdmitsExactlyTheBurstAndTheRate, ()) {
  const RateLimit limit{.name = "l",
                        .count = *rc::gen::inRange<std::int64_t>(1, 1000),
                        .period = Duration(*rc::gen::inRange<std::int64_t>(1000, 10'000'000)),
                        .burst = *rc::gen::inRange<std::int64_t>(2, 50)};
  RateLimiter limiter(limit);
  Duration now{0};
  std::int64_t admitted = 0;
  while (limiter.wait(at(now), "a") == Duration::zero()) {
    limiter.take(at(now), "a");
    ++admitted;
  }
  RC_ASSERT(admitted == limit.burst);
  for (int i = 0; i < 50; ++i) {
    // As long as it takes, or less: with room for two, what the last microsecond brings too much is kept.
    const Duration wait = limiter.wait(at(now), "a");
    now += *rc::gen::arbitrary<bool>() ? wait : wait / 2;
    for (; limiter.wait(at(now), "a") == Duration::zero(); ++admitted) limiter.take(at(now), "a");
    RC_ASSERT(admitted == limit.burst + now.count() * limit.count / limit.period.count());
  }
}

RC_GTEST_PROP(RateLimiter, NeverAdmitsMoreBetweenAnyTwoTimes, ()) {
  const RateLimit limit{.name = "l", .count = *rc::gen::inRange<std::int64_t>(1, 10), .period = seconds(1), .burst = 5};
  RateLimiter limiter(limit);
  std::vector<Duration> admitted;
  Duration now{0};
  for (int i = 0; i < 100; ++i) {
    now += milliseconds(*rc::gen::inRange(0, 400));
    if (admits(limiter, at(now))) admitted.push_back(now);
  }
  for (std::size_t first = 0; first < admitted.size(); ++first) {
    for (std::size_t last = first; last < admitted.size(); ++last) {
      const auto passed = (admitted[last] - admitted[first]).count();
      RC_ASSERT(static_cast<std::int64_t>(last - first + 1) <= limit.burst + passed * limit.count / 1'000'000 + 1);
    }
  }
}

TEST(RateLimiter, FullBucketsAreForgottenFirst) {
  const RateLimit limit{.name = "l", .count = 1, .period = seconds(1), .burst = 10};
  RateLimiter limiter(limit, 3);
  admitted_of(limiter, 10, at(seconds(0)), "busy");
  admits(limiter, at(seconds(0)), "b");
  admits(limiter, at(seconds(0)), "c");
  // Those two are full again, "busy" is not, though it was used no later.
  admits(limiter, at(seconds(2)), "d");
  admits(limiter, at(seconds(2)), "e");
  EXPECT_EQ(limiter.size(), 3u);
  EXPECT_EQ(admitted_of(limiter, 10, at(seconds(2)), "busy"), 2);
}

TEST(RateLimiter, ThenTheOneThatSaysLeast) {
  const RateLimit limit{.name = "l", .count = 1, .period = seconds(1), .burst = 10};
  RateLimiter limiter(limit, 2);
  admitted_of(limiter, 10, at(seconds(0)), "busy");
  for (int i = 0; i < 1000; ++i) admits(limiter, at(seconds(0)), "stranger " + std::to_string(i));
  EXPECT_EQ(limiter.size(), 2u);
  EXPECT_FALSE(admits(limiter, at(seconds(0)), "busy"));
}

TEST(RateLimiter, IsEmptyWhenAllAreFull) {
  const RateLimit limit{.name = "l", .count = 1, .period = seconds(1), .burst = 1};
  RateLimiter limiter(limit);
  for (int i = 0; i < 100; ++i) admits(limiter, at(seconds(0)), std::to_string(i));
  for (int i = 0; i < 100; ++i) admits(limiter, at(seconds(2 * i + 2)), "again " + std::to_string(i));
  EXPECT_EQ(limiter.size(), 1u);
}

TEST(RateLimiter, TheLargestNumbersFit) {
  const RateLimit limit{
      .name = "l", .count = limit::rate_tokens, .period = std::chrono::hours(24), .burst = limit::rate_tokens};
  RateLimiter limiter(limit);
  EXPECT_EQ(admitted_of(limiter, 1000, at(seconds(0))), 1000);
  EXPECT_EQ(admitted_of(limiter, 1000, at(std::chrono::hours(24 * 365 * 100))), 1000);
}

TEST(RateLimiter, TakesOverWhatALimitOfTheSamePaceHas) {
  const RateLimit limit = twenty_a_second();
  RateLimit refusing = limit, faster = limit;
  refusing.status = 486;
  faster.count = 21;
  RateLimiter first(limit), second(refusing), third(faster);
  EXPECT_EQ(admitted_of(first, 50, at(seconds(0))), 40);
  second.take_over(std::move(first));
  EXPECT_EQ(admitted_of(second, 50, at(seconds(1))), 20);
  third.take_over(std::move(second));
  EXPECT_EQ(admitted_of(third, 50, at(seconds(1))), 40);
}

TEST(RateLimiter, IsSavedAndGoesOn) {
  const RateLimit limit = twenty_a_second();
  RateLimiter limiter(limit);
  admitted_of(limiter, 40, at(seconds(3)), "a");
  admitted_of(limiter, 7, at(seconds(3)), "b");
  ArchiveWriter writer;
  writer(limiter);
  const std::string bytes = writer.take();
  RateLimiter loaded(limit);
  ArchiveReader reader(bytes);
  reader(loaded);
  ASSERT_TRUE(reader.ok()) << reader.error();
  EXPECT_EQ(loaded.size(), 2u);
  EXPECT_EQ(loaded.wait(at(seconds(3)), "a"), milliseconds(50));
  EXPECT_EQ(admitted_of(loaded, 100, at(seconds(3)), "b"), 33);
  // Nothing that could not have been saved: a bucket with more in it than there can be.
  const RateLimit smaller{.name = "l", .count = 20, .period = seconds(1), .burst = 1};
  RateLimiter other(smaller);
  ArchiveReader wrong(bytes);
  wrong(other);
  EXPECT_FALSE(wrong.ok());
}

}  // namespace
}  // namespace intermediary
