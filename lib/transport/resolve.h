// From a URI to hops (RFC 3263 §4): what can be decided without asking anybody, and the question for the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/flow.h"
#include "base/strong_id.h"
#include "message/uri.h"

namespace intermediary {

struct QueryTag;
using QueryId = StrongId<QueryTag>;

// What a resolver has to find hops for.
struct ResolveTarget {
  std::string host;
  std::optional<std::uint16_t> port;
  std::optional<Transport> transport;  // named by the URI
  bool sips = false;

  friend bool operator==(const ResolveTarget&, const ResolveTarget&) = default;
};

// Why a URI can never have a hop here: not a SIP URI, an unknown transport.
struct NoHop {
  int status = 416;  // what the request deserves
  std::string reason;
};

// RFC 3263 §4.1, §4.2: literal addresses and "localhost" need no question; `maddr` replaces the host. A SIPS URI goes
// over TLS. A transport that is not named is UDP for a literal address.
std::variant<Hop, ResolveTarget, NoHop> select_hop(const Uri& uri);

}  // namespace intermediary
