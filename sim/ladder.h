// The ladder: what went over the wire, drawn for people and compared byte for byte. It shows times, lanes and short
// labels, never a random value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/network.h"
#include "sim/rungs.h"

namespace intermediary::sim {

// Coloured: with escape sequences for a terminal (ECMA-48), by what an answer says; else the same text.
enum class LadderStyle : std::uint8_t { Plain, Coloured };

// A lane for each host, those in `order` first; then one for each address that nobody has.
std::string draw_ladder(const Network& network, const std::vector<std::string>& order,
                        LadderStyle style = LadderStyle::Plain);
std::string draw_ladder(const Rungs& rungs, LadderStyle style);

}  // namespace intermediary::sim
