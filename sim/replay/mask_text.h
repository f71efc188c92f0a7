// What the masks of heads and of bodies share: places in a text, and crossing out that keeps its length and its lines.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/text.h"

namespace intermediary::sim {

inline constexpr std::size_t npos = std::string::npos;

// [begin, end); begin npos: there is none.
struct MaskedExtent {
  std::size_t begin = npos, end = npos;
};

// White space stays: a line that continues another must go on beginning with it.
inline void cross_out(std::string& line, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < std::min(end, line.size()); ++i) {
    if (!is_space(line[i])) line[i] = 'x';
  }
}

// Where `what` begins, without case; from `from` on.
inline std::size_t find_ignoring_case(std::string_view text, std::string_view what, std::size_t from) {
  for (std::size_t i = from; i + what.size() <= text.size(); ++i) {
    if (equals_ignoring_case(text.substr(i, what.size()), what)) return i;
  }
  return npos;
}

inline std::size_t past_spaces(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

// The quote that closes the one at `open`; npos where none does.
inline std::size_t closing_quote(std::string_view text, std::size_t open) {
  for (std::size_t i = open + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i;
    }
  }
  return npos;
}

inline bool is_hex_digit(char c) { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f'); }
// Of a URI, such as "%3A".
inline bool is_escape(std::string_view text, std::size_t at) {
  return at + 2 < text.size() && text[at] == '%' && is_hex_digit(text[at + 1]) && is_hex_digit(text[at + 2]);
}

inline bool is_among(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

// With its line end.
inline std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end == std::string_view::npos ? end : end + 1);
  text.remove_prefix(line.size());
  return line;
}

inline bool is_blank_line(std::string_view line) { return line == "\n" || line == "\r\n"; }

}  // namespace intermediary::sim
