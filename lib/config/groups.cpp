// [pool.NAME] and [trunk.NAME]: groups of peers, and how they are balanced, watched and left.
#include <algorithm>
#include <utility>

#include "base/link_local.h"
#include "base/text.h"
#include "config/draft.h"
#include "config/words.h"
#include "transport/locate.h"
#include "transport/resolve.h"

namespace intermediary {
namespace {

using Kind = PeerGroupConfig::Kind;

std::optional<Uri> parse_peer(const Placed<std::string>& text, Problems& problems) {
  const std::expected<Uri, ValueError> uri = Uri::parse(text.value);
  std::string problem = uri ? problem_with_target(*uri) : uri.error().detail;
  if (problem.empty() && uri->has_user) problem = "a peer is a host, without a user";
  if (problem.empty()) return *uri;
  problems.error(text.at, "a peer is a URI such as 'sip:10.0.0.11;transport=tcp': " + problem);
  return std::nullopt;
}

void add_peer(PeerConfig peer, Position at, PeerGroupConfig& group, Problems& problems) {
  if (peer.name.empty()) peer.name = peer.uri.host_port();
  const auto is_it = [&](const PeerConfig& other) { return equivalent(other.uri, peer.uri); };
  if (std::ranges::find(group.peers, peer.name, &PeerConfig::name) != group.peers.end()) {
    problems.error(at, "two peers of " + group.reference() + " are named '" + peer.name + "'; give them a 'name'");
  } else if (std::ranges::any_of(group.peers, is_it)) {
    problems.error(at, "'" + peer.uri.to_string() + "' stands in " + group.reference() + " twice");
  } else {
    group.peers.push_back(std::move(peer));
  }
}

void read_peer(TableReader& reader, PeerGroupConfig& group) {
  PeerConfig peer;
  if (const auto name = reader.text("name")) {
    peer.name = name->value;
    if (!is_token(peer.name)) {
      reader.problems().error(name->at, "'" + peer.name + "' is not a name: use letters, digits, '-', '.' and '_'");
    }
  }
  reader.integer("weight", peer.weight, range::weight);
  reader.integer("priority", peer.priority, range::priority);
  reader.boolean("drain", peer.drain);
  const auto text = reader.text("uri");
  if (!text && !reader.has("uri")) {
    reader.problems().error(reader.at(), reader.naming("uri") + " is missing: where the peer is");
  }
  const auto uri = text ? parse_peer(*text, reader.problems()) : std::nullopt;
  reader.finish();
  if (!uri) return;
  peer.uri = *uri;
  add_peer(std::move(peer), reader.at(), group, reader.problems());
}

// Of a trunk, one peer may stand alone: peer = "sip:…".
void read_only_peer(TableReader& reader, PeerGroupConfig& group) {
  const auto text = reader.text("peer");
  if (reader.has("peers")) {
    reader.ignore("peers");
    reader.problems().error(reader.key_at("peer"), reader.naming("peer") + " and 'peers' exclude each other");
  } else if (const auto uri = text ? parse_peer(*text, reader.problems()) : std::nullopt) {
    add_peer(PeerConfig{.name = {}, .uri = *uri}, text->at, group, reader.problems());
  }
}

void read_peers(TableReader& reader, PeerGroupConfig& group) {
  if (group.kind == Kind::Trunk && reader.has("peer")) return read_only_peer(reader, group);
  if (reader.has_tables("peers")) {
    for (TableReader& peer : reader.tables("peers", "a peer of " + group.reference())) read_peer(peer, group);
    return;
  }
  const std::vector<Placed<std::string>> texts = reader.texts("peers");
  for (const Placed<std::string>& text : texts) {
    if (const auto uri = parse_peer(text, reader.problems())) {
      add_peer(PeerConfig{.name = {}, .uri = *uri}, text.at, group, reader.problems());
    }
  }
  if (!reader.has("peers")) {
    const std::string key = group.kind == Kind::Trunk ? "peer" : "peers";
    reader.problems().error(reader.at(), reader.naming(key) + " is missing: whom it consists of");
  }
}

void read_distribution(TableReader& reader, PeerGroupConfig& group) {
  if (const auto word = reader.word("distribution", {"round-robin", "weighted", "hash", "least-calls"})) {
    group.distribution = static_cast<Distribution>(*word);
  }
  if (const auto word = reader.word("hash", {"call-id", "from", "request-uri", "source"})) {
    group.hashed_on = static_cast<HashedOn>(*word);
  }
  if (reader.has("hash") && group.distribution != Distribution::Hash) {
    reader.problems().error(reader.key_at("hash"), reader.naming("hash") + " needs distribution = \"hash\"");
  }
  const bool weighs = group.distribution != Distribution::RoundRobin;
  const bool has_weights = std::ranges::any_of(group.peers, [](const PeerConfig& peer) { return peer.weight != 1; });
  if (has_weights && !weighs) {
    reader.problems().error(reader.at(), "the peers of " + group.reference() +
                                             " have weights, which round-robin does not look at; add distribution = "
                                             "\"weighted\"");
  }
}

void read_health(TableReader& reader, HealthPolicy& health) {
  std::optional<TableReader> table = reader.table("health", "'health' of " + reader.name());
  if (!table) return;
  table->duration("options", health.probe_every, range::probe_every);
  table->duration("timeout", health.probe_timeout, range::probe_timeout);
  table->integer("up_after", health.up_after, range::in_a_row);
  table->integer("down_after", health.down_after, range::in_a_row);
  table->duration("half_open", health.half_open, range::half_open);
  table->finish();
  const bool probes = table->has("options");
  for (const std::string_view key : {"timeout", "up_after"}) {
    if (table->has(key) && !probes) {
      table->problems().error(table->key_at(key), table->naming(key) + " is of probes: it needs options = \"30s\"");
    }
  }
  if (probes && table->has("half_open")) {
    table->problems().error(
        table->key_at("half_open"),
        table->naming("half_open") + " is for peers that are not probed: leave it or 'options' out");
  }
  if (probes && health.probe_timeout >= health.probe_every) {
    table->problems().error(table->at(), "'health' of " + reader.name() + " must have timeout < options, not " +
                                             duration_text(health.probe_timeout) + " and " +
                                             duration_text(health.probe_every));
  }
}

void read_failover(TableReader& reader, FailoverPolicy& failover) {
  std::optional<TableReader> table = reader.table("failover", "'failover' of " + reader.name());
  if (!table) return;
  table->duration("after", failover.after, range::failover_after);
  const std::vector<Placed<int>> statuses = table->integers("on", range::failover_status);
  if (table->has("on")) failover.statuses.clear();
  for (const Placed<int>& status : statuses) {
    if (std::ranges::find(failover.statuses, status.value) != failover.statuses.end()) {
      table->problems().error(status.at, std::to_string(status.value) + " stands here twice");
    } else if (status.value == 401 || status.value == 407 || status.value == 487) {
      table->problems().error(
          status.at, std::to_string(status.value) + " is for the caller: no other peer can answer it in his place");
    } else {
      failover.statuses.push_back(status.value);
    }
  }
  table->finish();
}

// Without it, those of its peers that are addresses.
void read_accept_from(TableReader& reader, PeerGroupConfig& group) {
  for (const Placed<std::string>& text : reader.texts("accept_from")) {
    if (const std::optional<Cidr> prefix = Cidr::parse(text.value)) {
      group.accept_from.push_back(*prefix);
    } else {
      reader.problems().error(text.at, "'" + text.value + "' is not an address or a prefix such as '203.0.113.0/24'");
    }
  }
  if (reader.has("accept_from")) return;
  for (const PeerConfig& peer : group.peers) {
    if (const auto address = peer.uri.address()) {
      group.accept_from.push_back({*address, static_cast<std::uint8_t>(address->is_v4() ? 32 : 128)});
    }
  }
}

void read_group(TableReader& reader, const Placed<std::string>& name, Kind kind, Draft& draft) {
  PeerGroupConfig group{.kind = kind, .name = name.value, .peers = {}};
  if (!is_token(name.value)) {
    reader.problems().error(name.at, "'" + name.value + "' is not a name: use letters, digits, '-', '.' and '_'");
  }
  read_peers(reader, group);
  read_distribution(reader, group);
  read_health(reader, group.health);
  read_failover(reader, group.failover);
  read_group_limits(reader, group);
  reader.boolean("overload_control", group.overload_control);
  if (kind == Kind::Trunk) {
    read_accept_from(reader, group);
    read_number_format(reader, draft.config, group);
    read_registration(reader, group, draft);
  }
  reader.finish();
  draft.groups.push_back(name.at);
  draft.config.groups.push_back(std::move(group));
}

}  // namespace

// Why a proxy of this version could not send to `target`; "" when it could.
std::string problem_with_target(const Uri& target) {
  if (!target.is_sip())
    return "a proxy relays to a sip: or sips: URI, not '" + std::string(target.scheme_text()) + ":'";
  if (!target.headers.empty()) return "a relay target carries no headers";
  if (const std::optional<std::string_view> named = target.parameter("transport")) {
    const std::optional<Transport> transport = parse_transport(*named);
    if (!transport) return "unknown transport '" + std::string(*named) + "'";
    if (is_websocket(*transport)) return "WebSocket connections are opened by clients, never by a proxy (RFC 7118)";
  }
  const std::variant<Hop, ResolveTarget, NoHop> next = select_hop(target);
  if (const auto* none = std::get_if<NoHop>(&next)) return none->reason;
  if (const auto* named = std::get_if<ResolveTarget>(&next)) {
    return dns_name(named->host) ? "" : "'" + named->host + "' is no name that could have an address";
  }
  if (is_link_local(std::get<Hop>(next).remote.address)) {
    return "a link-local address needs an interface, which a URI cannot name";
  }
  return "";
}

void read_groups(TableReader& top, Draft& draft) {
  for (auto& [name, reader] : top.named_tables("pool")) read_group(reader, name, Kind::Pool, draft);
  for (auto& [name, reader] : top.named_tables("trunk")) read_group(reader, name, Kind::Trunk, draft);
}

}  // namespace intermediary
