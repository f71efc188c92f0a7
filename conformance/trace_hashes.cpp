// trace_hashes: a line for every scenario and for every seed of the random worlds, with the hash of all that was sent,
// and for a record, with the hash of all that its replay makes.
// Two compilers must print the same (tools/checks/compare-traces).

#include <filesystem>
#include <iostream>

#include "base/keyed_hash.h"
#include "conformance/flow_files.h"
#include "sim/explore/execution.h"
#include "sim/explore/random_world.h"
#include "sim/replay/replay.h"
#include "sim/runner.h"
#include "sim/scenario.h"

namespace {

constexpr std::uint64_t random_worlds = 100;

void print(const std::string& name, std::uint64_t hash) {
  std::cout << name << ' ' << intermediary::to_hex(hash) << '\n';
}

}  // namespace

int main() {
  using namespace intermediary;
  const std::string folder = INTERMEDIARY_SOURCE_DIR "/conformance/scenarios";
  for (const std::string& file : conformance::flow_files(folder)) {
    auto scenarios = conformance::scenarios_of(file);
    if (!scenarios) {
      std::cerr << scenarios.error().to_string() << '\n';
      return 1;
    }
    for (const sim::Scenario& scenario : *scenarios) {
      print(std::filesystem::relative(scenario.title(), folder).string(), sim::run_scenario(scenario).trace_hash);
    }
  }
  for (std::uint64_t seed = 1; seed <= random_worlds; ++seed) {
    const auto world = sim::parse_scenario("world", sim::random_world(seed));
    if (!world) {
      std::cerr << world.error().to_string() << '\n';
      return 1;
    }
    print("random-world-" + std::to_string(seed), sim::execute(*world, {}, {.lists_points = false}).trace_hash);
  }
  const std::string record = conformance::read_text(INTERMEDIARY_SOURCE_DIR "/conformance/records/two-calls.record");
  auto replay = sim::Replay::open({record});
  if (!replay) {
    std::cerr << "two-calls.record: " << replay.error() << '\n';
    return 1;
  }
  while (replay->next()) {
  }
  print("two-calls.record", replay->summary().hash);
  if (replay->summary().differing != 0) std::cerr << "two-calls.record: other outputs than recorded\n";
  return replay->summary().differing == 0 ? 0 : 1;
}
