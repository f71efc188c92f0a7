// Trunks that are registered with whom they lead to (ua/registrant.h), and requests that are sent there because of it.
#include <algorithm>

#include "base/overloaded.h"
#include "engine/core.h"

namespace intermediary {

RegistrantPort::Found EngineCore::find_registrar_hops(const Uri& uri) {
  return std::visit(Overloaded{
                        [](const Hop& hop) { return Found(std::vector<Hop>{hop}); },
                        [](std::vector<Hop>&& hops) { return Found(std::move(hops)); },
                        [](HopQuery query) { return Found(query.value); },
                        [](Refusal&& refusal) { return Found(std::move(refusal.reason)); },
                    },
                    find_hop(uri, HopOrder::Drawn));
}

// The Contact has a parameter that only whoever was told it can say; a Request-URI without it shows nothing.
const TrunkRegistration* EngineCore::registered_as(const Uri& contact) const {
  if (config_.registrations.empty() || !contact.has_parameter(line_parameter)) return nullptr;
  for (const TrunkRegistration& registration : config_.registrations) {
    if (is_line_of(line_key_, registration, contact)) return &registration;
  }
  return nullptr;
}

// docs/adr/0065: who has learnt of the Contact is not the trunk yet.
bool EngineCore::may_call(const TrunkRegistration& registration, const IpAddress& source) const {
  const auto contain = [&](const std::vector<Cidr>& prefixes) {
    return std::ranges::any_of(prefixes, [&](const Cidr& prefix) { return prefix.contains(source); });
  };
  const auto trunk = std::ranges::find(config_.groups, "trunk:" + registration.trunk, &PeerGroupConfig::reference);
  return contain(registration.gateways) || (trunk != config_.groups.end() && contain(trunk->accept_from)) ||
         (registrant_ && registrant_->knows_address(registration, source));
}

std::string_view EngineCore::trunk_called(const Uri& request_uri, const IpAddress& source) const {
  const TrunkRegistration* registration = registered_as(request_uri);
  return registration && may_call(*registration, source) ? std::string_view(registration->trunk) : std::string_view();
}

}  // namespace intermediary
