// Admission: how much one source may ask of us at a time (docs/security.md, limits).
//
// Pure: the counts are those of the live tables, so they cannot drift. `trusted` says that a rule names the source;
// such sources are exempt, so that no flood guard can shut out a trunk. A repetition of a known request, an ACK and a
// CANCEL ask for no new state and are not asked about.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "base/held.h"
#include "base/limits.h"

namespace intermediary {

// The answer is 503 with Retry-After.
struct NotAdmitted {
  std::chrono::seconds retry_after;
  std::string reason;  // one line for people
};

// `held`: the source's server transactions, this one not among them.
std::optional<NotAdmitted> refuse_transaction(const Limits& limits, const Held& held, bool trusted);
// `connections`: those of the source, this one not among them. A refused connection is closed.
bool admits_connection(const Limits& limits, std::size_t connections, bool trusted);

}  // namespace intermediary
