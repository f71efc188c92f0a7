// What the language says about HTTP servers: "URL options body" behind `web` (docs/scenarios.md).
#pragma once

#include <deque>

#include "sim/scenario_text.h"
#include "sim/web.h"

namespace intermediary::sim {

// Throws Wrong.
WebChange read_web_change(Words& words, const std::deque<Block>& blocks);

}  // namespace intermediary::sim
