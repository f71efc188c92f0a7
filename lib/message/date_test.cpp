#include "message/date.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

using std::chrono::seconds;

TEST(Date, IsThatOfTheStandard) {
  // RFC 3261 §20.17 and §23.4.1.1.
  EXPECT_EQ(date_text(WallTime(seconds(1'289'690'940))), "Sat, 13 Nov 2010 23:29:00 GMT");
  EXPECT_EQ(date_text(WallTime(seconds(1'014'296'523))), "Thu, 21 Feb 2002 13:02:03 GMT");
}

TEST(Date, OfTheFirstSecondAndOfALeapDay) {
  EXPECT_EQ(date_text(WallTime(seconds(0))), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(date_text(WallTime(seconds(1'709'251'199)) + Duration(999'999)), "Thu, 29 Feb 2024 23:59:59 GMT");
}

}  // namespace
}  // namespace intermediary
