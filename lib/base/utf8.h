// UTF-8 as it came from somebody else (RFC 3629).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace intermediary {

// The bytes of the sequence of several that a text begins with (RFC 3629 §4); 0 when it is none, or no character of
// XML's. REQUIRES: not empty.
std::size_t sequence_bytes(std::string_view text);

// For people at a terminal, which obeys what comes: line ends and tabs stay; other control characters (ECMA-48 §5.3 has
// some beyond ASCII), those that turn the writing around, and bytes that are not UTF-8 become "\x1b".
std::string printable(std::string_view text);

// A control character of ASCII (RFC 20 §5.2), the tab too.
constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace intermediary
