// Pools and trunks: which peers a request goes to, and what is heard of them (docs/configuration.md).
#include <algorithm>

#include "engine/core.h"

namespace intermediary {

namespace {

constexpr std::string_view rates_prefix = "rates:";

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
  Target target{.uri = request.request_uri, .next_hop = peers_.peer(id).uri, .peer = id};
  if (peers_.group_of(id).kind == PeerGroupConfig::Kind::Trunk) target.uri = uri_on_trunk(request.request_uri, id);
  return target;
}

Uri EngineCore::uri_on_trunk(const Uri& asked, PeerId id) const {
  const PeerGroupConfig& trunk = peers_.group_of(id);
  const Uri& peer = peers_.peer(id).uri;
  Uri uri = asked.scheme == Uri::Scheme::Tel ? sip_uri_of(asked, peer) : asked;
  if (!uri.is_sip()) return uri;
  uri.scheme = peer.scheme;
  uri.written_scheme = peer.written_scheme;
  uri.host = peer.host;
  uri.port = peer.port;
  uri.remove_parameter("maddr");
  uri.remove_parameter("transport");
  const auto number = number_of(uri);
  if (!number || trunk.number_format == NumberFormat{}) return uri;
  return with_number(std::move(uri), written(*number, trunk.number_format, number_plan(trunk.number_plan)));
}

std::expected<std::vector<std::size_t>, Refusal> EngineCore::groups_for(const Preprocessed& request,
                                                                        const RelayAction& action) const {
  std::vector<std::size_t> groups;
  for (const std::string& reference : action.groups) {
    if (const auto group = peers_.find_group(reference)) {
      groups.push_back(*group);
      continue;
    }
    const auto found = groups_by_rates(request.request_uri, std::string_view(reference).substr(rates_prefix.size()));
    if (!found && action.groups.size() == 1) return std::unexpected(found.error());
    if (found) groups.insert(groups.end(), found->begin(), found->end());
  }
  return groups;
}

std::expected<std::vector<std::size_t>, Refusal> EngineCore::groups_by_rates(const Uri& uri,
                                                                             std::string_view name) const {
  const auto number = number_of(uri);
  if (!number) return std::unexpected(Refusal{404, "it is addressed to no number, and its rule goes by rates", {}});
  const auto table = std::ranges::find(config_.rates, name, &RateTable::name);
  const PrefixIndex& index = rates_[static_cast<std::size_t>(table - config_.rates.begin())];
  const std::string_view digits = std::string_view(*number).substr(number->starts_with('+') ? 1 : 0);
  std::vector<std::size_t> groups;
  const auto holds = [&](std::size_t band) { return is_time(table->bands[band]); };
  for (const FoundRate& rate : index.find(digits, holds)) {
    groups.push_back(*peers_.find_group(table->carriers[rate.carrier]));
  }
  if (groups.empty())
    return std::unexpected(Refusal{404, "no trunk of rates:" + table->name + " leads to " + *number, {}});
  return groups;
}

// When there is a token again can be said; when a call ends cannot.
Refusal EngineCore::refusal_when_full(const PeerTable::Full& full, const Message& request) const {
  const auto wait = std::chrono::ceil<std::chrono::seconds>(full.wait).count();
  return {503, full.reason, {{"Retry-After", wait > 0 ? std::to_string(wait) : retry_after_of(request)}}};
}

std::expected<TargetSet, Refusal> EngineCore::relay_to_groups(const Preprocessed& request, const Arrival& arrival,
                                                              const RelayAction& action, ProxyMode mode) {
  if (leads_past_us(request)) return std::unexpected(foreign_route(request));
  const auto groups = groups_for(request, action);
  if (!groups) return std::unexpected(groups.error());
  TargetSet targets;
  std::chrono::seconds wait = std::chrono::minutes(1);
  std::optional<PeerTable::Full> why_full;
  const bool counts =
      mode != ProxyMode::Stateless && request.request->method() == Method::Invite && request.request->to_tag().empty();
  for (const std::size_t group : *groups) {
    if (auto why = counts ? full(group, has_priority(request, arrival)) : std::nullopt) {
      ++counters_.limit_refused;
      const bool is_known = why->wait > Duration::zero();
      const bool is_sooner = why_full && (why_full->wait == Duration::zero() || why->wait < why_full->wait);
      if (!why_full || (is_known && is_sooner)) why_full = std::move(why);
      continue;
    }
    for (const PeerId id : peers_for(request, arrival, group, mode)) targets.add(target_at(request, id));
    wait = std::min(wait, peers_.wait(now_, group));
  }
  if (!targets.empty()) return targets;
  if (why_full) return std::unexpected(refusal_when_full(*why_full, *request.request));
  if (groups->empty()) return std::unexpected(Refusal{404, "no trunk of its rule leads to its number", {}});
  // Not 503, which would be about ourselves (RFC 3261 §16.7 step 6).
  std::string names;
  for (const std::size_t group : *groups) names += (names.empty() ? "" : ", ") + peers_.group(group).reference();
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
