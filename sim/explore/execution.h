// Runs a scenario under faults and judges it by promises that hold whatever happens (sim/explore/invariants.h), not by
// its golden lines.
//
//   Execution execution(scenario);
//   Verdict calm = execution.run({});
//   for (const FaultPoint& point : calm.points) Verdict verdict = execution.run({point.fault});
//
// Parties act as user agents do: an answer waits for its request and keeps its delay behind it, a request within a
// call waits for what it followed when nothing went wrong, what begins something goes at its time. They repeat over
// UDP, answer repetitions by what they said before, and acknowledge (RFC 3261 §17, §13.3.1.4). Where a thing never
// came, what waited for it is left out; a request or final answer that does not come when all is well is answered at
// once (sim/explore/script.h, sim/explore/repeater.h). `raw` bytes go as they are, at their time or, where they
// quote something (`\{x}`), as an answer does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/chronicle.h"
#include "sim/explore/fault.h"
#include "sim/scenario.h"

namespace intermediary::sim {

// Where a fault could strike in a run, and when.
struct FaultPoint {
  Fault fault;
  TimePoint time{};
  std::size_t occasion = 0;  // counts all points of a run in their order; some share one
};

struct ExecutionOptions {
  bool lists_points = true;
  bool draws = false;              // the ladder, even where no promise is broken
  Chronicle* chronicle = nullptr;  // where somebody looks on: filled
};

struct Verdict {
  // "forwards-every-2xx (RFC 3261 §16.7 step 5): p1 …"; empty when all is well.
  std::vector<std::string> broken_promises;
  std::uint64_t trace_hash = 0;  // of what was sent, and of what was held back or lost of it
  std::string ladder;            // where a promise is broken, or it was asked for
  Duration virtual_time{0};
  std::size_t steps = 0;
  std::size_t transmissions = 0;
  std::vector<FaultPoint> points;   // that came up in this run, those of its own faults apart
  Schedule never_came;              // faults whose point did not come up
  Schedule misfortunes;             // with `promises`: what links have lost by chance, as faults
  std::vector<std::size_t> struck;  // by fault of the schedule: the occasion at which it struck; 0: never
};

class Execution {
 public:
  // REQUIRES: the scenario outlives it. `seed` replaces the scenario's own.
  explicit Execution(const Scenario& scenario, std::optional<std::uint64_t> seed = std::nullopt);
  Execution(Execution&&) noexcept;
  ~Execution();

  Verdict run(const Schedule& schedule, const ExecutionOptions& options = {}) const;

 private:
  struct Rehearsal;
  const Scenario& scenario_;
  std::uint64_t seed_;
  std::unique_ptr<const Rehearsal> rehearsal_;  // what happens when nothing goes wrong
};

// One run. Of a scenario with `fault` lines, `schedule` comes in addition to them.
Verdict execute(const Scenario& scenario, const Schedule& schedule, const ExecutionOptions& options = {},
                std::optional<std::uint64_t> seed = std::nullopt);

}  // namespace intermediary::sim
