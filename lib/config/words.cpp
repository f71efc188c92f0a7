#include "config/words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "base/address.h"
#include "base/text.h"

namespace intermediary {
namespace {

struct Unit {
  std::string_view name;
  Duration length;
};

constexpr std::array<Unit, 5> units{{{"ms", std::chrono::milliseconds(1)},
                                     {"s", std::chrono::seconds(1)},
                                     {"m", std::chrono::minutes(1)},
                                     {"h", std::chrono::hours(1)},
                                     {"d", std::chrono::days(1)}}};
constexpr std::string_view unit_names = "ms, s, m, h or d";

// The distance of Damerau and Levenshtein, without overlaps: insert, delete, replace, or swap two neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> distance(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) distance[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) distance[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = distance[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      distance[i][j] = std::min({distance[i - 1][j] + 1, distance[i][j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) distance[i][j] = std::min(distance[i][j], distance[i - 2][j - 2] + 1);
    }
  }
  return distance[a.size()][b.size()];
}

std::optional<std::uint64_t> parse_hex64(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(label, [](char c) { return is_alpha(c) || is_digit(c) || c == '-'; });
}

std::expected<std::uint16_t, std::string> parse_port(std::string_view text) {
  const std::optional<std::uint64_t> number = parse_decimal<std::uint64_t>(text);
  if (!number || *number == 0 || *number > 65535) {
    return std::unexpected("'" + std::string(text) + "' is not a port from 1 to 65535");
  }
  return static_cast<std::uint16_t>(*number);
}

}  // namespace

std::expected<Duration, std::string> parse_duration(std::string_view text) {
  const std::string quoted = "'" + std::string(text) + "'";
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit_name = text.substr(digits);
  if (digits == 0 || unit_name.starts_with('.')) {
    return std::unexpected(quoted + " is not a whole number and a unit (" + std::string(unit_names) + ")");
  }
  if (unit_name.empty()) return std::unexpected(quoted + " has no unit (" + std::string(unit_names) + ")");
  const auto unit = std::ranges::find(units, unit_name, &Unit::name);
  if (unit == units.end()) {
    return std::unexpected(quoted + " has an unknown unit '" + std::string(unit_name) + "' (" +
                           std::string(unit_names) + ")");
  }
  const std::optional<std::int64_t> count = parse_decimal<std::int64_t>(text.substr(0, digits));
  if (!count || *count > std::numeric_limits<std::int64_t>::max() / unit->length.count()) {
    return std::unexpected(quoted + " is too long a time");
  }
  return *count * unit->length;
}

std::string duration_text(Duration duration) {
  if (duration == Duration::zero()) return "0s";
  const Unit* largest = &units.front();
  for (const Unit& unit : units) {
    if (duration % unit.length == Duration::zero()) largest = &unit;
  }
  return std::to_string(duration / largest->length) + std::string(largest->name);
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(lowercase(word), candidate);
    if (distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  return best ? std::optional(*best) : std::nullopt;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  if (const std::optional<std::string> meant = nearest(word, candidates)) return "; did you mean '" + *meant + "'?";
  std::string list = "; there is ";
  for (std::size_t i = 0; i < candidates.size(); ++i) list += (i == 0 ? "'" : ", '") + candidates[i] + "'";
  return list;
}

std::string not_available(std::string_view word) {
  return "'" + std::string(word) + "' is not available in this version";
}

std::optional<std::string_view> method_of_other_case(std::string_view text) {
  static constexpr std::string_view methods[] = {"INVITE",   "ACK",   "BYE",    "CANCEL",    "OPTIONS",
                                                 "REGISTER", "PRACK", "UPDATE", "SUBSCRIBE", "NOTIFY",
                                                 "PUBLISH",  "INFO",  "REFER",  "MESSAGE"};
  const auto meant =
      std::ranges::find_if(methods, [&](std::string_view name) { return equals_ignoring_case(name, text); });
  if (meant == std::ranges::end(methods) || *meant == text) return std::nullopt;
  return *meant;
}

bool is_hostname(std::string_view text) {
  if (text.size() > 253) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

std::expected<HostPort, std::string> parse_host_port(std::string_view text) {
  if (const std::optional<IpAddress> address = IpAddress::parse(text)) return HostPort{address->to_host(), {}};
  HostPort result;
  std::string_view host = text;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    const std::expected<std::uint16_t, std::string> port = parse_port(text.substr(colon + 1));
    if (!port) return std::unexpected(port.error());
    result.port = *port;
    host = text.substr(0, colon);
  }
  if (const std::optional<IpAddress> address = IpAddress::parse(host)) {
    result.host = address->to_host();
  } else if (is_hostname(host) && !std::ranges::all_of(host, [](char c) { return is_digit(c) || c == '.'; })) {
    result.host = lowercase(host);
  } else {
    return std::unexpected("'" + std::string(host) + "' is neither a host name nor an address");
  }
  return result;
}

HashKey parse_hash_key(std::string_view secret) {
  if (secret.size() == 32) {
    const std::optional<std::uint64_t> high = parse_hex64(secret.substr(0, 16));
    const std::optional<std::uint64_t> low = parse_hex64(secret.substr(16));
    if (high && low) return {*high, *low};
  }
  return {siphash({1, 0}, secret), siphash({2, 0}, secret)};
}

}  // namespace intermediary
