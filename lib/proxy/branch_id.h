// The branch parameter of the Vias that we write, the loop detection in it, and the mark of our Record-Routes.
//
// A stateful branch is "z9hG4bK" + 16 random characters + "." + 16 hexadecimal digits: the second part is the loop hash
// of RFC 5393 §4.2.1. A stateless branch is "z9hG4bKs" + 16 hexadecimal digits, a keyed hash of what an INVITE, its
// CANCEL and its ACK have in common (RFC 3261 §16.11), so that it can be computed again from the response that comes
// back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/keyed_hash.h"
#include "base/random.h"
#include "message/message.h"

namespace intermediary {

// RFC 5393 §4.2.1: over the fields that decide where a request goes, as received. `source` is "" where no rule looks at
// it. The method is left out.
HexText loop_hash(const HashKey& key, const Message& request, std::string_view source);
std::string stateful_branch(RandomSource& random, std::string_view loop_hash);
// The loop hash in a branch that we wrote; "" for any other branch.
std::string_view loop_part(std::string_view branch);
// The same for the text of a Via, unread: who may have written it is another question. "" for most.
std::string_view loop_part_of_via(std::string_view via);

// What of the received top Via, and of the message, goes into a stateless branch.
struct StatelessKey {
  std::string_view via_branch, via_host;
  std::optional<std::uint16_t> via_port;
  std::string_view call_id, from_tag;
  std::uint32_t cseq = 0;
};
std::string stateless_branch(const HashKey& key, const StatelessKey& fields);
bool is_stateless_branch(std::string_view branch);

// Where an answer goes that a stateless proxy passes back, as the request's Via told: whoever answers must leave it as
// it is.
struct WayBack {
  std::optional<Transport> transport;
  std::string_view received, maddr;
  std::optional<std::uint16_t> rport;
  ListenerId listener;
  FlowId flow;
};
HexText way_back_proof(const HashKey& key, std::string_view branch, const WayBack& way);

// The parameter that proves a Record-Route to be ours and of this dialog: over the Call-ID and the tag of the one who
// sent the request. A request within the dialog carries that tag in From or To.
inline constexpr std::string_view mark_parameter = "mark";
HexText dialog_mark(const HashKey& key, std::string_view call_id, std::string_view tag);

}  // namespace intermediary
