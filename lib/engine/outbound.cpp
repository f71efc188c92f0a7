// What leaves: answers of our own, hops, flows, the output queue.
#include "base/overloaded.h"
#include "engine/core.h"
#include "message/compose.h"
#include "message/start_line.h"
#include "message/values.h"
#include "transport/via.h"

namespace intermediary {

namespace {

// What the reason phrase says more than its status: what is wrong (§21.4.1), or why nobody can be reached (§21.4.18).
std::string phrase_of(const Refusal& refusal) {
  if (!refusal.phrase.empty()) return refusal.phrase;
  return refusal.status == 400 || refusal.status == 480 ? shown(refusal.reason) : std::string();
}

}  // namespace

void EngineCore::refuse(const MessagePtr& request, const Arrival& arrival, const Refusal& refusal,
                        const std::string& rule) {
  const bool silent = request->method() == Method::Ack;
  if (!silent) {
    const std::string reason = phrase_of(refusal);
    respond_stateless(*request, reply_hop(*request, arrival), refusal.status, stateless_tag(*request), refusal.fields,
                      reason);
  }
  note_refusal(*request, arrival, silent ? 0 : refusal.status, rule, refusal.reason);
}

void EngineCore::refuse_with_state(const MessagePtr& request, const Arrival& arrival, const Refusal& refusal,
                                   const std::string& rule, const std::string& tag) {
  const ServerTransactionId server = open_transaction(request, arrival);
  StoreWait wait;
  wait.request = request;
  wait.arrival = arrival;
  wait.server = server;
  wait.rule = rule;
  refuse_on(wait, refusal, tag.empty() ? random_.token(16) : tag);
}

void EngineCore::refuse_on(const StoreWait& wait, const Refusal& refusal, const std::string& tag) {
  const MessagePtr& request = wait.request;
  ResponseParts parts{.status = refusal.status, .to_tag = tag, .fields = refusal.fields};
  if (!config_.server_name.empty()) parts.fields.emplace_back("Server", config_.server_name);
  const std::string reason = phrase_of(refusal);
  parts.reason = reason;
  transactions_.respond(now_, wait.server, refusal.status, make_response(*request, parts), tag);
  note_refusal(*request, wait.arrival, refusal.status, wait.rule, refusal.reason);
}

void EngineCore::note_refusal(const Message& request, const Arrival& arrival, int status, const std::string& rule,
                              const std::string& reason) {
  ++counters_.refused;
  emit(RequestRefused{arrival, std::string(request.call_id()), std::string(request.method_text()),
                      std::string(request.request_uri()), status, rule, reason});
}

void EngineCore::respond_stateless(const Message& request, const Hop& reply, int status, const std::string& tag,
                                   std::vector<std::pair<std::string_view, std::string>> fields,
                                   std::string_view reason) {
  if (!config_.server_name.empty()) fields.emplace_back("Server", config_.server_name);
  send(reply, make_response(request, {.status = status, .reason = reason, .to_tag = tag, .fields = std::move(fields)}));
}

std::string EngineCore::stateless_tag(const Message& request) const {
  return to_hex(KeyedHash(tag_key_).field(request.value(FieldName::CallId)).finish());
}

void EngineCore::stray(const Message& message, const Arrival& arrival, std::string reason) {
  ++counters_.strays;
  std::string what = message.is_response()
                         ? "response " + std::to_string(message.status()) + " " + std::string(message.cseq().method)
                         : std::string(message.method_text());
  emit(StrayDropped{arrival, std::string(message.call_id()), std::move(what), std::move(reason)});
}

void EngineCore::send(const Hop& hop, std::string bytes) {
  Hop to = hop;
  if (auto kept_inside = concealed(hop.remote.address, hop.listener, bytes)) bytes = *std::move(kept_inside);
  if (auto told = with_load(hop, bytes)) bytes = *std::move(told);
  if (is_reliable(to.transport)) return transmit_on_flow(to, bytes);
  transmit_datagram(to, std::move(bytes));
}

void EngineCore::transmit(Hop& hop, std::string_view bytes) {
  const std::optional<std::string> kept_inside = concealed(hop.remote.address, hop.listener, bytes);
  if (kept_inside) bytes = *kept_inside;
  const std::optional<std::string> told = with_load(hop, bytes);
  if (told) bytes = *told;
  if (is_reliable(hop.transport)) return transmit_on_flow(hop, bytes);
  transmit_datagram(hop, std::string(bytes));
}

void EngineCore::withdraw(FlowId flow, std::string_view bytes) {
  const FlowTable::Flow* to = flows_.find(flow);
  const auto kept_inside = to ? concealed(to->remote.address, to->listener, bytes) : std::nullopt;
  if (kept_inside) bytes = *kept_inside;
  flows_.withdraw(flow, bytes);
  flush_flows();
}

void EngineCore::transmit_datagram(Hop& hop, std::string bytes) {
  count_out(bytes);
  if (!names_.find(hop.listener)) {
    const LocalNames::Listener* out = names_.for_sending(hop.transport, hop.remote.address.family(), hop.listener);
    if (out) hop.listener = out->id;
  }
  outputs_.emplace_back(std::in_place_type<Transmit>, hop, std::move(bytes));
}

void EngineCore::transmit_on_flow(Hop& hop, std::string_view bytes) {
  count_out(bytes);
  hop.flow = flows_.send(now_, hop, bytes);
  flush_flows();
}

void EngineCore::count_out(std::string_view bytes) {
  ++(bytes.starts_with("SIP/2.0 ") ? counters_.responses_out : counters_.requests_out);
}

void EngineCore::flush_flows() {
  for (FlowOrder& order : flows_.take_orders()) {
    std::visit(Overloaded{
                   [&](FlowSend& out) {
                     outputs_.emplace_back(
                         Transmit{{out.transport, out.remote, out.listener, out.flow}, std::move(out.bytes)});
                   },
                   [&](FlowOpenOrder& out) {
                     outputs_.emplace_back(OpenFlow{out.flow, out.transport, out.listener, out.remote,
                                                    std::string(out.server_name.view())});
                   },
                   [&](FlowCloseOrder& out) {
                     forget_contacts_of(out.flow);
                     outputs_.emplace_back(CloseFlow{out.flow, out.reason});
                     transactions_.flow_lost(now_, out.flow, out.reason);
                   },
                   [&](FlowSendFailed& out) {
                     ++counters_.send_failures;
                     emit(SendFailed{out.hop, {}, out.reason});
                     never_opened_.push_back({out.flow, std::move(out.reason)});
                   },
               },
               order);
  }
}

bool EngineCore::is_in_use(FlowId flow) const {
  const FlowTable::Flow* found = flows_.find(flow);
  return transactions_.waits_on(flow) || location_.depends_on(flow) ||
         (found && transactions_.held_by(found->remote.address).unfinished > 0);
}

std::variant<Hop, std::uint64_t, std::string> EngineCore::find_notify_hop(const Uri& uri) {
  using Found = std::variant<Hop, std::uint64_t, std::string>;
  return std::visit(Overloaded{
                        [](const Hop& hop) { return Found(hop); },
                        [](const std::vector<Hop>& hops) { return Found(hops.front()); },
                        [](HopQuery query) { return Found(query.value); },
                        [](const Refusal& refusal) { return Found(refusal.reason); },
                    },
                    find_hop(uri, HopOrder::Drawn));
}

FoundHop EngineCore::find_hop(const Uri& uri, HopOrder order) {
  auto selected = select_hop(uri);
  if (const auto* hop = std::get_if<Hop>(&selected)) return *hop;
  if (const auto* none = std::get_if<NoHop>(&selected)) return Refusal{none->status, none->reason, {}};
  auto found = resolver_.find(now_, std::get<ResolveTarget>(selected), order);
  flush_resolver();
  return std::visit(Overloaded{
                        [](std::vector<Hop>& hops) { return FoundHop(std::move(hops)); },
                        [](LookupId lookup) { return FoundHop(HopQuery{lookup.value}); },
                        [](std::string& reason) { return FoundHop(Refusal{503, std::move(reason), {}}); },
                    },
                    found);
}

void EngineCore::flush_resolver() {
  for (Resolver::Asked& asked : resolver_.take_questions()) {
    ++counters_.dns_questions;
    outputs_.emplace_back(DnsQuery{asked.query, std::move(asked.question)});
  }
  for (DnsTrouble& trouble : resolver_.take_troubles()) {
    if (trouble.kind == DnsTrouble::Kind::SipsGone) {
      emit(SipsVanished{std::move(trouble.question.name)});
      continue;
    }
    emit(DnsFailed{std::move(trouble.question.name), std::string(dns_type_text(trouble.question.type)),
                   trouble.kind == DnsTrouble::Kind::StaleUsed, std::move(trouble.reason)});
  }
}

}  // namespace intermediary
