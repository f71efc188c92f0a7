// What user agents come to.
#include <algorithm>
#include <set>

#include "sim/explore/conduct.h"

namespace intermediary::sim {
namespace {

constexpr std::string_view ends_calls = "every-call-ends (RFC 3261 §13.2.2, §15)";
constexpr std::string_view nobody_alone = "nobody-talks-alone (RFC 3261 §15, §16.7 step 5)";
constexpr std::string_view all_is_well = "nothing-fails-where-nothing-is-wrong";

std::vector<HostId> agents_of(const World& world) {
  std::vector<HostId> agents;
  for (std::uint32_t i = 1; i <= world.network().host_count(); ++i) {
    if (world.is_agent(HostId{i})) agents.push_back(HostId{i});
  }
  return agents;
}

bool is_lost_bye(const std::pair<std::string, int>& answer) { return answer.first == "BYE" && answer.second >= 300; }

// Who is talked with talks, too. Whoever calls may talk with one of several who were called.
bool has_partner(const World& world, const std::vector<HostId>& agents, const CallRecord& call) {
  return std::ranges::any_of(agents, [&](HostId host) {
    return std::ranges::any_of(world.agent(host).calls(), [&](const CallRecord& other) {
      return other.call_id == call.call_id && other.incoming != call.incoming &&
             other.state == CallRecord::State::Talking;
    });
  });
}

// A registration that was challenged is asked for again; all else is plain.
void judge_calm(const World& world, HostId host, Complaints& complaints) {
  const Agent& agent = world.agent(host);
  for (const auto& [method, status] : agent.answers()) {
    const bool expected = status / 100 == 2 || (method == "CANCEL" && status == 481);
    if (!expected) complaints.add(all_is_well, world.now(), "its " + method + " got " + std::to_string(status));
  }
  for (const CallRecord& call : agent.calls()) {
    const bool timeout = !call.incoming && call.state == CallRecord::State::Failed && call.status == 408;
    if (timeout && call.ended - call.began < std::chrono::seconds(150)) {
      complaints.add(all_is_well, call.ended, "its call got 408");
    }
  }
}

}  // namespace

namespace {

// Every node can reach every user agent.
bool speak_the_same(const Scenario& scenario) {
  std::set<Transport> spoken_to;
  for (const auto& one : scenario.inhabitants) {
    const auto* agent = std::get_if<AgentDeclaration>(&one);
    if (agent) spoken_to.insert(agent->setup.sockets.front().transport);
  }
  return std::ranges::all_of(scenario.inhabitants, [&](const auto& one) {
    const auto* node = std::get_if<NodeSetup>(&one);
    return !node ||
           std::ranges::all_of(spoken_to, [&](Transport transport) { return listens_on(node->config, transport); });
  });
}

}  // namespace

bool is_calm(const Scenario& scenario) {
  const auto perfect = [](const LinkLine& link) {
    return link.change.loss.value_or(0) + link.change.duplicate.value_or(0) + link.change.reorder.value_or(0) == 0;
  };
  const auto is_one = [](const auto& host) { return host.second.size() == 1; };
  return speak_the_same(scenario) && scenario.faults.empty() && scenario.zone.empty() && scenario.web.empty() &&
         scenario.nats.empty() && std::ranges::all_of(scenario.hosts, is_one) &&
         std::ranges::all_of(scenario.links, perfect) &&
         std::ranges::all_of(scenario.lines, [](const Line& line) { return std::holds_alternative<AgentLine>(line); });
}

std::vector<std::string> mishaps(const World& world, bool calm) {
  std::vector<std::string> found;
  const std::vector<HostId> agents = agents_of(world);
  const bool bye_lost = std::ranges::any_of(
      agents, [&](HostId host) { return std::ranges::any_of(world.agent(host).answers(), is_lost_bye); });
  for (const HostId host : agents) {
    Complaints complaints(world.network().name(host));
    for (const CallRecord& call : world.agent(host).calls()) {
      const bool inviting = call.state == CallRecord::State::Inviting;
      if (inviting && !call.incoming) complaints.add(ends_calls, world.now(), "its call has no end");
      if (call.state == CallRecord::State::Talking && !bye_lost && !has_partner(world, agents, call)) {
        complaints.add(nobody_alone, world.now(), "is left talking alone");
      }
    }
    if (calm) judge_calm(world, host, complaints);
    std::ranges::move(complaints.take(), std::back_inserter(found));
  }
  return found;
}

}  // namespace intermediary::sim
