#include "sim/explore/execution.h"

#include "sim/explore/performance.h"

namespace intermediary::sim {

struct Execution::Rehearsal {
  Script script;
};

Execution::Execution(const Scenario& scenario, std::optional<std::uint64_t> seed)
    : scenario_(scenario), seed_(seed.value_or(scenario.seed)) {
  ExecutionOptions options;
  options.lists_points = false;
  const Schedule none;
  Performance rehearsal(scenario, seed_, nullptr, none, options);
  rehearsal.run();
  rehearsal_ = std::make_unique<const Rehearsal>(Rehearsal{rehearsal.take_script()});
}

Execution::Execution(Execution&&) noexcept = default;
Execution::~Execution() = default;

Verdict Execution::run(const Schedule& schedule, const ExecutionOptions& options) const {
  Verdict verdict = Performance(scenario_, seed_, &rehearsal_->script, schedule, options).run();
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    if (verdict.struck[i] == 0) verdict.never_came.push_back(schedule[i]);
  }
  return verdict;
}

Verdict execute(const Scenario& scenario, const Schedule& schedule, const ExecutionOptions& options,
                std::optional<std::uint64_t> seed) {
  Schedule all = scenario.faults;
  all.insert(all.end(), schedule.begin(), schedule.end());
  return Execution(scenario, seed).run(all, options);
}

}  // namespace intermediary::sim
