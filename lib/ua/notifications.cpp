// NOTIFY: when it leaves, what it says, and what its answer means (RFC 6665 §4.2.2, RFC 3261 §12.2.1).
#include <algorithm>
#include <array>
#include <utility>

#include "base/overloaded.h"
#include "message/compose.h"
#include "message/values.h"
#include "ua/dialog_info.h"
#include "ua/dialog_notifier.h"

namespace intermediary {
namespace {

using std::chrono::seconds;

constexpr seconds pace{1};                // RFC 4235 §3.10
constexpr std::size_t mtu_margin = 200;   // RFC 3261 §18.1.1
constexpr std::size_t length_bytes = 24;  // "Content-Length: 12345" and its line end

// The route set with the remote target, as RFC 3261 §12.2.1.1 makes a request of them.
struct Routing {
  std::string request_uri;
  std::vector<std::string> routes;
  Uri next_hop;
};

std::expected<Routing, std::string> routing_of(const Subscription& subscription) {
  const auto target = Uri::parse(subscription.target);
  if (!target) return std::unexpected("its Contact is unreadable");
  if (subscription.routes.empty()) return Routing{subscription.target, {}, *target};
  const auto first = parse_name_address(subscription.routes.front());
  if (!first) return std::unexpected("its Record-Route is unreadable: " + first.error().detail);
  if (first->uri.has_parameter("lr")) return Routing{subscription.target, subscription.routes, first->uri};
  // A strict router: it becomes the Request-URI, and the target the last Route.
  Uri allowed = first->uri;
  allowed.headers.clear();
  allowed.remove_parameter("method");
  Routing routing{allowed.to_string(), {subscription.routes.begin() + 1, subscription.routes.end()}, first->uri};
  routing.routes.push_back("<" + subscription.target + ">");
  return routing;
}

// RFC 6665 §4.2.2, with RFC 5057: what a refusal says about the subscription, not about that one NOTIFY.
bool ends_the_subscription(int status) {
  constexpr std::array<int, 9> ends{404, 405, 408, 410, 416, 489, 501, 604, 482};
  return (status >= 480 && status <= 485) || std::ranges::find(ends, status) != ends.end();
}

}  // namespace

void DialogNotifier::flush(TimePoint now) {
  while (!dirty_.empty()) {
    for (const SubscriptionId id : std::exchange(dirty_, {})) {
      if (Subscription* subscription = subscriptions_.find(id)) notify(now, *subscription);
    }
  }
}

void DialogNotifier::notify(TimePoint now, Subscription& subscription) {
  const bool nothing =
      !subscription.full && subscription.changes.empty() && subscription.untold.empty() && subscription.ending.empty();
  if (subscription.under_way || nothing) return;
  const TimePoint next = subscription.last_sent + pace;
  if (subscription.has_sent && !subscription.at_once && now < next) {
    if (timers_.is_armed(subscription.pace)) return;
    const TimerTag tag{TimerOwner::Notifier, static_cast<std::uint8_t>(NotifierTimer::Pace), subscription.id.value};
    subscription.pace = timers_.arm(now, next - now, tag);
    return;
  }
  timers_.cancel(subscription.pace);
  const auto routing = routing_of(subscription);
  if (!routing) return remove(subscription, routing.error());
  subscription.under_way = true;
  // The connection that the subscriber came by leads back, whatever its Contact says; while it is there.
  const Arrival& arrival = subscription.arrival;
  if (arrival.flow && subscription.routes.empty() && port_.is_open(arrival.flow)) {
    return send(now, subscription, {arrival.transport, arrival.remote, arrival.listener, arrival.flow});
  }
  std::visit(Overloaded{
                 [&](const Hop& hop) { send(now, subscription, hop); },
                 [&](std::uint64_t query) {
                   subscription.query = query;
                   queries_[query] = subscription.id;
                 },
                 [&](const std::string& reason) { remove(subscription, reason); },
             },
             port_.find_notify_hop(routing->next_hop));
}

bool DialogNotifier::resolved(TimePoint now, std::uint64_t query,
                              const std::expected<std::vector<Hop>, std::string>& hops) {
  const auto found = queries_.find(query);
  if (found == queries_.end()) return false;
  Subscription& subscription = *subscriptions_.find(found->second);
  queries_.erase(found);
  subscription.query = 0;
  if (!hops || hops->empty()) {
    remove(subscription, hops ? std::string("its Contact has no address") : hops.error());
  } else {
    send(now, subscription, hops->front());
  }
  return true;
}

void DialogNotifier::send(TimePoint now, Subscription& subscription, Hop hop) {
  const auto listener_for = [&](Transport transport) {
    return names_.for_sending(transport, hop.remote.address.family(), subscription.arrival.listener);
  };
  const LocalNames::Listener* out = listener_for(hop.transport);
  if (!out) return remove(subscription, "no listener to reach " + hop.remote.to_string() + " from");
  hop.listener = out->id;
  const std::string branch = "z9hG4bK" + random_.token(24);
  std::string bytes = request_for(now, subscription, hop, *out, branch);
  // RFC 3261 §18.1.1: one dialog may be too much for a datagram.
  const LocalNames::Listener* larger = hop.transport == Transport::Udp ? listener_for(Transport::Tcp) : nullptr;
  if (larger && bytes.size() + mtu_margin > limits_.path_mtu) {
    hop.transport = Transport::Tcp;
    hop.listener = larger->id;
    const std::size_t via = bytes.find("Via: SIP/2.0/UDP " + out->sent_by);
    bytes.replace(via, 17 + out->sent_by.size(), "Via: SIP/2.0/TCP " + larger->sent_by);
  }
  subscription.last_sent = now;
  subscription.has_sent = true;
  subscription.at_once = false;
  transactions_.create_client(now, Method::Notify, branch, std::move(bytes), hop, {user_kind, subscription.id.value});
}

std::string DialogNotifier::request_for(TimePoint now, Subscription& subscription, const Hop& hop,
                                        const LocalNames::Listener& out, std::string_view branch) {
  const Routing routing = *routing_of(subscription);
  ++subscription.local_cseq;  // §12.2.1.1: by one for each request
  RequestWriter request("NOTIFY", routing.request_uri);
  request.field(
      "Via", "SIP/2.0/" + std::string(via_name(hop.transport)) + " " + out.sent_by + ";branch=" + std::string(branch));
  request.field("Max-Forwards", std::to_string(limit::max_forwards_default));
  for (const std::string& route : routing.routes) request.field("Route", route);
  request.field("From", subscription.local).field("To", subscription.remote);
  request.field("Call-ID", subscription.call_id);
  request.field("CSeq", std::to_string(subscription.local_cseq) + " NOTIFY");
  request.field("Contact", contact_of(subscription));
  request.field("Event", subscription.event);
  if (subscription.ending.empty()) {
    const auto left = std::chrono::ceil<seconds>(subscription.expires - now);
    request.field("Subscription-State", "active;expires=" + std::to_string(left.count()));
  } else {
    request.field("Subscription-State", "terminated;reason=" + subscription.ending);
  }
  if (!settings_.server_name.empty()) request.field("User-Agent", settings_.server_name);
  request.field("Content-Type", dialog_info_type);
  const std::size_t used = request.size() + length_bytes + mtu_margin;
  return request.finish(take_document(now, subscription, limits_.path_mtu > used ? limits_.path_mtu - used : 0));
}

// As many dialogs as fit, and at least one; the others stay for the next one, which is partial state. The last one of a
// subscription has many, and is full state only where it has all.
std::string DialogNotifier::take_document(TimePoint now, Subscription& subscription, std::size_t room) {
  const bool full = subscription.full;
  const bool last = !subscription.ending.empty();
  std::vector<DialogChange>& changes = subscription.changes;
  std::vector<DialogId>& untold = subscription.untold;
  if (full) {
    changes.clear();
    untold = all_dialogs(now, subscription);
  }
  subscription.full = false;
  std::size_t left = room - std::min(room, dialog_info_document(subscription.entity, ~0U, true, "").size());
  std::string elements;
  std::size_t count = 0;
  const auto take = [&](const DialogChange& change) {
    const std::string element = element_of(now, subscription, change);
    const bool fits = last ? count < limit::remembered_changes : elements.empty() || element.size() <= left;
    if (!fits) return false;
    elements += element;
    left -= std::min(left, element.size());
    ++count;
    return true;
  };
  const auto kept = std::ranges::find_if_not(changes, take);
  const bool goes_on = kept == changes.end();
  changes.erase(changes.begin(), kept);
  while (goes_on && !untold.empty() && take({untold.back(), {}})) untold.pop_back();
  const bool has_all = full && (!last || untold.empty());
  return dialog_info_document(subscription.entity, subscription.version++, has_all, elements);
}

void DialogNotifier::report(TimePoint now, const TransactionReport& report) {
  const auto with = [&](TransactionUser user, auto&& act) {
    if (user.kind != user_kind) return;
    Subscription* subscription = subscriptions_.find(SubscriptionId{user.subject});
    if (subscription) act(*subscription);
  };
  std::visit(Overloaded{
                 [&](const ResponseReceived& r) {
                   if (r.response->status() < 200) return;
                   with(r.user, [&](Subscription& s) { finished(now, s, r.response->status(), &*r.response); });
                 },
                 [&](const ClientTimedOut& r) {
                   with(r.user, [&](Subscription& s) { finished(now, s, 408, nullptr); });  // §8.1.3.1
                 },
                 [&](const ClientSendFailed& r) { with(r.user, [&](Subscription& s) { remove(s, r.reason); }); },
                 [](const ClientTerminated&) {},
                 [](const AckMissing&) {},
                 [](const AnswerOverdue&) {},
                 [](const ServerTerminated&) {},
             },
             report);
}

void DialogNotifier::finished(TimePoint, Subscription& subscription, int status, const Message* response) {
  subscription.under_way = false;
  if (!subscription.ending.empty() && !subscription.full) return remove(subscription, subscription.ending);
  if (ends_the_subscription(status)) {
    return remove(subscription, "its NOTIFY was answered with " + std::to_string(status));
  }
  // What was not taken is told again, all of it.
  if (status >= 300) subscription.full = true;
  // §12.2.1.2: a NOTIFY is a target refresh.
  if (status < 300 && response->has(FieldName::Contact)) {
    const auto contacts = name_addresses(*response, FieldName::Contact);
    if (contacts && contacts->size() == 1 && contacts->front().uri.is_sip()) {
      subscription.target = contacts->front().uri.to_string();
    }
  }
  const bool more = !subscription.changes.empty() || !subscription.untold.empty();
  if (status < 300 || !subscription.ending.empty() || more) mark(subscription);
}

}  // namespace intermediary
