#include "policy/neighbour_load.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Category = NeighbourLoads::Category;

class NeighbourLoadTest : public ::testing::Test {
 protected:
  NeighbourLoadTest() { loads_.remember(hop_); }

  auto says(Duration when, int reduction, std::uint64_t sequence, Duration validity = seconds(10)) {
    return loads_.heard(TimePoint{} + when, hop_, {reduction, validity, sequence});
  }
  // Of the hundred draws that there are.
  int passing(Duration when, Category category = Category::New) {
    int count = 0;
    for (int draw = 0; draw < 100; ++draw) {
      NeighbourLoads copy = loads_;
      count += copy.passage(TimePoint{} + when, hop_, category, draw).passes ? 1 : 0;
    }
    return count;
  }
  // Requests of the last window, so many of each category.
  void traffic(Duration when, int fresh, int preferred) {
    for (int i = 0; i < fresh; ++i) loads_.passage(TimePoint{} + when, hop_, Category::New, 99);
    for (int i = 0; i < preferred; ++i) loads_.passage(TimePoint{} + when, hop_, Category::Preferred, 99);
  }

  Endpoint hop_ = *Endpoint::parse("192.0.2.30:5060");
  NeighbourLoads loads_;
};

TEST_F(NeighbourLoadTest, WhatIsAskedForIsHeldBackOfTheFirstCategoryForAll) {
  const auto change = says(seconds(1), 40, 5);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->reduction, 40);
  EXPECT_EQ(passing(seconds(2)), 50);  // 40 of 80 in 100
  EXPECT_EQ(passing(seconds(2), Category::Preferred), 100);
}

TEST_F(NeighbourLoadTest, TheMixIsThatOfTheWindowBefore) {
  traffic(seconds(100), 40, 60);
  traffic(seconds(105), 1, 0);
  says(seconds(105), 20, 5, seconds(60));
  EXPECT_EQ(passing(seconds(106)), 50);
  says(seconds(106), 40, 6, seconds(60));
  EXPECT_EQ(passing(seconds(106)), 0);
  EXPECT_EQ(passing(seconds(106), Category::Preferred), 100);
  says(seconds(107), 70, 7, seconds(60));
  EXPECT_EQ(passing(seconds(107), Category::Preferred), 50);  // 30 of 60 in 100
  says(seconds(108), 100, 8, seconds(60));
  EXPECT_EQ(passing(seconds(108), Category::Preferred), 0);
}

TEST_F(NeighbourLoadTest, ItEndsWithItsTime) {
  says(seconds(1), 100, 5, milliseconds(500));
  EXPECT_EQ(passing(seconds(1) + milliseconds(499)), 0);
  EXPECT_EQ(passing(seconds(1) + milliseconds(500)), 100);
  const auto passage = loads_.passage(TimePoint{} + seconds(2), hop_, Category::New, 0);
  ASSERT_TRUE(passage.change);
  EXPECT_EQ(passage.change->reduction, 0);
}

TEST_F(NeighbourLoadTest, ItsLastWordIsTheOneWithTheHighestSequence) {
  says(seconds(1), 100, 5);
  EXPECT_FALSE(says(seconds(2), 0, 5, seconds(0)));
  EXPECT_FALSE(says(seconds(2), 0, 4, seconds(0)));
  EXPECT_EQ(passing(seconds(3)), 0);
  const auto over = says(seconds(3), 0, 6, seconds(0));
  ASSERT_TRUE(over);
  EXPECT_EQ(over->reduction, 0);
  EXPECT_EQ(passing(seconds(4)), 100);
}

TEST_F(NeighbourLoadTest, ARestartedNeighbourCountsWhenTheTimeOfItsLastWordIsOver) {
  says(seconds(1), 100, 1'000'000, seconds(2));
  EXPECT_FALSE(says(seconds(2), 10, 3));
  says(seconds(3), 10, 4);
  EXPECT_EQ(passing(seconds(4)), 87);
}

TEST_F(NeighbourLoadTest, NoWordHoldsForLongerThanFiveMinutes) {
  says(seconds(0), 100, 1, minutes(60));
  EXPECT_EQ(passing(minutes(5) - seconds(1)), 0);
  EXPECT_EQ(passing(minutes(5)), 100);
}

TEST_F(NeighbourLoadTest, NobodyElseIsBelieved) {
  const Endpoint other = *Endpoint::parse("192.0.2.30:5061");
  EXPECT_FALSE(loads_.heard(TimePoint{}, other, {100, seconds(10), 1}));
  EXPECT_TRUE(loads_.passage(TimePoint{}, other, Category::New, 0).passes);
}

TEST_F(NeighbourLoadTest, AWordWithoutASequenceReducesNothing) {
  EXPECT_FALSE(loads_.heard(TimePoint{}, hop_, {100, seconds(10), std::nullopt}));
  EXPECT_EQ(passing(seconds(1)), 100);
}

}  // namespace
}  // namespace intermediary
