// One configuration in the place of another, while an engine runs (docs/adr/0054).
#pragma once

#include <string>
#include <vector>

#include "engine/config.h"
#include "engine/io.h"
#include "policy/access_list.h"
#include "routing/rates.h"

namespace intermediary {

// A configuration with what takes time to make of it.
struct ReadyConfig {
  Config config;
  std::vector<PrefixIndex> rates;
  std::vector<AccessTable> access_tables;
  std::string bytes;  // the configuration in an archive, for whoever records it
};

// What stands in the way of a change while an engine runs: one line, which names the key and says that it needs a
// restart; "" when nothing does. REQUIRES: problem_with() of both is "".
std::string problem_with_change(const Config& from, const Config& to);
// The parts of the second that differ, as a file names them: "rule", "pool", … in the order of the documentation.
std::vector<std::string> changed_parts(const Config& from, const Config& to);

}  // namespace intermediary
