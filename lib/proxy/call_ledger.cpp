#include "proxy/call_ledger.h"

#include <algorithm>
#include <cassert>

#include "message/values.h"

namespace intermediary {

namespace {

std::string uri_text(const Message& message, FieldName name) {
  const auto value = parse_name_address(message.value(name));
  return value ? value->uri.to_string() : std::string();
}

CallEnd end_of(DialogEnding::Cause cause) {
  switch (cause) {
    case DialogEnding::Cause::SessionExpired:
      return CallEnd::SessionExpired;
    case DialogEnding::Cause::LifetimeOver:
      return CallEnd::LifetimeOver;
    default:
      return CallEnd::Bye;  // nothing else ends a confirmed dialog
  }
}

}  // namespace

// It is being answered here, and has our Via already.
bool CallLedger::is_spiral(const Message& invite) const {
  const Invite key{invite.call_id(), invite.from_tag(), invite.cseq().number};
  if (!invites_.contains(key)) return false;
  return std::ranges::any_of(entries(invite, FieldName::Via), [&](const Entry& entry) {
    const auto via = parse_via(text(invite, entry));
    return via && names_.is_our_sent_by(via->host, via->port);
  });
}

CallWatch CallLedger::begin(const Message& invite, const CallWatch& watch, const Circumstances& how) {
  if (!watch.observer && is_spiral(invite)) return watch;
  Call call;
  CallIdentity& identity = call.identity;
  identity.number = ++last_;
  identity.started = how.wall;
  identity.call_id = invite.call_id();
  identity.caller_tag = invite.from_tag();
  identity.caller = uri_text(invite, FieldName::From);
  identity.callee = uri_text(invite, FieldName::To);
  identity.request_uri = invite.request_uri();
  identity.user = how.user;
  identity.rule = how.rule;
  identity.listener = how.listener;
  identity.transport = how.arrival.transport;
  identity.source = how.arrival.remote;
  call.cseq = invite.cseq().number;
  call.began = how.now;
  port_.emit(CallBegun{identity});
  invites_.emplace(identity.call_id, identity.caller_tag, call.cseq);
  if (watch.observer) {
    calls_.emplace(Key{true, watch.subject}, std::move(call));
    return watch;
  }
  calls_.emplace(Key{false, last_}, std::move(call));
  return {.observer = this, .kind = CallWatch::Kind::Attempt, .subject = last_};
}

CallLedger::Call* CallLedger::find(const Key& key) {
  const auto found = calls_.find(key);
  return found == calls_.end() ? nullptr : &found->second;
}

std::vector<CallView> CallLedger::views(TimePoint now, std::size_t most) const {
  std::vector<CallView> views;
  for (const auto& [key, call] : calls_) {
    if (views.size() == most) break;
    views.push_back({call.identity, call.peer, call.answered.has_value(), now - call.began});
  }
  return views;
}

void CallLedger::end(TimePoint now, const Key& key, CallEnd how, std::optional<DialogSide> by) {
  const auto found = calls_.find(key);
  Call call = std::move(found->second);
  calls_.erase(found);
  invites_.erase(invites_.find(Invite{call.identity.call_id, call.identity.caller_tag, call.cseq}));
  CallRecorded record;
  record.callee_tag = std::move(call.callee_tag);
  record.peer = std::move(call.peer);
  record.status = call.status;
  record.end = how;
  record.by = by;
  record.lasted = now - call.began;
  record.rang = call.answered.value_or(now) - call.began;
  if (key.followed && call.answered) record.talked = now - *call.answered;
  record.call = std::move(call.identity);
  port_.emit(std::move(record));
}

void CallLedger::note_peer(const Key& key, std::uint32_t peer) {
  Call* call = find(key);
  if (call && peers_.knows(PeerId{peer})) call->peer = peers_.name_of(PeerId{peer});
}

// ---- calls that nobody follows

MessagePtr CallLedger::response(TimePoint now, const CallWatch& watch, const Message&, std::uint64_t,
                                const MessagePtr& response, bool) {
  Call* call = find(Key{false, watch.subject});
  if (call && !call->answered && response->status() / 100 == 2) {
    call->answered = now;
    call->callee_tag = response->to_tag();
  }
  return nullptr;
}

void CallLedger::goes_to(const CallWatch& watch, std::uint32_t peer) { note_peer(Key{false, watch.subject}, peer); }

void CallLedger::answered(TimePoint now, const CallWatch& watch, int status) {
  const Key key{false, watch.subject};
  Call* call = find(key);
  if (!call) return;
  call->status = status;
  if (status / 100 == 2) return end(now, key, CallEnd::NotFollowed, std::nullopt);
  const bool by_caller = call->cancelled && status == 487;
  end(now, key, by_caller ? CallEnd::Cancelled : CallEnd::Rejected,
      by_caller ? DialogSide::Caller : DialogSide::Callee);
}

void CallLedger::cancelled(TimePoint, const CallWatch& watch) {
  if (Call* call = find(Key{false, watch.subject})) call->cancelled = true;
}

void CallLedger::forgotten(TimePoint now, const CallWatch& watch) {
  const Key key{false, watch.subject};
  if (find(key)) end(now, key, CallEnd::Unanswered, std::nullopt);
}

// ---- calls whose dialogs are followed

void CallLedger::changed(TimePoint now, const DialogSet& set, const Dialog& dialog, const DialogEnding* ending) {
  const Key key{true, set.id.value};
  Call* call = find(key);
  if (!call) return;
  if (dialog.state == DialogState::Confirmed) {
    ++call->talking;
    if (call->answered) return;
    call->answered = now;
    call->callee_tag = dialog.callee_tag;
  } else if (ending && dialog.confirmed != TimePoint{}) {
    if (--call->talking == 0) end(now, key, end_of(ending->cause), ending->by);
  }
}

void CallLedger::answered(TimePoint now, const DialogSet& set, int status) {
  const Key key{true, set.id.value};
  Call* call = find(key);
  if (!call) return;
  call->status = status;
  if (call->answered) return;
  if (status / 100 == 2) return end(now, key, CallEnd::NotFollowed, std::nullopt);  // an answer that made no dialog
  const bool by_caller = set.cancelled && status == 487;
  end(now, key, by_caller ? CallEnd::Cancelled : CallEnd::Rejected,
      by_caller ? DialogSide::Caller : DialogSide::Callee);
}

void CallLedger::forgotten(TimePoint now, const DialogSet& set) {
  const Key key{true, set.id.value};
  const Call* call = find(key);
  if (call && !call->answered) end(now, key, CallEnd::Unanswered, std::nullopt);
}

void CallLedger::goes_to(const DialogSet& set, std::uint32_t peer) { note_peer(Key{true, set.id.value}, peer); }

}  // namespace intermediary
