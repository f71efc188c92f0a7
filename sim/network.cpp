#include "sim/network.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace intermediary::sim {
namespace {

// So long TCP tries to open a connection: six repetitions of its SYN, from one second on.

}  // namespace

HostId Network::add_host(std::string name, std::vector<Socket> sockets) {
  HostId id{static_cast<std::uint32_t>(hosts_.size() + 1)};
  for (std::size_t i = 0; i < sockets.size(); ++i) listeners_.emplace(sockets[i], Listener{id, i});
  hosts_.push_back({std::move(name), std::move(sockets), false, {}});
  return id;
}

void Network::also_accept(HostId host, std::size_t socket, Transport transport) {
  listeners_.emplace(Socket{transport, sockets(host)[socket].address}, Listener{host, socket});
}

LinkQuality LinkChange::applied_to(LinkQuality quality) const {
  quality.latency = latency.value_or(quality.latency);
  quality.jitter = jitter.value_or(quality.jitter);
  quality.loss = loss.value_or(quality.loss);
  quality.duplicate = duplicate.value_or(quality.duplicate);
  quality.reorder = reorder.value_or(quality.reorder);
  return quality;
}

void Network::change_links(const LinkChange& change) {
  default_link_ = change.applied_to(default_link_);
  for (auto& [ends, quality] : links_) quality = change.applied_to(quality);
}

void Network::change_link(HostId a, HostId b, const LinkChange& change) {
  links_.insert_or_assign(std::minmax(a, b), change.applied_to(link(a, b)));
}

const LinkQuality& Network::link(HostId a, HostId b) const {
  auto found = links_.find(std::minmax(a, b));
  return found == links_.end() ? default_link_ : found->second;
}

void Network::set_refusing(HostId host, bool refusing) { hosts_[host.value - 1].refusing = refusing; }

std::optional<Network::Listener> Network::listener(Transport transport, const Endpoint& address) const {
  auto found = listeners_.find({transport, address});
  if (found == listeners_.end()) return std::nullopt;
  return found->second;
}

HostId Network::host_at(const Endpoint& address) const {
  for (const auto& [id, nat] : nats_) {
    if (const auto inside = nat.owner_of(address)) return host_at(*inside);
  }
  for (const auto& [socket, listener] : listeners_) {
    if (socket.address == address) return listener.host;
  }
  for (const auto& [socket, listener] : listeners_) {
    if (socket.address.address == address.address) return listener.host;
  }
  return {};
}

bool Network::chance(std::uint32_t share) {
  if (share == 0) return false;
  std::uint64_t drawn = random_.below(1'000'000);
  return drawn < share;
}

Duration Network::up_to(Duration bound) {
  if (bound <= Duration::zero()) return Duration::zero();
  std::uint64_t drawn = random_.below(static_cast<std::uint64_t>(bound.count()) + 1);
  return Duration(static_cast<Duration::rep>(drawn));
}

Duration Network::datagram_delay(const LinkQuality& quality) {
  Duration delay = quality.latency;
  delay += up_to(quality.jitter);
  if (chance(quality.reorder)) delay += up_to(std::chrono::milliseconds(10) + 3 * quality.latency);
  return delay;
}

const Transmission& Network::record(Transmission transmission, Judgement* judgement) {
  if (judge_) {
    const Judgement verdict = judge_(transmission);
    const bool message = transmission.kind == Transmission::Kind::Message;
    if (message && (verdict.fate == Fate::Lost || verdict.breaks)) transmission.fate = Fate::Lost;
    if (!message && verdict.breaks && transmission.fate == Fate::Delivered) transmission.fate = Fate::Refused;
    transmission.doubled = verdict.doubled && message && transmission.transport == Transport::Udp;
    if (judgement) *judgement = verdict;
  }
  trace_.number(static_cast<std::uint64_t>(transmission.time.time_since_epoch().count()))
      .number(static_cast<std::uint64_t>(transmission.kind))
      .field(transmission.source.to_string())
      .field(transmission.destination.to_string())
      .field(transmission.bytes);
  transcript_.push_back(std::move(transmission));
  return transcript_.back();
}

