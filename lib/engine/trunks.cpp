// Trunks that are registered with whom they lead to (ua/registrant.h), and requests that are sent there because of it.
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
std::string_view EngineCore::trunk_called(const Uri& request_uri) const {
  if (config_.registrations.empty() || !request_uri.has_parameter(line_parameter)) return {};
  for (const TrunkRegistration& registration : config_.registrations) {
    if (is_line_of(line_key_, registration, request_uri)) return registration.trunk;
  }
  return {};
}

}  // namespace intermediary
