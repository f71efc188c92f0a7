#include "base/local_names.h"

#include <algorithm>

#include "base/text.h"

namespace intermediary {

namespace {

// An IPv6 address has many spellings, and a name may end in a dot: one form for all. A literal IPv4 address has one.
// Case is left to the comparison. The result may stand in `room`.
std::string_view canonical_host(std::string_view host, std::string& room) {
  if (host.contains(':')) {
    const auto address = IpAddress::parse(host);
    if (!address) return host;
    return room = address->to_string();
  }
  if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
  return host;
}

}  // namespace

ListenerId LocalNames::add_listener(Transport transport, const Endpoint& bound, std::string_view advertise_host,
                                    std::optional<std::uint16_t> advertise_port, bool websocket) {
  Listener listener;
  listener.id = ListenerId{static_cast<std::uint32_t>(listeners_.size() + 1)};
  listener.transport = transport;
  listener.bound = bound;
  listener.websocket = websocket;
  listener.host = advertise_host.empty() ? bound.address.to_host() : std::string(advertise_host);
  if (const auto address = IpAddress::parse(listener.host)) listener.host = address->to_host();
  listener.port = advertise_port.value_or(bound.port);
  listener.sent_by = listener.host + ":" + std::to_string(listener.port);
  std::string room;
  names_.push_back({std::string(canonical_host(listener.host, room)), listener.port});
  const Name at{bound.address.to_string(), bound.port};
  if (names_.back() != at) names_.push_back(at);
  listeners_.push_back(std::move(listener));
  return listeners_.back().id;
}

void LocalNames::add_domain(std::string_view domain) {
  std::string room;
  domains_.emplace(canonical_host(domain, room));
}

const LocalNames::Listener* LocalNames::find(ListenerId id) const {
  return id.value >= 1 && id.value <= listeners_.size() ? &listeners_[id.value - 1] : nullptr;
}

const LocalNames::Listener* LocalNames::for_sending(Transport transport, IpAddress::Family family,
                                                    ListenerId preferred) const {
  const auto fits = [&](const Listener& listener) {
    return listener.serves(transport) && listener.bound.address.family() == family;
  };
  if (const Listener* named = find(preferred); named && fits(*named)) return named;
  for (const Listener& listener : listeners_) {
    if (fits(listener)) return &listener;
  }
  return nullptr;
}

bool LocalNames::is_listener(std::string_view canonical, std::optional<std::uint16_t> port) const {
  return std::ranges::any_of(names_, [&](const Name& name) {
    if (port && name.port != *port) return false;
    return name.host == canonical || equals_ignoring_case(name.host, canonical);  // as it stands, nearly always
  });
}

bool LocalNames::is_our_sent_by(std::string_view host, std::optional<std::uint16_t> port) const {
  std::string room;
  const std::string_view canonical = canonical_host(host, room);
  if (port) return is_listener(canonical, port);
  return is_listener(canonical, default_port(Transport::Udp)) || is_listener(canonical, default_port(Transport::Tls));
}

bool LocalNames::is_us(std::string_view host, std::optional<std::uint16_t> port, bool secure) const {
  std::string room;
  const std::string_view canonical = canonical_host(host, room);
  if (is_listener(canonical, port.value_or(default_port(secure ? Transport::Tls : Transport::Udp)))) return true;
  if (!domains_.contains(canonical)) return false;
  return !port || std::ranges::any_of(listeners_, [&](const Listener& listener) { return listener.port == *port; });
}

bool LocalNames::is_local_domain(std::string_view host, std::optional<std::uint16_t> port) const {
  std::string room;
  const std::string_view canonical = canonical_host(host, room);
  return domains_.contains(canonical) || is_listener(canonical, port);
}

}  // namespace intermediary
