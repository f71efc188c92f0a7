#include "base/local_names.h"

#include "base/text.h"

namespace intermediary {

namespace {

// Addresses have many spellings, names have case: one form for both.
std::string canonical_host(std::string_view host) {
  if (const auto address = IpAddress::parse(host)) return address->to_string();
  std::string name = lowercase(host);
  if (name.size() > 1 && name.back() == '.') name.pop_back();
  return name;
}

}  // namespace

ListenerId LocalNames::add_listener(Transport transport, const Endpoint& bound, std::string_view advertise_host,
                                    std::optional<std::uint16_t> advertise_port) {
  Listener listener;
  listener.id = ListenerId{static_cast<std::uint32_t>(listeners_.size() + 1)};
  listener.transport = transport;
  listener.bound = bound;
  listener.host = advertise_host.empty() ? bound.address.to_host() : std::string(advertise_host);
  if (const auto address = IpAddress::parse(listener.host)) listener.host = address->to_host();
  listener.port = advertise_port.value_or(bound.port);
  listener.sent_by = listener.host + ":" + std::to_string(listener.port);
  listener_names_.insert({canonical_host(listener.host), listener.port});
  listener_names_.insert({bound.address.to_string(), bound.port});
  listener_hosts_.insert(canonical_host(listener.host));
  listener_hosts_.insert(bound.address.to_string());
  listeners_.push_back(std::move(listener));
  return listeners_.back().id;
}

void LocalNames::add_domain(std::string_view domain) { domains_.insert(canonical_host(domain)); }

const LocalNames::Listener* LocalNames::find(ListenerId id) const {
  return id.value >= 1 && id.value <= listeners_.size() ? &listeners_[id.value - 1] : nullptr;
}

const LocalNames::Listener* LocalNames::for_sending(Transport transport, IpAddress::Family family,
                                                    ListenerId preferred) const {
  const auto fits = [&](const Listener& listener) {
    return listener.transport == transport && listener.bound.address.family() == family;
  };
  if (const Listener* named = find(preferred); named && fits(*named)) return named;
  for (const Listener& listener : listeners_) {
    if (fits(listener)) return &listener;
  }
  return nullptr;
}

bool LocalNames::is_listener(std::string_view host, std::uint16_t port) const {
  return listener_names_.contains({canonical_host(host), port});
}

bool LocalNames::is_our_sent_by(std::string_view host, std::optional<std::uint16_t> port) const {
  if (port) return is_listener(host, *port);
  return is_listener(host, default_port(Transport::Udp)) || is_listener(host, default_port(Transport::Tls));
}

bool LocalNames::is_us(std::string_view host, std::optional<std::uint16_t> port, bool secure) const {
  if (is_listener(host, port.value_or(default_port(secure ? Transport::Tls : Transport::Udp)))) return true;
  if (!domains_.contains(canonical_host(host))) return false;
  if (!port) return true;
  for (const Listener& listener : listeners_) {
    if (listener.port == *port) return true;
  }
  return false;
}

bool LocalNames::is_local_domain(std::string_view host, std::optional<std::uint16_t> port) const {
  const std::string canonical = canonical_host(host);
  if (domains_.contains(canonical)) return true;
  return port ? listener_names_.contains({canonical, *port}) : listener_hosts_.contains(canonical);
}

}  // namespace intermediary
