// Where a message comes from and where it goes: transports, flows, hops.
//
// A flow is one connection of a stream transport. A datagram transport has no flows: a hop names the listener whose
// socket sends. Flows that a peer opens get their id from the runtime (top bit clear); flows that the engine opens get
// theirs from the engine (top bit set), so the two never collide.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/address.h"
#include "base/server_name.h"
#include "base/strong_id.h"

namespace intermediary {

enum class Transport : std::uint8_t { Udp, Tcp, Tls, Ws, Wss };

constexpr bool is_reliable(Transport transport) { return transport != Transport::Udp; }
constexpr bool is_secure(Transport transport) { return transport == Transport::Tls || transport == Transport::Wss; }
// One WebSocket message carries one SIP message (RFC 7118 §5), and only the client can open the connection.
constexpr bool is_websocket(Transport transport) { return transport == Transport::Ws || transport == Transport::Wss; }

// "UDP", as it stands in a Via (RFC 3261 §20.42).
std::string_view via_name(Transport transport);
// "udp", as it stands in a transport parameter (RFC 3261 §19.1.1).
std::string_view parameter_name(Transport transport);
// Either form, without case.
std::optional<Transport> parse_transport(std::string_view text);
// 5060, and 5061 for TLS (RFC 3261 §19.1.2); 80 and 443 for WebSocket (RFC 7118 §5, RFC 6455 §3).
std::uint16_t default_port(Transport transport);

struct FlowTag;
using FlowId = StrongId<FlowTag>;
inline constexpr std::uint64_t engine_flow_bit = std::uint64_t{1} << 63;

struct ListenerTag;
using ListenerId = StrongId<ListenerTag, std::uint32_t>;  // 1 + index into Config::listeners

// One next hop. With a flow, the message leaves on that connection; else over `transport` to `remote`, from `listener`
// where one is named (else the engine chooses one that fits).
struct Hop {
  Transport transport = Transport::Udp;
  Endpoint remote;
  ListenerId listener{};
  FlowId flow{};
  ServerName server_name{};  // TLS and WSS: whom the peer's certificate must name; empty: nobody in particular

  friend auto operator<=>(const Hop&, const Hop&) = default;
};

// How a message arrived. `remote` is the socket's address, the only one that access rules look at.
struct Arrival {
  Transport transport = Transport::Udp;
  Endpoint remote;
  ListenerId listener{};
  FlowId flow{};

  friend auto operator<=>(const Arrival&, const Arrival&) = default;
};

}  // namespace intermediary
