// Whether a REGISTER binds flows (RFC 5626 §6): what its Via, Path, Supported and reg-ids say together.
#pragma once

#include <cstdint>
#include <expected>
#include <vector>

#include "message/message.h"
#include "message/values.h"
#include "ua/answer.h"

namespace intermediary {

struct Outbound {
  bool first_hop = false;  // no proxy stands between the user agent and us
  bool applies = false;    // we are the first hop, or the first hop knows what to do
  bool supported = false;  // by the user agent
};

// The first hop's Path entry is the last one: each proxy puts its own on top (RFC 3327 §5.2; docs/adr/0024).
// REQUIRES: the Path can be read.
Outbound read_outbound(const Message& request, const std::vector<NameAddress>& path);

// The reg-id that counts for a contact; 0 for none, and where RFC 5626 says to ignore it. 400 where it is no number
// from 1 to 2^31-1, 439 where the user agent asks for what the first hop cannot do.
std::expected<std::uint32_t, UaAnswer> read_reg_id(const Outbound& outbound, const Parameters& contact,
                                                   bool has_instance);

}  // namespace intermediary
