// What the transport layer does to Vias: it notes where a request really came from, and finds the way back.
#pragma once

#include <optional>
#include <string>

#include "base/flow.h"
#include "message/message.h"

namespace intermediary {

// RFC 3261 §18.2.1 and RFC 3581 §4: the request with `received` (when sent-by is not the source's address, or rport was
// asked for) and `rport` (only when asked for) in its top Via; the same request when nothing is to be noted.
MessagePtr note_source(const MessagePtr& request, const Arrival& arrival, const Limits& limits);

// Whether an answer to `source` may go to an address that the sender names instead: over the socket that it came to,
// and not to this machine, which "0.0.0.0" means to the system and a loopback address to everybody (docs/adr/0012).
bool may_stand_for(const IpAddress& other, const IpAddress& source);

// RFC 3261 §18.2.2: where answers to a request go. On a connection: back on it (Hop::flow), with the address for a new
// one should it be gone. On UDP: to the Via's maddr at the sent-by port; without one that may stand there
// (docs/adr/0012) to the source's address, at the source's port when rport was asked for and at the sent-by port
// otherwise.
Hop reply_hop(const Message& request, const Arrival& arrival);

// The same for a response whose own Via we have taken off (RFC 3261 §16.11 step 3): from the next Via's text alone.
// nullopt when that Via names no literal address.
std::optional<Hop> hop_from_via(std::string_view text);

}  // namespace intermediary
