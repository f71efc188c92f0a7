// Days, hours, dates and rates as configurations and scenarios write them. Errors say what is wrong with the text.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "policy/rate_limit.h"
#include "policy/time_window.h"

namespace intermediary {

// "mon", "mon-fri", "fri-mon": bits of TimeWindow::days.
std::expected<std::uint8_t, std::string> parse_days(std::string_view text);
// "09:00" to "24:00".
std::expected<std::chrono::minutes, std::string> parse_time_of_day(std::string_view text);
// "2026-12-25", or "2026-12-24..2027-01-01", both included.
std::expected<DateRange, std::string> parse_dates(std::string_view text);
// "20/s", "100/m", "5/10s": into `count` and `period`; "" when it could.
std::string read_rate(std::string_view text, RateLimit& limit);

// Each entry of a text of lines, or of one: without what surrounds it, empty lines and those that begin with '#' passed
// over. `number` is that of its line.
void for_each_entry(std::string_view text, const std::function<void(std::string_view entry, std::size_t number)>& take);

}  // namespace intermediary
