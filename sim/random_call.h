// A random call in a random world, and the promises that must hold whatever the network does to it: for properties, for
// comparing compilers, for long nights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/world.h"

namespace intermediary::sim {

struct CallPlan {
  std::size_t proxies = 1;  // on the way from the caller to the callees: 1 or 2
  bool first_is_stateless = false;
  bool record_route = true;
  bool caller_over_tcp = false;
  LinkQuality quality;                       // of every link
  std::vector<AgentManners> callees;         // all of them bound to one address of record
  Duration talk = std::chrono::seconds(10);  // then the caller hangs up
  bool gives_up = false;
  Duration gives_up_after{0};
  std::size_t reload_after = 0;  // World::reload_after_each()
};

CallPlan random_plan(std::uint64_t seed);
// For a failure's message.
std::string to_string(const CallPlan& plan);

struct CallOutcome {
  std::vector<std::string> broken_promises;
  std::uint64_t trace_hash = 0;
  Duration virtual_time{0};
  std::size_t steps = 0;
  std::size_t transmissions = 0;
  bool talked = false;
  std::string ladder;
};

// The promises: those of sim/explore/invariants.h; the call ends, with a final answer; and nobody is left talking alone
// unless every BYE was lost.
CallOutcome run_call(const CallPlan& plan, std::uint64_t seed);

}  // namespace intermediary::sim
