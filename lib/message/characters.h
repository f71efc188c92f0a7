// Character classes of RFC 3261 §25.1 as one table, for the scanners of this room.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/text.h"

namespace intermediary::character {

enum Class : std::uint8_t {
  Token = 1,
  Space = 2,    // SP, HTAB and the CR LF of a fold
  Host = 4,     // of a host name or an IPv4 address; '_' stands in names that peers use
  Value = 8,    // of an unquoted parameter value: token or host, brackets of an IPv6 reference included
  Scheme = 16,  // of a URI scheme behind its first letter
  Uri = 32      // what is neither white space nor a delimiter of RFC 3261 §20.10: '<', '>', '"'
};

inline constexpr std::array<std::uint8_t, 256> table = [] {
  std::array<std::uint8_t, 256> classes{};
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool alphanumeric = is_alpha(c) || is_digit(c);
    unsigned of_c = 0;
    if (is_token_char(c)) of_c |= Token | Value;
    if (is_space(c)) of_c |= Space;
    if (alphanumeric || c == '-' || c == '.' || c == '_') of_c |= Host;
    if (c == '[' || c == ']' || c == ':') of_c |= Value;
    if (alphanumeric || c == '+' || c == '-' || c == '.') of_c |= Scheme;
    if (!is_space(c) && c != '<' && c != '>' && c != '"') of_c |= Uri;
    classes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(of_c);
  }
  return classes;
}();

constexpr bool is(char c, Class wanted) { return (table[static_cast<unsigned char>(c)] & wanted) != 0; }

// Whether a token is a name, without case. REQUIRES: `name` is in small letters, digits, '.' or '-'.
constexpr bool is_named(std::string_view token, std::string_view name) {
  if (token.size() != name.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if ((token[i] | 0x20) != name[i]) return false;
  }
  return true;
}

}  // namespace intermediary::character
