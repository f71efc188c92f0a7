#include "policy/recent_refusals.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

using std::chrono::seconds;

constexpr TimePoint refusal_time(Duration since) { return TimePoint{} + since; }

TEST(RecentRefusalsTest, KnowsWhatWasRefusedForAsLongAsItMayBeRepeated) {
  RecentRefusals refusals(seconds(32));
  EXPECT_FALSE(refusals.knows(refusal_time(seconds(1)), 7));
  refusals.note(refusal_time(seconds(1)), 7);
  EXPECT_TRUE(refusals.knows(refusal_time(seconds(32)), 7));
  EXPECT_FALSE(refusals.knows(refusal_time(seconds(32)), 8));
  EXPECT_FALSE(refusals.knows(refusal_time(seconds(33)), 7));
}

TEST(RecentRefusalsTest, OfTwoInOnePlaceTheLaterOneStays) {
  RecentRefusals refusals(seconds(32));
  refusals.note(refusal_time(seconds(1)), 7);
  refusals.note(refusal_time(seconds(2)), 7 + limit::recent_refusals);
  EXPECT_FALSE(refusals.knows(refusal_time(seconds(3)), 7));
  EXPECT_TRUE(refusals.knows(refusal_time(seconds(3)), 7 + limit::recent_refusals));
}

}  // namespace
}  // namespace intermediary
