// `test --runs`: random worlds, each with a seed of its own, by several processes; what fails is shrunk and saved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace intermediary::cli {

struct WorldsOptions {
  std::uint64_t seed = 1;  // of the first world; each further one has the next
  std::size_t runs = 1;
  std::size_t jobs = 1;
  std::string folder = ".";  // where the smallest world that fails is written, as failure-SEED.flow
  bool json = false;
};

// Prints what it finds; an exit code.
int explore_worlds(const WorldsOptions& options);

}  // namespace intermediary::cli
