// A random world as the text of a scenario: nodes of every mode alone and in chains, user agents that call, fork,
// refuse, ring long, hang up and give up, names with servers that are down, links that lose, double and delay, clogged
// one by one and unclogged in another order, and faults. Legal throughout: every node is judged by what it owes to
// those around it (sim/explore/conduct.h), and a world that breaks no rule may break none.
//
// Text, since that is what a failure is shrunk and handed over as (ADR 0041).
#pragma once

#include <cstdint>
#include <string>

namespace intermediary::sim {

// The same text for the same seed, everywhere.
std::string random_world(std::uint64_t seed);

}  // namespace intermediary::sim
