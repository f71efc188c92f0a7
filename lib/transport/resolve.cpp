#include "transport/resolve.h"

#include <string_view>

#include "base/text.h"

namespace intermediary {
namespace {

// What is wrong lies between us and the target, so §16.9 and §16.7 step 6 of RFC 3261 apply: as if the target had said
// 503, which goes upstream as 500. A 503 of our own would send the client to another server for every later request.
constexpr int cannot_be_reached = 500;

NoHop unreachable(const Uri& uri, std::string_view why) {
  return {cannot_be_reached, "no way to " + uri.host_port() + ": " + std::string(why)};
}

// RFC 3263 §4: TARGET is the maddr parameter where there is one, else the host.
std::string_view target_host(const Uri& uri) {
  const auto maddr = uri.parameter("maddr");
  return maddr && !maddr->empty() ? *maddr : std::string_view(uri.host);
}

std::optional<IpAddress> known_address(std::string_view host) {
  if (equals_ignoring_case(host, "localhost")) return IpAddress::v4({127, 0, 0, 1});
  return IpAddress::parse(host);
}

// RFC 2606 §2: nobody has such a name; RFC 7118 §8.1: a contact that is a connection is written so.
bool is_invalid(std::string_view host) {
  constexpr std::string_view invalid = ".invalid";
  return host.size() > invalid.size() && equals_ignoring_case(host.substr(host.size() - invalid.size()), invalid);
}

// RFC 3261 §26.2.2: a SIPS URI's transport parameter names what lies under TLS.
std::optional<Transport> secured(Transport transport) {
  switch (transport) {
    case Transport::Udp:
      return std::nullopt;
    case Transport::Tcp:
    case Transport::Tls:
      return Transport::Tls;
    case Transport::Ws:
    case Transport::Wss:
      return Transport::Wss;
  }
  return std::nullopt;
}

}  // namespace

std::variant<Hop, ResolveTarget, NoHop> select_hop(const Uri& uri) {
  if (!uri.is_sip()) return NoHop{416, "'" + std::string(uri.scheme_text()) + "' is not a scheme that has a next hop"};

  std::optional<Transport> transport;
  if (const auto name = uri.parameter("transport")) {
    transport = parse_transport(*name);
    if (!transport) return unreachable(uri, "unknown transport '" + std::string(*name) + "'");
    if (uri.is_sips()) transport = secured(*transport);
    if (!transport) return unreachable(uri, "a SIPS URI cannot go over UDP");
  }
  if (uri.port == 0) return unreachable(uri, "port 0 is no port");

  const std::string_view host = target_host(uri);
  const auto address = known_address(host);
  if (!address && is_invalid(host)) return NoHop{480, uri.host_port() + " is nowhere but on a connection that is gone"};
  if (!address) return ResolveTarget{std::string(host), uri.port, transport, uri.is_sips()};
  // The system would take it for this machine, which no rule meant.
  if (address->is_unspecified()) return unreachable(uri, "the unspecified address names no host");

  const Transport chosen = transport.value_or(uri.is_sips() ? Transport::Tls : Transport::Udp);
  return Hop{chosen, {*address, uri.port.value_or(default_port(chosen))}, {}, {}};
}

}  // namespace intermediary
