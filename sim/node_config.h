// The configuration of a node in its operator's words: TOML, in a file or in a block of the scenario.
#pragma once

#include <string>
#include <vector>

#include "base/address.h"
#include "sim/node_options.h"
#include "sim/source.h"

namespace intermediary::sim {

// Where configuration stands.
struct ConfigSource {
  std::string text;
  std::string file;  // as problems call it; "" for a block of the scenario
  Place block{};     // of the block's first line
};

// Reads it into `options`. Listeners on every address get the first of `addresses` of their family. Throws Wrong, with
// every problem at its line and column: for a block those of the scenario, as `origins` tells them.
void read_config(const ConfigSource& source, const std::vector<IpAddress>& addresses, const Surroundings& surroundings,
                 const Origins& origins, const Place& node, NodeOptions& options);

}  // namespace intermediary::sim
