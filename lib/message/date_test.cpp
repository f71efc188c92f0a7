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

TEST(Date, IsReadAsItIsWritten) {
  EXPECT_EQ(parse_date("Sat, 13 Nov 2010 23:29:00 GMT"), WallTime(seconds(1'289'690'940)));
  EXPECT_EQ(parse_date("Thu, 29 Feb 2024 23:59:59 GMT"), WallTime(seconds(1'709'251'199)));
  for (const char* wrong :
       {"", "Sun, 13 Nov 2010 23:29:00 GMT", "Sat, 13 Nov 2010 23:29:00 UTC", "Sat, 13 nov 2010 23:29:00 GMT",
        "Sat, 31 Feb 2010 23:29:00 GMT", "Sat, 13 Nov 2010 24:29:00 GMT", "Sat, 13 Nov 2010 23:60:00 GMT",
        "Sat, 13 Nov 2010 23-29-00 GMT", "Sat, -1 Nov 2010 23:29:00 GMT"}) {
    EXPECT_FALSE(parse_date(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace intermediary
