#include "engine/routing_engine.h"

#include "engine/config.h"

namespace intermediary {

std::optional<RouteDecided> RoutingEngines::ask(const RouteAsked& asked) const {
  const auto found = engines_.find(asked.engine);
  if (found == engines_.end()) {
    return RouteDecided{asked.query, RouteFailed{"this program has no routing engine '" + asked.engine + "'"}};
  }
  std::optional<RouteDecision> decision = found->second.get().route(asked.query, asked.facts);
  if (!decision) return std::nullopt;
  return RouteDecided{asked.query, *std::move(decision)};
}

std::string RoutingEngines::problem_with(const Config& config) const {
  for (const RoutingEngineUse& use : config.route_sources.engines) {
    if (engines_.contains(use.name)) continue;
    std::string names;
    for (const auto& [name, engine] : engines_) names += (names.empty() ? "" : ", ") + ("'" + name + "'");
    return "[engine." + use.name + "] is in the configuration, and this program has no routing engine of that name; " +
           (names.empty() ? "it has none" : "it has " + names);
  }
  return {};
}

}  // namespace intermediary
