// Whom a rule's `ask` means.
#pragma once

#include <string_view>
#include <variant>

#include "routing/route_source.h"

namespace intermediary {

using RouteSource = std::variant<const RouteQuery*, const EnumZone*, const RoutingEngineUse*>;

// REQUIRES: it is there, as problem_with() has looked.
inline RouteSource route_source_of(const RouteSources& sources, std::string_view reference) {
  for (const RouteQuery& query : sources.queries) {
    if (query.reference() == reference) return &query;
  }
  for (const EnumZone& zone : sources.zones) {
    if (zone.reference() == reference) return &zone;
  }
  const RoutingEngineUse* engine = sources.engines.data();
  while (engine->reference() != reference) ++engine;
  return engine;
}

}  // namespace intermediary
