// Responses that could not be sent where their request came from: RFC 3261 §18.2.2 and RFC 3263 §5 look for the sender
// where its sent-by says.
//
// Nothing is kept of it but a lookup: where a way has failed, the next in a list that is always the same is taken, so
// that each is tried once.
#include <algorithm>

#include "base/overloaded.h"
#include "engine/core.h"
#include "transport/via.h"

namespace intermediary {

void EngineCore::seek_detour(Detour detour) {
  if (!detour.bytes.starts_with("SIP/2.0 ")) return;
  // An ICMP error may quote less than the whole; that is no message.
  const auto parsed = Message::parse(detour.bytes, Framing::Datagram, config_.limits);
  if (!parsed || !(*parsed)->is_response()) return;
  const TopVia& via = (*parsed)->top_via();
  const std::optional<Transport> transport = via.transport;
  if (!transport || is_reliable(*transport) != is_reliable(detour.failed.transport)) return;
  if (const auto address = IpAddress::parse(via.host)) {
    const std::uint16_t port = via.port.value_or(default_port(*transport));
    return take_detour(detour, {{{*transport, {*address, port}, detour.failed.listener, {}, {}}}});
  }
  const ResolveTarget sender{std::string(via.host), via.port, transport, false};
  auto found = resolver_.find(now_, sender, HopOrder::Fixed);
  flush_resolver();
  std::visit(Overloaded{
                 [&](std::vector<Hop>& hops) { take_detour(detour, hops); },
                 [&](LookupId lookup) { detours_.emplace(lookup, std::move(detour)); },
                 [&](const std::string& reason) { emit(SendFailed{detour.failed, {}, reason}); },
             },
             found);
}

bool EngineCore::resolved_detour(LookupId lookup, const ResolvedHops& hops) {
  const auto found = detours_.find(lookup);
  if (found == detours_.end()) return false;
  const Detour detour = std::move(found->second);
  detours_.erase(found);
  if (hops) {
    take_detour(detour, *hops);
  } else {
    emit(SendFailed{detour.failed, {}, hops.error()});
  }
  return true;
}

// The first of the hops that may stand for the one that failed, or the next behind it where it is one of them.
void EngineCore::take_detour(const Detour& detour, std::vector<Hop> hops) {
  const IpAddress& failed = detour.failed.remote.address;
  std::erase_if(hops, [&](const Hop& hop) { return !may_stand_for(hop.remote.address, failed); });
  const auto tried = std::ranges::find(hops, detour.failed.remote, &Hop::remote);
  const auto next = tried == hops.end() ? hops.begin() : tried + 1;
  if (next == hops.end()) return;  // the failure has its event
  send(*next, detour.bytes);
}

}  // namespace intermediary
