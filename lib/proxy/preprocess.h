// What a proxy does with a request before it knows where it goes: RFC 3261 §16.3 (validation) and §16.4 (route
// information preprocessing).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/flow.h"
#include "base/local_names.h"
#include "message/message.h"
#include "message/values.h"
#include "proxy/refusal.h"
#include "proxy/settings.h"

namespace intermediary {

// A request and what §16.4 made of it; the bytes change only when it is forwarded.
struct Preprocessed {
  MessagePtr request;
  Uri request_uri;                        // after a strict router's work was undone and a maddr of ours taken off
  std::vector<Entry> taken_routes;        // Route entries that leave: ours, and the one that became the Request-URI
  std::optional<NameAddress> next_route;  // the topmost of those that stay
  bool in_our_dialog = false;             // came by a Record-Route of ours that carries this dialog's mark
  bool followed = false;                  // and of a dialog that this run of ours follows, or did
  bool by_callee = false;                 // and from the side whose tag the mark is not over

  // RFC 5626 §5. The first two are read here, the rest is for whoever knows the flows (docs/adr/0024).
  std::vector<std::string> flow_tokens;  // in the Routes of ours
  bool by_path = false;                  // one of them says "ob": it was copied from a Path
  std::optional<Hop> flow;               // where a token leads, when that is not where the request came from
  std::string in_token;                  // of the flow that it came by, when that must stand in what we add
  // What a REGISTER is given (RFC 3327 §5.2).
  enum class PathEntry : std::uint8_t { None, Plain, Outbound } path_entry = PathEntry::None;
  bool from_gruu = false;  // its Contact is a GRUU of ours, and others have recorded the route (RFC 5627 §6.2)

  // Where the request goes if nobody changes the Request-URI (§16.6 step 7).
  const Uri& next_hop() const { return next_route ? next_route->uri : request_uri; }
};

// §16.3 steps 1 and 2 as far as the Request-URI goes, and §16.4. A Request-URI that is not SIP is 416.
std::expected<Preprocessed, Refusal> preprocess(const MessagePtr& request, const LocalNames& names,
                                                const ProxySettings& settings);

// RFC 5393 §4.2.1: the loop hash of a request that came so.
HexText loop_hash_of(const Message& request, const Arrival& arrival, const ProxySettings& settings);

// §16.3 steps 3 to 5: Max-Forwards 0 is 483, a loop is 482, a Proxy-Require is 420 with all its tags in Unsupported
// (step 5 does not bind ACK and CANCEL: §8.2.2.3).
std::optional<Refusal> validate_for_forwarding(const Message& request, const Arrival& arrival, const LocalNames& names,
                                               const ProxySettings& settings);

}  // namespace intermediary
