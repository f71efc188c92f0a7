#include "message/date.h"

#include <array>
#include <string_view>

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

}  // namespace intermediary
