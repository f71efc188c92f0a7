#include <algorithm>
#include <utility>

#include "base/link_local.h"
#include "base/text.h"
#include "config/draft.h"
#include "config/load.h"
#include "config/words.h"

namespace intermediary {
namespace {

std::expected<Transport, std::string> parse_listener_transport(std::string_view word) {
  for (const Transport transport : {Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws, Transport::Wss}) {
    if (word == parameter_name(transport)) return transport;
  }
  return std::unexpected("unknown transport '" + std::string(word) + "'" +
                         suggestion(word, {"udp", "tcp", "tls", "ws", "wss"}));
}

// "192.0.2.1:5060", "[::1]", "[::1]:5060"
std::expected<Endpoint, std::string> parse_bind(std::string_view text, std::uint16_t usual_port) {
  const std::size_t after_address = text.starts_with('[') ? text.find(']') : 0;
  if (after_address == std::string_view::npos) return std::unexpected("'[' has no ']'");
  const std::size_t colon = text.find(':', after_address);
  const std::string_view host = text.substr(0, colon);
  const std::optional<IpAddress> address = IpAddress::parse(host);
  if (!text.starts_with('[') && std::ranges::count(text, ':') > 1) {
    return std::unexpected("an IPv6 address stands in brackets: '[::1]:5060'");
  }
  if (!address)
    return std::unexpected("'" + std::string(host) + "' is not an IPv4 address or an IPv6 address in brackets");
  if (is_link_local(*address)) {
    return std::unexpected("'" + address->to_string() +
                           "' is link-local: it needs an interface, which cannot be named here");
  }
  if (colon == std::string_view::npos) return Endpoint{*address, usual_port};
  const std::string_view port_text = text.substr(colon + 1);
  const std::optional<std::uint64_t> port = parse_decimal<std::uint64_t>(port_text);
  if (!port || *port > 65535) return std::unexpected("'" + std::string(port_text) + "' is not a port from 0 to 65535");
  return Endpoint{*address, static_cast<std::uint16_t>(*port)};
}

void read_advertise(TableReader& reader, ListenerConfig& listener) {
  const std::optional<Placed<std::string>> advertise = reader.text("advertise");
  if (!advertise) return;
  const std::expected<HostPort, std::string> value = parse_host_port(advertise->value);
  if (!value) {
    reader.problems().error(advertise->at, "'advertise': " + value.error());
    return;
  }
  const std::optional<IpAddress> address = IpAddress::parse(value->host);
  if (address && address->is_unspecified()) {
    reader.problems().error(advertise->at,
                            "'advertise': '" + value->host + "' is no address that a peer could send to");
    return;
  }
  listener.advertise_host = value->host;
  listener.advertise_port = value->port;
}

// A peer must be able to answer to what Via says (RFC 3261 §18.1.1), and 0.0.0.0 is nobody's address.
void require_advertised(TableReader& reader, const ListenerConfig& listener, Position at) {
  if (!listener.bind.address.is_unspecified() || reader.has("advertise")) return;
  reader.problems().error(at, "a listener on '" + listener.bind.address.to_string() +
                                  "' needs 'advertise': the host or address that peers are to answer to");
}

void read_name(TableReader& reader, ListenerConfig& listener, const Draft& draft) {
  const std::optional<Placed<std::string>> name = reader.text("name");
  if (name && !is_token(name->value)) {
    reader.problems().error(name->at, "'" + name->value + "' is not a name: use letters, digits, '-', '.' and '_'");
  } else if (name) {
    listener.name = name->value;
  }
  if (std::ranges::find(draft.config.listeners, listener.name, &ListenerConfig::name) != draft.config.listeners.end()) {
    reader.problems().error(name ? name->at : reader.at(), "a listener named '" + listener.name + "' stands above");
  }
}

// Two ways to name one certificate or several; the first is the one for whoever names none of their domains.
void read_certificate_names(TableReader& reader, ListenerConfig& listener, ListenerPlaces& places) {
  for (const Placed<std::string>& name : reader.texts("cert")) {
    if (std::ranges::find(listener.certificates, name.value) != listener.certificates.end()) {
      reader.problems().error(name.at, "the certificate '" + name.value + "' stands here twice");
      continue;
    }
    listener.certificates.push_back(name.value);
    places.certificates.push_back(name.at);
  }
}

// RFC 6454 §7.1: scheme, host, and a port that is not the scheme's own; what a browser sends has no path and is in
// lower case.
bool is_origin(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0 || text != lowercase(text)) return false;
  const std::string_view scheme = text.substr(0, colon);
  const bool named = std::ranges::all_of(
      scheme, [](char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; });
  return named && parse_host_port(text.substr(colon + 3)).has_value();
}

void read_origins(TableReader& reader, ListenerConfig& listener) {
  for (const Placed<std::string>& origin : reader.texts("origins")) {
    if (is_origin(origin.value)) {
      listener.origins.push_back(origin.value);
    } else {
      reader.problems().error(origin.at, "'" + origin.value +
                                             "' is no origin, as \"https://example.com\" or "
                                             "\"http://localhost:8080\": lower case, and no path");
    }
  }
}

void read_listener_auth(TableReader& reader, ListenerConfig& listener, ListenerPlaces& places) {
  const std::optional<Placed<std::string>> name = reader.text("handshake_auth");
  if (!name) return;
  listener.handshake_auth = name->value;
  places.handshake_auth = name->at;
}

void read_proxy_protocol(TableReader& reader, ListenerConfig& listener) {
  for (const Placed<std::string>& source : reader.texts("proxy_protocol")) {
    if (const std::optional<Cidr> prefix = Cidr::parse(source.value)) {
      listener.proxy_protocol.push_back(*prefix);
    } else {
      reader.problems().error(source.at, "'proxy_protocol': '" + source.value +
                                             "' is not an address or a prefix such as '10.0.0.0/8' (no bits set "
                                             "behind the prefix)");
    }
  }
}

void read_client_certificate(TableReader& reader, ListenerConfig& listener) {
  using enum ListenerConfig::ClientCertificate;
  if (const auto word = reader.word("client_certificate", {"no", "ask", "require"})) {
    listener.client_certificate = *word == 0 ? Unasked : *word == 1 ? Asked : Required;
  }
}

// Keys that say nothing about a listener of that transport.
void check_keys(TableReader& reader, const ListenerConfig& listener) {
  const Transport transport = listener.transport;
  const auto belongs = [&](std::string_view key, bool fits, std::string_view where) {
    if (fits || !reader.has(key)) return;
    reader.problems().error(reader.key_at(key), "'" + std::string(key) + "' is for " + std::string(where) + ", and '" +
                                                    listener.name + "' is " + std::string(parameter_name(transport)));
  };
  belongs("cert", is_secure(transport), "tls and wss");
  belongs("client_certificate", is_secure(transport), "tls and wss");
  belongs("websocket", transport == Transport::Tcp || transport == Transport::Tls,
          "tcp and tls listeners that take WebSocket too");
  belongs("origins", is_websocket(transport) || listener.websocket, "listeners that take WebSocket");
  belongs("handshake_auth", is_websocket(transport) || listener.websocket, "listeners that take WebSocket");
  belongs("proxy_protocol", is_reliable(transport), "connections");
}

void read_listener(TableReader& reader, Draft& draft) {
  const std::optional<Placed<std::string>> on = reader.text("on");
  ListenerConfig listener;
  if (!on) {
    if (!reader.has("on"))
      reader.problems().error(reader.at(), "a listener needs 'on', for example \"udp:192.0.2.1:5060\"");
  } else if (std::expected<ListenerConfig, std::string> parsed = parse_listener(on->value); parsed) {
    listener = *std::move(parsed);
    require_advertised(reader, listener, on->at);
    if (is_secure(listener.transport) && !reader.has("cert")) {
      reader.problems().error(on->at, "a " + std::string(parameter_name(listener.transport)) +
                                          " listener needs 'cert': the name of a [certificate.NAME]");
    }
  } else {
    reader.problems().error(on->at, "'on': " + parsed.error());
  }
  const bool usable = !listener.name.empty();
  read_name(reader, listener, draft);
  read_advertise(reader, listener);
  ListenerPlaces places;
  read_certificate_names(reader, listener, places);
  read_client_certificate(reader, listener);
  reader.boolean("websocket", listener.websocket);
  read_origins(reader, listener);
  read_listener_auth(reader, listener, places);
  read_proxy_protocol(reader, listener);
  reader.finish();
  if (!usable) return;
  check_keys(reader, listener);
  places.on = on->at;
  draft.listeners.push_back(std::move(places));
  draft.config.listeners.push_back(std::move(listener));
}

}  // namespace

std::expected<ListenerConfig, std::string> parse_listener(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return std::unexpected("'" + std::string(text) +
                           "' is not TRANSPORT:ADDRESS:PORT, for example 'udp:192.0.2.1:5060'");
  }
  const std::expected<Transport, std::string> transport = parse_listener_transport(text.substr(0, colon));
  if (!transport) return std::unexpected(transport.error());
  const std::expected<Endpoint, std::string> bind = parse_bind(text.substr(colon + 1), default_port(*transport));
  if (!bind) return std::unexpected(bind.error());
  ListenerConfig listener;
  listener.name = std::string(text);
  listener.transport = *transport;
  listener.bind = *bind;
  return listener;
}

void read_listeners(TableReader& top, Draft& draft) {
  if (!top.has("listen")) {
    top.problems().error(top.at(), "'listen' is missing: nobody could reach us");
  }
  std::vector<TableReader> listeners = top.tables("listen", "'listen'");
  for (TableReader& listener : listeners) read_listener(listener, draft);
}

}  // namespace intermediary
