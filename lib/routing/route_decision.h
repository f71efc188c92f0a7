// Where a request goes, when somebody else than the rules says it: what he is told of it, and what he answers
// (docs/adr/0060). Both are values, so that a record of them says all.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/flow.h"
#include "message/uri.h"

namespace intermediary {

// The request as its rule leaves it: header changes and number plans of the rule are done.
struct RouteFacts {
  std::string rule;
  std::string method;
  std::string request_uri;
  std::string from;  // values of header fields
  std::string to;
  std::string call_id;
  Endpoint source;
  Transport transport = Transport::Udp;
  std::string listener;
  std::string user{};  // who has authenticated; "": nobody was asked
  bool in_dialog = false;
  std::vector<std::pair<std::string, std::string>> headers{};  // those that its source asks for, in their order

  friend bool operator==(const RouteFacts&, const RouteFacts&) = default;
};

// By a URI, by the peers of a group, or to a URI by the peers of a group.
struct RouteTarget {
  std::optional<Uri> uri{};  // becomes the Request-URI; nullopt: it stays
  std::string group{};       // "pool:app", "trunk:acme", "rates:main"; "": to where the URI leads
  int q_thousandths = 1000;  // RFC 3261 §20.10

  friend bool operator==(const RouteTarget&, const RouteTarget&) = default;
};

struct RouteTo {
  std::vector<RouteTarget> targets;                            // at least one
  std::vector<std::pair<std::string, std::string>> headers{};  // that are set in the request

  friend bool operator==(const RouteTo&, const RouteTo&) = default;
};
struct RouteReject {
  int status = 403;      // 400 to 699
  std::string reason{};  // its reason phrase; "": the usual one
  std::optional<std::chrono::seconds> retry_after{};

  friend bool operator==(const RouteReject&, const RouteReject&) = default;
};
// The rules go on behind the one that asked.
struct RouteNext {
  friend bool operator==(const RouteNext&, const RouteNext&) = default;
};
// Nobody knows; one line for people says why.
struct RouteFailed {
  std::string reason;
  friend bool operator==(const RouteFailed&, const RouteFailed&) = default;
};

using RouteDecision = std::variant<RouteTo, RouteReject, RouteNext, RouteFailed>;

}  // namespace intermediary
