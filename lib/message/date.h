// The value of a Date field (RFC 3261 §20.17, §25.1): "Sat, 13 Nov 2010 23:29:00 GMT".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace intermediary {

// Whole seconds; what is left of one is dropped.
std::string date_text(WallTime time);
// Nullopt for anything that date_text() does not write.
std::optional<WallTime> parse_date(std::string_view text);

}  // namespace intermediary
