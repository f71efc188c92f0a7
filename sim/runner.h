// Runs a scenario in virtual time and says what went otherwise than written.
//
// Everything that a node sends must be some line's; what is expected must come, at its time. Then the world runs on
// until nothing stands in any table. The first mistake ends the run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/chronicle.h"
#include "sim/golden.h"
#include "sim/scenario.h"

namespace intermediary::sim {

struct Report {
  bool passed = false;
  std::string failure;  // "file:line: what", then what there is to show; "" when passed
  std::string ladder;   // as far as it went
  Duration virtual_time{0};
  std::uint64_t trace_hash = 0;

  // The failure and the ladder so far; "" when passed.
  std::string explanation() const;
};

// `seed` replaces the scenario's own; `chronicle` gets what the run looked like.
Report run_scenario(const Scenario& scenario, std::optional<std::uint64_t> seed = std::nullopt,
                    Chronicle* chronicle = nullptr);

// What the file says at its top.
std::string prose_of(const Scenario& scenario);
}  // namespace intermediary::sim
