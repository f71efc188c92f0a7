#include "sim/explore/execution.h"

#include <algorithm>
#include <utility>

#include "sim/explore/performance.h"

namespace intermediary::sim {

namespace {

// Where nobody but user agents acts, and no message is written out, there is nothing to rehearse: each line happens at
// its time.
std::optional<Script> script_as_written(const Scenario& scenario) {
  const auto is_party = [](const auto& who) { return std::holds_alternative<PartySetup>(who); };
  if (std::ranges::any_of(scenario.inhabitants, is_party)) return std::nullopt;
  Script script;
  Duration time{0};
  for (std::size_t i = 0; i < scenario.lines.size(); ++i) {
    const Line& line = scenario.lines[i];
    const bool waits = std::holds_alternative<MessageLine>(line) || std::holds_alternative<CheckLine>(line) ||
                       std::holds_alternative<ConnectionLine>(line);
    if (waits) return std::nullopt;
    const When& when = head_of(line).when;
    time = when.after_previous ? time + when.from : when.from;
    script.cues.emplace(i, Cue{Cue::Kind::Time, time});
  }
  return script;
}

}  // namespace

struct Execution::Rehearsal {
  Script script;
};

Execution::Execution(const Scenario& scenario, std::optional<std::uint64_t> seed)
    : scenario_(scenario), seed_(seed.value_or(scenario.seed)) {
  if (auto script = script_as_written(scenario)) {
    rehearsal_ = std::make_unique<const Rehearsal>(Rehearsal{*std::move(script)});
    return;
  }
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
