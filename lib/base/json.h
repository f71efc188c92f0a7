// JSON as programs print it: small enough to write by hand.
#pragma once

#include <string>
#include <string_view>

namespace intermediary {

// In double quotes; quotes, backslashes and control characters are escaped (RFC 8259 §7).
std::string json_string(std::string_view text);

}  // namespace intermediary
