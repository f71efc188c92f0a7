// What a proxy core is told by its configuration.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/keyed_hash.h"
#include "base/limits.h"
#include "base/time.h"
#include "routing/path_use.h"

namespace intermediary {

// What else rules look at than what decides the way of every request.
struct RouteInputs {
  bool source = false;                // the address
  bool arrival = false;               // listener and transport
  bool parties = false;               // From and To
  std::vector<std::string> fields{};  // their names, as field_name() or whoever wrote them has them
};

struct ProxySettings {
  bool record_route = false;
  std::uint32_t max_breadth = limit::max_breadth_default;  // RFC 5393 §5.3.3: the most that is taken
  Duration timer_c = std::chrono::seconds(181);            // RFC 3261 §16.6 step 11: more than three minutes
  Duration failover_after = std::chrono::seconds(3);       // a server's silence, before the next is tried too; 0: off
  Duration cancelled_wait = std::chrono::seconds(32);      // 64*T1 after a CANCEL (§9.1)
  Duration given_up_wait = std::chrono::seconds(4);        // T2: for the answer of a target that rang too long
  bool tcp_for_large_requests = true;                      // §18.1.1
  std::size_t path_mtu = Limits{}.path_mtu;
  RouteInputs route_inputs{};  // loop detection looks at them, too (RFC 5393 §4.2.1)
  std::string server_name;     // Server field of our own answers; "" for none
  HashKey key{0, 0};
  std::uint64_t start = 0;  // another for each start: in the tokens of connections, which do not outlive it
  // First hop of user agents: their flows stand in Path and Record-Route (RFC 5626 §5).
  bool outbound = false;
  PathUse path = PathUse::No;
  bool overload_control = false;  // what others said in Vias about load goes no further (RFC 7339 §5.4, §5.6)
  HashKey run_key{0, 0};          // of this run of the engine alone: what it follows, it knows by that (docs/adr/0026)
};

}  // namespace intermediary
