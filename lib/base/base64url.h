// Bytes as text that may stand in the user part of a URI: base64url without padding (RFC 4648 §5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace intermediary {

std::string to_base64url(std::string_view bytes);
// Nullopt where the text is not what to_base64url() writes: one text for the same bytes.
std::optional<std::string> from_base64url(std::string_view text);

// The `count` low octets of a number in network order, for what becomes such a text.
void append_number(std::string& bytes, std::uint64_t value, std::size_t count);
// REQUIRES: at most eight octets.
std::uint64_t read_number(std::string_view octets);

}  // namespace intermediary
