// In which order the servers of a domain are tried where their priorities are equal (RFC 2782, RFC 3263 §4.4).
#pragma once

#include <cstdint>

namespace intermediary {

enum class HopOrder : std::uint8_t {
  Drawn,  // by weight and chance
  Fixed,  // always the same: heavier first, then by name
};

}  // namespace intermediary
