// The header that a load balancer puts before a connection, to say whose it is: PROXY protocol, versions 1 and 2.
//
// Pure and strict. A header never asks for more octets than it must have, so that whoever reads exactly `needs` octets
// at a time leaves what comes behind it (a TLS handshake) on the socket. Limit: limit::proxy_header_bytes.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string_view>

#include "base/address.h"

namespace intermediary {

struct ProxyHeader {
  std::size_t needs = 0;           // octets that are missing at least; 0: the header is whole
  std::optional<Endpoint> source;  // of a whole one: who connects; nullopt: the balancer itself (LOCAL, UNKNOWN)

  friend bool operator==(const ProxyHeader&, const ProxyHeader&) = default;
};

// `bytes` are all that came so far, and no more than was asked for. The error says what is wrong, in a line. Whoever
// is proxied from anything but an address of TCP over IP is an error. An IPv4 address within IPv6 is given as IPv4.
std::expected<ProxyHeader, std::string_view> read_proxy_header(std::string_view bytes);

// Whether a connection that begins so begins with a header of either version.
bool looks_like_proxy_header(std::string_view first);

}  // namespace intermediary
