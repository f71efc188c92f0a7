// `test --faults`: scenarios under every schedule of so many faults, by several processes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario.h"
#include "sim/source.h"

namespace intermediary::cli {

struct ExploreOptions {
  std::vector<std::string> files;
  std::size_t faults = 1;
  std::size_t jobs = 1;
  std::optional<std::uint64_t> seed;
  std::string config{};      // the file that takes the place of each node's own; "": none
  std::string folder = ".";  // where scenarios of what went wrong are written
  bool json = false;
  sim::Surroundings surroundings{};
  std::function<bool(const sim::Scenario&)> wanted{};  // of the files, these; all, where it is empty
};

// Prints what it finds; an exit code.
int explore_files(const ExploreOptions& options);

}  // namespace intermediary::cli
