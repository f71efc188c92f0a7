// Pools and trunks: which peers a request goes to, and what is heard of them (docs/configuration.md).
#include <algorithm>

#include "engine/core.h"

namespace intermediary {

namespace {

std::string hashed_text(const PeerGroupConfig& group, const Preprocessed& request, const Arrival& arrival) {
  switch (group.hashed_on) {
    case HashedOn::CallId:
      return std::string(request.request->call_id());
    case HashedOn::From: {
      const auto from = parse_name_address(request.request->value(FieldName::From));
      return from ? address_of_record(from->uri) : std::string();
    }
    case HashedOn::RequestUri:
      return address_of_record(request.request_uri);
    case HashedOn::Source:
      return arrival.remote.address.to_string();
  }
  return {};
}

}  // namespace

// Without state the choice is the same each time (RFC 3261 §16.11). Within a dialog it is who the Request-URI names,
// for that is who took part in it; only where no Record-Route keeps us in it does such a request come here at all.
std::vector<PeerId> EngineCore::peers_for(const Preprocessed& request, const Arrival& arrival, std::size_t group,
                                          ProxyMode mode) {
  const bool in_dialog = !request.request->to_tag().empty();
  const bool chooses = !in_dialog && mode != ProxyMode::Stateless;
  const bool hashes = !chooses || peers_.group(group).distribution == Distribution::Hash;
  const std::string hashed = hashes ? hashed_text(peers_.group(group), request, arrival) : std::string();
  if (chooses) {
    return peers_.choose(now_, group, hashed, [this](PeerId peer) { return dialogs_.calls_to(peer.value); });
  }
  if (in_dialog) {
    if (const auto named = peers_.named(group, request.request_uri)) return {*named};
  }
  return {peers_.fixed(group, hashed)};
}

// A pool's peers take what is addressed to us; a trunk's are another network, with names of its own.
Target EngineCore::target_at(const Preprocessed& request, PeerId id) const {
  const Uri& uri = peers_.peer(id).uri;
  Target target{.uri = request.request_uri, .next_hop = uri, .peer = id};
  if (peers_.group_of(id).kind == PeerGroupConfig::Kind::Pool || !request.request_uri.is_sip()) return target;
  target.uri.scheme = uri.scheme;
  target.uri.scheme_text = uri.scheme_text;
  target.uri.host = uri.host;
  target.uri.port = uri.port;
  target.uri.remove_parameter("maddr");
  target.uri.remove_parameter("transport");
  return target;
}

std::expected<TargetSet, Refusal> EngineCore::relay_to_groups(const Preprocessed& request, const Arrival& arrival,
                                                              const RelayAction& action, ProxyMode mode) {
  if (leads_past_us(request)) return std::unexpected(foreign_route(request));
  TargetSet targets;
  std::chrono::seconds wait = std::chrono::minutes(1);
  for (const std::string& reference : action.groups) {
    const std::size_t group = *peers_.find_group(reference);
    for (const PeerId id : peers_for(request, arrival, group, mode)) targets.add(target_at(request, id));
    wait = std::min(wait, peers_.wait(now_, group));
  }
  if (!targets.empty()) return targets;
  // Not 503, which would be about ourselves (RFC 3261 §16.7 step 6).
  std::string names;
  for (const std::string& reference : action.groups) names += (names.empty() ? "" : ", ") + reference;
  return std::unexpected(
      Refusal{500, "no peer of " + names + " takes requests", {{"Retry-After", std::to_string(wait.count())}}});
}

void EngineCore::probed(PeerId peer, PeerOutcome outcome, std::optional<std::chrono::seconds> rest,
                        const std::string& reason) {
  if (auto change = peers_.heard(now_, peer, outcome, true, rest, reason)) emit(*std::move(change));
}

void EngineCore::heard_of(PeerId peer, PeerOutcome outcome, std::optional<std::chrono::seconds> rest,
                          const std::string& reason) {
  if (!peers_.knows(peer)) return;
  if (auto change = peers_.heard(now_, peer, outcome, false, rest, reason)) emit(*std::move(change));
}

}  // namespace intermediary
