// What a route query says and hears (docs/route-queries.md): JSON both ways, strictly read.
#pragma once

#include <expected>
#include <string>

#include "base/http.h"
#include "routing/route_decision.h"

namespace intermediary {

std::string route_question(const RouteFacts& facts);

// Of a reply: its status, its type and every key have to be as they are described. The error is one line for people.
std::expected<RouteDecision, std::string> read_route_answer(const HttpAnswer& answer);

}  // namespace intermediary
