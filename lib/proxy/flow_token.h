// Flow tokens (RFC 5626 §5.2): the user part of a Path or Record-Route of ours that names the flow to a user agent, so
// that nothing about it need be kept. Nobody can make or change one without the key.
//
// A token of datagrams holds listener and far address, and outlives a restart. One of a connection holds the flow's id,
// which is never used again, and what tells this start of the engine from others, in which it meant another.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/flow.h"
#include "base/keyed_hash.h"

namespace intermediary {

struct FlowTokenKey {
  HashKey key{0, 0};
  std::uint64_t start = 0;  // another for each start
};

// REQUIRES: a flow of datagrams or a connection that is there.
std::string flow_token(const FlowTokenKey& key, const Hop& flow);
// Whether a user part is meant to be one.
bool is_flow_token(std::string_view user);

enum class FlowTokenFault : std::uint8_t {
  Forged,   // not ours, or no longer what it was
  Outlived  // ours, of a connection that a restart has ended
};
// Of datagrams: the whole hop. Of a connection: its id alone. REQUIRES: is_flow_token(user).
std::expected<Hop, FlowTokenFault> read_flow_token(const FlowTokenKey& key, std::string_view user);

}  // namespace intermediary
