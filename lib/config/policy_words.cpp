#include "config/policy_words.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "config/words.h"

namespace intermediary {
namespace {

std::string in_quotes(std::string_view text) { return "'" + std::string(text) + "'"; }

std::optional<unsigned> weekday_number(std::string_view text) {
  constexpr std::array<std::string_view, 7> names = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  const auto found = std::ranges::find(names, text);
  return found == names.end() ? std::nullopt : std::optional(static_cast<unsigned>(found - names.begin()));
}

// Digits alone, and so many.
std::optional<int> digits_of(std::string_view text, std::size_t count) {
  return text.size() == count ? parse_decimal<int>(text) : std::nullopt;
}

std::optional<std::chrono::sys_days> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = digits_of(text.substr(0, 4), 4), month = digits_of(text.substr(5, 2), 2),
             day = digits_of(text.substr(8, 2), 2);
  if (!year || !month || !day) return std::nullopt;
  const auto date = std::chrono::year(*year) / *month / *day;
  return date.ok() ? std::optional(std::chrono::sys_days(date)) : std::nullopt;
}

}  // namespace

std::expected<std::uint8_t, std::string> parse_days(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = weekday_number(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : weekday_number(text.substr(dash + 1));
  if (!first || !last) return std::unexpected(in_quotes(text) + " is no day of the week, such as 'mon' or 'mon-fri'");
  std::uint8_t days = 0;
  for (unsigned day = *first;; day = (day + 1) % 7) {
    days |= static_cast<std::uint8_t>(1u << day);
    if (day == *last) return days;
  }
}

std::expected<std::chrono::minutes, std::string> parse_time_of_day(std::string_view text) {
  const auto hour = digits_of(text.substr(0, 2), 2);
  const auto minute = text.size() == 5 && text[2] == ':' ? digits_of(text.substr(3), 2) : std::nullopt;
  if (hour && minute && *minute < 60) {
    const auto time = std::chrono::hours(*hour) + std::chrono::minutes(*minute);
    if (time <= TimeWindow::day_end) return time;
  }
  return std::unexpected(in_quotes(text) + " is no time of day, from '00:00' to '24:00'");
}

std::expected<DateRange, std::string> parse_dates(std::string_view text) {
  const std::size_t dots = text.find("..");
  const auto first = parse_date(text.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : parse_date(text.substr(dots + 2));
  if (!first || !last) {
    return std::unexpected(in_quotes(text) + " is no date, such as '2026-12-25' or '2026-12-24..2027-01-01'");
  }
  if (*last < *first) return std::unexpected(in_quotes(text) + " ends before it begins");
  return DateRange{*first, *last};
}

std::string read_rate(std::string_view text, RateLimit& limit) {
  const std::size_t slash = text.find('/');
  const auto count = parse_decimal<std::int64_t>(text.substr(0, slash));
  std::string per(slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1));
  if (!per.empty() && !is_digit(per.front())) per.insert(0, "1");
  const auto period = parse_duration(per);
  if (!count || !period) return in_quotes(text) + " is no rate, such as '20/s', '100/m' or '5/10s'";
  if (*count < 1 || *count > limit::rate_tokens) {
    return in_quotes(text) + " is not from 1 to " + std::to_string(limit::rate_tokens);
  }
  if (*period < std::chrono::milliseconds(1) || *period > std::chrono::hours(24)) {
    return in_quotes(text) + " is not for 1ms to 1d";
  }
  limit.count = *count;
  limit.period = *period;
  return {};
}

void for_each_entry(std::string_view text,
                    const std::function<void(std::string_view entry, std::size_t number)>& take) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view entry = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!entry.empty() && entry.front() != '#') take(entry, number);
  }
}

}  // namespace intermediary
