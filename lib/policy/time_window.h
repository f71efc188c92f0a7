// Hours of the week in a time zone: what a rule's `time` asks (docs/configuration.md, [times.NAME]).
//
// Pure: the zone is a table of the times at which its clocks change, made by config/ from the system's database, so a
// record replays with the zones that it was made with. What counts is what a clock on the wall there shows: an hour
// that is skipped in spring holds for nobody, one that comes twice in autumn holds twice.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace intermediary {

// Offsets from UTC, east of Greenwich positive.
struct ZoneTable {
  struct Change {
    std::chrono::sys_seconds at{};
    std::chrono::seconds offset{0};  // from then on
    friend bool operator==(const Change&, const Change&) = default;
  };
  std::string name{"UTC"};
  std::chrono::seconds first{0};  // before any change
  std::vector<Change> changes{};  // in their order, no two at one time

  std::chrono::seconds offset_at(std::chrono::sys_seconds time) const;
  friend bool operator==(const ZoneTable&, const ZoneTable&) = default;
};

// Days, both included.
struct DateRange {
  std::chrono::sys_days first{};
  std::chrono::sys_days last{};
  friend bool operator==(const DateRange&, const DateRange&) = default;
};

// `from` <= time of day < `to`; with `to` before `from`, over midnight: days and dates are then those on which it
// began.
struct TimeWindow {
  static constexpr std::uint8_t all_days = 0x7f;
  static constexpr std::chrono::minutes day_end{24 * 60};

  std::uint8_t days = all_days;  // bit 0: Monday, to bit 6: Sunday
  std::chrono::minutes from{0};
  std::chrono::minutes to{day_end};
  std::vector<DateRange> dates{};  // empty: any

  friend bool operator==(const TimeWindow&, const TimeWindow&) = default;
};

// [times.NAME]: one window is enough.
struct TimeTable {
  std::string name;
  ZoneTable zone;
  std::vector<TimeWindow> windows;

  bool holds(WallTime now) const;
  friend bool operator==(const TimeTable&, const TimeTable&) = default;
};

}  // namespace intermediary
