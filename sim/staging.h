// A scenario's world before its first line, and what single lines do to it: for whoever runs one.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "sim/pattern.h"
#include "sim/scenario.h"
#include "sim/world.h"

namespace intermediary::sim {

// Who lives there, names, links and bindings. REQUIRES: the world is new, its seed the scenario's or another.
void populate(World& world, const Scenario& scenario);
// The registrations with which some agents begin.
void enroll_agents(World& world, const Scenario& scenario);

void apply(World& world, const LinkLine& line);
// An error is one line for people. REQUIRES: its actor is no node.
std::expected<void, std::string> apply(World& world, const ConnectionLine& line);
std::expected<void, std::string> apply(World& world, const AgentLine& line);
std::expected<void, std::string> apply(World& world, const NodeLine& line);
std::expected<void, std::string> apply(World& world, const PartitionLine& line);
std::expected<void, std::string> apply(World& world, const RebindLine& line);
std::expected<void, std::string> apply(World& world, const StoreLine& line);
std::expected<void, std::string> apply(World& world, const WebLine& line);
std::expected<void, std::string> apply(World& world, const ReloadLine& line);

// What a party sends for that line, which binds names. An error is one line for people.
std::expected<std::string, std::string> bytes_of(Party& sender, HostId receiver, const MessageLine& line,
                                                 Bindings& bindings);
std::expected<std::string, std::string> bytes_of(World& world, const MessageLine& line, Bindings& bindings);
// The name of a host, or the address where nobody lives.
std::string name_of(const World& world, HostId host, const Endpoint& address);
// Who stands in the lines, in the order of appearance: so that a ladder reads from left to right.
std::vector<std::string> lanes_of(const World& world, const Scenario& scenario);

}  // namespace intermediary::sim
