// What an engine decides about a request, told while it does so: for whoever asks why (`explain`, [[test]] blocks). It
// changes nothing, and is no part of the engine's state.
#pragma once

#include <string_view>

#include "routing/rule.h"
#include "routing/target_set.h"

namespace intermediary {

class DecisionTrace {
 public:
  virtual ~DecisionTrace() = default;
  // A rule was asked. `why_not`: which condition did not hold, and why; "": it takes the request.
  virtual void asked(const Rule& rule, std::string_view why_not) = 0;
  // No rule was asked: the request is within a dialog that was let through.
  virtual void goes_by_route_set() = 0;
  // Somebody else is to say where it goes: "route_query:crm".
  virtual void asks(std::string_view source) = 0;
  // Where it goes, in the order in which that is tried. Of a pool or trunk, whose peer it is ("pool:app"); else "".
  virtual void has_target(const Target& target, std::string_view group, std::string_view peer) = 0;
};

}  // namespace intermediary
