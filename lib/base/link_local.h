// Link-local IPv6 addresses (RFC 4291 §2.5.6): each names somebody only together with an interface, and an Endpoint has
// none. So they are refused by name, where they would come in.
#pragma once

#include "base/address.h"

namespace intermediary {

inline bool is_link_local(const IpAddress& address) {
  const std::string_view octets = address.octets();
  return !address.is_v4() && octets[0] == '\xfe' && (octets[1] & '\xc0') == '\x80';
}

}  // namespace intermediary
