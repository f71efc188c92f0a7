#include "sim/explore/saboteur.h"

#include <algorithm>
#include <tuple>

namespace intermediary::sim {
namespace {

using Kind = Fault::Kind;

std::size_t transmission_of(const Arrived& arrived) {
  if (const auto* datagram = std::get_if<DatagramArrived>(&arrived)) return datagram->sent;
  if (const auto* bytes = std::get_if<BytesArrived>(&arrived)) return bytes->sent;
  return 0;
}

// Nothing would be lost with it: a restart changes what it draws, and no more.
bool has_nothing(const Engine& engine) {
  const LiveObjects live = engine.live();
  return live.idle() && live.flows + live.bindings + live.dialogs + live.subscriptions == 0 &&
         engine.counters().dns_questions == 0;
}

}  // namespace

Saboteur::Saboteur(World& world, const Schedule& schedule, bool lists_points, Deadline deadline)
    : world_(world),
      schedule_(schedule),
      lists_points_(lists_points),
      deadline_(std::move(deadline)),
      struck_(schedule.size()) {}

bool Saboteur::strikes(const Fault& fault) {
  const auto found = std::ranges::find(schedule_, fault);
  if (found == schedule_.end()) return false;
  struck_[static_cast<std::size_t>(found - schedule_.begin())] = occasion_;
  world_.network().note(world_.now(), fault.to_string());
  if (on_strike) on_strike(fault);
  return true;
}

void Saboteur::note(Fault fault, TimePoint time) {
  if (lists_points_) points_.push_back({std::move(fault), time, occasion_});
}

// ---- messages

void Saboteur::note_message(const Transmission& sent, std::uint32_t number) {
  const auto note_all = [&](std::initializer_list<Kind> kinds) {
    for (const Kind kind : kinds) note({kind, number, name(sent.from), name(sent.to)}, sent.time);
  };
  if (sent.kind == Transmission::Kind::Open) return note_all({Kind::Close});
  if (sent.transport != Transport::Udp) return note_all({Kind::Close, Kind::Delay});
  note_all({Kind::Drop, Kind::Duplicate, Kind::Delay});
}

Judgement Saboteur::judge(const Transmission& sent, Judgement judged) {
  if (!sent.to || sent.from == sent.to || sent.kind == Transmission::Kind::Close) return judged;
  ++occasion_;
  const std::uint32_t number = ++messages_[{sent.from, sent.to}];
  if (sent.fate != Fate::Delivered || judged.fate != Fate::Delivered) return judged;
  const std::size_t index = world_.network().transcript().size() + 1;
  if (lists_points_) {
    note_message(sent, number);
    if (sent.transport == Transport::Udp) numbers_.emplace(index, number);
  }
  if (schedule_.empty()) return judged;
  const bool datagram = sent.transport == Transport::Udp;
  const auto struck_by = [&](Kind kind) { return strikes({kind, number, name(sent.from), name(sent.to)}); };
  if (datagram && struck_by(Kind::Drop)) judged.fate = Fate::Lost;
  if (datagram && struck_by(Kind::Duplicate)) judged.doubled = true;
  if (!datagram && struck_by(Kind::Close)) judged.breaks = true;
  if (sent.kind != Transmission::Kind::Message) return judged;
  if (struck_by(Kind::Delay)) to_hold_.emplace(index, Kind::Delay);
  if (datagram && struck_by(Kind::Reorder)) to_hold_.emplace(index, Kind::Reorder);
  return judged;
}

Observer::Held Saboteur::held_back(HostId host, std::size_t sent) {
  const auto held = to_hold_.find(sent);
  if (held == to_hold_.end()) return std::nullopt;
  const Kind kind = held->second;
  to_hold_.erase(held);  // its double comes in time
  const TimePoint now = world_.now();
  if (kind == Kind::Reorder) {
    waiting_for_neighbour_.insert(host);
    return now + neighbourhood;
  }
  const HostId sender = world_.network().transcript()[sent - 1].from;
  const TimePoint latest = now + longest_delay;
  return std::min(deadline_(sender).value_or(latest), latest) + world_.network().link(sender, host).latency;
}

// ---- nodes

// What applies to whatever is about to reach a node.
Observer::Held Saboteur::enter(HostId node) {
  ++occasion_;
  const std::uint32_t number = ++arrivals_[node];
  const TimePoint now = world_.now();
  const auto deadline = world_.engine(node).next_deadline();
  const bool deadline_is_near = deadline && *deadline <= now + longest_delay;
  if (lists_points_) {
    if (!has_nothing(world_.engine(node))) note({Kind::Restart, number, name(node)}, now);
    if (deadline_is_near) note({Kind::TimerFirst, number, name(node)}, now);
  }
  if (schedule_.empty()) return std::nullopt;
  if (strikes({Kind::Restart, number, name(node)})) {
    world_.restart(node);
    if (on_restart) on_restart(node);
    return std::nullopt;
  }
  if (deadline_is_near && strikes({Kind::TimerFirst, number, name(node)})) return std::max(*deadline, now);
  return std::nullopt;
}

Observer::Held Saboteur::arriving(HostId host, const Arrived& arrived) {
  const std::size_t sent = transmission_of(arrived);
  if (waiting_for_neighbour_.erase(host) > 0) world_.release(host);
  if (lists_points_ && std::holds_alternative<DatagramArrived>(arrived)) seen_.push_back({world_.now(), host, sent});
  Observer::Held held = to_hold_.empty() ? std::nullopt : held_back(host, sent);
  if (world_.is_node(host)) held = std::max(held, enter(host));
  return held;
}

Observer::Held Saboteur::arriving(HostId host, const DnsAnswered&) { return enter(host); }

std::optional<Zone::Answer> Saboteur::asked(HostId node, const DnsQuestion&) {
  ++occasion_;
  const std::uint32_t number = ++questions_[node];
  for (const Kind kind : {Kind::DnsFails, Kind::DnsTimesOut}) note({kind, number, name(node)}, world_.now());
  if (schedule_.empty()) return std::nullopt;
  const auto failed = [](DnsFailure::Kind kind) { return DnsResult(std::unexpected(DnsFailure{kind, {}, {}})); };
  if (strikes({Kind::DnsFails, number, name(node)})) return Zone::Answer{failed(DnsFailure::Kind::Failed)};
  if (!strikes({Kind::DnsTimesOut, number, name(node)})) return std::nullopt;
  return Zone::Answer{failed(DnsFailure::Kind::TimedOut), world_.config(node).dns.timeout};
}

// Who has a neighbour is known only when that has come.
std::vector<FaultPoint> Saboteur::points() const {
  std::vector<FaultPoint> all = points_;
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    const Seen& seen = seen_[i];
    const auto next = std::find_if(seen_.begin() + static_cast<std::ptrdiff_t>(i) + 1, seen_.end(),
                                   [&](const Seen& later) { return later.host == seen.host; });
    const auto number = numbers_.find(seen.sent);
    if (next == seen_.end() || next->time > seen.time + neighbourhood || number == numbers_.end()) continue;
    const Transmission& sent = world_.network().transcript()[seen.sent - 1];
    const auto drop = std::ranges::find(points_, Fault{Kind::Drop, number->second, name(sent.from), name(sent.to)},
                                        &FaultPoint::fault);
    if (drop == points_.end() || next->sent == seen.sent) continue;
    FaultPoint point = *drop;
    point.fault.kind = Kind::Reorder;
    all.push_back(std::move(point));
  }
  std::ranges::sort(all, {}, [](const FaultPoint& point) { return std::tie(point.occasion, point.fault); });
  return all;
}

}  // namespace intermediary::sim
