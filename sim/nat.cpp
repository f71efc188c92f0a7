#include "sim/nat.h"

#include <algorithm>
#include <ranges>

namespace intermediary::sim {

bool Nat::is_same(NatSetup::Dependence dependence, const Endpoint& a, const Endpoint& b) {
  switch (dependence) {
    case NatSetup::Dependence::None:
      return true;
    case NatSetup::Dependence::Address:
      return a.address == b.address;
    case NatSetup::Dependence::AddressAndPort:
      break;
  }
  return a == b;
}

bool Nat::is_alive(const Mapping& mapping, TimePoint now) const {
  return !mapping.forgotten && now < mapping.used + timeout_of(mapping.protocol);
}

Nat::Mapping* Nat::mapping_at(const Endpoint& outside) {
  const auto found = std::ranges::find(mappings_, outside.port, &Mapping::port);
  return found == mappings_.end() || outside.address != setup_.outside ? nullptr : &*found;
}

Endpoint Nat::leaves(TimePoint now, Protocol protocol, const Endpoint& inside, const Endpoint& remote) {
  auto found = std::ranges::find_if(mappings_, [&](const Mapping& mapping) {
    return mapping.protocol == protocol && mapping.inside == inside && is_alive(mapping, now) &&
           is_same(setup_.mapping, mapping.remote, remote);
  });
  if (found == mappings_.end()) {
    mappings_.push_back({protocol, inside, remote, next_port_++, now, false, {}});
    found = std::prev(mappings_.end());
  }
  found->used = now;
  found->asked.insert_or_assign(remote, now);
  return {setup_.outside, found->port};
}

std::optional<Endpoint> Nat::enters(TimePoint now, Protocol protocol, const Endpoint& outside, const Endpoint& remote) {
  const Mapping* mapping = mapping_at(outside);
  if (!mapping || mapping->protocol != protocol || !is_alive(*mapping, now)) return std::nullopt;
  const bool may = std::ranges::any_of(mapping->asked, [&](const auto& asked) {
    return is_same(setup_.filtering, asked.first, remote) && now < asked.second + timeout_of(protocol);
  });
  return may ? std::optional(mapping->inside) : std::nullopt;
}

bool Nat::carries(TimePoint now, const Endpoint& outside) {
  Mapping* mapping = mapping_at(outside);
  if (!mapping || !is_alive(*mapping, now)) return false;
  mapping->used = now;
  return true;
}

std::optional<Endpoint> Nat::owner_of(const Endpoint& outside) const {
  const auto found = std::ranges::find(mappings_, outside.port, &Mapping::port);
  if (found == mappings_.end() || outside.address != setup_.outside) return std::nullopt;
  return found->inside;
}

void Nat::rebind() {
  for (Mapping& mapping : mappings_) mapping.forgotten = true;
}

}  // namespace intermediary::sim
