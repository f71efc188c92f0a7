#include "sim/staging.h"

#include <algorithm>

#include "base/overloaded.h"

namespace intermediary::sim {

void populate(World& world, const Scenario& scenario) {
  world.set_wall(scenario.wall);
  world.reload_after_each(scenario.reload_after);
  for (const auto& inhabitant : scenario.inhabitants) {
    std::visit(Overloaded{
                   [&](const NodeSetup& node) { world.add_node(node); },
                   [&](const PartySetup& party) { world.add_party(party); },
                   [&](const AgentDeclaration& agent) { world.add_agent(agent.setup, agent.manners); },
               },
               inhabitant);
  }
  for (const NatDeclaration& nat : scenario.nats) {
    std::vector<HostId> inside;
    for (const std::string& name : nat.inside) inside.push_back(world.find(name));
    world.network().add_nat(nat.setup, inside);
  }
  for (const auto& [host, addresses] : scenario.hosts) world.zone().add_host(host, addresses);
  for (const ZoneChange& change : scenario.zone) world.zone().apply(change, true);
  for (const WebChange& change : scenario.web) world.web().apply(change);
  for (const LinkLine& link : scenario.links) apply(world, link);
  for (const LocationDeclaration& location : scenario.locations) {
    world.add_binding(world.find(location.node), location.address_of_record, location.contact_uri, location.expires,
                      location.q_thousandths);
  }
}

void enroll_agents(World& world, const Scenario& scenario) {
  for (const auto& inhabitant : scenario.inhabitants) {
    const auto* agent = std::get_if<AgentDeclaration>(&inhabitant);
    if (!agent || agent->registers_with.empty()) continue;
    const HostId registrar = world.find(agent->registers_with);
    world.enroll(world.find(agent->setup.name), registrar, "sip:" + world.config(registrar).domains.front());
  }
}

void apply(World& world, const LinkLine& line) {
  if (line.a == "*") {
    world.network().change_links(line.change);
  } else {
    world.network().change_link(world.find(line.a), world.find(line.b), line.change);
  }
}

std::expected<void, std::string> apply(World& world, const AgentLine& line) {
  const HostId agent = world.find(line.agent);
  bool done = true;
  switch (line.verb) {
    case AgentLine::Verb::Calls:
      world.call(agent, world.find(line.via), line.uri, line.talk);
      break;
    case AgentLine::Verb::GivesUp:
      world.give_up(agent);
      break;
    case AgentLine::Verb::Holds:
      done = world.change_media(agent, line.direction);
      break;
    case AgentLine::Verb::Resumes:
      done = world.change_media(agent, "sendrecv");
      break;
    case AgentLine::Verb::Transfers:
      done = world.transfer(agent, line.uri);
      break;
  }
  const bool attended = line.verb == AgentLine::Verb::Transfers && line.uri.empty();
  if (!done) return std::unexpected(line.agent + (attended ? " is in no two calls" : " is in no call"));
  return {};
}

std::expected<void, std::string> apply(World& world, const ConnectionLine& line) {
  const HostId actor = world.find(line.actor);
  switch (line.verb) {
    case ConnectionLine::Verb::Opens:
      return world.open(actor, world.find(line.other));
    case ConnectionLine::Verb::Closes:
      return world.close(actor, world.find(line.other));
    case ConnectionLine::Verb::Refuses:
      world.network().set_refusing(actor, true);
      break;
    case ConnectionLine::Verb::Accepts:
      world.network().set_refusing(actor, false);
      break;
  }
  return {};
}

std::expected<void, std::string> apply(World& world, const NodeLine& line) {
  const HostId node = world.find(line.node);
  const bool starts = line.verb == NodeLine::Verb::Starts;
  if (starts != world.is_stopped(node)) {
    return std::unexpected(line.node + (starts ? " runs already" : " has been stopped, and starts by 'starts'"));
  }
  if (line.verb == NodeLine::Verb::Restarts) {
    world.network().note(world.now(), line.node + " restarts");
    world.restart(node);
  } else if (starts) {
    world.network().note(world.now(), line.node + " starts");
    world.start(node);
  } else {
    world.network().note(world.now(), line.node + " stops");
    world.stop(node);
  }
  return {};
}

std::expected<void, std::string> apply(World& world, const PartitionLine& line) {
  std::vector<std::vector<HostId>> sides;
  std::string text = line.sides.empty() ? "heal" : "partition";
  for (const auto& side : line.sides) {
    if (!sides.empty()) text += " |";
    sides.emplace_back();
    for (const std::string& name : side) {
      sides.back().push_back(world.find(name));
      text += ' ' + name;
    }
  }
  world.network().note(world.now(), text);
  world.network().partition(world.now(), sides);
  return {};
}

std::expected<void, std::string> apply(World& world, const StoreLine& line) {
  std::string text = line.store.empty() ? "store" : "store " + line.store;
  if (line.change.is_down) text += *line.change.is_down ? " down" : " up";
  if (line.change.latency) text += " slow=" + seconds_text(*line.change.latency) + "s";
  world.network().note(world.now(), text);
  world.change_store(line.store, line.change);
  return {};
}

std::expected<void, std::string> apply(World& world, const WebLine& line) {
  world.web().apply(line.change);
  return {};
}

std::expected<void, std::string> apply(World& world, const ReloadLine& line) {
  const HostId node = world.find(line.node);
  if (world.is_stopped(node)) return std::unexpected(line.node + " has been stopped, and reads nothing");
  world.network().note(world.now(), line.node + " reloads");
  world.reconfigure(node, line.config);
  return {};
}

std::expected<void, std::string> apply(World& world, const RebindLine& line) {
  world.network().note(world.now(), line.nat + " rebinds");
  world.network().rebind(world.find(line.nat));
  return {};
}

namespace {

std::expected<std::string, std::string> composed(Party& sender, HostId receiver, const MessageLine& line,
                                                 Bindings& bindings) {
  if (line.start.kind == Start::Kind::Raw) return expand_block(line.start.raw, &bindings);
  for (const Condition& condition : line.conditions) {
    if (condition.kind == Condition::Kind::Again) {
      const Said* said = sender.last_said(line.start, receiver);
      if (!said) return std::unexpected(line.sender + " has not sent that before");
      return said->bytes;
    }
    if (condition.kind == Condition::Kind::SameAs) {
      auto bound = bindings.find(condition.name);
      if (bound == bindings.end()) return std::unexpected("$" + condition.name + " is not bound yet");
      return bound->second;
    }
  }
  auto message = sender.write({line.start, line.conditions, receiver}, bindings);
  if (!message) return std::unexpected(message.error());
  return message->to_bytes();
}

}  // namespace

std::expected<std::string, std::string> bytes_of(Party& sender, HostId receiver, const MessageLine& line,
                                                 Bindings& bindings) {
  auto bytes = composed(sender, receiver, line, bindings);
  if (!bytes) return bytes;
  for (const Condition& condition : line.conditions) {
    if (condition.kind == Condition::Kind::SaveAs) bindings.insert_or_assign(condition.name, *bytes);
  }
  return bytes;
}

std::expected<std::string, std::string> bytes_of(World& world, const MessageLine& line, Bindings& bindings) {
  return bytes_of(world.party(world.find(line.sender)), world.find(line.receiver), line, bindings);
}

std::string name_of(const World& world, HostId host, const Endpoint& address) {
  return host ? world.network().name(host) : address.to_string();
}

std::vector<std::string> lanes_of(const World& world, const Scenario& scenario) {
  std::vector<std::string> names;
  auto add = [&](const std::string& name) {
    if (world.find(name) && std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const Line& line : scenario.lines) {
    if (const auto* message = std::get_if<MessageLine>(&line)) {
      add(message->sender);
      add(message->receiver);
    } else if (const auto* call = std::get_if<AgentLine>(&line)) {
      add(call->agent);
      add(call->via);
    } else if (const auto* connection = std::get_if<ConnectionLine>(&line)) {
      add(connection->actor);
      add(connection->other);
    }
  }
  return names;
}

}  // namespace intermediary::sim
