// Time as the core knows it: values that come in as arguments (there is no clock behind these types).
//
// Unit: microseconds. `TimePoint` is monotonic and has no epoch that means anything outside one engine; `WallTime` is
// what the `WallClock` input brings for dates, nonces and certificates.
#pragma once

#include <chrono>
#include <cstdint>

namespace intermediary {

using Duration = std::chrono::microseconds;

// A clock type without `now()`: it only makes TimePoint distinct from other time points.
struct MonotonicTime {
  using rep = std::int64_t;
  using period = std::micro;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicTime, Duration>;
  static constexpr bool is_steady = true;
};

using TimePoint = MonotonicTime::time_point;
using WallTime = std::chrono::sys_time<Duration>;

constexpr TimePoint at(Duration since_start) { return TimePoint(since_start); }

}  // namespace intermediary
