// Text helpers that know no locale: ASCII case, trimming, decimal numbers. SIP tokens are compared without case
// (RFC 3261 §7.3.1) unless a section says otherwise.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace intermediary {

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
constexpr char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// LWS characters as they stand inside an unfolded or folded field value (RFC 3261 §25.1).
constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// RFC 3261 §25.1: token = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~").
constexpr bool is_token_char(char c) {
  if (is_alpha(c) || is_digit(c)) return true;
  return std::string_view("-.!%*_+`'~").find(c) != std::string_view::npos;
}
constexpr bool is_token(std::string_view text) {
  for (char c : text) {
    if (!is_token_char(c)) return false;
  }
  return !text.empty();
}

constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

// An order in which texts that differ only in case are equal; the shorter go first, so that few are looked into.
struct LessIgnoringCase {
  using is_transparent = void;
  constexpr bool operator()(std::string_view a, std::string_view b) const {
    if (a.size() != b.size()) return a.size() < b.size();
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (to_lower(a[i]) != to_lower(b[i])) return to_lower(a[i]) < to_lower(b[i]);
    }
    return false;
  }
};

constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

inline std::string lowercase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = to_lower(c);
  return lower;
}

// One run of decimal digits and nothing else; nullopt when it is anything else or does not fit. (std::from_chars takes
// several times as long for the few digits that SIP has.)
template <class Integer>
constexpr std::optional<Integer> parse_decimal(std::string_view text) {
  constexpr Integer largest = std::numeric_limits<Integer>::max();
  if (text.empty()) return std::nullopt;
  Integer value{};
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<Integer>(c - '0');
    if (value > largest / 10 || (value == largest / 10 && digit > largest % 10)) return std::nullopt;
    value = static_cast<Integer>(value * 10 + digit);
  }
  return value;
}

}  // namespace intermediary
