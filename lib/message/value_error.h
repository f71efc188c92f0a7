// Making ValueErrors.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "message/parse_error.h"
#include "message/start_line.h"

namespace intermediary {

inline std::unexpected<ValueError> value_error(Fault fault, std::size_t offset, std::string detail) {
  return std::unexpected(ValueError{fault, offset, std::move(detail)});
}

// What a peer wrote, cut and escaped, between quotes.
inline std::string in_quotes(std::string_view text) { return "'" + shown(text) + "'"; }

}  // namespace intermediary
