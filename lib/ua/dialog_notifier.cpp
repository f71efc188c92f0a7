// Subscriptions: who may have one, how long, and what each has to hear of. What is sent: notifications.cpp.
#include "ua/dialog_notifier.h"

#include <algorithm>
#include <utility>

#include "base/overloaded.h"
#include "base/text.h"
#include "message/values.h"
#include "ua/dialog_info.h"
#include "ua/inspection.h"

namespace intermediary {
namespace {

using std::chrono::seconds;

constexpr std::string_view package = "dialog";
constexpr seconds least_refusable{3600};  // RFC 6665 §4.2.1.1

// "dialog;id=7;call-id=\"x\"": the package and its parameters.
struct EventField {
  std::string_view package;
  Parameters parameters;
};

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string out;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

EventField read_event(std::string_view value) {
  EventField event{trim(value.substr(0, value.find(';'))), {}};
  // Its parameters are those of a name-address as well (RFC 3261 §25.1: generic-param).
  const std::size_t semicolon = value.find(';');
  if (semicolon == std::string_view::npos) return event;
  const auto parsed = parse_name_address("<sip:event>" + std::string(value.substr(semicolon)));
  if (parsed) event.parameters = parsed->parameters;
  return event;
}

std::string parameter(const EventField& event, std::string_view name) {
  return unquoted(event.parameters.value(name).value_or(""));
}

// RFC 4235 §3.5.
bool accepts_document(const Message& request) {
  if (!request.has(FieldName::Accept)) return true;
  return std::ranges::any_of(tokens(request, FieldName::Accept), [](std::string_view range) {
    const std::string_view type = trim(range.substr(0, range.find(';')));
    return equals_ignoring_case(type, dialog_info_type) || type == "*/*" || equals_ignoring_case(type, "application/*");
  });
}

UaAnswer bad_event(const Message& request) {
  const std::string value(request.value(FieldName::Event));
  UaAnswer answer = refuse(489, value.empty() ? "it names no event package" : "there is no event package " + value);
  answer.fields.emplace_back("Allow-Events", package);
  return answer;
}

// RFC 6665 §4.2.1.1, §4.2.1.4.
std::expected<seconds, UaAnswer> granted(const Message& request, const NotifierSettings& settings) {
  seconds wanted = settings.default_expires;
  if (request.has(FieldName::Expires)) {
    const auto value = parse_delta_seconds(request.value(FieldName::Expires));
    if (!value) return std::unexpected(refuse(400, "Expires: " + value.error().detail));
    wanted = seconds(*value);
  }
  if (wanted.count() > 0 && wanted < least_refusable && wanted < settings.min_expires) {
    UaAnswer answer = refuse(423, "an interval of " + std::to_string(wanted.count()) + " s is too brief");
    answer.fields.emplace_back("Min-Expires", std::to_string(settings.min_expires.count()));
    return std::unexpected(answer);
  }
  return std::min(wanted, settings.max_expires);
}

// RFC 3261 §12.1.1: a dialog needs to know where its requests go.
std::expected<std::string, UaAnswer> read_target(const Message& request) {
  const auto contacts = name_addresses(request, FieldName::Contact);
  if (!contacts) return std::unexpected(refuse(400, contacts.error().detail));
  if (contacts->size() != 1) return std::unexpected(refuse(400, "a SUBSCRIBE has one Contact"));
  if (!contacts->front().uri.is_sip()) return std::unexpected(refuse(400, "its Contact is no SIP URI"));
  return contacts->front().uri.to_string();
}

bool is_secure_request(const Message& request) {
  const auto uri = Uri::parse(request.request_uri());
  return uri && uri->is_sips();
}

Capabilities subscriptions_only() { return {{Method::Subscribe}, {}}; }

UaAnswer unavailable(std::string why) {
  UaAnswer answer = refuse(503, std::move(why));
  answer.fields.emplace_back("Retry-After", "60");
  return answer;
}

UaAnswer accepted(seconds interval, const std::string& contact) {
  UaAnswer answer;
  answer.fields.emplace_back("Contact", contact);
  answer.fields.emplace_back("Expires", std::to_string(interval.count()));
  return answer;
}

SubscriptionChanged told(const Subscription& subscription, SubscriptionChanged::Change change,
                         std::string reason = {}) {
  return {subscription.resource, subscription.target, subscription.rule, change, std::move(reason)};
}

}  // namespace

DialogNotifier::DialogNotifier(const NotifierSettings& settings, const Limits& limits, const LocalNames& names,
                               const DialogTable& dialogs, TransactionLayer& transactions, TimerQueue& timers,
                               RandomSource& random, NotifierPort& port)
    : settings_(settings),
      limits_(limits),
      names_(names),
      dialogs_(dialogs),
      transactions_(transactions),
      timers_(timers),
      random_(random),
      port_(port) {
  timers_.share(seconds(1));
}

// ---- SUBSCRIBE

UaAnswer DialogNotifier::subscribe(TimePoint now, const SubscribeRequest& request, std::string& to_tag) {
  const Message& message = request.message;
  if (auto refusal = inspect_extensions(message, subscriptions_only())) return *refusal;
  const EventField event = read_event(message.value(FieldName::Event));
  if (event.package != package) return bad_event(message);
  if (!accepts_document(message)) return refuse(406, "it accepts no " + std::string(dialog_info_type));
  const auto interval = granted(message, settings_);
  if (!interval) return interval.error();
  auto target = read_target(message);
  if (!target) return target.error();
  if (is_merged(message)) return refuse(482, "the same SUBSCRIBE came by another way (RFC 3261 §8.2.2.2)");
  if (message.value(FieldName::From).size() + message.call_id().size() + target->size() > limit::dialog_bytes) {
    return refuse(400, "From, Call-ID and Contact are larger than a subscription may be");
  }
  if (subscriptions_.size() >= limits_.subscriptions) return unavailable("there is no room for another subscription");
  const IpAddress& source = request.arrival.remote.address;
  const auto held = by_source_.find(source);
  if (!request.trusted && held != by_source_.end() && held->second >= limits_.subscriptions_per_source) {
    return unavailable("too many subscriptions from this address");
  }

  const SubscriptionId id = subscriptions_.emplace();
  Subscription& subscription = *subscriptions_.find(id);
  to_tag = random_.token(16);
  subscription.id = id;
  subscription.call_id = message.call_id();
  subscription.local_tag = to_tag;
  subscription.remote_tag = message.from_tag();
  subscription.local = unfold(message.value(FieldName::To)) + ";tag=" + to_tag;
  subscription.remote = unfold(message.value(FieldName::From));
  subscription.target = *std::move(target);
  for (const Entry& entry : entries(message, FieldName::RecordRoute)) {
    subscription.routes.push_back(unfold(text(message, entry)));
  }
  subscription.secure = is_secure_request(message);
  subscription.remote_cseq = message.cseq().number;
  subscription.arrival = request.arrival;
  subscription.event = package;
  if (const std::string number = parameter(event, "id"); !number.empty()) subscription.event += ";id=" + number;
  subscription.resource = request.resource;
  const auto to = parse_name_address(message.value(FieldName::To));
  subscription.entity = request.resource.empty() && to ? to->uri.to_string() : request.resource;
  subscription.rule = request.rule;
  subscription.filter = {parameter(event, "call-id"), parameter(event, "to-tag"), parameter(event, "from-tag")};
  by_local_tag_.emplace(to_tag, id);
  by_resource_.emplace(subscription.resource, id);
  ++by_source_[source];
  keep_until(now, subscription, *interval);
  UaAnswer answer = accepted(*interval, contact_of(subscription));
  answer.events.emplace_back(told(subscription, SubscriptionChanged::Change::Added));
  return answer;
}

bool DialogNotifier::is_merged(const Message& request) const {
  return std::ranges::any_of(by_local_tag_, [&](const auto& entry) {
    const Subscription& other = *subscriptions_.find(entry.second);
    return other.call_id == request.call_id() && other.remote_tag == request.from_tag() &&
           other.remote_cseq == request.cseq().number;
  });
}

SubscriptionId DialogNotifier::find(std::string_view call_id, std::string_view local_tag,
                                    std::string_view remote_tag) const {
  const auto found = by_local_tag_.find(local_tag);
  if (found == by_local_tag_.end()) return {};
  const Subscription& subscription = *subscriptions_.find(found->second);
  const bool same = subscription.call_id == call_id && subscription.remote_tag == remote_tag;
  return same && subscription.ending.empty() ? found->second : SubscriptionId{};
}

bool DialogNotifier::knows(const Message& request) const {
  return static_cast<bool>(find(request.call_id(), request.to_tag(), request.from_tag()));
}

// RFC 6665 §4.2.1.4, RFC 3261 §12.2.2. REQUIRES: knows(request).
UaAnswer DialogNotifier::refresh(TimePoint now, const Message& request) {
  Subscription& subscription = *subscriptions_.find(find(request.call_id(), request.to_tag(), request.from_tag()));
  if (request.cseq().number < subscription.remote_cseq) {
    return refuse(500, "its CSeq is lower than that of the one before (RFC 3261 §12.2.2)");
  }
  subscription.remote_cseq = request.cseq().number;
  if (auto refusal = inspect_extensions(request, subscriptions_only())) return *refusal;
  if (read_event(request.value(FieldName::Event)).package != package) return bad_event(request);
  const auto interval = granted(request, settings_);
  if (!interval) return interval.error();
  if (request.has(FieldName::Contact)) {
    auto target = read_target(request);
    if (!target) return target.error();
    subscription.target = *std::move(target);  // a target refresh
  }
  keep_until(now, subscription, *interval);
  UaAnswer answer = accepted(*interval, contact_of(subscription));
  if (interval->count() != 0) answer.events.emplace_back(told(subscription, SubscriptionChanged::Change::Refreshed));
  return answer;
}

// From now on for that long; 0: tell once more, and no longer (RFC 6665 §4.2.1.4, §4.4.3).
void DialogNotifier::keep_until(TimePoint now, Subscription& subscription, seconds interval) {
  timers_.cancel(subscription.expiry);
  subscription.expires = now + interval;
  subscription.full = true;
  subscription.at_once = true;
  subscription.changes.clear();
  if (interval.count() == 0) {
    subscription.ending = "timeout";
  } else {
    subscription.expiry = timers_.arm(
        now, interval, {TimerOwner::Notifier, static_cast<std::uint8_t>(NotifierTimer::Expiry), subscription.id.value});
  }
  mark(subscription);
}

void DialogNotifier::mark(Subscription& subscription) {
  if (std::ranges::find(dirty_, subscription.id) == dirty_.end()) dirty_.push_back(subscription.id);
}

// ---- what there is to tell

void DialogNotifier::changed(TimePoint now, const DialogSet& set, const Dialog& dialog, const DialogEnding* ending) {
  if (subscriptions_.empty()) return;
  std::vector<std::string> users{address_of_record_in(set.caller), address_of_record_in(set.callee), set.called};
  std::ranges::sort(users);
  const auto repeated = std::ranges::unique(users);
  users.erase(repeated.begin(), repeated.end());
  if (!users.front().empty()) users.insert(users.begin(), "");  // who watches this element
  for (const std::string& user : users) {
    const auto [begin, end] = by_resource_.equal_range(user);
    for (auto entry = begin; entry != end; ++entry) {
      note_change(now, *subscriptions_.find(entry->second), set, dialog, ending);
    }
  }
}

void DialogNotifier::note_change(TimePoint now, Subscription& subscription, const DialogSet& set, const Dialog& dialog,
                                 const DialogEnding* ending) {
  if (!subscription.ending.empty()) return;
  const DialogSide side = side_of(set, subscription.resource).value_or(DialogSide::Caller);
  const DialogInfo info = dialog_info(now, set, dialog, side, ending);
  if (!passes(subscription.filter, info)) return;
  mark(subscription);
  // Full state is taken when it is sent, and has nothing of what is over.
  if (subscription.full && !subscription.has_sent) return;
  const auto known = std::ranges::find(subscription.changes, dialog.id, &DialogChange::dialog);
  DialogChange& change =
      known != subscription.changes.end() ? *known : subscription.changes.emplace_back(DialogChange{dialog.id, {}});
  if (ending) change.ended = dialog_element(info);
  // Too much to remember: all of what is there then.
  if (subscription.changes.size() > limit::remembered_changes) {
    subscription.changes.clear();
    subscription.full = true;
  }
}

bool passes(const DialogFilter& filter, const DialogInfo& info) {
  return (filter.call_id.empty() || filter.call_id == info.call_id) &&
         (filter.local_tag.empty() || filter.local_tag == info.local_tag) &&
         (filter.remote_tag.empty() || filter.remote_tag == info.remote_tag);
}

// The dialogs that are asked for, the last first.
std::vector<DialogId> DialogNotifier::all_dialogs(TimePoint now, const Subscription& subscription) const {
  std::vector<DialogId> all;
  const DialogFilter& filter = subscription.filter;
  const auto sets = subscription.resource.empty() ? dialogs_.all() : dialogs_.of_user(subscription.resource);
  for (const DialogSetId id : sets) {
    const DialogSet& set = *dialogs_.find(id);
    if (!filter.call_id.empty() && filter.call_id != set.call_id) continue;
    for (const DialogId dialog : set.dialogs) {
      if (filter.takes_all() || !element_of(now, subscription, {dialog, {}}).empty()) all.push_back(dialog);
    }
  }
  std::ranges::reverse(all);
  return all;
}

// "" of a dialog that is not there any more, or that is not asked for.
std::string DialogNotifier::element_of(TimePoint now, const Subscription& subscription,
                                       const DialogChange& change) const {
  if (change.ended) return *change.ended;
  const Dialog* dialog = dialogs_.find(change.dialog);
  if (!dialog) return {};
  const DialogSet& set = *dialogs_.find(dialog->set);
  const DialogSide side = side_of(set, subscription.resource).value_or(DialogSide::Caller);
  const DialogInfo info = dialog_info(now, set, *dialog, side, nullptr);
  return passes(subscription.filter, info) ? dialog_element(info) : std::string();
}

// ---- ends

void DialogNotifier::timer_fired(TimePoint, const TimerTag& tag) {
  Subscription* subscription = subscriptions_.find(SubscriptionId{tag.subject});
  if (!subscription) return;
  if (static_cast<NotifierTimer>(tag.kind) == NotifierTimer::Expiry) {
    subscription->ending = "timeout";
    subscription->full = true;
    subscription->at_once = true;
  }
  mark(*subscription);
}

void DialogNotifier::remove(Subscription& subscription, std::string_view reason) {
  port_.emit(told(subscription, SubscriptionChanged::Change::Ended, std::string(reason)));
  timers_.cancel(subscription.expiry);
  timers_.cancel(subscription.pace);
  queries_.erase(subscription.query);
  by_local_tag_.erase(subscription.local_tag);
  const auto [begin, end] = by_resource_.equal_range(subscription.resource);
  by_resource_.erase(std::find_if(begin, end, [&](const auto& entry) { return entry.second == subscription.id; }));
  const auto source = by_source_.find(subscription.arrival.remote.address);
  if (--source->second == 0) by_source_.erase(source);
  subscriptions_.erase(subscription.id);
}

std::string DialogNotifier::contact_of(const Subscription& subscription) const {
  const LocalNames::Listener* in = names_.find(subscription.arrival.listener);
  std::string contact = subscription.secure ? "<sips:" : "<sip:";
  contact += in ? in->sent_by : std::string("invalid");
  if (in && in->transport != Transport::Udp && !subscription.secure)
    contact += ";transport=" + std::string(parameter_name(in->transport));
  return contact + ">";
}

}  // namespace intermediary
