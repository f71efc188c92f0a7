#include "base/flow.h"

#include <array>

#include "base/text.h"

namespace intermediary {
namespace {

struct TransportNames {
  Transport transport;
  std::string_view via;
  std::string_view parameter;
  std::uint16_t port;
};

constexpr std::array<TransportNames, 5> table{{
    {Transport::Udp, "UDP", "udp", 5060},
    {Transport::Tcp, "TCP", "tcp", 5060},
    {Transport::Tls, "TLS", "tls", 5061},
    {Transport::Ws, "WS", "ws", 80},
    {Transport::Wss, "WSS", "wss", 443},
}};

constexpr const TransportNames& names(Transport transport) { return table[static_cast<std::size_t>(transport)]; }

}  // namespace

std::string_view via_name(Transport transport) { return names(transport).via; }

std::string_view parameter_name(Transport transport) { return names(transport).parameter; }

std::optional<Transport> parse_transport(std::string_view text) {
  for (const TransportNames& row : table) {
    if (equals_ignoring_case(text, row.via)) return row.transport;
  }
  return std::nullopt;
}

std::uint16_t default_port(Transport transport) { return names(transport).port; }

}  // namespace intermediary
