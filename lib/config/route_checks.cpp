// What only the whole can show of rules that ask, and of whom they ask.
#include <algorithm>

#include "config/draft.h"

namespace intermediary {
namespace {

std::vector<const RouteFallback*> fallbacks_of(const RouteSources& sources, const std::string& reference) {
  std::vector<const RouteFallback*> found;
  for (const RouteQuery& query : sources.queries) {
    if (query.reference() == reference) found.push_back(&query.on_failure);
  }
  for (const RoutingEngineUse& engine : sources.engines) {
    if (engine.reference() == reference) found.push_back(&engine.on_failure);
  }
  for (const EnumZone& zone : sources.zones) {
    if (zone.reference() != reference) continue;
    found.push_back(&zone.on_failure);
    found.push_back(&zone.not_found);
  }
  return found;
}

// What waits is a row in a table, with a transaction to which a repetition belongs.
void check_asking_rule(const Draft& draft, const Rule& rule, Position at, Problems& problems) {
  const auto* ask = std::get_if<AskAction>(&rule.action);
  if (!ask) return;
  if (rule.mode.value_or(draft.config.proxy.mode) == ProxyMode::Stateless) {
    problems.error(at, "the rule '" + rule.name + "' asks " + ask->source +
                           " in a stateless proxy, which cannot wait; add mode = \"stateful\"");
  }
  for (const RouteFallback* fallback : fallbacks_of(draft.config.route_sources, ask->source)) {
    const auto* relay = std::get_if<RelayAction>(fallback);
    if (!relay) continue;
    if (relay->target) check_target(draft, ask->source + " relays", *relay->target, at, problems);
    check_use_of_groups(draft, rule, *relay, at, problems);
  }
}

}  // namespace

void check_asking(const Draft& draft, Problems& problems) {
  for (std::size_t i = 0; i < draft.config.rules.size(); ++i) {
    check_asking_rule(draft, draft.config.rules[i], draft.rules[i].action, problems);
  }
}

void check_use_of_sources(const Draft& draft, Problems& problems) {
  for (std::size_t i = 0; i < draft.route_sources.size(); ++i) {
    const bool is_asked = std::ranges::any_of(draft.config.rules, [&](const Rule& rule) {
      const auto* ask = std::get_if<AskAction>(&rule.action);
      return ask && ask->source == draft.route_sources[i];
    });
    if (!is_asked) problems.warning(draft.route_source_places[i], "no rule asks " + draft.route_sources[i]);
  }
}

bool may_pass_on(const Config& config, const Rule& rule) {
  const auto* ask = std::get_if<AskAction>(&rule.action);
  if (!ask) return false;
  if (!ask->source.starts_with("enum:")) return true;
  return std::ranges::any_of(fallbacks_of(config.route_sources, ask->source),
                             [](const RouteFallback* fallback) { return std::holds_alternative<NextRule>(*fallback); });
}

bool may_be_told(const Config& config, const std::string& group) {
  if (!config.route_sources.queries.empty() || !config.route_sources.engines.empty()) return true;
  return std::ranges::any_of(config.route_sources.references(), [&](const std::string& reference) {
    return std::ranges::any_of(fallbacks_of(config.route_sources, reference), [&](const RouteFallback* fallback) {
      const auto* relay = std::get_if<RelayAction>(fallback);
      return relay && std::ranges::find(relay->groups, group) != relay->groups.end();
    });
  });
}

}  // namespace intermediary
