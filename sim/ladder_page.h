// The ladders of runs as one HTML file for people: lanes, times, every message folded under its arrow, what went wrong
// on the way, and the transactions of every node at the cursor. Nothing is fetched: the file is all there is.
#pragma once

#include <iosfwd>
#include <vector>

#include "sim/chronicle.h"

namespace intermediary::sim {

void write_ladder_page(std::ostream& out, const std::vector<Chronicle>& runs);

}  // namespace intermediary::sim
