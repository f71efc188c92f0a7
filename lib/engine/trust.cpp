// The edge of the trust domain (RFC 3325).
#include <algorithm>
#include <cassert>

#include "base/text.h"
#include "engine/core.h"
#include "policy/trust.h"

namespace intermediary {

bool EngineCore::trusts(const IpAddress& address, ListenerId listener) const {
  const TrustConfig& trust = config_.trust;
  if (std::ranges::any_of(trust.peers, [&](const Cidr& peer) { return peer.contains(address); })) return true;
  const std::size_t index = listener.value - 1;
  return index < config_.listeners.size() &&
         std::ranges::find(trust.listeners, config_.listeners[index].name) != trust.listeners.end();
}

namespace {

// What was valid, with a field less or more; null where there is no room for more.
MessagePtr parsed_again(std::string bytes, const Limits& limits) {
  Limits room = limits;
  room.stream_message_bytes = std::max(room.stream_message_bytes, bytes.size());
  auto again = Message::parse(std::move(bytes), Framing::Stream, room);
  return again ? *std::move(again) : MessagePtr();
}

}  // namespace

MessagePtr EngineCore::parsed_with_room(std::string bytes) const {
  return parsed_again(std::move(bytes), config_.limits);
}

// §5: what a stranger asserts is not let in, request or response.
MessagePtr EngineCore::without_claims(const MessagePtr& message, const Arrival& arrival) const {
  if (!config_.trust.applies || trusts(arrival.remote.address, arrival.listener)) return message;
  auto without = without_field(message->bytes(), asserted_identity);
  if (!without) return message;
  MessagePtr again = parsed_again(*std::move(without), config_.limits);
  assert(again);
  return again;
}

// §6: a hint counts where it names an identity that the user has.
std::string EngineCore::identity_of(const Message& request, const Rule& rule, const std::string& user) const {
  const auto found = std::ranges::find(config_.auth, rule.challenge, &DigestRealm::name);
  if (found == config_.auth.end()) return {};  // a reload has taken it away while this request waited
  const DigestRealm& realm = *found;
  if (const auto hint = field_value(request.bytes(), preferred_identity)) {
    const auto preferred = parse_name_address(*hint);
    const bool anonymous = preferred && equals_ignoring_case(preferred->uri.host, "anonymous.invalid");
    if (preferred && !anonymous && may_be(realm, user, preferred->uri)) return preferred->uri.to_string();
  }
  const std::size_t at = user.rfind('@');
  if (at != std::string::npos) return identity_uri(user.substr(0, at), user.substr(at + 1));
  const std::string own = identity_uri(user, realm.realm);
  return own.empty() && !config_.domains.empty() ? identity_uri(user, config_.domains.front()) : own;
}

// §9.1: an ACK, a CANCEL and a REGISTER have none.
void EngineCore::assert_identity(Preprocessed& pre, const Arrival& arrival, const Rule* rule,
                                 const std::string& user) const {
  if (!config_.trust.applies || trusts(arrival.remote.address, arrival.listener)) return;
  const Message& request = *pre.request;
  const bool has_one =
      request.method() != Method::Ack && request.method() != Method::Cancel && request.method() != Method::Register;
  const std::string identity = rule && has_one && !user.empty() ? identity_of(request, *rule, user) : std::string();
  if (identity.empty() && !field_value(request.bytes(), preferred_identity)) return;
  MessagePtr again = parsed_again(asserting(request.bytes(), identity), config_.limits);
  if (!again) again = parsed_again(asserting(request.bytes(), {}), config_.limits);
  put_in_place(pre, again);
}

// §7, for whatever leaves: requests, answers, repetitions.
std::optional<std::string> EngineCore::concealed(const IpAddress& address, ListenerId listener,
                                                 std::string_view bytes) const {
  if (!config_.trust.applies || trusts(address, listener)) return std::nullopt;
  return for_outside(bytes);
}

}  // namespace intermediary
