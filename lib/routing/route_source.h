// Whom rules may ask where a request goes (`ask`, docs/configuration.md): an HTTP server, ENUM, or a routing engine of
// the program that this library is part of.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/http.h"
#include "base/time.h"
#include "routing/rule.h"

namespace intermediary {

struct NextRule {
  friend bool operator==(const NextRule&, const NextRule&) = default;
};
// What becomes of a request about which nothing was said.
using RouteFallback = std::variant<RejectAction, RelayAction, NextRule>;

inline constexpr int no_route_status = 503;  // unless something else is configured

// By a POST of JSON.
struct RouteQuery {
  std::string name;
  HttpUrl url;
  Duration timeout = std::chrono::seconds(1);
  std::vector<std::string> headers{};  // fields of the request that it is told of
  HttpFields fields{};                 // of each HTTP request
  // So many failures in a row, and it is not asked for that long; then with one request at a time, until one has an
  // answer.
  std::uint32_t failures = 5;
  Duration rest = std::chrono::seconds(10);
  RouteFallback on_failure = RejectAction{no_route_status};

  std::string reference() const { return "route_query:" + name; }
  friend bool operator==(const RouteQuery&, const RouteQuery&) = default;
};

// RFC 6116.
struct EnumZone {
  std::string name;
  std::vector<std::string> suffixes;           // asked one after the other, until one has an address
  Duration timeout = std::chrono::seconds(3);  // of all of it
  RouteFallback on_failure = RejectAction{no_route_status};
  RouteFallback not_found = RejectAction{404};

  std::string reference() const { return "enum:" + name; }
  friend bool operator==(const EnumZone&, const EnumZone&) = default;
};

// Of whoever runs the engine (engine/routing_engine.h).
struct RoutingEngineUse {
  std::string name;
  Duration timeout = std::chrono::seconds(1);
  std::vector<std::string> headers{};
  RouteFallback on_failure = RejectAction{no_route_status};

  std::string reference() const { return "engine:" + name; }
  friend bool operator==(const RoutingEngineUse&, const RoutingEngineUse&) = default;
};

struct RouteSources {
  std::vector<RouteQuery> queries{};
  std::vector<EnumZone> zones{};
  std::vector<RoutingEngineUse> engines{};

  // As rules name them.
  std::vector<std::string> references() const {
    std::vector<std::string> all;
    all.reserve(queries.size() + zones.size() + engines.size());
    for (const RouteQuery& query : queries) all.push_back(query.reference());
    for (const EnumZone& zone : zones) all.push_back(zone.reference());
    for (const RoutingEngineUse& engine : engines) all.push_back(engine.reference());
    return all;
  }
  friend bool operator==(const RouteSources&, const RouteSources&) = default;
};

}  // namespace intermediary
