// What the promises are made of: of which there are kinds, and by what fields they match.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "sim/explore/invariants.h"

namespace intermediary::sim {

struct PromiseKind {
  std::string_view name;
  std::unique_ptr<Promise> (*make)(Witness&, HostId);
};

template <class Kind>
std::unique_ptr<Promise> make_promise(Witness& witness, HostId node) {
  return std::make_unique<Kind>(witness, node);
}

std::span<const PromiseKind> promises_of_answers();

// What a transaction of the node's neighbours has in common (RFC 3261 §17.1.3, §17.2.3): of a CANCEL its own.
std::string transaction_of(const WireMessage& message);
// One answer of one user agent to one INVITE.
std::string answer_of(const WireMessage& message);
// One request, on whatever way.
std::string request_of(const WireMessage& message);

}  // namespace intermediary::sim
