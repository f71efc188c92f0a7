// Our own scanners for the few values that every message needs. Error offsets count from `begin` or the value's start.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "message/message.h"

namespace intermediary {

// The first entry of a Via value (RFC 3261 §20.42, §25.1) at [begin, end) of the message; white space around its
// separators is taken. Fills all of `via`, which is fresh, but its `field`.
std::optional<ValueError> scan_via(std::string_view bytes, std::size_t begin, std::size_t end, TopVia& via);
std::expected<CSeq, ValueError> scan_cseq(std::string_view value);
// The tag of a From or To value, "" when it has none (RFC 3261 §20.20, §20.39).
std::expected<std::string_view, ValueError> scan_tag(std::string_view value);
std::expected<std::string_view, ValueError> scan_call_id(std::string_view value);
// A number from 0 to 255.
std::optional<std::uint8_t> scan_max_forwards(std::string_view value);
// One run of digits (RFC 3261 §20.14); a number that does not fit is the greatest size.
std::optional<std::size_t> scan_content_length(std::string_view value);
ValueError not_a_length(std::string_view value);

}  // namespace intermediary