void Network::send_datagram(TimePoint now, HostId from, std::size_t socket, const Endpoint& to, std::string bytes) {
  Transmission sent;
  sent.time = now;
  sent.from = from;
  sent.source = sockets(from)[socket].address;
  sent.destination = to;
  sent.bytes = std::move(bytes);
  const Way taken = way(now, from, Nat::Protocol::Udp, sent.source, to);
  sent.to = taken.to;
  if (!sent.to) {
    sent.fate = Fate::NoSuchHost;
  } else if (taken.cut) {
    sent.fate = Fate::Cut;
  } else if (hosts_[sent.to.value - 1].refusing || !listener(Transport::Udp, taken.destination)) {
    sent.fate = Fate::Refused;
  } else if (chance(link(from, sent.to).loss)) {
    sent.fate = Fate::Lost;
  }
  deliver_datagram(record(std::move(sent)), socket, taken);
}

void Network::deliver_datagram(const Transmission& sent, std::size_t from_socket, const Way& way) {
  if (sent.fate != Fate::Delivered && sent.fate != Fate::Refused) return;
  const LinkQuality& quality = link(sent.from, sent.to);
  if (sent.fate == Fate::Refused) {
    under_way_.schedule(sent.time + 2 * quality.latency,
                        DatagramRefused{sent.from, from_socket, sent.destination, sent.bytes});
    return;
  }
  auto there = listener(Transport::Udp, way.destination);
  DatagramArrived arrived{there->host, there->socket, way.source, sent.bytes, transcript_.size()};
  Duration delay = datagram_delay(quality);
  under_way_.schedule(sent.time + delay, arrived);
  if (sent.doubled) under_way_.schedule(sent.time + delay, arrived);
  if (!chance(quality.duplicate)) return;
  delay = datagram_delay(quality);
  under_way_.schedule(sent.time + delay, std::move(arrived));
}

TimePoint Network::stream_arrival(TimePoint now, End& receiver, const LinkQuality& quality) {
  Duration jitter = up_to(quality.jitter);
  receiver.last_arrival = std::max(receiver.last_arrival, now + quality.latency + jitter);
  return receiver.last_arrival;
}

Transmission Network::between(TimePoint now, const End& from, const End& to, Transmission::Kind kind) const {
  Transmission sent;
  sent.kind = kind;
  sent.time = now;
  sent.from = from.host;
  sent.to = to.host;
  sent.transport = from.transport;
  sent.source = from.address;
  sent.destination = to.address;
  return sent;
}

std::optional<std::string> Network::refusal(const std::optional<Listener>& listening, const Endpoint& to) const {
  if (listening && !hosts_[listening->host.value - 1].refusing) return std::nullopt;
  return (host_at(to) ? "connection refused by " : "no route to ") + to.to_string();
}

EndId Network::open(TimePoint now, HostId from, std::size_t socket, const Endpoint& to, Transport transport,
                    std::string_view server_name) {
  EndId here{ends_.size() + 1};
  EndId there{ends_.size() + 2};
  Endpoint local{sockets(from)[socket].address.address, next_ephemeral_port_++};
  const Way taken = way(now, from, Nat::Protocol::Tcp, local, to);
  auto listening = listener(transport, taken.destination);
  HostId far = listening ? listening->host : taken.to;
  std::optional<std::string> reason = taken.cut ? std::nullopt : refusal(listening, to);
  Handshake hands;
  if (!reason && !taken.cut && is_secure(transport)) {
    auto shaken = shake_hands(hosts_[from.value - 1].tls, hosts_[far.value - 1].tls, server_name);
    if (shaken) {
      hands = *std::move(shaken);
    } else {
      reason = shaken.error();
    }
  }
  ends_.push_back({from, socket, local, there, TimePoint{}, false, transport});
  ends_.push_back({far, listening ? listening->socket : 0, to, here, TimePoint{}, reason.has_value(), transport});
  end(here).opening = true;
  if (taken.source != local) {
    end(here).nat = hosts_[from.value - 1].nat;
    end(here).outside = taken.source;
  }
  const LinkQuality quality = link(from, far);

  Transmission sent = between(now, end(here), end(there), Transmission::Kind::Open);
  if (reason) sent.fate = far ? Fate::Refused : Fate::NoSuchHost;
  if (taken.cut) sent.fate = Fate::Cut;
  const Fate fate = record(std::move(sent)).fate;
  if (fate != Fate::Delivered && fate != Fate::Cut && !reason) {
    reason = "connection refused by " + to.to_string();
    end(there).closed = true;
  }
  if (reason) {
    under_way_.schedule(now + 2 * quality.latency, ConnectionClosed{from, here, *std::move(reason)});
    return here;
  }
  if (taken.cut) {
    under_way_.schedule(now + tcp_patience, ConnectionClosed{from, here, "connection timed out", true});
    if (!taken.parted || !listening) {
      end(there).closed = true;
      return here;
    }
  }
  arrive_at(now, there,
            ConnectionOpened{far, there, true, listening->socket, taken.source, transport, std::move(hands.client)});
  arrive_at(end(there).last_arrival, here,
            ConnectionOpened{from, here, false, socket, to, transport, std::move(hands.server)});
  return here;
}

