#include "tools/cli/blocks.h"

#include "config/load.h"
#include "sim/block_run.h"
#include "tools/cli/config_file.h"

namespace intermediary::cli {

std::vector<BlockOutcome> run_blocks(const std::string& file, bool& problems) {
  problems = true;
  const auto text = read_file(file);
  if (!text) return {{file, false, "  cannot read '" + file + "': " + text.error() + '\n'}};
  const auto loaded = load_config(*text, file, surroundings_of(file));
  if (!loaded) {
    BlockOutcome outcome{file, false};
    for (const ConfigProblem& problem : loaded.error()) outcome.failure += "  " + problem.to_string() + '\n';
    return {outcome};
  }
  problems = false;
  std::vector<BlockOutcome> outcomes;
  for (const TestBlock& block : loaded->tests) {
    const sim::BlockResult result = sim::run_block(loaded->config, block);
    BlockOutcome outcome{file + ":" + std::to_string(block.at.line) + ": " + block.name, result.differences.empty()};
    for (const std::string& difference : result.differences) outcome.failure += "  " + difference + '\n';
    if (!outcome.passed) outcome.failure += sim::shown(result.seen);
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace intermediary::cli
