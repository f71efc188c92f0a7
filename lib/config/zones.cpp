#include "config/zones.h"

#include <date/tz.h>

#include <algorithm>
#include <exception>
#include <vector>

#include "config/words.h"

namespace intermediary {
namespace {

using std::chrono::sys_days;
using std::chrono::year;

constexpr sys_days first_day = year(1970) / 1 / 1;
constexpr sys_days behind_the_last = year(2100) / 1 / 1;
// The library knows of no changes behind that year.
constexpr year last_known_year{2037};

// Clocks change by rules such as "the last Sunday of March", and the days of a year from March on are those of any year
// whose first of March is the same day of the week: one of the last eleven is. No zone changes in January or February
// by a rule that still holds.
year like(year wanted) {
  const auto march = [](year y) { return std::chrono::weekday(sys_days(y / 3 / 1)); };
  year known = last_known_year;
  while (march(known) != march(wanted)) --known;
  return known;
}

void go_on_by_its_rules(ZoneTable& zone) {
  const std::vector<ZoneTable::Change> known = zone.changes;
  const auto year_of = [](const ZoneTable::Change& change) {
    return std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(change.at)).year();
  };
  if (known.empty() || year_of(known.back()) != last_known_year) return;  // no rules, or a table to its end
  for (year y = last_known_year + std::chrono::years(1); sys_days(y / 1 / 1) < behind_the_last; ++y) {
    const auto later = sys_days(y / 3 / 1) - sys_days(like(y) / 3 / 1);
    for (const ZoneTable::Change& change : known) {
      if (year_of(change) == like(y)) zone.changes.push_back({change.at + later, change.offset});
    }
  }
}

ZoneTable table_of(const date::time_zone& zone) {
  ZoneTable table{.name = zone.name()};
  date::sys_info info = zone.get_info(std::chrono::sys_seconds(first_day));
  table.first = info.offset;
  while (info.end < behind_the_last) {
    info = zone.get_info(info.end);
    if (info.offset != (table.changes.empty() ? table.first : table.changes.back().offset)) {
      table.changes.push_back({info.begin, info.offset});
    }
  }
  go_on_by_its_rules(table);
  return table;
}

}  // namespace

std::expected<ZoneTable, std::string> system_zone(const std::string& name) {
  try {
    const date::tzdb& zones = date::get_tzdb();
    const auto zone = std::ranges::find_if(zones.zones, [&](const date::time_zone& one) { return one.name() == name; });
    if (zone != zones.zones.end()) return table_of(*zone);
    std::vector<std::string> names;
    names.reserve(zones.zones.size());
    for (const date::time_zone& one : zones.zones) names.push_back(one.name());
    const auto meant = nearest(name, names);
    return std::unexpected("there is no time zone '" + name + "'" +
                           (meant ? "; did you mean '" + *meant + "'?" : ", such as 'Europe/Amsterdam'"));
  } catch (const std::exception& error) {
    return std::unexpected("the system's time zones cannot be read: " + std::string(error.what()));
  }
}

}  // namespace intermediary