void Network::send_stream(TimePoint now, EndId from, std::string bytes) {
  EndId to = end(from).peer;
  Transmission sent = between(now, end(from), end(to), Transmission::Kind::Message);
  sent.bytes = std::move(bytes);
  if (end(from).closed || end(to).closed || end(from).broken) {
    sent.fate = Fate::Lost;
  } else if (!nats_.empty() && !passes_nats(now, from)) {
    sent.fate = Fate::Cut;
  }
  Judgement judgement;
  const Transmission& recorded = record(std::move(sent), &judgement);
  if (judgement.breaks) break_off(now, from);
  if (recorded.fate != Fate::Delivered) return;
  arrive_at(now, to, BytesArrived{end(to).host, to, recorded.bytes, transcript_.size()});
}

// Each end hears of it one latency later, and until then believes in a connection that carries nothing any more.
void Network::break_off(TimePoint now, EndId one) {
  for (const EndId id : {one, end(one).peer}) {
    if (end(id).closed || std::exchange(end(id).broken, true)) continue;
    arrive_at(now, id, ConnectionClosed{end(id).host, id, "connection reset"});
  }
}

void Network::close_all(TimePoint now, HostId host) {
  for (std::size_t i = 1; i <= ends_.size(); ++i) {
    if (ends_[i - 1].host == host) close(now, EndId{i}, "connection reset");
  }
}

void Network::close(TimePoint now, EndId from, std::string reason) {
  EndId to = end(from).peer;
  if (end(from).closed) return;
  end(from).closed = true;
  if (end(to).closed) return;
  record(between(now, end(from), end(to), Transmission::Kind::Close));
  if (!nats_.empty() && !passes_nats(now, from)) return;
  arrive_at(now, to, ConnectionClosed{end(to).host, to, std::move(reason)});
}

bool Network::arrives_nowhere(const Arrived& arrived) const {
  if (const auto* bytes = std::get_if<BytesArrived>(&arrived)) return end(bytes->end).closed;
  if (const auto* opened = std::get_if<ConnectionOpened>(&arrived)) return end(opened->end).closed;
  if (const auto* closed = std::get_if<ConnectionClosed>(&arrived)) {
    return end(closed->end).closed || (closed->unless_open && !end(closed->end).opening);
  }
  return false;
}

std::optional<Arrived> Network::pop_due(TimePoint now) {
  while (auto arrived = under_way_.pop_due(now)) {
    if (arrives_nowhere(*arrived)) continue;
    if (const auto* opened = std::get_if<ConnectionOpened>(&*arrived)) end(opened->end).opening = false;
    if (const auto* closed = std::get_if<ConnectionClosed>(&*arrived)) {
      end(closed->end).closed = true;
      if (closed->unless_open) end(end(closed->end).peer).closed = true;
    }
    return arrived;
  }
  return std::nullopt;
}

EndId Network::connection_between(HostId here, HostId there) const {
  for (std::size_t i = ends_.size(); i > 0; --i) {
    const End& candidate = ends_[i - 1];
    const End& peer = end(candidate.peer);
    if (candidate.host == here && peer.host == there && !candidate.closed && !peer.closed) return EndId{i};
  }
  return {};
}

