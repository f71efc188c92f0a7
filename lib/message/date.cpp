#include "message/date.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace intermediary {
namespace {

constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string digits(std::int64_t number, std::size_t count) {
  std::string text = std::to_string(number);
  return text.size() < count ? std::string(count - text.size(), '0') + text : text;
}

}  // namespace

std::string date_text(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return std::string(days[std::chrono::weekday(day).c_encoding()]) + ", " + digits(unsigned(date.day()), 2) + ' ' +
         std::string(months[unsigned(date.month()) - 1]) + ' ' + digits(int(date.year()), 4) + ' ' +
         digits(clock.hours().count(), 2) + ':' + digits(clock.minutes().count(), 2) + ':' +
         digits(clock.seconds().count(), 2) + " GMT";
}

// Read by its places; whether all else stands where it should, writing it again tells.
std::optional<WallTime> parse_date(std::string_view text) {
  if (text.size() != std::string_view("Sat, 13 Nov 2010 23:29:00 GMT").size()) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t count) { return parse_decimal<int>(text.substr(at, count)); };
  const auto day = number(5, 2), year = number(12, 4), hour = number(17, 2), minute = number(20, 2);
  const auto second = number(23, 2);
  const auto month = std::ranges::find(months, text.substr(8, 3)) - months.begin();
  if (!day || !year || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(month + 1)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const WallTime time = std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
                        std::chrono::seconds(*second);
  return date_text(time) == text ? std::optional(time) : std::nullopt;
}

}  // namespace intermediary
