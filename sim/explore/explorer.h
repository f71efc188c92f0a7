// Runs a scenario under every schedule of up to so many faults.
//
// A schedule is a path: each of its faults strikes behind the one before, at a point that came up in the run with
// those before. Two schedules with the same faults in another order are one. A run after which every node has had the
// same inputs at the same times as in an earlier run, and all has been sent as there, has the same future: nothing is
// added to it (it counts as pruned what would have been). A node without any state is not restarted.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/explore/execution.h"
#include "sim/scenario.h"

namespace intermediary::sim {

struct ExplorerOptions {
  std::size_t faults = 1;  // at most so many in one schedule
  std::optional<std::uint64_t> seed{};
  std::size_t most_failures = 3;                     // of one scenario; then its exploration ends
  std::function<void(std::size_t runs)> progress{};  // called now and then
};

// The smallest schedule that was found to break a promise.
struct Failure {
  Schedule schedule;
  Verdict verdict;
};

struct Exploration {
  std::size_t runs = 0;
  std::size_t pruned = 0;         // schedules that were not run, since another has the same future
  std::size_t different = 0;      // runs that went otherwise than any before
  std::vector<Failure> failures;  // one for each promise that was broken
  bool passed() const { return failures.empty(); }
};

Exploration explore(const Scenario& scenario, const ExplorerOptions& options);

// The scenario's text with these faults, under another name and without its ladder, as a file of its own.
std::string with_faults(const Scenario& scenario, const Schedule& schedule, const std::string& name);

}  // namespace intermediary::sim
