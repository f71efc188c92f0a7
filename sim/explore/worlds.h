// Random worlds, one seed after the other, and what becomes of one that fails.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/time.h"
#include "sim/explore/shrink.h"

namespace intermediary::sim {

// What a run of a scenario's text came to.
struct Look {
  std::vector<std::string> broken;  // promises, a line each
  std::string plain;                // where some are: the text with what links lost by chance as `fault` lines
  std::string ladder;               // likewise
  Duration virtual_time{0};
};
// Runs it and judges promises. REQUIRES: it parses.
Look look_at(const std::string& text);

// The smallest text that breaks a promise which this one breaks, too. REQUIRES: look(text).broken is not empty.
Shrunk shrink_world(const std::string& text, const std::function<Look(const std::string&)>& look = look_at,
                    std::size_t most_runs = 3000);

// "forwards-every-2xx" of "forwards-every-2xx (RFC 3261 §16.7 step 5): p1 …".
std::string promise_of(const std::string& broken);
// The text under another name, with a comment at its top.
std::string named(const std::string& text, const std::string& name, const std::string& comment);

}  // namespace intermediary::sim
