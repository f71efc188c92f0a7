// Routing engines of whoever runs an engine (docs/routing-engines.md): rules with `ask = "engine:NAME"` let them say
// where a request goes.
//
//   RoutingEngines engines;
//   engines.add("own", mine);
//   … for each RouteAsked that an engine gives:
//   if (auto decided = engines.ask(*asked)) engine.handle(now, *decided);  // or later, by the same query id
//
// They stand outside of the engine: it asks by a value and is told by a value, and a replay needs none of them.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/io.h"

namespace intermediary {

class RoutingEngine {
 public:
  virtual ~RoutingEngine() = default;
  // What becomes of the request; nullopt: a RouteDecided with that id says it later, in the time that the configuration
  // gives it. Nothing that it throws is caught here.
  virtual std::optional<RouteDecision> route(QueryId query, const RouteFacts& facts) = 0;
};

class RoutingEngines {
 public:
  // REQUIRES: nobody has that name yet; it outlives this.
  void add(std::string name, RoutingEngine& engine) { engines_.emplace(std::move(name), engine); }

  // A name that is not here fails at once.
  std::optional<RouteDecided> ask(const RouteAsked& asked) const;
  // The first [engine.NAME] that nobody has registered, with those that somebody has; "": all are here.
  std::string problem_with(const Config& config) const;

 private:
  std::map<std::string, std::reference_wrapper<RoutingEngine>, std::less<>> engines_;
};

}  // namespace intermediary