std::size_t Network::open_connections(HostId host) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(ends_, [&](const End& candidate) { return candidate.host == host && !candidate.closed; }));
}

// ---- partitions and NAT boxes

HostId Network::add_nat(NatSetup setup, const std::vector<HostId>& inside) {
  const HostId id = add_host(setup.name, {});
  for (const HostId host : inside) hosts_[host.value - 1].nat = id;
  nats_.emplace(id, Nat(std::move(setup)));
  return id;
}

Network::Way Network::way(TimePoint now, HostId from, Nat::Protocol protocol, const Endpoint& source,
                          const Endpoint& destination) {
  Way way{source, destination, {}};
  if (nats_.empty()) {
    way.to = host_at(destination);
  } else {
    way = way_through_nats(now, from, protocol, source, destination);
  }
  way.parted = !way.cut && is_parted(from, way.to);
  way.cut = way.cut || way.parted;
  return way;
}

Network::Way Network::way_through_nats(TimePoint now, HostId from, Nat::Protocol protocol, const Endpoint& source,
                                       const Endpoint& destination) {
  const HostId own = hosts_[from.value - 1].nat;
  const auto box = std::ranges::find_if(
      nats_, [&](const auto& entry) { return entry.second.setup().outside == destination.address; });
  Way way{source, destination, box == nats_.end() ? host_at(destination) : box->first};
  if (box == nats_.end() && way.to && hosts_[way.to.value - 1].nat) {
    way.cut = hosts_[way.to.value - 1].nat != own;  // an address inside: known to those who are inside, too
    return way;
  }
  if (own) way.source = nats_.at(own).leaves(now, protocol, source, destination);
  if (box == nats_.end()) return way;
  const bool hairpin = box->first == own;
  const auto inside = hairpin && !box->second.setup().hairpin
                          ? std::nullopt
                          : box->second.enters(now, protocol, destination, way.source);
  way.cut = !inside;
  if (!inside) return way;
  way.destination = *inside;
  way.to = host_at(*inside);
  return way;
}

bool Network::passes_nats(TimePoint now, EndId from) {
  const EndId to = end(from).peer;
  for (const EndId id : {from, to}) {
    if (!end(id).nat || nats_.at(end(id).nat).carries(now, end(id).outside)) continue;
    // Without its mapping, what leaves comes from another port, and the far end knows no such connection.
    if (id == from && !end(id).closed) arrive_at(now, id, ConnectionClosed{end(id).host, id, "connection reset"});
    return false;
  }
  return true;
}

std::optional<std::size_t> Network::side_of(HostId host) const {
  auto found = sides_.find(host);
  if (found == sides_.end()) found = sides_.find(hosts_[host.value - 1].nat);
  return found == sides_.end() ? std::nullopt : std::optional(found->second);
}

bool Network::is_parted(HostId a, HostId b) const {
  if (sides_.empty() || !a || !b) return false;
  const auto one = side_of(a), other = side_of(b);
  return one && other && *one != *other;
}

void Network::partition(TimePoint now, const std::vector<std::vector<HostId>>& sides) {
  sides_.clear();
  for (std::size_t side = 0; side < sides.size(); ++side) {
    for (const HostId host : sides[side]) sides_.insert_or_assign(host, side);
  }
  for (auto& [to, arrived] : std::exchange(waiting_, {})) {
    const auto* opened = std::get_if<ConnectionOpened>(&arrived);
    const bool answers = opened && !opened->accepted;
    arrive_at(answers ? std::max(now, end(end(to).peer).last_arrival) : now, to, std::move(arrived));
  }
}

void Network::arrive_at(TimePoint earliest, EndId to, Arrived arrived) {
  const HostId here = end(to).host, there = end(end(to).peer).host;
  if (is_parted(here, there)) {
    waiting_.emplace_back(to, std::move(arrived));
    return;
  }
  under_way_.schedule(stream_arrival(earliest, end(to), link(here, there)), std::move(arrived));
}

}  // namespace intermediary::sim
