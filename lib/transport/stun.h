// The little of STUN that keeps a NAT's binding alive (RFC 5626 §8, RFC 5389): a Binding Request that came as a
// datagram where SIP is spoken, and what it is answered. No state, no authentication, no answer to anything else.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/address.h"

namespace intermediary {

// STUN and SIP are told apart by the first octet: of a SIP message it is a letter, of STUN below four (RFC 5389 §6).
constexpr bool is_stun(std::string_view datagram) {
  return !datagram.empty() && static_cast<unsigned char>(datagram.front()) < 4;
}

// The answer to a Binding Request from `source`: a Binding Response with XOR-MAPPED-ADDRESS or, where it holds an
// attribute that must be understood and is not, the error 420 (RFC 5389 §7.3.1). It is at most 2.2 times as long as the
// request. An error says why there is none: it is another message, or no STUN at all.
std::expected<std::string, std::string_view> answer_stun(std::string_view request, const Endpoint& source);

}  // namespace intermediary
