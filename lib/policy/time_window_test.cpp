#include "policy/time_window.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;

constexpr std::uint8_t weekdays = 0x1f;

// 2026 in Amsterdam: summer time begins on March 29 and ends on October 25, at 01:00 UTC.
ZoneTable amsterdam() {
  return {.name = "Europe/Amsterdam",
          .first = hours(1),
          .changes = {{sys_days(year(2026) / 3 / 29) + hours(1), hours(2)},
                      {sys_days(year(2026) / 10 / 25) + hours(1), hours(1)}}};
}

bool holds_at(const TimeWindow& window, sys_days day, seconds utc, const ZoneTable& zone = amsterdam()) {
  return TimeTable{.name = "t", .zone = zone, .windows = {window}}.holds(WallTime(day + utc));
}

TEST(TimeWindow, BeginsAndEndsToTheSecond) {
  const TimeWindow office{.days = weekdays, .from = hours(9), .to = hours(17) + minutes(30)};
  const sys_days monday = year(2026) / 1 / 5;
  EXPECT_FALSE(holds_at(office, monday, hours(8) - seconds(1)));
  EXPECT_TRUE(holds_at(office, monday, hours(8)));
  EXPECT_TRUE(holds_at(office, monday, hours(16) + minutes(30) - seconds(1)));
  EXPECT_FALSE(holds_at(office, monday, hours(16) + minutes(30)));
  const TimeTable table{.name = "t", .zone = amsterdam(), .windows = {office}};
  EXPECT_FALSE(table.holds(WallTime(monday + hours(8) - Duration(1))));
  for (int day = 0; day < 7; ++day) {
    EXPECT_EQ(holds_at(office, monday + days(day), hours(12)), day < 5) << day;
  }
}

TEST(TimeWindow, FollowsItsClocks) {
  const TimeWindow office{.from = hours(9), .to = hours(17)};
  const sys_days before = year(2026) / 3 / 28, after = year(2026) / 3 / 29;
  EXPECT_FALSE(holds_at(office, before, hours(7)));
  EXPECT_TRUE(holds_at(office, before, hours(8)));
  EXPECT_FALSE(holds_at(office, after, hours(7) - seconds(1)));
  EXPECT_TRUE(holds_at(office, after, hours(7)));
  EXPECT_FALSE(holds_at(office, after, hours(15)));
}

TEST(TimeWindow, AnHourThatIsSkippedHoldsForNobody) {
  const TimeWindow skipped{.from = hours(2), .to = hours(3)};
  const sys_days spring = year(2026) / 3 / 29;
  for (int minute = 0; minute < 24 * 60; ++minute) {
    EXPECT_FALSE(holds_at(skipped, spring, minutes(minute))) << minute;
  }
  // What begins within it begins when the clocks have jumped.
  const TimeWindow within{.from = hours(2) + minutes(30), .to = hours(4)};
  EXPECT_FALSE(holds_at(within, spring, hours(1) - seconds(1)));
  EXPECT_TRUE(holds_at(within, spring, hours(1)));
  EXPECT_FALSE(holds_at(within, spring, hours(2)));
}

TEST(TimeWindow, AnHourThatComesTwiceHoldsTwice) {
  const TimeWindow twice{.from = hours(2) + minutes(15), .to = hours(2) + minutes(45)};
  const sys_days autumn = year(2026) / 10 / 25;
  EXPECT_FALSE(holds_at(twice, autumn, minutes(15) - seconds(1)));
  EXPECT_TRUE(holds_at(twice, autumn, minutes(15)));
  EXPECT_FALSE(holds_at(twice, autumn, minutes(45)));
  EXPECT_TRUE(holds_at(twice, autumn, hours(1) + minutes(15)));
  EXPECT_FALSE(holds_at(twice, autumn, hours(1) + minutes(45)));
}

TEST(TimeWindow, OverMidnightBelongsToTheDayOnWhichItBegan) {
  const TimeWindow night{.days = 1 << 4, .from = hours(22), .to = hours(6)};  // Fridays
  const sys_days friday = year(2026) / 1 / 9;
  EXPECT_FALSE(holds_at(night, friday, hours(4)));
  EXPECT_FALSE(holds_at(night, friday, hours(21) - seconds(1)));
  EXPECT_TRUE(holds_at(night, friday, hours(21)));
  EXPECT_TRUE(holds_at(night, friday + days(1), hours(5) - seconds(1)));
  EXPECT_FALSE(holds_at(night, friday + days(1), hours(5)));
  EXPECT_FALSE(holds_at(night, friday + days(1), hours(21)));
}

TEST(TimeWindow, DatesAreThoseOfTheZone) {
  const TimeWindow holidays{.dates = {{year(2026) / 12 / 25, year(2026) / 12 / 26}}};
  const sys_days christmas = year(2026) / 12 / 25;
  EXPECT_FALSE(holds_at(holidays, christmas, -hours(1) - seconds(1)));
  EXPECT_TRUE(holds_at(holidays, christmas, -hours(1)));
  EXPECT_TRUE(holds_at(holidays, christmas, hours(47) - seconds(1)));
  EXPECT_FALSE(holds_at(holidays, christmas, hours(47)));
}

TEST(TimeTable, OneWindowIsEnough) {
  const TimeTable table{
      .name = "t", .zone = {}, .windows = {{.from = hours(8), .to = hours(12)}, {.from = hours(13), .to = hours(17)}}};
  const sys_days day = year(2026) / 1 / 5;
  EXPECT_TRUE(table.holds(WallTime(day + hours(8))));
  EXPECT_FALSE(table.holds(WallTime(day + hours(12))));
  EXPECT_TRUE(table.holds(WallTime(day + hours(13))));
}

TEST(ZoneTable, BeforeTheFirstChangeAndBehindTheLast) {
  EXPECT_EQ(amsterdam().offset_at(std::chrono::sys_seconds(seconds(0))), hours(1));
  EXPECT_EQ(amsterdam().offset_at(sys_days(year(2099) / 7 / 1)), hours(1));
  EXPECT_EQ(ZoneTable{}.offset_at(sys_days(year(2026) / 7 / 1)), hours(0));
}

}  // namespace
}  // namespace intermediary
