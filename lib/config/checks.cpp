#include <algorithm>
#include <string>

#include "config/draft.h"

namespace intermediary {
namespace {

// Whether one socket would take what the other is bound to.
bool overlap(const ListenerConfig& a, const ListenerConfig& b) {
  if (a.transport != b.transport || a.bind.port != b.bind.port || a.bind.port == 0) return false;
  if (a.bind.address.family() != b.bind.address.family()) return false;
  return a.bind.address == b.bind.address || a.bind.address.is_unspecified() || b.bind.address.is_unspecified();
}

void check_listeners(const Draft& draft, Problems& problems) {
  const std::vector<ListenerConfig>& listeners = draft.config.listeners;
  for (std::size_t later = 0; later < listeners.size(); ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      if (!overlap(listeners[earlier], listeners[later])) continue;
      problems.error(draft.listeners[later], "the listener '" + listeners[later].name +
                                                 "' takes the same address as '" + listeners[earlier].name + "'");
    }
  }
}

template <class Item>
bool covers_all(const std::vector<Item>& wide, const std::vector<Item>& narrow, auto covers) {
  if (wide.empty()) return true;
  if (narrow.empty()) return false;
  return std::ranges::all_of(narrow, [&](const Item& item) {
    return std::ranges::any_of(wide, [&](const Item& cover) { return covers(cover, item); });
  });
}

bool covers_domain(const std::string& wide, const std::string& narrow, const std::vector<std::string>& local) {
  return wide == narrow || (wide == "local" && std::ranges::find(local, narrow) != local.end());
}

bool covers_source(const Cidr& wide, const Cidr& narrow) {
  return wide.bits <= narrow.bits && wide.contains(narrow.network);
}

// Whether `wide` takes every request that `narrow` takes.
bool covers(const RuleMatch& wide, const RuleMatch& narrow, const std::vector<std::string>& local) {
  return covers_all(wide.methods, narrow.methods, std::equal_to<>()) &&
         covers_all(wide.ruri_domains, narrow.ruri_domains,
                    [&](const std::string& a, const std::string& b) { return covers_domain(a, b, local); }) &&
         covers_all(wide.sources, narrow.sources, covers_source);
}

void check_reachable(const Draft& draft, Problems& problems) {
  const std::vector<Rule>& rules = draft.config.rules;
  for (std::size_t later = 1; later < rules.size(); ++later) {
    const auto shadow =
        std::find_if(rules.begin(), rules.begin() + static_cast<std::ptrdiff_t>(later),
                     [&](const Rule& rule) { return covers(rule.when, rules[later].when, draft.config.domains); });
    if (shadow == rules.begin() + static_cast<std::ptrdiff_t>(later)) continue;
    problems.error(draft.rules[later].rule, "the rule '" + rules[later].name + "' can never match: '" + shadow->name +
                                                "' above takes everything that it would");
  }
}

bool takes_any_source(const RuleMatch& match) {
  return match.sources.empty() ||
         std::ranges::any_of(match.sources, [](const Cidr& source) { return source.bits == 0; });
}

void check_rule(const Draft& draft, const Rule& rule, const RulePlaces& places, Problems& problems) {
  const bool looks_up = std::holds_alternative<LookupAction>(rule.action);
  const bool registers = std::holds_alternative<RegisterAction>(rule.action);
  const auto* relay = std::get_if<RelayAction>(&rule.action);
  // RFC 3261 §16.11: a stateless proxy must choose alike for the request, its retransmissions, its CANCEL and its ACK.
  if (looks_up && rule.mode.value_or(draft.config.proxy.mode) == ProxyMode::Stateless) {
    problems.error(places.action, "the rule '" + rule.name +
                                      "' looks up a location in a stateless proxy, which must "
                                      "choose alike every time (RFC 3261 §16.11); add mode = \"stateful\"");
  }
  if (registers && rule.mode) {
    problems.error(places.action, "the rule '" + rule.name + "' registers: 'mode' is for what is forwarded");
  }
  if ((looks_up || registers) && draft.config.domains.empty()) {
    problems.warning(places.action, "the rule '" + rule.name +
                                        "' works on locations, but there are no 'domains': only "
                                        "users at our own addresses can be found");
  }
  if (relay && !relay->target && takes_any_source(rule.when)) {
    problems.warning(places.action, "open relay: the rule '" + rule.name +
                                        "' sends whatever anybody asks to wherever "
                                        "they ask; name the 'source' it is for");
  }
}

}  // namespace

void check_whole(const Draft& draft, Problems& problems) {
  check_listeners(draft, problems);
  check_reachable(draft, problems);
  for (std::size_t i = 0; i < draft.config.rules.size(); ++i) {
    check_rule(draft, draft.config.rules[i], draft.rules[i], problems);
  }
}

}  // namespace intermediary
