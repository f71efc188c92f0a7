// UTF-8 as it came from somebody else (RFC 3629).
#pragma once

#include <cstddef>
#include <string_view>

namespace intermediary {

// The bytes of the sequence of several that a text begins with (RFC 3629 §4); 0 when it is none, or no character of
// XML's. REQUIRES: not empty.
std::size_t sequence_bytes(std::string_view text);

// A control character of ASCII (RFC 20 §5.2), the tab too.
constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace intermediary
