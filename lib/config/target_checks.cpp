// What only the whole can show of where requests go: peers and targets that cannot be reached, groups that do not fit
// their rules.
#include <algorithm>
#include <string>
#include <vector>

#include "base/address.h"
#include "config/draft.h"
#include "transport/resolve.h"

namespace intermediary {
namespace {

std::string address_of(const Hop& hop) {
  return std::string(parameter_name(hop.transport)) + ':' + hop.remote.to_string();
}

// Whether what is sent to `hop` comes back to that listener.
bool is_listener(const ListenerConfig& listener, const Hop& hop) {
  if (listener.transport != hop.transport) return false;
  const auto advertised = IpAddress::parse(listener.advertise_host);
  const std::uint16_t port = listener.advertise_port.value_or(listener.bind.port);
  if (advertised == hop.remote.address && port == hop.remote.port) return true;
  const bool wildcard = listener.bind.address.is_unspecified() && hop.remote.address.is_loopback();
  return listener.bind.port == hop.remote.port &&
         (wildcard ? listener.bind.address.family() == hop.remote.address.family()
                   : listener.bind.address == hop.remote.address);
}

// Where a name leads is not known before it is asked for, but a transport that it says must have a listener.
// `who`: "the rule 'x' relays".
void check_name(const Draft& draft, const std::string& who, const ResolveTarget& target, Position at,
                Problems& problems) {
  const bool chosen_later = !target.transport && !target.port;
  const Transport transport = target.transport.value_or(target.sips ? Transport::Tls : Transport::Udp);
  const bool can_leave = std::ranges::any_of(
      draft.config.listeners, [&](const ListenerConfig& listener) { return listener.transport == transport; });
  if (chosen_later || can_leave) return;
  const std::string name(parameter_name(transport));
  problems.error(at, who + " over " + name + " to " + target.host + ", but no listener is there for " + name +
                         ": answers would have no way back");
}

const PeerGroupConfig& group_of(const Draft& draft, const std::string& reference) {
  return *std::ranges::find(draft.config.groups, reference, &PeerGroupConfig::reference);
}

// With those that a table of rates leads to.
std::vector<std::string> groups_behind(const Draft& draft, const RelayAction& relay) {
  std::vector<std::string> groups;
  for (const std::string& reference : relay.groups) {
    const auto is_it = [&](const RateTable& table) { return "rates:" + table.name == reference; };
    const auto table = std::ranges::find_if(draft.config.rates, is_it);
    if (table == draft.config.rates.end()) {
      groups.push_back(reference);
      continue;
    }
    for (std::uint16_t carrier = 0; carrier < table->carriers.size(); ++carrier) {
      if (std::ranges::find(table->rates, carrier, &Rate::carrier) == table->rates.end()) continue;
      groups.push_back(table->carriers[carrier]);
    }
  }
  return groups;
}

bool is_used(const Draft& draft, const PeerGroupConfig& group) {
  return std::ranges::any_of(draft.config.rules,
                             [&](const Rule& rule) {
                               const auto* relay = std::get_if<RelayAction>(&rule.action);
                               const std::vector<std::string> groups =
                                   relay ? groups_behind(draft, *relay) : std::vector<std::string>();
                               const bool leads = std::ranges::find(groups, group.reference()) != groups.end();
                               const bool takes = group.kind == PeerGroupConfig::Kind::Trunk &&
                                                  std::ranges::find(rule.when.trunks, group.name, &TrunkMatch::name) !=
                                                      rule.when.trunks.end();
                               return leads || takes;
                             }) ||
         may_be_told(draft.config, group.reference());
}

// What leaves by a trunk is paid for.
void check_toll(const Rule& rule, const std::vector<std::string>& groups, Position at, Problems& problems) {
  const RuleMatch& when = rule.when;
  const bool is_for_anybody =
      when.sources.empty() && when.trunks.empty() && when.access.empty() && rule.challenge.empty() && !when.identity;
  const auto trunk = std::ranges::find_if(groups, [](const std::string& group) { return group.starts_with("trunk:"); });
  if (!is_for_anybody || trunk == groups.end()) return;
  problems.warning(at, "open relay: the rule '" + rule.name + "' sends whatever anybody asks to " + *trunk +
                           ", at your cost; name the 'source' it is for, or a 'challenge'");
}

}  // namespace

void check_target(const Draft& draft, const std::string& who, const Uri& target, Position at, Problems& problems) {
  const std::variant<Hop, ResolveTarget, NoHop> next = select_hop(target);
  if (const auto* named = std::get_if<ResolveTarget>(&next)) return check_name(draft, who, *named, at, problems);
  const auto* hop = std::get_if<Hop>(&next);
  if (!hop) return;  // reported when it was read
  const std::vector<ListenerConfig>& listeners = draft.config.listeners;
  const auto ours = std::ranges::find_if(listeners, [&](const auto& listener) { return is_listener(listener, *hop); });
  if (ours != listeners.end()) {
    problems.error(
        at, who + " to " + address_of(*hop) + ", where '" + ours->name + "' listens: requests would come back to us");
    return;
  }
  const bool can_leave = std::ranges::any_of(listeners, [&](const ListenerConfig& listener) {
    return listener.transport == hop->transport && listener.bind.address.family() == hop->remote.address.family();
  });
  if (can_leave) return;
  problems.error(at, who + " to " + address_of(*hop) + ", but no listener is there for " +
                         std::string(parameter_name(hop->transport)) + " over " +
                         (hop->remote.address.is_v4() ? "IPv4" : "IPv6") + ": answers would have no way back");
}

namespace {

// What counts must know a repetition, and a call when it is over.
void check_limits_of_group(const PeerGroupConfig& group, ProxyMode mode, const std::string& who, Position at,
                           Problems& problems) {
  const bool counts = group.limits.any() || group.overload_control;
  if (mode == ProxyMode::Stateless && counts) {
    problems.error(at, who + " without state, and its 'limits' and 'overload_control' need some; add mode = \"" +
                           (group.limits.calls != 0 ? "call-stateful" : "stateful") + "\"");
  } else if (mode != ProxyMode::CallStateful && group.limits.calls != 0) {
    problems.error(at, who + ", which has a limit of calls, and nothing follows them; add mode = \"call-stateful\"");
  }
}

}  // namespace

void check_use_of_groups(const Draft& draft, const Rule& rule, const RelayAction& relay, Position at,
                         Problems& problems) {
  const ProxyMode mode = rule.mode.value_or(draft.config.proxy.mode);
  const std::string who = "the rule '" + rule.name + "' relays to ";
  const bool by_rates = std::ranges::any_of(relay.groups, [](const std::string& r) { return r.starts_with("rates:"); });
  if (mode == ProxyMode::Stateless && (relay.groups.size() > 1 || by_rates)) {
    problems.error(at, who +
                           "several groups without state, and nothing is kept by which one could fail; add mode = "
                           "\"stateful\"");
  }
  check_toll(rule, groups_behind(draft, relay), at, problems);
  for (const std::string& reference : groups_behind(draft, relay)) {
    const PeerGroupConfig& group = group_of(draft, reference);
    check_limits_of_group(group, mode, who + reference, at, problems);
    const Distribution distribution = group.distribution;
    if (mode == ProxyMode::Stateless && distribution != Distribution::Hash) {
      problems.error(at, who + reference +
                             " without state, where the choice must be the same every time (RFC 3261 §16.11); give it "
                             "distribution = \"hash\", or the rule mode = \"stateful\"");
    }
    if (mode != ProxyMode::CallStateful && distribution == Distribution::LeastCalls) {
      problems.error(at, who + reference +
                             ", whose distribution is \"least-calls\", and nothing follows its calls; add "
                             "mode = \"call-stateful\"");
    }
  }
}

void check_groups(const Draft& draft, Problems& problems) {
  for (std::size_t i = 0; i < draft.config.groups.size(); ++i) {
    const PeerGroupConfig& group = draft.config.groups[i];
    for (const PeerConfig& peer : group.peers) {
      check_target(draft, "a peer of " + group.reference() + " leads", peer.uri, draft.groups[i], problems);
    }
    if (!group.peers.empty() && std::ranges::all_of(group.peers, &PeerConfig::drain)) {
      problems.warning(draft.groups[i], "every peer of " + group.reference() + " is drained: nobody takes requests");
    }
  }
}

void check_registrations(const Draft& draft, Problems& problems) {
  for (std::size_t i = 0; i < draft.config.registrations.size(); ++i) {
    const TrunkRegistration& registration = draft.config.registrations[i];
    if (!registration.registrar) continue;
    check_target(draft, "the trunk '" + registration.trunk + "' registers", *registration.registrar,
                 draft.registrations[i], problems);
  }
}

void check_use(const Draft& draft, Problems& problems) {
  for (std::size_t i = 0; i < draft.config.groups.size(); ++i) {
    if (is_used(draft, draft.config.groups[i])) continue;
    problems.warning(draft.groups[i], "no rule has to do with " + draft.config.groups[i].reference());
  }
}

}  // namespace intermediary
