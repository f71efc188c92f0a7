// What keeps a server from starting and shows without one: certificates and keys that do not go together, a store that
// cannot be. `run` finds the same, in the same words, when it comes to it.
#pragma once

#include <vector>

#include "config/load.h"

namespace intermediary::cli {

// Reads the files that the configuration names, opens no socket, makes no file.
std::vector<ConfigProblem> problems_at_start(const LoadedConfig& loaded);

// What shows only now, and may be another in a minute: addresses that cannot be bound, a Redis that does not answer,
// name servers that do not. Waits as long as the configuration says. REQUIRES: the above has found no error.
std::vector<ConfigProblem> problems_now(const LoadedConfig& loaded);

}  // namespace intermediary::cli
