#include "sim/replay/policy_text.h"

#include <algorithm>
#include <array>

#include "config/words.h"
#include "sim/replay/rule_text.h"

namespace intermediary::sim {
namespace {

std::string two_digits(unsigned number) {
  return std::string(1, static_cast<char>('0' + number / 10 % 10)) + static_cast<char>('0' + number % 10);
}

std::string time_of_day_text(std::chrono::minutes time) {
  const auto minutes = static_cast<unsigned>(time.count());
  return two_digits(minutes / 60) + ':' + two_digits(minutes % 60);
}

std::string date_text_of(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  return two_digits(year / 100) + two_digits(year % 100) + '-' + two_digits(static_cast<unsigned>(date.month())) + '-' +
         two_digits(static_cast<unsigned>(date.day()));
}

std::string window_text(const TimeWindow& window) {
  constexpr std::array<const char*, 7> names = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  std::vector<std::string> days, dates;
  for (unsigned day = 0; day < names.size(); ++day) {
    if ((window.days >> day & 1u) != 0) days.emplace_back(names[day]);
  }
  for (const DateRange& range : window.dates) {
    dates.push_back(date_text_of(range.first) + ".." + date_text_of(range.last));
  }
  std::string text;
  if (window.days != TimeWindow::all_days) text += " days=" + joined(days);
  if (window.from != std::chrono::minutes(0)) text += " from=" + time_of_day_text(window.from);
  if (window.to != TimeWindow::day_end) text += " to=" + time_of_day_text(window.to);
  if (!dates.empty()) text += " dates=" + joined(dates);
  return text;
}

std::string prefixes_text(std::string_view key, const std::vector<Cidr>& prefixes) {
  std::vector<std::string> texts;
  texts.reserve(prefixes.size());
  for (const Cidr& prefix : prefixes) texts.push_back(prefix.to_string());
  return texts.empty() ? std::string() : ' ' + std::string(key) + '=' + joined(texts);
}

std::string limit_text(const RateLimit& limit) {
  constexpr std::array<const char*, 3> whose = {"global", "source", "user"};
  return std::string(" per=") + whose[static_cast<std::size_t>(limit.per)] + " rate=" + std::to_string(limit.count) +
         '/' + duration_text(limit.period) + " burst=" + std::to_string(limit.burst) +
         " status=" + std::to_string(limit.status);
}

}  // namespace

std::string policy_lines(const Config& config, std::string_view node) {
  std::string lines;
  const auto line = [&](std::string_view keyword, const std::string& name, const std::string& rest) {
    lines.append(keyword).append(node).append(" ").append(name).append(rest).append("\n");
  };
  for (const TimeTable& table : config.times) {
    std::string zone = " zone=" + table.zone.name;
    for (const TimeWindow& window : table.windows) {
      line("times    ", table.name, zone + window_text(window));
      zone.clear();
    }
  }
  for (const AccessList& list : config.access_lists) {
    line("acl      ", list.name,
         prefixes_text("allow", list.allow) + prefixes_text("deny", list.deny) +
             (list.otherwise ? " otherwise=allow" : ""));
  }
  for (const PartyList& list : config.lists) line("list     ", list.name, ' ' + joined(list.entries));
  for (const RateLimit& limit : config.rate_limits) line("limit    ", limit.name, limit_text(limit));
  if (config.trust.applies) {
    std::vector<std::string> names;
    for (const std::string& name : config.trust.listeners) {
      const auto found = std::ranges::find(config.listeners, name, &ListenerConfig::name);
      if (found == config.listeners.end()) continue;
      names.push_back(listener_in_scenario(config, static_cast<std::size_t>(found - config.listeners.begin())));
    }
    lines.append("trust    ").append(node).append(prefixes_text("peers", config.trust.peers));
    lines.append(names.empty() ? "" : " listeners=" + joined(names)).append("\n");
  }
  return lines;
}

std::string wall_text(WallTime time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const auto passed = static_cast<unsigned>((second - day).count());
  return date_text_of(day) + 'T' + two_digits(passed / 3600) + ':' + two_digits(passed / 60 % 60) + ':' +
         two_digits(passed % 60) + 'Z';
}

}  // namespace intermediary::sim
