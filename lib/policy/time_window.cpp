#include "policy/time_window.h"

#include <algorithm>

namespace intermediary {
namespace {

using std::chrono::sys_days;

bool is_on(const TimeWindow& window, sys_days day) {
  const unsigned weekday = std::chrono::weekday(day).iso_encoding() - 1;
  if ((window.days >> weekday & 1u) == 0) return false;
  return window.dates.empty() || std::ranges::any_of(window.dates, [&](const DateRange& range) {
           return range.first <= day && day <= range.last;
         });
}

// What a clock there shows: a day, and how much of it is over.
bool is_open(const TimeWindow& window, sys_days day, std::chrono::seconds time) {
  if (window.from < window.to) return window.from <= time && time < window.to && is_on(window, day);
  return (window.from <= time && is_on(window, day)) || (time < window.to && is_on(window, day - std::chrono::days(1)));
}

}  // namespace

std::chrono::seconds ZoneTable::offset_at(std::chrono::sys_seconds time) const {
  const auto later = std::ranges::upper_bound(changes, time, {}, &Change::at);
  return later == changes.begin() ? first : std::prev(later)->offset;
}

bool TimeTable::holds(WallTime now) const {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  const auto local = second + zone.offset_at(second);
  const sys_days day = std::chrono::floor<std::chrono::days>(local);
  return std::ranges::any_of(windows, [&](const TimeWindow& window) { return is_open(window, day, local - day); });
}

}  // namespace intermediary
