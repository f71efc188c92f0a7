#include "config/zones.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace intermediary {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;

ZoneTable zone(const std::string& name) {
  auto found = system_zone(name);
  if (!found) ADD_FAILURE() << found.error();
  return found.value_or(ZoneTable{});
}

// When that zone's clocks change to that offset in that year.
std::chrono::sys_seconds change(const ZoneTable& of, int in_year, seconds to) {
  for (const ZoneTable::Change& each : of.changes) {
    const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(each.at));
    if (day.year() == year(in_year) && each.offset == to) return each.at;
  }
  return {};
}

TEST(SystemZone, KnowsWhenClocksChange) {
  const ZoneTable amsterdam = zone("Europe/Amsterdam");
  EXPECT_EQ(change(amsterdam, 2026, hours(2)), sys_days(year(2026) / 3 / 29) + hours(1));
  EXPECT_EQ(change(amsterdam, 2026, hours(1)), sys_days(year(2026) / 10 / 25) + hours(1));
  EXPECT_EQ(amsterdam.first, hours(1));
  const ZoneTable new_york = zone("America/New_York");
  EXPECT_EQ(change(new_york, 2026, -hours(4)), sys_days(year(2026) / 3 / 8) + hours(7));
  EXPECT_EQ(change(new_york, 2026, -hours(5)), sys_days(year(2026) / 11 / 1) + hours(6));
  EXPECT_EQ(zone("UTC"), ZoneTable{});
}

// By the calendar: the last Sundays of March and October; the second Sunday of March and the first of November; half an
// hour on Lord Howe Island, on the first Sundays of April and October.
TEST(SystemZone, GoesOnTo2100) {
  const ZoneTable amsterdam = zone("Europe/Amsterdam"), new_york = zone("America/New_York"),
                  lord_howe = zone("Australia/Lord_Howe");
  for (int y = 2030; y < 2100; ++y) {
    EXPECT_EQ(change(amsterdam, y, hours(2)),
              sys_days(year(y) / 3 / std::chrono::Sunday[std::chrono::last]) + hours(1));
    EXPECT_EQ(change(amsterdam, y, hours(1)),
              sys_days(year(y) / 10 / std::chrono::Sunday[std::chrono::last]) + hours(1));
    EXPECT_EQ(change(new_york, y, -hours(4)), sys_days(year(y) / 3 / std::chrono::Sunday[2]) + hours(7));
    EXPECT_EQ(change(new_york, y, -hours(5)), sys_days(year(y) / 11 / std::chrono::Sunday[1]) + hours(6));
    EXPECT_EQ(change(lord_howe, y, hours(10) + minutes(30)), sys_days(year(y) / 4 / std::chrono::Sunday[1]) - hours(9));
    EXPECT_EQ(change(lord_howe, y, hours(11)),
              sys_days(year(y) / 10 / std::chrono::Sunday[1]) - hours(8) - minutes(30));
  }
}

TEST(SystemZone, ChangesAreInOrderAndChangeSomething) {
  for (const char* name : {"Europe/Amsterdam", "America/New_York", "Africa/Casablanca", "Asia/Kathmandu",
                           "America/Santiago", "Pacific/Chatham"}) {
    const ZoneTable table = zone(name);
    EXPECT_TRUE(std::ranges::is_sorted(table.changes, std::less<>(), &ZoneTable::Change::at)) << name;
    seconds before = table.first;
    for (const ZoneTable::Change& each : table.changes) {
      EXPECT_NE(each.offset, before) << name << ' ' << each.at.time_since_epoch().count();
      before = each.offset;
    }
  }
}

TEST(SystemZone, SaysWhatIsNotThere) {
  EXPECT_EQ(system_zone("Europe/Amsterdm").error(),
            "there is no time zone 'Europe/Amsterdm'; did you mean 'Europe/Amsterdam'?");
  EXPECT_EQ(system_zone("../../etc/passwd").error(),
            "there is no time zone '../../etc/passwd', such as 'Europe/Amsterdam'");
}

}  // namespace
}  // namespace intermediary
