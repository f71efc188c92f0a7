// `test --faults`: scenarios under every schedule of so many faults, by several processes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace intermediary::cli {

struct ExploreOptions {
  std::vector<std::string> files;
  std::size_t faults = 1;
  std::size_t jobs = 1;
  std::optional<std::uint64_t> seed;
  std::string folder = ".";  // where scenarios of what went wrong are written
  bool json = false;
};

// Prints what it finds; an exit code.
int explore_files(const ExploreOptions& options);

}  // namespace intermediary::cli
