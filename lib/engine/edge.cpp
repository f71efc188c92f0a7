// The first hop of user agents: the flows in Routes, and what makes requests come back over them (RFC 5626 §5, RFC 3327
// §5.2), or through here (RFC 5627 §6.2).
#include <algorithm>

#include "engine/core.h"
#include "location/gruu.h"
#include "proxy/flow_token.h"
#include "ua/inspection.h"

namespace intermediary {

namespace {

// Of datagrams, the same far end over the same transport is the same flow, whichever listener of ours it spoke to.
bool came_by(const Hop& flow, const Arrival& arrival) {
  if (flow.flow) return flow.flow == arrival.flow;
  return arrival.transport == Transport::Udp && flow.remote == arrival.remote;
}

Refusal refusal_of(FlowTokenFault fault) {
  if (fault == FlowTokenFault::Forged) return {403, "the flow token in its Route is none of ours", {}};
  return {430, "the flow in its Route was a connection before a restart", {}};
}

// RFC 5626 §5.3.2. Most Contacts are plain, and then nothing is parsed.
bool contact_says_ob(const Message& request) {
  const std::string_view value = request.value(FieldName::Contact);
  if (!value.contains(";ob") && !value.contains(";OB")) return false;
  const auto contact = parse_name_address(value);
  return contact && contact->uri.has_parameter("ob");
}

bool may_begin_a_dialog(const Message& request) {
  const Method method = request.method();
  return request.to_tag().empty() && method != Method::Register && method != Method::Cancel && method != Method::Ack;
}

bool registers_a_flow(const Message& request) {
  const auto list = contacts(request);
  return list && std::ranges::any_of(list->list, [](const NameAddress& contact) {
           return contact.parameters.find("reg-id") && contact.parameters.find("+sip.instance");
         });
}

}  // namespace

std::optional<Refusal> EngineCore::read_flows(Preprocessed& pre, const Arrival& arrival) const {
  if (!pre.flow_tokens.empty()) {
    if (auto refusal = follow_flow(pre, arrival)) return refusal;
  }
  if (proxy_settings_.outbound || location_.has_flows() || is_websocket(arrival.transport)) mark_flow(pre, arrival);
  pre.from_gruu = location_.has_gruus() && comes_from_gruu(*pre.request);
  return std::nullopt;
}

// RFC 5627 §6.2: a dialog that one of ours may begin, over others who will be on its way.
bool EngineCore::comes_from_gruu(const Message& request) const {
  if (!may_begin_a_dialog(request) || !request.has(FieldName::RecordRoute)) return false;
  const auto contact = parse_name_address(request.value(FieldName::Contact));
  if (!contact || !contact->uri.has_parameter(gruu_parameter)) return false;
  const auto gruu = read_gruu(gruu_key_, contact->uri);
  return gruu && std::ranges::any_of(location_.bindings(gruu->address_of_record),
                                     [&](const Binding& binding) { return is_meant(gruu_key_, *gruu, binding); });
}

// RFC 5626 §5.3: a token that names the request's own source only brought it here.
std::optional<Refusal> EngineCore::follow_flow(Preprocessed& pre, const Arrival& arrival) const {
  for (const std::string& token : pre.flow_tokens) {
    auto flow = read_flow_token({proxy_settings_.key, proxy_settings_.start}, token);
    if (!flow) return refusal_of(flow.error());
    if (came_by(*flow, arrival)) continue;
    if (flow->flow) {
      const FlowTable::Flow* connection = flows_.find(flow->flow);
      if (!connection) return Refusal{430, "the flow in its Route is gone", {}};
      flow = Hop{connection->transport, connection->remote, connection->listener, flow->flow};
    }
    if (pre.request_uri.is_sips() && !is_secure(flow->transport)) {
      return Refusal{480, "a SIPS URI cannot go by a flow that is not secure", {}};
    }
    pre.flow = *flow;
  }
  return std::nullopt;
}

// RFC 5626 §5.3.2: an outgoing request that may begin a dialog, of a user agent whose flow ends here. Over WebSocket
// there is no other way back (RFC 7118 §5), whatever the contact says.
void EngineCore::mark_flow(Preprocessed& pre, const Arrival& arrival) const {
  const Message& request = *pre.request;
  if (!may_begin_a_dialog(request) || has_next_via(request)) return;
  const bool asked = is_websocket(arrival.transport) || contact_says_ob(request) || (pre.by_path && !pre.flow);
  if (asked) pre.in_token = token_of(arrival);
}

std::string EngineCore::token_of(const Arrival& arrival) const {
  return flow_token({proxy_settings_.key, proxy_settings_.start},
                    {arrival.transport, arrival.remote, arrival.listener, arrival.flow});
}

// A REGISTER that goes on (RFC 3327 §5.2, RFC 5626 §5.1). A flow that nobody could reach otherwise stands in the Path
// of a WebSocket's contact, too (RFC 7118 §5).
std::optional<Refusal> EngineCore::put_on_path(Preprocessed& pre, const Arrival& arrival) const {
  if (!proxy_settings_.outbound && proxy_settings_.path == PathUse::No) return std::nullopt;
  const Message& request = *pre.request;
  const bool first_hop = !has_next_via(request);
  const bool is_flow = proxy_settings_.outbound && first_hop && registers_a_flow(request);
  const bool websocket = arrival.transport == Transport::Ws || arrival.transport == Transport::Wss;
  const bool wanted = is_flow || proxy_settings_.path != PathUse::No || (proxy_settings_.outbound && websocket);
  if (!wanted) return std::nullopt;
  if (!lists_option(request, FieldName::Supported, "path")) {
    if (!is_flow && proxy_settings_.path != PathUse::Required) return std::nullopt;
    return Refusal{421, "its sender does not support path, which the way back to it needs", {{"Require", "path"}}};
  }
  if (is_flow || (proxy_settings_.outbound && websocket && first_hop)) pre.in_token = token_of(arrival);
  pre.path_entry = is_flow ? Preprocessed::PathEntry::Outbound : Preprocessed::PathEntry::Plain;
  return std::nullopt;
}

}  // namespace intermediary
