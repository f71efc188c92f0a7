// How much is taken on, and what neighbours are told and say of it (docs/configuration.md, [overload]; docs/adr/0055).
#include <algorithm>

#include "base/text.h"
#include "engine/core.h"
#include "message/overload_control.h"
#include "transport/via.h"

namespace intermediary {

namespace {

using std::chrono::seconds;

// What each of these takes of memory, messages and timers with it, rounded up: docs/configuration.md has them too.
constexpr std::uint64_t server_transaction_bytes = 4096;
constexpr std::uint64_t client_transaction_bytes = 3072;
constexpr std::uint64_t response_context_bytes = 4096;
constexpr std::uint64_t dialog_load_bytes = 2048;
constexpr std::uint64_t binding_load_bytes = 768;
constexpr std::uint64_t subscription_bytes = 2048;
constexpr std::uint64_t connection_bytes = 8192;

constexpr Duration told_validity = seconds(1);  // of a reduction; a window is half as long

constexpr std::string_view resource_priority_field = "Resource-Priority";

LoadKind kind_of_load(Method method) {
  if (method == Method::Invite) return LoadKind::Call;
  return method == Method::Subscribe || method == Method::Refer ? LoadKind::Dialog : LoadKind::Request;
}

// RFC 4412 §3.1: "ets.0"; namespace and value are compared without case. A rule's "ets" is any value of it.
bool names_priority(std::string_view value, std::string_view wanted) {
  if (equals_ignoring_case(value, wanted)) return true;
  const std::size_t dot = value.find('.');
  return dot != std::string_view::npos && equals_ignoring_case(value.substr(0, dot), wanted);
}

bool lists_priority(std::string_view values, const std::vector<std::string>& wanted) {
  for (std::size_t begin = 0; begin < values.size();) {
    const std::size_t comma = std::min(values.find(',', begin), values.size());
    const std::string_view value = trim(values.substr(begin, comma - begin));
    if (std::ranges::any_of(wanted, [&](const std::string& one) { return names_priority(value, one); })) return true;
    begin = comma + 1;
  }
  return false;
}

}  // namespace

// ---- local admission

LiveLoad EngineCore::load() const {
  LiveLoad load{.calls = dialogs_.call_count()};
  if (config_.overload.memory == 0) return load;
  load.memory = transactions_.server_count() * server_transaction_bytes +
                transactions_.client_count() * client_transaction_bytes +
                stateful_.context_count() * response_context_bytes + dialogs_.size() * dialog_load_bytes +
                location_.binding_count() * binding_load_bytes + flows_.size() * connection_bytes +
                (notifier_ ? notifier_->size() * subscription_bytes : 0);
  return load;
}

// RFC 4412 §4.6.1: what stands in a request counts only where its sender may be believed.
bool EngineCore::has_trusted_priority(const Message& request, const Arrival& arrival) const {
  const std::vector<std::string>& wanted = config_.overload.resource_priority;
  if (wanted.empty() || !trusts(arrival.remote.address, arrival.listener)) return false;
  return std::ranges::any_of(request.fields(), [&](const Field& field) {
    return field.name == FieldName::Other && equals_ignoring_case(request.name_text(field), resource_priority_field) &&
           lists_priority(request.value(field), wanted);
  });
}

bool EngineCore::has_priority(const Preprocessed& pre, const Arrival& arrival) const {
  const Uri& uri = pre.request_uri;
  if (is_emergency_urn(uri)) return true;
  const std::string& name = config_.overload.emergency;
  const auto list = std::ranges::find(config_.lists, name, &PartyList::name);
  if (list != config_.lists.end() && list->holds(uri.user, uri.host)) return true;
  return has_trusted_priority(*pre.request, arrival);
}

// Only what would get state counts: who is refused by a rule, or asked who he is, takes nobody's room. Stateless rules
// cannot tell a repetition from a new request.
bool EngineCore::is_too_much(const Preprocessed& pre, const Arrival& arrival, const Decision& decision) {
  const Message& request = *pre.request;
  if (!config_.overload.limits_anything() || !request.to_tag().empty()) return false;
  const bool forwards = decision.goes_on() && decision.mode != ProxyMode::Stateless;
  if (!forwards && !decision.registers() && !decision.notifies() && !decision.redirects()) return false;
  if (const std::uint64_t key = refusal_key(request); overload_.refusals.knows(now_, key)) {
    turn_down(request, arrival, {LoadVerdict::Kind::Refused, "repeated"});
    return true;
  }
  const LoadAdmission asked{kind_of_load(request.method()), has_priority(pre, arrival)};
  const LoadVerdict verdict = overload_.gate.judge(now_, asked.kind, asked.priority, load());
  const bool admitted = verdict.kind == LoadVerdict::Kind::Admitted;
  overload_.feedback.came(now_, asked.kind, admitted);
  if (admitted) {
    admission_ = asked;
  } else {
    turn_down(request, arrival, verdict);
  }
  return !admitted;
}

// Of a flood, one event tells; each refusal is counted. A neighbour that would send nothing at all for the time of a
// Retry-After hears none (RFC 7339 §5.10.2); to all others it is another one for each call, so that they do not come
// back together.
void EngineCore::turn_down(const Message& request, const Arrival& arrival, const LoadVerdict& verdict) {
  ++counters_.refused;
  note_overload(verdict.limit);
  if (verdict.kind == LoadVerdict::Kind::Dropped) {
    ++counters_.overload_dropped;
    return;
  }
  ++counters_.overload_refused;
  overload_.refusals.note(now_, refusal_key(request));
  std::vector<std::pair<std::string_view, std::string>> fields;
  if (!is_overload_neighbour(arrival.remote.address)) fields.emplace_back("Retry-After", retry_after_of(request));
  respond_stateless(request, reply_hop(request, arrival), 503, stateless_tag(request), std::move(fields));
}

// What a repetition has in common with its request, and no other.
std::uint64_t EngineCore::refusal_key(const Message& request) const {
  KeyedHash hash(tag_key_);
  hash.field("refused").field(request.top_via().branch).field(request.call_id()).field(request.from_tag());
  return hash.number(request.cseq().number).field(request.method_text()).finish() | 1;
}

// The same for a repetition (RFC 3261 §8.2.7).
std::string EngineCore::retry_after_of(const Message& request) const {
  constexpr std::uint64_t least = 5, spread = 11;
  const std::uint64_t drawn = KeyedHash(tag_key_).field("retry after").field(request.call_id()).finish();
  return std::to_string(least + drawn % spread);
}

void EngineCore::note_overload(std::string_view limit) {
  OverloadEpisode& episode = overload_.episode;
  if (!episode.lasts) {
    episode = {.lasts = true, .begin = now_, .reason = std::string(limit)};
    episode.timer = timers_.arm(now_, limit::overload_quiet, {TimerOwner::Overload, 0, 0});
    emit(OverloadChanged{.overloaded = true, .reason = episode.reason});
  }
  episode.last = now_;
  ++episode.refused;
}

void EngineCore::overload_timer_fired() {
  OverloadEpisode& episode = overload_.episode;
  episode.timer = {};
  if (const Duration quiet = now_ - episode.last; quiet < limit::overload_quiet) {
    episode.timer = timers_.arm(now_, limit::overload_quiet - quiet, {TimerOwner::Overload, 0, 0});
    return;
  }
  emit(OverloadChanged{false, episode.reason, episode.refused, episode.last - episode.begin});
  episode = {};
}

ServerTransactionId EngineCore::open_transaction(const MessagePtr& request, const Arrival& arrival) {
  if (admission_) overload_.gate.take(now_, admission_->kind, admission_->priority);
  admission_.reset();
  return transactions_.create_server(now_, request, arrival, reply_hop(*request, arrival));
}

// ---- RFC 7339, as a server

bool EngineCore::is_overload_neighbour(const IpAddress& address) const {
  return std::ranges::any_of(config_.overload.neighbours, [&](const Cidr& one) { return one.contains(address); });
}

// §5.1. Strangers are not asked: they shall not learn how much there is to do here, nor that anybody counts it (§5.2).
void EngineCore::note_offer(const Message& request, const Arrival& arrival) {
  if (config_.overload.neighbours.empty() || !is_overload_neighbour(arrival.remote.address)) return;
  const TopVia& top = request.top_via();
  const std::string_view via = request.bytes().substr(top.begin, top.end - top.begin);
  OverloadClient client{arrival.remote.address, lowercase(sent_by_text(via))};
  auto& clients = overload_.clients;
  if (!offers_overload_control(via)) {
    clients.erase(client);
    return;
  }
  if (clients.size() >= limit::overload_clients && !clients.contains(client)) {
    clients.erase(std::ranges::min_element(clients, {}, [](const auto& entry) { return entry.second; }));
  }
  clients[std::move(client)] = now_;
}

// §5.2, §5.11: in every response to one that offered it, repeated ones and 100 too, what holds now.
std::optional<std::string> EngineCore::with_load(const Hop& hop, std::string_view bytes) {
  if (!proxy_settings_.overload_control || !bytes.starts_with("SIP/2.0 ")) return std::nullopt;
  std::string parameters;
  if (!overload_.clients.empty()) {
    const OverloadClient client{hop.remote.address, lowercase(sent_by_text(first_via(bytes)))};
    if (overload_.clients.contains(client)) {
      const LoadFeedback::Advice advice = overload_.feedback.advice(now_, load().memory);
      const auto told_at = std::max(Duration::zero(), nonce_offset_ + advice.since.time_since_epoch());
      parameters = to_parameters({advice.reduction, advice.reduction == 0 ? Duration::zero() : told_validity,
                                  static_cast<std::uint64_t>(told_at.count()) / 10});
    }
  }
  return with_overload_word(bytes, parameters);
}

// ---- RFC 7339, as a client

// §4.1. A hop of theirs that a request within a dialog goes to is asked too.
std::string_view EngineCore::via_parameters(PeerId peer, const Hop& hop) {
  const bool is_asked = peer && peers_.group_of(peer).overload_control;
  if (is_asked) overload_.neighbours.remember(hop.remote);
  return overload_.neighbours.knows(hop.remote) ? overload_offer : std::string_view();
}

// §5.4. REQUIRES: the response belongs to a transaction of ours.
void EngineCore::hear_load(const Message& response, const Arrival& arrival) {
  if (!overload_.neighbours.knows(arrival.remote)) return;
  const TopVia& top = response.top_via();
  const auto word = overload_word(response.bytes().substr(top.begin, top.end - top.begin));
  if (!word) return;
  if (auto change = overload_.neighbours.heard(now_, arrival.remote, *word)) emit(*std::move(change));
}

// §5.5, §5.10.1: what begins something new is held back before anything else, and a BYE never, for it makes room.
bool EngineCore::may_go_to(const Hop& hop, const Message& request, bool priority) {
  if (!overload_.neighbours.knows(hop.remote) || request.method() == Method::Bye) return true;
  const bool is_new = request.to_tag().empty() && !priority;
  const bool draws = overload_.neighbours.is_reduced(now_, hop.remote);
  const int draw = draws ? static_cast<int>(random_.below(100)) : 0;
  auto [passes, change] = overload_.neighbours.passage(
      now_, hop.remote, is_new ? NeighbourLoads::Category::New : NeighbourLoads::Category::Preferred, draw);
  if (change) emit(*std::move(change));
  if (!passes) ++counters_.overload_held;
  return passes;
}

// ---- limits of pools and trunks

std::uint64_t EngineCore::calls_in(std::size_t group) const {
  std::uint64_t calls = 0;
  for (const PeerId peer : peers_.members(group)) calls += dialogs_.calls_to(peer.value);
  return calls;
}

std::optional<PeerTable::Full> EngineCore::full(std::size_t group, bool priority) const {
  const GroupLimits& limits = peers_.group(group).limits;
  if (!limits.any()) return std::nullopt;
  const std::uint64_t calls = limits.calls == 0 ? 0 : calls_in(group);
  return peers_.full(now_, group, calls, priority ? config_.overload.reserve : 0);
}

// From one peer of a group to the next, the call is the same.
std::string EngineCore::refuse_peer(const Preprocessed& request, bool priority, PeerId peer, PeerId before) {
  if (request.request->method() != Method::Invite || !request.request->to_tag().empty()) return {};
  const std::size_t group = peers_.group_index(peer);
  if (!peers_.group(group).limits.any() || (before && peers_.group_index(before) == group)) return {};
  if (auto why = full(group, priority)) {
    ++counters_.limit_refused;
    return std::move(why->reason);
  }
  peers_.count_call(now_, group, priority ? config_.overload.reserve : 0);
  return {};
}

}  // namespace intermediary
