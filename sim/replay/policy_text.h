// What the rules of a configuration name, as the lines of a scenario: `times`, `acl`, `list` and `limit`; and whom it
// trusts.
#pragma once

#include <string>
#include <string_view>

#include "engine/config.h"

namespace intermediary::sim {

// A line each, with its end; "" where there are none.
std::string policy_lines(const Config& config, std::string_view node);
// "2026-01-01T00:00:00Z", as `wall` has it: the second in which that time is.
std::string wall_text(WallTime time);

}  // namespace intermediary::sim
