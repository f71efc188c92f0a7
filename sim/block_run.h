// Runs [[test]] blocks: each against an engine of its own.
#pragma once

#include <string>
#include <vector>

#include "config/block.h"
#include "engine/config.h"
#include "sim/rehearsal.h"

namespace intermediary::sim {

struct BlockResult {
  std::vector<std::string> differences;  // none: it passed
  Rehearsed seen;
};

// REQUIRES: problem_with(config) == "", and the block was read with that configuration.
BlockResult run_block(const Config& config, const TestBlock& block);
// What becomes of the request of a block, as lines for people: rules asked, targets, what left.
std::string shown(const Rehearsed& seen);

}  // namespace intermediary::sim
