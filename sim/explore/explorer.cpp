#include "sim/explore/explorer.h"

#include <algorithm>

#include "base/text.h"
#include "sim/explore/worlds.h"

namespace intermediary::sim {
namespace {

class Explorer {
 public:
  Explorer(const Scenario& scenario, const ExplorerOptions& options)
      : options_(options), execution_(scenario, options.seed) {}

  Exploration run() {
    level_.push_back({{}, run({}), 0});
    for (std::size_t faults = 0; faults < options_.faults && !level_.empty() && !is_over(); ++faults) {
      std::vector<Path> next;
      for (const Path& path : level_) extend(path, faults + 1 < options_.faults, next);
      level_ = std::move(next);
    }
    return std::move(exploration_);
  }

 private:
  struct Path {
    Schedule schedule;
    Verdict verdict;
    std::size_t last = 0;  // the occasion of its last fault
  };

  bool is_over() const { return exploration_.failures.size() >= options_.most_failures; }

  Verdict run(const Schedule& schedule) {
    Verdict verdict = execution_.run(schedule, {.lists_points = schedule.size() < options_.faults});
    ++exploration_.runs;
    if (options_.progress && exploration_.runs % 64 == 0) options_.progress(exploration_.runs);
    for (const std::string& broken : verdict.broken_promises) {
      if (!promises_.insert(promise_of(broken)).second) continue;
      exploration_.failures.push_back({schedule, verdict});
      break;
    }
    return verdict;
  }

  void extend(const Path& path, bool goes_on, std::vector<Path>& next) {
    for (const FaultPoint& point : path.verdict.points) {
      if (point.occasion <= path.last) continue;
      if (is_over()) return;
      Schedule schedule = path.schedule;
      schedule.push_back(point.fault);
      Verdict verdict = run(schedule);
      const bool is_new = known_.insert(verdict.trace_hash).second;
      exploration_.different += is_new;
      if (!goes_on) continue;
      const std::size_t struck = verdict.struck.back();
      const auto further = static_cast<std::size_t>(
          std::ranges::count_if(verdict.points, [&](const FaultPoint& later) { return later.occasion > struck; }));
      if (is_new && verdict.broken_promises.empty() && struck > 0) {
        verdict.ladder.clear();
        next.push_back({std::move(schedule), std::move(verdict), struck});
      } else {
        exploration_.pruned += further;
      }
    }
  }

  const ExplorerOptions& options_;
  Execution execution_;
  Exploration exploration_;
  std::vector<Path> level_;
  std::set<std::uint64_t> known_;
  std::set<std::string> promises_;
};

}  // namespace

Exploration explore(const Scenario& scenario, const ExplorerOptions& options) {
  return Explorer(scenario, options).run();
}

// The faults stand at the end of the world: before what comes at a time.
std::string with_faults(const Scenario& scenario, const Schedule& schedule, const std::string& name) {
  std::string faults;
  for (const Fault& fault : schedule) faults += "fault " + fault.to_string() + '\n';
  std::string result;
  std::string_view rest = *scenario.above_ladder;
  bool in_table = false;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    // Of a table, the scenario's row.
    const bool is_row = in_table && line.starts_with(' ');
    in_table = is_row || line.starts_with("table ");
    if (is_row && !trim(line).starts_with(scenario.row + ' ')) continue;
    const bool is_timed = line.starts_with('+') || line.starts_with("repeat ") ||
                          (!line.empty() && line.front() >= '0' && line.front() <= '9');
    if (is_timed) result += std::exchange(faults, "");
    result += line.starts_with("scenario ") ? "scenario " + name : std::string(line);
    result += '\n';
  }
  return result + faults;
}

}  // namespace intermediary::sim
