// Making ValueErrors whose detail is safe to print: what a peer sent is cut to a length and stripped to ASCII.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "message/parse_error.h"

namespace intermediary {

inline std::unexpected<ValueError> value_error(Fault fault, std::size_t offset, std::string detail) {
  return std::unexpected(ValueError{fault, offset, std::move(detail)});
}

// What a peer wrote, in quotes, at most 40 characters of it, others than printable ASCII as '?'.
inline std::string shown(std::string_view text) {
  constexpr std::size_t longest = 40;
  std::string quoted_text = "'";
  for (char c : text.substr(0, longest)) quoted_text += c >= ' ' && c <= '~' ? c : '?';
  quoted_text += text.size() > longest ? "…'" : "'";
  return quoted_text;
}

}  // namespace intermediary
