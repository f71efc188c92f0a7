// The small texts of a configuration: durations, names, hosts, keys, and the word that was probably meant.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/keyed_hash.h"
#include "base/time.h"

namespace intermediary {

// 'word'.
inline std::string quote(std::string_view word) { return "'" + std::string(word) + "'"; }

// "500ms", "60s", "5m", "1h", "1d": a whole number and its unit. The error says what is missing.
std::expected<Duration, std::string> parse_duration(std::string_view text);
// The largest unit that needs no fraction: "90s", "1h".
std::string duration_text(Duration duration);

// The candidate nearest to `word`, where one is near enough to have been meant.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);
// "; did you mean 'x'?", or the list of what there is.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

// "'x' is not available in this version".
std::string not_available(std::string_view word);

// The method of an RFC that differs from `text` in case alone: methods are told apart by it (RFC 3261 §7.1).
std::optional<std::string_view> method_of_other_case(std::string_view text);

// RFC 3261 §25.1 hostname: labels of letters, digits and hyphens.
bool is_hostname(std::string_view text);

// A host with an optional port: "sip.example.com", "192.0.2.1:5070", "[2001:db8::1]:5060", "2001:db8::1".
struct HostPort {
  std::string host;  // as it stands in a Via: lower case, IPv6 in brackets
  std::optional<std::uint16_t> port;
};
std::expected<HostPort, std::string> parse_host_port(std::string_view text);

// 32 hexadecimal digits are the key itself; any other secret is hashed.
HashKey parse_hash_key(std::string_view secret);

}  // namespace intermediary
