// Bytes become messages; what is wrong with them is answered here.
#include "base/overloaded.h"
#include "engine/core.h"
#include "message/compose.h"
#include "message/start_line.h"
#include "policy/admission.h"
#include "transport/identity.h"
#include "transport/stun.h"
#include "transport/via.h"

namespace intermediary {

namespace {

int status_of(Answer answer) {
  switch (answer) {
    case Answer::BadRequest:
      return 400;
    case Answer::VersionNotSupported:
      return 505;
    case Answer::MessageTooLarge:
      return 513;
    case Answer::Silence:
      return 0;
  }
  return 0;
}

// §21.4.1: the reason phrase says what is wrong, with the sender's own bytes escaped.
std::string reason_of(const ParseError& error) {
  std::string reason(fault_text(error.fault));
  if (!error.detail.empty()) reason.append(": ").append(shown(error.detail));
  return reason;
}

// CRLFs alone keep a NAT's binding alive (RFC 5626 §3.5.1 for streams; seen on UDP as well).
bool is_keep_alive(std::string_view bytes) { return bytes.find_first_not_of("\r\n\0", 0, 3) == std::string_view::npos; }

std::string wrong_peer(const std::vector<std::string>& identities, const ServerName& wanted) {
  std::string reason = "its certificate is not for " + std::string(wanted.view()) + ", but for ";
  if (identities.empty()) reason += "nobody";
  for (const std::string& identity : identities) reason += (&identity == &identities.front() ? "" : ", ") + identity;
  return reason;
}

}  // namespace

void EngineCore::take(DatagramReceived& input) {
  if (is_keep_alive(input.bytes)) return;
  const LocalNames::Listener* listener = names_.find(input.listener);
  const Transport transport = listener ? listener->transport : Transport::Udp;
  const Arrival arrival{transport, input.remote, input.listener, {}};
  if (is_stun(input.bytes)) return take_stun(input.bytes, arrival);
  parse(std::move(input.bytes), Framing::Datagram, arrival);
}

// RFC 5626 §8. Nothing of it is kept.
void EngineCore::take_stun(std::string_view request, const Arrival& arrival) {
  auto answer = answer_stun(request, arrival.remote);
  if (!answer) {
    ++counters_.stun_ignored;
    return emit(StrayDropped{arrival, {}, "STUN", std::string(answer.error())});
  }
  ++counters_.stun_answered;
  outputs_.emplace_back(Transmit{{arrival.transport, arrival.remote, arrival.listener, {}}, std::move(*answer)});
}

void EngineCore::take(StreamReceived& input) {
  const FlowTable::Flow* flow = flows_.find(input.flow);
  if (!flow) return;  // closed by us, while these bytes were under way
  const Arrival arrival{flow->transport, flow->remote, flow->listener, input.flow};
  const Framing framing = is_websocket(arrival.transport) ? Framing::Whole : Framing::Stream;
  flows_.received(now_, input.flow, input.bytes);
  while (auto frame = flows_.take_frame(now_, input.flow)) {  // none any more once the flow is closed
    std::visit(Overloaded{
                   [&](Frame& message) { parse(std::move(message.bytes), framing, arrival); },
                   [&](KeepAlivePing&) {
                     flows_.send(now_, {arrival.transport, arrival.remote, arrival.listener, arrival.flow}, "\r\n");
                   },
                   [&](FramingError& error) {
                     // Whatever can be read of it is answered before the connection goes (§18.3).
                     auto parsed = Message::parse(std::move(error.head), Framing::Datagram, config_.limits);
                     Refused refused{error.error, nullptr};
                     if (parsed) {
                       refused.partial = *parsed;
                     } else {
                       refused.partial = parsed.error().partial;
                     }
                     reject(refused, arrival);
                   },
               },
               *frame);
    drain_reports();
  }
  flush_flows();
}

void EngineCore::take(FlowOpened& input) {
  const bool ours = (input.flow.value & engine_flow_bit) != 0;
  const IpAddress& source = input.remote.address;
  if (ours && !flows_.find(input.flow)) return outputs_.push_back(CloseFlow{input.flow, "not wanted any more"});
  if (!ours && !admits_connection(config_.limits, flows_.inbound_from(source), names_source(config_.rules, source))) {
    ++counters_.refused;
    const std::string reason = "too many connections from this address";
    emit(FlowChanged{input.flow, input.transport, input.remote, FlowChanged::Change::Failed, reason});
    return outputs_.push_back(CloseFlow{input.flow, reason});
  }
  std::vector<std::string> identities;
  if (input.certificate) identities = sip_identities(*input.certificate);
  if (!flows_.is_expected(input.flow, identities)) {
    const std::string reason = wrong_peer(identities, flows_.find(input.flow)->server_name);
    lose(input.flow, reason);
    return outputs_.push_back(CloseFlow{input.flow, reason});  // RFC 5922 §7.3
  }
  flows_.opened(now_, input.flow, input.transport, input.listener, input.remote, std::move(identities));
  emit(FlowChanged{input.flow, input.transport, input.remote, FlowChanged::Change::Opened, {}});
  flush_flows();
}

void EngineCore::take(FlowClosed& input) { lose(input.flow, input.reason); }

// A connection that is gone, or never was what it should have been.
void EngineCore::lose(FlowId id, const std::string& reason) {
  const FlowTable::Flow* flow = flows_.find(id);
  if (!flow) return;
  if (!flow->open) ++counters_.send_failures;
  emit(FlowChanged{id, flow->transport, flow->remote,
                   flow->open ? FlowChanged::Change::Closed : FlowChanged::Change::Failed, reason});
  const Hop failed{flow->transport, flow->remote, flow->listener, {}, {}};
  const std::vector<std::string> unsent = flows_.take_waiting(id);
  flows_.closed(id);
  forget_contacts_of(id);
  transactions_.flow_lost(now_, id, reason);
  for (const std::string& bytes : unsent) seek_detour({failed, bytes});
}

void EngineCore::take(DatagramFailed& input) {
  ++counters_.send_failures;
  emit(SendFailed{{Transport::Udp, input.remote, input.listener, {}}, {}, input.reason});
  transactions_.datagram_failed(now_, input.bytes, input.reason);
  seek_detour({{Transport::Udp, input.remote, input.listener, {}, {}}, std::move(input.bytes)});
}

void EngineCore::take(DnsAnswered& input) {
  resolver_.answered(now_, input.query, std::move(input.answer));
  flush_resolver();
  for (Resolver::Finished& done : resolver_.take_finished()) {
    if (resolved_detour(done.lookup, done.hops)) continue;
    const HopQuery query{done.lookup.value};
    bool taken = stateful_.resolved(now_, query, done.hops) || stateless_.resolved(query, done.hops);
    if (!taken && registrant_) taken = registrant_->resolved(now_, query.value, done.hops);
    if (!taken && prober_) taken = prober_->resolved(now_, query.value, done.hops);
    if (!taken && notifier_) notifier_->resolved(now_, query.value, done.hops);
    drain_reports();
  }
  for (const Resolver::Fetched& fetched : resolver_.take_fetched()) {
    found_records(fetched.lookup, fetched.question, fetched.result);
    drain_reports();
  }
}

void EngineCore::take(DeadlineReached&) {}

void EngineCore::take(Command& input) {
  switch (input.kind) {
    case Command::Kind::Drain:
      draining_ = true;
      if (registrant_) registrant_->drain(now_);
      break;
    case Command::Kind::Resume:
      draining_ = false;
      if (registrant_) registrant_->resume(now_);
      break;
    case Command::Kind::DrainPeer:
    case Command::Kind::ResumePeer:
      for (PeerChanged& change : peers_.drain(input.subject, input.kind == Command::Kind::DrainPeer)) {
        emit(std::move(change));
      }
      break;
    case Command::Kind::HoldCalls:
      holds_calls_ = true;
      break;
    case Command::Kind::TakeCalls:
      holds_calls_ = false;
      break;
  }
}

void EngineCore::parse(std::string bytes, Framing framing, const Arrival& arrival) {
  auto message = Message::parse(std::move(bytes), framing, config_.limits);
  if (!message) return reject(message.error(), arrival);
  if (arrival.flow) flows_.proven(arrival.flow);
  receive(*message, arrival);
}

void EngineCore::reject(const Refused& refused, const Arrival& arrival) {
  ++counters_.rejected;
  int status = status_of(refused.error.answer);
  // Without a Via there is nobody to answer (RFC 3261 §8.2.6.2).
  if (!refused.partial || !refused.partial->has(FieldName::Via)) status = 0;
  if (status != 0) {
    const Message& request = *refused.partial;
    const Hop reply = request.top_via().host.empty()
                          ? Hop{arrival.transport, arrival.remote, arrival.listener, arrival.flow}
                          : reply_hop(request, arrival);
    respond_stateless(request, reply, status, stateless_tag(request), {}, reason_of(refused.error));
  }
  emit(MessageRejected{arrival, refused.error, status});
  if (refused.error.close_stream) flows_.close(arrival.flow, refused.error.to_string());
}

void EngineCore::fire_timers(TimePoint due) {
  for (BindingChanged& change : location_.expire(now_)) emit(std::move(change));
  while (const auto tag = timers_.pop_due(due)) {
    switch (tag->owner) {
      case TimerOwner::Transport: {
        flows_.timer_fired(now_, FlowId{tag->subject});
        flush_flows();
        break;
      }
      case TimerOwner::Transaction:
        transactions_.timer_fired(now_, *tag);
        break;
      case TimerOwner::Proxy:
        stateful_.timer_fired(now_, *tag);
        break;
      case TimerOwner::Dialog:
        observer_->timer_fired(now_, *tag);
        break;
      case TimerOwner::Notifier:
        notifier_->timer_fired(now_, *tag);
        break;
      case TimerOwner::Prober:
        prober_->timer_fired(now_, *tag);
        break;
      case TimerOwner::Store:
        store_timer_fired(*tag);
        break;
      case TimerOwner::Registrant:
        registrant_->timer_fired(now_, *tag);
        break;
      case TimerOwner::Users:
        user_timer_fired(*tag);
        break;
      case TimerOwner::Overload:
        overload_timer_fired();
        break;
      case TimerOwner::Http:
        http_timer_fired(*tag);
        break;
      case TimerOwner::Route:
        route_timer_fired(*tag);
        break;
    }
    drain_reports();
  }
}

void EngineCore::drain_reports() {
  do {
    if (!never_opened_.empty()) {
      for (const LostFlow& lost : std::exchange(never_opened_, {})) {
        transactions_.flow_lost(now_, lost.flow, lost.reason);
      }
    }
    transactions_.take_reports(reports_);
    for (const TransactionReport& report : reports_) {
      const auto* gone = std::get_if<ServerTerminated>(&report);
      if (gone && gone->user.kind == registering_user_kind) registering_.erase(gone->user.subject);
      stateful_.report(now_, report);
      if (notifier_) notifier_->report(now_, report);
      if (prober_) prober_->report(now_, report);
      if (registrant_) registrant_->report(now_, report);
    }
    if (notifier_) notifier_->flush(now_);
  } while (!reports_.empty() || !never_opened_.empty());
}

}  // namespace intermediary
