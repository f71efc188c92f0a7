// Messages find who takes them.
#include <algorithm>

#include "base/overloaded.h"
#include "engine/core.h"
#include "engine/rule_facts.h"
#include "message/compose.h"
#include "policy/admission.h"
#include "proxy/cancel_reason.h"
#include "proxy/forwarding.h"
#include "transport/resolve.h"
#include "transport/via.h"

namespace intermediary {

namespace {

Refusal rejection(const RejectAction& action) {
  Refusal refusal{action.status, "its rule rejects it", {}, action.reason};
  if (action.retry_after) refusal.fields.emplace_back("Retry-After", std::to_string(action.retry_after->count()));
  return refusal;
}

struct Parties {
  std::expected<NameAddress, ValueError> from, to;
};

TargetSet only(const Uri& uri, const std::optional<Hop>& hop = {}, bool is_flow = false) {
  TargetSet targets;
  Target& target = targets.only();
  target.uri = uri;
  target.hop = hop;
  target.is_flow = is_flow;
  return targets;
}

TargetSet only_by(const Uri& uri, const Uri& next_hop) {
  TargetSet targets;
  Target& target = targets.only();
  target.uri = uri;
  target.next_hop = next_hop;
  return targets;
}

}  // namespace

void EngineCore::receive(const MessagePtr& received, const Arrival& arrival) {
  const MessagePtr message = without_claims(received, arrival);
  if (message->is_request()) {
    ++counters_.requests_in;
    if (arrival.transport == Transport::Tls) note_alias(*message, arrival);
    note_offer(*message, arrival);
    receive_request(note_source(message, arrival, config_.limits), arrival);
  } else {
    ++counters_.responses_in;
    receive_response(message, arrival);
  }
}

void EngineCore::receive_request(const MessagePtr& request, const Arrival& arrival) {
  switch (transactions_.receive_request(now_, request)) {
    case TransactionLayer::Match::Repeated:
      ++counters_.retransmissions_in;
      return;
    case TransactionLayer::Match::Acknowledged:
      return;
    case TransactionLayer::Match::AckFor2xx:
      return take_ack(request, arrival);
    case TransactionLayer::Match::New:
      break;
  }
  if (request->method() == Method::Ack) return take_ack(request, arrival);
  if (request->method() == Method::Cancel) return take_cancel(request, arrival);
  take_request(request, arrival);
}

// RFC 5923 §8.2: the peer takes requests on this connection, addressed to where its Via says that it is.
void EngineCore::note_alias(const Message& request, const Arrival& arrival) {
  const TopVia& top = request.top_via();
  const auto via = parse_via(request.bytes().substr(top.begin, top.end - top.begin));
  if (!via || !via->parameters.find("alias")) return;
  flows_.alias(arrival.flow, {arrival.remote.address, top.port.value_or(default_port(Transport::Tls))});
}

// What comes in plain text has no claim to SIPS, whatever its Request-URI says (§26.2.2): some hop before us has broken
// that promise already.
std::expected<Preprocessed, Refusal> EngineCore::prepare(const MessagePtr& request, const Arrival& arrival) const {
  auto pre = preprocess(request, names_, proxy_settings_);
  if (!pre) return pre;
  if (pre->request_uri.is_sips() && !is_secure(arrival.transport)) {
    pre = std::unexpected(
        Refusal{403, "its Request-URI is SIPS, and it came over " + std::string(via_name(arrival.transport)), {}});
  } else if (auto refusal = read_flows(*pre, arrival)) {
    pre = std::unexpected(std::move(*refusal));
  }
  return pre;
}

// §18.1.2, §16.7 step 1 with RFC 6026 §8.9.
void EngineCore::receive_response(const MessagePtr& response, const Arrival& arrival) {
  const TopVia& via = response->top_via();
  if (!names_.is_our_sent_by(via.host, via.port)) return stray(*response, arrival, "its top Via is not ours");
  if (transactions_.receive_response(now_, response)) return hear_load(*response, arrival);
  const auto reply = stateless_.reply(*response);
  if (!reply) return stray(*response, arrival, "no transaction knows it");
  auto hop = hop_from_via(reply->next_via);
  if (!hop) return stray(*response, arrival, "the next Via names no address");
  hop->listener = reply->listener;
  const FlowTable::Flow* flow = flows_.find(reply->flow);
  if (flow && flow->remote.address == hop->remote.address) hop->flow = reply->flow;
  send(*hop, reply->bytes);
}

void EngineCore::take_known_request(const MessagePtr& request, const Arrival& arrival) {
  admission_.reset();
  auto pre = prepare(request, arrival);
  if (!pre) return refuse(request, arrival, pre.error());
  const Decision decision = decide(*pre, arrival);
  if (decision.rule) ++rule_hits_[static_cast<std::size_t>(decision.rule - config_.rules.data())];
  if (decision.drops()) return drop(*request, arrival, *decision.rule);
  if (!decision.unknown.empty()) return refuse(request, arrival, users_unknown(decision.unknown), decision.rule_name());
  if (const auto refusal = not_routable(*pre, decision)) {
    return refuse(request, arrival, *refusal, decision.rule_name());
  }
  if (decision.rule) {
    if (const auto refusal = unprotected(*request, arrival, *decision.rule)) {
      const bool keeps = request->method() == Method::Invite && !request->to_tag().empty();
      return turn_away(request, arrival, *refusal, decision, keeps);
    }
  }
  if (draining_ && request->to_tag().empty()) {
    return refuse(request, arrival, {503, "going out of service", {{"Retry-After", "5"}}});
  }
  if (is_for_us(*pre) && request->method() == Method::Options) return take_own(request, arrival);
  if (is_too_much(*pre, arrival, decision)) return;
  const bool in_subscription = request->method() == Method::Subscribe && !request->to_tag().empty();
  if (notifier_ && in_subscription && is_for_us(*pre)) return take_refresh(request, arrival);
  if (decision.notifies() && request->method() == Method::Subscribe) {
    if (in_subscription) return take_refresh(request, arrival);  // by its dialog, whatever its Request-URI (§12.2.2)
    return take_subscribe(*pre, arrival, *decision.rule);
  }
  if (decision.registers() && request->method() == Method::Register) {
    return register_contacts(*pre, arrival, *decision.rule);
  }
  forward(request, arrival, std::move(*pre), decision);
}

void EngineCore::take_cancel(const MessagePtr& cancel, const Arrival& arrival) {
  if (cancels_waiting(cancel, arrival)) return;
  const ServerTransactionId invite = transactions_.find_cancelled(*cancel);
  const ServerTransaction* transaction = transactions_.find(invite);
  // A CANCEL goes hop by hop: it comes from where the INVITE came from.
  if (transaction && transaction->arrival.remote.address == arrival.remote.address) {
    const ServerTransactionId own = transactions_.create_server(now_, cancel, arrival, reply_hop(*cancel, arrival));
    std::string tag = stateful_.own_tag(invite);
    if (tag.empty()) tag = transaction->to_tag;  // a request that we answered ourselves
    const bool may_wait = tag.empty() && transaction->invite;
    const std::uint64_t waiting = may_wait ? store_.ticket_of(invite) : 0;
    const std::uint64_t asking = may_wait ? routes_.ticket_of(invite) : 0;
    const std::uint64_t verifying = may_wait ? identity_.ticket_of(invite) : 0;
    if (waiting != 0 || asking != 0 || verifying != 0) tag = random_.token(16);
    transactions_.respond(now_, own, 200, make_response(*cancel, {.status = 200, .to_tag = tag}), tag);
    if (waiting != 0) return cancel_lookup(waiting, tag);
    if (asking != 0) return cancel_asking(asking, tag);
    if (verifying != 0) return cancel_verification(verifying, tag);
    return stateful_.cancel(now_, invite, reason_of(*cancel));
  }
  // §16.10: without a context, the INVITE may have gone by statelessly, here or before a restart. A rule that asks who
  // somebody is has asked the sender of the INVITE, and keeps its state: there is nothing to cancel.
  auto pre = prepare(cancel, arrival);
  if (!pre) return refuse(cancel, arrival, pre.error());
  Decision decision = decide(*pre, arrival);
  if (decision.drops()) return drop(*cancel, arrival, *decision.rule);
  const bool asks = decision.rule && !decision.rule->challenge.empty();
  decision.mode = ProxyMode::Stateless;
  if (!transaction && decision.goes_on() && !asks && targets_of(*pre, arrival, decision)) {
    return forward(cancel, arrival, std::move(*pre), decision);
  }
  refuse(cancel, arrival, {481, "no request here that it could cancel", {}}, decision.rule_name());
}

// An ACK is never answered. One for a 2xx goes its way without a transaction (§16.7, RFC 6026 §7.3); one for an answer
// of our own that kept no state ends here.
void EngineCore::take_ack(const MessagePtr& ack, const Arrival& arrival) {
  if (has_stateless_tag(*ack)) return;
  auto pre = prepare(ack, arrival);
  if (!pre) return stray(*ack, arrival, pre.error().reason);
  Decision decision = decide(*pre, arrival);
  if (decision.drops()) return drop(*ack, arrival, *decision.rule);
  if (!decision.goes_on()) return stray(*ack, arrival, "it belongs to no INVITE here, and no rule takes it");
  decision.mode = ProxyMode::Stateless;
  forward(ack, arrival, std::move(*pre), decision);
}

bool EngineCore::has_stateless_tag(const Message& ack) const {
  constexpr std::size_t tag_characters = 16;
  return ack.to_tag().size() == tag_characters && ack.to_tag() == stateless_tag(ack);
}

// RFC 3261 §11, §16.2: the Request-URI names this element itself, not a user of its.
bool EngineCore::is_for_us(const Preprocessed& request) const {
  const Uri& uri = request.request_uri;
  return !uri.has_user && !request.next_route && names_.is_us(uri.host, uri.port, uri.is_sips());
}

void EngineCore::drop(const Message& request, const Arrival& arrival, const Rule& rule) {
  note_refusal(request, arrival, 0, rule.name, "its rule drops it");
}

// A rule that cannot take what is addressed here: it would relay it to this element again (§16.5: such a user does not
// exist), or look up a user where none is named.
bool EngineCore::leads_nowhere(const Preprocessed& request, const Rule& rule) const {
  const Uri& uri = request.request_uri;
  const RedirectAction* redirect = std::get_if<RedirectAction>(&rule.action);
  if (std::holds_alternative<LookupAction>(rule.action) || (redirect && redirect->contacts.empty())) {
    return is_for_us(request);
  }
  const RelayAction* relay = std::get_if<RelayAction>(&rule.action);
  return relay && relay->goes_anywhere() && !request.next_route && names_.is_us(uri.host, uri.port, uri.is_sips());
}

// Where the Request-URI says that it goes: a maddr (not ours: §16.4) stands for the host (§16.5).
bool EngineCore::is_local(const Uri& uri) const {
  return !uri.has_parameter("maddr") && names_.is_local_domain(uri.host, uri.port);
}

const Rule* EngineCore::choose_rule(const Preprocessed& request, const Arrival& arrival, std::size_t first,
                                    std::string& unknown) const {
  const Message& message = *request.request;
  const Uri& uri = request.request_uri;
  const bool as_invite = message.method() == Method::Ack || message.method() == Method::Cancel;
  const std::size_t listener = arrival.listener.value - 1;
  const Facts facts(*this, request);
  RuleQuery query{
      .method = as_invite ? std::string_view("INVITE") : message.method_text(),
      .ruri = {uri.user, uri.parameter("maddr").value_or(uri.host), is_local(uri)},
      .source = arrival.remote.address,
      .listener = listener < config_.listeners.size() ? config_.listeners[listener].name : std::string_view(),
      .transport = arrival.transport,
      .message = &message,
      .facts = &facts,
      .may_be_asked = !as_invite,
      .in_dialog = !message.to_tag().empty(),
      .trunk = trunk_called(uri, arrival.remote.address),
  };
  std::optional<Parties> parties;  // the query has views of them
  if (reads_parties_) {
    parties =
        Parties{parse_name_address(message.value(FieldName::From)), parse_name_address(message.value(FieldName::To))};
    if (const auto& from = parties->from) query.from = RuleUri{from->uri.user, from->uri.host, is_local(from->uri)};
    if (const auto& to = parties->to) query.to = RuleUri{to->uri.user, to->uri.host, is_local(to->uri)};
  }
  RuleTold told;
  if (trace_) told = [this](const Rule& asked, const std::string& why_not) { trace_->asked(asked, why_not); };
  const Rule* rule = choose(config_.rules, query, told, first);
  unknown = facts.unknown();
  return rule && !leads_nowhere(request, *rule) ? rule : nullptr;
}

EngineCore::Decision EngineCore::decide(const Preprocessed& request, const Arrival& arrival, std::size_t first) const {
  Decision decision;
  decision.mode = config_.proxy.mode;
  // Within a dialog that we let through, the route set decides, unless the Request-URI is ours to look up (§16.5).
  // A REGISTER is in no dialog, whatever its tags.
  const bool in_dialog =
      request.in_our_dialog && !request.request->to_tag().empty() && request.request->method() != Method::Register;
  if (request.flow || (in_dialog && !is_for_us(request) && !is_local(request.request_uri))) {
    decision.by_route_set = true;
    if (trace_) trace_->goes_by_route_set();
    if (request.followed) decision.mode = ProxyMode::CallStateful;
    return decision;
  }
  decision.rule = choose_rule(request, arrival, first, decision.unknown);
  if (decision.rule && decision.rule->mode) decision.mode = *decision.rule->mode;
  if (in_dialog && request.followed) decision.mode = ProxyMode::CallStateful;
  return decision;
}

EngineCore::Decision EngineCore::decided(const Preprocessed& request, const StoreWait& wait) const {
  const auto found = std::ranges::find(config_.rules, wait.rule, &Rule::name);
  Decision decision;
  decision.mode = config_.proxy.mode;
  if (found != config_.rules.end()) decision.rule = &*found;
  if (wait.kept) decision.rule = &wait.kept->rule;
  if (decision.rule && decision.rule->mode) decision.mode = *decision.rule->mode;
  if (!request.request->to_tag().empty() && request.followed) decision.mode = ProxyMode::CallStateful;
  return decision;
}

// §16.3 step 2: a number leads somewhere only by a pool, a trunk, or a redirection; whatever answers by itself may,
// too.
std::optional<Refusal> EngineCore::not_routable(const Preprocessed& request, const Decision& decision) {
  const bool is_urn = is_service_urn(request.request_uri);  // RFC 5031
  if (request.request_uri.scheme != Uri::Scheme::Tel && !is_urn) return std::nullopt;
  const RuleAction* action = decision.rule ? &decision.rule->action : nullptr;
  const RelayAction* relay = action ? std::get_if<RelayAction>(action) : nullptr;
  const bool takes =
      action && (std::holds_alternative<RedirectAction>(*action) || std::holds_alternative<RejectAction>(*action) ||
                 decision.asks() || (relay && !relay->goes_anywhere()));
  if (takes) return std::nullopt;
  return Refusal{
      416, std::string("no rule routes its Request-URI, a ") + (is_urn ? "service" : "telephone number"), {}};
}

// §16.5.
std::expected<TargetSet, Refusal> EngineCore::targets_of(const Preprocessed& request, const Arrival& arrival,
                                                         const Decision& decision) {
  if (request.flow) return only(request.request_uri, request.flow, request.by_path);
  if (decision.by_route_set) return only(request.request_uri);
  if (auto refusal = not_routable(request, decision)) return std::unexpected(*std::move(refusal));
  if (!decision.rule) return std::unexpected(untaken(request));
  return std::visit(
      Overloaded{
          [&](const RegisterAction&) -> std::expected<TargetSet, Refusal> {
            return std::unexpected(Refusal{405, "its rule registers, and it is no REGISTER", {{"Allow", "REGISTER"}}});
          },
          [&](const LookupAction&) { return look_up(request); },
          [&](const RelayAction& action) { return relay_by(request, arrival, action, decision.mode); },
          [&](const NotifyAction&) -> std::expected<TargetSet, Refusal> {
            return std::unexpected(Refusal{405, "its rule notifies, and it is no SUBSCRIBE", {{"Allow", "SUBSCRIBE"}}});
          },
          [&](const RedirectAction& action) -> std::expected<TargetSet, Refusal> {
            return std::unexpected(redirection(request, action));
          },
          [&](const RejectAction& action) -> std::expected<TargetSet, Refusal> {
            return std::unexpected(rejection(action));
          },
          [&](const DropAction&) -> std::expected<TargetSet, Refusal> {
            return std::unexpected(
                Refusal{404, "its rule drops it", {}});  // it has a transaction, as one that asked stands above
          },
          [&](const AskAction&) -> std::expected<TargetSet, Refusal> {
            if (decision.told) return told_targets(request, arrival, *decision.told, decision.mode);
            if (decision.instead) return relay_by(request, arrival, *decision.instead, decision.mode);
            return std::unexpected(Refusal{481, "its rule asks, and it cannot wait", {}});
          },
      },
      decision.rule->action);
}

std::expected<TargetSet, Refusal> EngineCore::relay_by(const Preprocessed& request, const Arrival& arrival,
                                                       const RelayAction& action, ProxyMode mode) {
  return action.groups.empty() ? relay(request, action) : relay_to_groups(request, arrival, action, mode);
}

// §8.2.1, §8.2.2: what is meant for ourselves hears what we cannot do.
Refusal EngineCore::untaken(const Preprocessed& request) const {
  if (const TrunkRegistration* registration = registered_as(request.request_uri)) {
    return {
        404, "it is for the Contact of trunk:" + registration->trunk + ", and no rule takes it from where it came", {}};
  }
  if (!is_for_us(request)) return {404, "no rule takes it", {}};
  if (const auto answer = inspect(*request.request, capabilities_)) {
    return {answer->status, answer->detail, answer->fields};
  }
  return {404, "it is addressed to this element, and no rule takes it", {}};
}

std::expected<TargetSet, Refusal> EngineCore::relay(const Preprocessed& request, const RelayAction& action) const {
  if (!action.target) return only(request.request_uri);
  if (leads_past_us(request)) return std::unexpected(foreign_route(request));
  // A URI with a user is where the request is for; one without is only the next hop.
  if (action.target->has_user) return only(*action.target);
  return only_by(request.request_uri, *action.target);
}

std::optional<Refusal> EngineCore::not_admitted(const Arrival& arrival) const {
  const IpAddress& source = arrival.remote.address;
  const auto full =
      refuse_transaction(config_.limits, transactions_.held_by(source), names_source(config_.rules, source));
  if (!full) return std::nullopt;
  return Refusal{503, full->reason, {{"Retry-After", std::to_string(full->retry_after.count())}}};
}

// §16.1: who takes a request from a connection to datagrams has to repeat it there, so it cannot do without state
// (docs/adr/0019). Nobody repeats an ACK, and a CANCEL that comes here has found nothing.
bool EngineCore::must_keep_state(const Preprocessed& request, const Arrival& arrival, const Target& target) const {
  const Method method = request.request->method();
  if (!is_reliable(arrival.transport) || method == Method::Ack || method == Method::Cancel) return false;
  if (target.hop) return !is_reliable(target.hop->transport);
  Uri room;
  const auto uri = next_hop(request, target, room);
  if (!uri) return false;
  const auto next = select_hop(**uri);
  if (const Hop* hop = std::get_if<Hop>(&next)) return !is_reliable(hop->transport);
  const ResolveTarget* name = std::get_if<ResolveTarget>(&next);
  return name && !name->sips && !is_reliable(name->transport.value_or(Transport::Udp));
}

void EngineCore::turn_away(const MessagePtr& request, const Arrival& arrival, const Refusal& refusal,
                           const Decision& decision, bool keeps_state, const StoreWait* waited) {
  if (waited) return refuse_on(*waited, refusal, random_.token(16));
  if (!keeps_state) return refuse(request, arrival, refusal, decision.rule_name());
  if (const auto full = not_admitted(arrival)) return refuse(request, arrival, *full, decision.rule_name());
  refuse_with_state(request, arrival, refusal, decision.rule_name());
}

// Who it is from, and how many there are, where its rule asks for that; what may not pass has been refused.
bool EngineCore::passes(const Preprocessed& pre, const Arrival& arrival, const Rule& rule, std::string& user,
                        const StoreWait* waited) {
  const MessagePtr& request = pre.request;
  const auto refused = [&](const Refusal& refusal, bool keeps_state) {
    turn_back(request, arrival, refusal, rule, keeps_state, waited);
    return false;
  };
  if (const auto full = waited ? std::nullopt : not_admitted(arrival)) return refused(*full, false);
  if (!rule.challenge.empty() && waited && waited->was_asked) {
    user = waited->user;
  } else if (!rule.challenge.empty()) {
    auto authenticated = authenticate(pre, rule, Challenge::AsProxy);
    // What is within a dialog keeps its tag in the answer: only a transaction knows the ACK of it for ours.
    const bool keeps = request->method() == Method::Invite && !request->to_tag().empty();
    if (!authenticated) return refused(authenticated.error(), keeps);
    user = *std::move(authenticated);
  }
  if (!rule.challenge.empty()) {
    if (const auto wrong = not_his_from(*request, rule, user)) return refused(*wrong, true);
  }
  if (const auto over = over_limit(*request, arrival, rule, user)) return refused(*over, !rule.challenge.empty());
  return true;
}

// §16.3 comes before §16.5: what may not be forwarded is not looked up. Its step 6 comes last, and only to what there
// is room for: credentials are used up by asking for them. ACK and CANCEL are never asked for any (§22.1).
void EngineCore::forward(const MessagePtr& request, const Arrival& arrival, Preprocessed&& pre,
                         const Decision& decision, const StoreWait* waited) {
  if (decision.goes_on() || decision.asks() || !is_for_us(pre)) {
    if (const auto refusal = validate_for_forwarding(*request, arrival, names_, proxy_settings_)) {
      return turn_away(request, arrival, *refusal, decision, false, waited);
    }
  }
  if (request->method() == Method::Register && !decision.asks()) {  // who asks knows later whether it goes on
    if (const auto refusal = put_on_path(pre, arrival)) {
      return turn_away(request, arrival, *refusal, decision, false, waited);
    }
  }
  const bool asks = decision.rule && counts_requests(*decision.rule) && request->method() != Method::Ack &&
                    request->method() != Method::Cancel;
  std::string user;
  if (asks && !passes(pre, arrival, *decision.rule, user, waited)) return;
  if (is_verified(decision, *request)) return verify(request, arrival, std::move(pre), decision, asks, user, waited);
  go_on(request, arrival, std::move(pre), decision, asks, user, waited);
}

void EngineCore::proceed(const MessagePtr& request, const Arrival& arrival, Preprocessed&& pre,
                         const Decision& decision, bool asks, const std::string& user, const StoreWait* waited) {
  auto plan = plan_for(pre, arrival, decision);
  if (!plan && waited) return refuse_on(*waited, plan.error(), random_.token(16));
  // RFC 3261 §8.3: whoever redirects keeps the transaction; where his contacts come from may change.
  if (!plan) return turn_away(request, arrival, plan.error(), decision, asks || decision.redirects());
  if (!authenticators_.empty()) take_off_credentials(pre);
  assert_identity(pre, arrival, decision.rule, user);
  if (const auto refusal = sign_call(pre, decision)) {
    return turn_away(request, arrival, *refusal, decision, asks, waited);
  }
  const Target& first = plan->targets.targets().front();
  if (decision.mode == ProxyMode::Stateless && !waited && !must_keep_state(pre, arrival, first)) {
    if (const auto refusal = stateless_.forward(pre, arrival, first)) {
      refuse(request, arrival, *refusal, decision.rule_name());
    }
    return;
  }
  const bool is_recorded = ledger_ && request->method() == Method::Invite && request->to_tag().empty();
  if (is_recorded && holds_calls_) {
    const Refusal refusal{503, "no record of it could be kept", {{"Retry-After", "30"}}};
    return waited ? refuse_on(*waited, refusal, random_.token(16))
                  : turn_away(request, arrival, refusal, decision, asks);
  }
  if (!waited) {
    if (const auto full = not_admitted(arrival)) return refuse(request, arrival, *full, decision.rule_name());
  }
  CallWatch watch;
  if (decision.mode == ProxyMode::CallStateful) {
    auto watched = observer_->watch(now_, pre, decision.rule_name());
    // §8.2.7: what hangs on the dialogs that there are may change before the request comes again; the answer may not.
    const bool keeps = asks || !request->to_tag().empty();
    if (!watched && waited) return refuse_on(*waited, watched.error(), random_.token(16));
    if (!watched && keeps) return refuse_with_state(request, arrival, watched.error(), decision.rule_name());
    if (!watched) return refuse(request, arrival, watched.error(), decision.rule_name());
    watch = *watched;
  }
  if (is_recorded) {
    watch = begin_call(*request, arrival, watch, decision, user);
  }
  const ServerTransactionId server = waited ? waited->server : open_transaction(request, arrival);
  plan->watch = watch;
  plan->priority = has_priority(pre, arrival);
  stateful_.start(now_, server, std::move(pre), *std::move(plan));
}

}  // namespace intermediary
