#include "proxy/dialog_observer.h"

#include <algorithm>
#include <utility>

#include "base/overloaded.h"
#include "message/values.h"
#include "proxy/branch_id.h"

namespace intermediary {
namespace {

using std::chrono::seconds;

constexpr seconds longest_session = std::chrono::days(30);  // as dialog_lifetime: peers may name 136 years
constexpr std::uint32_t least_session = 90;
constexpr std::size_t longest_early_tag = 256;  // of a provisional answer: whoever means it confirms it

std::string uri_in(const Message& message, FieldName name) {
  const auto value = parse_name_address(message.value(name));
  return value ? value->uri.to_string() : std::string();
}

// §12.1.1: the first, and only, Contact.
std::string target_in(const Message& message) {
  const std::vector<Entry> contacts = entries(message, FieldName::Contact);
  if (contacts.empty()) return {};
  const auto value = parse_name_address(text(message, contacts.front()));
  return value ? value->uri.to_string() : std::string();
}

DialogIdentity identity_of(const DialogSet& set, const Dialog& dialog) {
  return {set.call_id, set.caller_tag, dialog.callee_tag, set.caller, set.callee, set.rule};
}

// A Record-Route that this run of ours put there, of a dialog that it follows.
bool is_recorded_as_followed(const Message& invite, const ProxySettings& proxy) {
  const std::string proof = "." + std::string(dialog_mark(proxy.run_key, invite.call_id(), invite.from_tag()).view());
  return std::ranges::any_of(entries(invite, FieldName::RecordRoute), [&](const Entry& entry) {
    const auto route = parse_name_address(text(invite, entry));
    return route && route->uri.parameter(mark_parameter).value_or("").ends_with(proof);
  });
}

// Of the session itself; other usages of a dialog (RFC 5057) may outlive it.
bool is_of_the_session(Method method) {
  return method == Method::Invite || method == Method::Update || method == Method::Bye || method == Method::Info ||
         method == Method::Prack;
}

CallWatch::Kind kind_of(Method method) {
  if (method == Method::Invite || method == Method::Update) return CallWatch::Kind::Refresh;
  return method == Method::Bye ? CallWatch::Kind::Bye : CallWatch::Kind::Other;
}

bool fits(const DialogSet& set) {
  return set.call_id.size() + set.caller_tag.size() + set.caller.size() + set.callee.size() + set.called.size() +
             set.caller_target.size() <=
         limit::dialog_bytes;
}

void remember(CallWatch& watch, const SessionRequest& session) {
  watch.timer_supported = session.timer_supported;
  watch.interval = session.interval;
}

// RFC 4028 §9: no answer may name less than the request's Min-SE, nor than the 90 s that stand for it (§5). Who does so
// all the same is followed as long as if he had not.
std::uint32_t believed(std::uint32_t interval, const Message& request) {
  if (interval == 0) return 0;
  return std::max({interval, least_session, min_se(request).value_or(0)});
}

SessionRequest remembered(const CallWatch& watch) { return {watch.timer_supported, watch.interval}; }

// A BYE that was not refused for want of credentials or sent elsewhere is the end (RFC 3261 §15.1.1, §12.2.1.2).
bool ends_the_dialog(int status) { return status < 300 || (status >= 400 && status != 401 && status != 407); }

}  // namespace

DialogObserver::DialogObserver(const DialogSettings& settings, const ProxySettings& proxy, const Limits& limits,
                               const LocalNames& names, DialogTable& dialogs, TimerQueue& timers, ProxyPort& port,
                               std::vector<DialogListener*> listeners)
    : settings_(settings),
      proxy_(proxy),
      limits_(limits),
      names_(names),
      dialogs_(dialogs),
      timers_(timers),
      port_(port),
      listeners_(std::move(listeners)) {
  timers_.share(settings.lifetime);
}

std::expected<CallWatch, Refusal> DialogObserver::watch(TimePoint now, Preprocessed& request, const std::string& rule) {
  if (!request.request->to_tag().empty()) return watch_within(request);
  if (request.request->method() == Method::Invite) return watch_invite(now, request, rule);
  return CallWatch{};
}

std::expected<CallWatch, Refusal> DialogObserver::watch_invite(TimePoint now, Preprocessed& pre,
                                                               const std::string& rule) {
  const Message& invite = *pre.request;
  // A spiral: the same INVITE comes by again, on its way to another target (RFC 3261 §16.3 step 4). Its first passage
  // sees all of its answers. Without our mark it was forked before it came here (§16.6): each branch has its own.
  const bool is_spiral = dialogs_.has_open(invite.call_id(), invite.from_tag(), invite.cseq().number) &&
                         is_recorded_as_followed(invite, proxy_);
  if (is_spiral) return CallWatch{};

  DialogSet set;
  set.call_id = invite.call_id();
  set.caller_tag = invite.from_tag();
  set.caller = uri_in(invite, FieldName::From);
  set.callee = uri_in(invite, FieldName::To);
  set.caller_target = target_in(invite);
  set.rule = rule;
  set.cseq = invite.cseq().number;
  set.started = now;
  const std::string called = pre.request_uri.is_sip() ? address_of_record(pre.request_uri) : std::string();
  if (called != address_of_record_in(set.callee)) set.called = called;
  if (!fits(set)) return CallWatch{};  // nothing lasts of it: its dialogs pass by their mark, as in a stateful proxy
  if (dialogs_.size() >= limits_.dialogs) {
    return std::unexpected(Refusal{503, "there is no room for another dialog", {{"Retry-After", "30"}}});
  }
  const auto session = adjust(pre);
  if (!session) return std::unexpected(session.error());

  const DialogSetId id = dialogs_.begin(std::move(set));
  const DialogSet& stored = *dialogs_.find(id);
  Dialog& dialog = *dialogs_.find(stored.dialogs.front());
  port_.emit(DialogStarted{identity_of(stored, dialog)});
  tell(now, stored, dialog, nullptr);
  CallWatch watch{.observer = this, .kind = CallWatch::Kind::Invite, .subject = id.value};
  remember(watch, *session);
  return watch;
}

std::expected<CallWatch, Refusal> DialogObserver::watch_within(Preprocessed& pre) {
  const Message& request = *pre.request;
  const Method method = request.method();
  const DialogId id = dialogs_.find(request.call_id(), request.from_tag(), request.to_tag());
  Dialog* dialog = dialogs_.find(id);
  CallWatch watch{.observer = this, .kind = kind_of(method), .by_callee = pre.by_callee, .subject = id.value};
  if (!dialog) {
    if (!is_of_the_session(method)) return CallWatch{};
    const bool of_another_run = pre.in_our_dialog && !pre.followed;
    if (!of_another_run) return std::unexpected(Refusal{481, "its dialog is over, or never was", {}});
    watch.adopts = watch.kind == CallWatch::Kind::Refresh && dialogs_.size() < limits_.dialogs;
    if (!watch.adopts) return CallWatch{};
  } else {
    watch.by_callee = request.from_tag() != dialogs_.find(dialog->set)->caller_tag;
    std::uint32_t& cseq = dialog->cseq[watch.by_callee ? 1 : 0];
    cseq = std::max(cseq, request.cseq().number);
  }
  if (watch.kind == CallWatch::Kind::Refresh) {
    const auto session = adjust(pre);
    if (!session) return std::unexpected(session.error());
    remember(watch, *session);
  }
  return watch;
}

std::expected<SessionRequest, Refusal> DialogObserver::adjust(Preprocessed& pre) const {
  auto outcome = adjust_request(pre.request, settings_.session_timer, limits_);
  if (const auto* small = std::get_if<IntervalTooSmall>(&outcome)) {
    return std::unexpected(Refusal{422,
                                   "a session interval of " + std::to_string(small->interval) + " s is too small",
                                   {{"Min-SE", std::to_string(small->min_se)}}});
  }
  const Adjusted& adjusted = std::get<Adjusted>(outcome);
  if (adjusted.request) {
    if (auto again = preprocess(adjusted.request, names_, proxy_)) {
      again->flow = pre.flow;
      again->in_token = pre.in_token;
      again->path_entry = pre.path_entry;
      pre = *std::move(again);
    }
  }
  return adjusted.remembered;
}

// ---- answers

MessagePtr DialogObserver::response(TimePoint now, const CallWatch& watch, const Message& request, std::uint64_t branch,
                                    const MessagePtr& response, bool first) {
  if (watch.kind == CallWatch::Kind::Invite) return invite_response(now, watch, request, branch, response);
  const bool refreshes = watch.kind == CallWatch::Kind::Refresh && response->status() / 100 == 2 && first;
  return refreshes ? refresh_response(now, watch, request, response) : nullptr;
}

MessagePtr DialogObserver::invite_response(TimePoint now, const CallWatch& watch, const Message& request,
                                           std::uint64_t branch, const MessagePtr& response) {
  const DialogSetId set{watch.subject};
  const int status = response->status();
  AdjustedAnswer adjusted;
  if (status / 100 == 2) adjusted = adjust_answer(response, remembered(watch), limits_);
  if (!dialogs_.find(set)) return adjusted.response;
  if (status >= 300) {
    const bool cancelled = dialogs_.find(set)->cancelled && status == 487;
    const DialogEnding ending{cancelled ? DialogEnding::Cause::Cancelled : DialogEnding::Cause::Rejected,
                              cancelled ? DialogSide::Caller : DialogSide::Callee, status};
    end_unconfirmed(now, set, ending, branch);
    return nullptr;
  }
  if (status == 100 || response->to_tag().empty()) return adjusted.response;
  if (status < 200 && response->to_tag().size() > longest_early_tag) return nullptr;
  Dialog* dialog = dialog_of(now, set, branch, *response);
  if (!dialog) return adjusted.response;
  if (status >= 200) {
    if (dialog->state != DialogState::Confirmed) confirm(now, *dialog, believed(adjusted.interval, request));
  } else if (dialog->state == DialogState::Trying) {
    dialog->state = DialogState::Early;
    tell(now, *dialogs_.find(set), *dialog, nullptr);
  }
  return adjusted.response;
}

// §12.1: each To tag is a dialog of its own.
Dialog* DialogObserver::dialog_of(TimePoint now, DialogSetId set_id, std::uint64_t branch, const Message& response) {
  bool is_new = false;
  const DialogId id = dialogs_.with_tag(now, set_id, response.to_tag(), is_new);
  Dialog* dialog = dialogs_.find(id);
  if (!dialog) return nullptr;
  const DialogSet& set = *dialogs_.find(set_id);
  dialog->branch = branch;
  if (dialog->cseq[0] == 0) dialog->cseq[0] = set.cseq;
  if (std::string target = target_in(response); !target.empty()) dialog->target_of(DialogSide::Callee) = target;
  if (is_new) port_.emit(DialogStarted{identity_of(set, *dialog)});
  return dialog;
}

void DialogObserver::confirm(TimePoint now, Dialog& dialog, std::uint32_t interval) {
  const DialogSet& set = *dialogs_.find(dialog.set);
  dialog.state = DialogState::Confirmed;
  dialog.confirmed = now;
  if (dialog.target_of(DialogSide::Caller).empty()) dialog.target_of(DialogSide::Caller) = set.caller_target;
  live_until(now, dialog, interval);
  port_.emit(DialogConfirmed{identity_of(set, dialog), now - dialog.started});
  tell(now, set, dialog, nullptr);
}

// RFC 4028 §8.2: the expiration is the interval after the 2xx went upstream, and the lifetime is for sessions without.
void DialogObserver::live_until(TimePoint now, Dialog& dialog, std::uint32_t interval) {
  const bool by_session = interval != 0;
  dialog.session_interval = std::min(seconds(interval), longest_session);
  timers_.cancel(dialog.expiry);
  dialog.expiry = timers_.arm(now, by_session ? dialog.session_interval : settings_.lifetime,
                              {TimerOwner::Dialog, 0, dialog.id.value});
}

MessagePtr DialogObserver::refresh_response(TimePoint now, const CallWatch& watch, const Message& request,
                                            const MessagePtr& response) {
  AdjustedAnswer adjusted = adjust_answer(response, remembered(watch), limits_);
  Dialog* dialog = watch.adopts ? adopt(now, watch, request, *response) : dialogs_.find(DialogId{watch.subject});
  if (!dialog) return adjusted.response;
  // §12.2.1.2, §12.2.2: a target refresh moves both remote targets.
  const DialogSide sender = watch.by_callee ? DialogSide::Callee : DialogSide::Caller;
  const DialogSide other = watch.by_callee ? DialogSide::Caller : DialogSide::Callee;
  if (std::string target = target_in(request); !target.empty()) dialog->target_of(sender) = std::move(target);
  if (std::string target = target_in(*response); !target.empty()) dialog->target_of(other) = std::move(target);
  if (dialog->state == DialogState::Confirmed) live_until(now, *dialog, believed(adjusted.interval, request));
  return adjusted.response;
}

// A dialog of a run before this one shows that it lives.
Dialog* DialogObserver::adopt(TimePoint now, const CallWatch& watch, const Message& request, const Message& response) {
  const bool turned = watch.by_callee;
  if (dialogs_.find(request.call_id(), request.from_tag(), response.to_tag())) return nullptr;
  DialogSet set;
  set.call_id = request.call_id();
  set.caller_tag = turned ? response.to_tag() : request.from_tag();
  set.caller = uri_in(request, turned ? FieldName::To : FieldName::From);
  set.callee = uri_in(request, turned ? FieldName::From : FieldName::To);
  set.started = now;
  if (!fits(set)) return nullptr;
  const DialogSetId id = dialogs_.begin(std::move(set));
  bool is_new = false;
  const DialogId dialog_id = dialogs_.with_tag(now, id, turned ? request.from_tag() : response.to_tag(), is_new);
  dialogs_.close(id);
  Dialog& dialog = *dialogs_.find(dialog_id);
  port_.emit(DialogStarted{identity_of(*dialogs_.find(id), dialog)});
  confirm(now, dialog, 0);
  return &dialog;
}

void DialogObserver::goes_to(const CallWatch& watch, std::uint32_t peer) {
  if (watch.kind != CallWatch::Kind::Invite) return;
  const DialogSetId id{watch.subject};
  const DialogSet* set = dialogs_.find(id);
  if (!set) return;
  dialogs_.set_peer(id, peer);
  for (DialogListener* listener : listeners_) listener->goes_to(*set, peer);
}

// ---- ends

void DialogObserver::answered(TimePoint now, const CallWatch& watch, int status) {
  if (watch.kind == CallWatch::Kind::Bye && ends_the_dialog(status)) {
    const DialogSide by = watch.by_callee ? DialogSide::Callee : DialogSide::Caller;
    return end(now, DialogId{watch.subject}, {DialogEnding::Cause::Bye, by, status});
  }
  if (watch.kind != CallWatch::Kind::Invite) return;
  const DialogSetId id{watch.subject};
  const DialogSet* set = dialogs_.find(id);
  if (!set) return;
  if (status < 300) {
    for (DialogListener* listener : listeners_) listener->answered(now, *set, status);
    return;
  }
  const bool cancelled = set->cancelled && status == 487;
  const DialogEnding ending{cancelled ? DialogEnding::Cause::Cancelled : DialogEnding::Cause::Rejected,
                            cancelled ? DialogSide::Caller : DialogSide::Callee, status};
  end_unconfirmed(now, id, ending);
  for (DialogListener* listener : listeners_) listener->answered(now, *set, status);
  dialogs_.close(id);
}

void DialogObserver::cancelled(TimePoint, const CallWatch& watch) {
  if (watch.kind != CallWatch::Kind::Invite) return;
  if (DialogSet* set = dialogs_.find(DialogSetId{watch.subject})) set->cancelled = true;
}

// §13.2.2.4: 64*T1 after the first 2xx no further one comes; what is early until then was for nothing.
void DialogObserver::forgotten(TimePoint now, const CallWatch& watch) {
  if (watch.kind != CallWatch::Kind::Invite) return;
  const DialogSetId id{watch.subject};
  if (!dialogs_.find(id)) return;
  end_unconfirmed(now, id, {DialogEnding::Cause::AnsweredElsewhere, DialogSide::Callee, 0});
  for (DialogListener* listener : listeners_) listener->forgotten(now, *dialogs_.find(id));
  dialogs_.close(id);
}

void DialogObserver::timer_fired(TimePoint now, const TimerTag& tag) {
  const Dialog* dialog = dialogs_.find(DialogId{tag.subject});
  if (!dialog) return;
  const bool by_session = dialog->session_interval != Duration::zero();
  end(now, dialog->id,
      {by_session ? DialogEnding::Cause::SessionExpired : DialogEnding::Cause::LifetimeOver, std::nullopt, 0});
}

void DialogObserver::end_unconfirmed(TimePoint now, DialogSetId id, const DialogEnding& ending, std::uint64_t branch) {
  const std::vector<DialogId> dialogs = dialogs_.find(id)->dialogs;  // a copy: they leave it
  for (const DialogId each : dialogs) {
    const Dialog& dialog = *dialogs_.find(each);
    if (dialog.state == DialogState::Confirmed) continue;
    if (branch != 0 && (dialog.state != DialogState::Early || dialog.branch != branch)) continue;
    end(now, each, ending);
  }
}

void DialogObserver::end(TimePoint now, DialogId id, const DialogEnding& ending) {
  Dialog* dialog = dialogs_.find(id);
  if (!dialog) return;
  const DialogSet& set = *dialogs_.find(dialog->set);
  const Duration talked = dialog->state == DialogState::Confirmed ? now - dialog->confirmed : Duration::zero();
  timers_.cancel(dialog->expiry);
  dialog->state = DialogState::Terminated;
  tell(now, set, *dialog, &ending);
  port_.emit(DialogEnded{identity_of(set, *dialog), ending, now - dialog->started, talked});
  dialogs_.erase(id);
}

void DialogObserver::tell(TimePoint now, const DialogSet& set, const Dialog& dialog, const DialogEnding* ending) {
  for (DialogListener* listener : listeners_) listener->changed(now, set, dialog, ending);
}

}  // namespace intermediary
