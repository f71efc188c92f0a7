#include "routing/peer_table.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "base/text.h"

namespace intermediary {

PeerTable::PeerTable(const std::vector<PeerGroupConfig>& groups, const HashKey& key) : key_(key) { regroup(groups); }

void PeerTable::regroup(const std::vector<PeerGroupConfig>& groups) {
  const PeerTable former = *this;
  groups_ = groups;
  members_.assign(groups_.size(), {});
  next_turn_.assign(groups_.size(), 0);
  std::vector<std::pair<PeerId, State>> known;
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    const auto before = former.find_group(groups_[group].reference());
    for (const PeerConfig& peer : groups_[group].peers) {
      PeerId id = before ? former.same_peer(*before, peer) : PeerId{};
      if (std::ranges::find(members_[group], id) != members_[group].end()) id = {};  // one that stands there twice
      known.emplace_back(id ? id : PeerId{++last_id_}, id ? former.state(id) : State{});
      // What was said by command holds until the file says something else.
      const bool says_the_same = id && former.peer(id).drain == peer.drain;
      if (!says_the_same) known.back().second.drain = peer.drain;
      members_[group].push_back(known.back().first);
    }
  }
  std::ranges::sort(known, {}, [](const auto& peer) { return peer.first; });
  states_.clear();
  for (const auto& [id, state] : known) states_.push_back(state);
  index();
  new_calls_.assign(groups_.size(), {});
  for (std::size_t group = 0; group < groups_.size(); ++group) take_over_turns(group, former);
}

PeerId PeerTable::same_peer(std::size_t group, const PeerConfig& peer) const {
  for (const PeerId id : members_[group]) {
    const PeerConfig& own = this->peer(id);
    if (own.name == peer.name && own.uri == peer.uri) return id;
  }
  return {};
}

// Whose turn it was has it now, or the next after him that is still there. Credits say something among the same peers
// of the same weights alone.
void PeerTable::take_over_turns(std::size_t group, const PeerTable& former) {
  const auto before = former.find_group(groups_[group].reference());
  if (!before) return;
  new_calls_[group] = former.new_calls_[*before];
  const std::vector<PeerId>& was = former.members_[*before];
  for (std::size_t i = 0; i < was.size(); ++i) {
    const PeerId next = was[(former.next_turn_[*before] + i) % was.size()];
    if (!knows(next)) continue;
    next_turn_[group] = static_cast<std::uint32_t>(entry(next).index);
    break;
  }
  const auto weighs_the_same = [&](PeerId id) { return peer(id).weight == former.peer(id).weight; };
  if (members_[group] == was && std::ranges::all_of(was, weighs_the_same)) return;
  for (const PeerId id : members_[group]) state(id).credit = 0;
}

// Finds the peers by id. False: an id stands there twice, or is none that was given.
bool PeerTable::index() {
  entries_.clear();
  for (std::size_t group = 0; group < members_.size(); ++group) {
    for (std::size_t i = 0; i < members_[group].size(); ++i) entries_.push_back({members_[group][i], group, i});
  }
  std::ranges::sort(entries_, {}, &Entry::id);
  const bool is_twice = std::ranges::adjacent_find(entries_, {}, &Entry::id) != entries_.end();
  return !is_twice && (entries_.empty() || (entries_.front().id && entries_.back().id.value <= last_id_));
}

// As long as no peer has gone, they are numbered through.
std::size_t PeerTable::place(PeerId peer) const {
  const std::size_t guess = static_cast<std::size_t>(peer.value) - 1;
  if (guess < entries_.size() && entries_[guess].id == peer) return guess;
  const auto found = std::ranges::lower_bound(entries_, peer, {}, &Entry::id);
  return found != entries_.end() && found->id == peer ? static_cast<std::size_t>(found - entries_.begin())
                                                      : entries_.size();
}

std::optional<std::size_t> PeerTable::find_group(std::string_view reference) const {
  const auto found = std::ranges::find(groups_, reference, &PeerGroupConfig::reference);
  if (found == groups_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - groups_.begin());
}

const PeerConfig& PeerTable::peer(PeerId peer) const {
  const Entry& own = entry(peer);
  return groups_[own.group].peers[own.index];
}

std::optional<PeerId> PeerTable::named(std::size_t group, const Uri& uri) const {
  for (const PeerId id : members(group)) {
    const Uri& own = peer(id).uri;
    if (equals_ignoring_case(own.host, uri.host) && own.port == uri.port) return id;
  }
  return std::nullopt;
}

bool PeerTable::takes(TimePoint now, PeerId peer) const {
  const State& s = state(peer);
  if (s.drain || now < s.rests_until) return false;
  if (s.up) return true;
  return group_of(peer).health.probe_every == Duration::zero() && now >= s.next_trial;
}

std::vector<PeerId> PeerTable::choose(TimePoint now, std::size_t group, std::string_view hashed,
                                      const CallCount& calls) {
  std::vector<PeerId> left = members(group);
  std::erase_if(left, [&](PeerId peer) { return !takes(now, peer); });
  const auto priority = [this](PeerId id) { return peer(id).priority; };
  std::ranges::sort(left, {}, [&](PeerId id) { return std::pair(priority(id), entry(id).index); });
  std::vector<PeerId> chosen;
  for (auto begin = left.begin(); begin != left.end();) {
    const auto end = std::find_if(begin, left.end(), [&](PeerId id) { return priority(id) != priority(*begin); });
    std::vector<PeerId> equals(begin, end);
    if (chosen.empty()) {
      order(group, equals, hashed, calls);
    } else {
      order_by_hash(equals, hashed);  // nobody's turn yet
    }
    chosen.insert(chosen.end(), equals.begin(), equals.end());
    begin = end;
  }
  // Half open: the request that goes there is the only one until it is known what became of it.
  if (!chosen.empty() && !state(chosen.front()).up) {
    state(chosen.front()).next_trial = now + groups_[group].health.half_open;
  }
  return chosen;
}

void PeerTable::order(std::size_t group, std::vector<PeerId>& peers, std::string_view hashed, const CallCount& calls) {
  switch (groups_[group].distribution) {
    case Distribution::RoundRobin:
      return order_by_turn(group, peers);
    case Distribution::Weighted:
      return order_by_credit(peers);
    case Distribution::Hash:
      return order_by_hash(peers, hashed);
    case Distribution::LeastCalls:
      return order_by_calls(peers, calls);
  }
}

void PeerTable::order_by_turn(std::size_t group, std::vector<PeerId>& peers) {
  std::uint32_t& next = next_turn_[group];
  const auto first = std::ranges::find_if(peers, [&](PeerId id) { return entry(id).index >= next; });
  std::ranges::rotate(peers, first == peers.end() ? peers.begin() : first);
  next = static_cast<std::uint32_t>(entry(peers.front()).index + 1);
}

// Each gains its weight, and who has most pays for all: of N turns, N in the sum of the weights, each has its share.
void PeerTable::order_by_credit(std::vector<PeerId>& peers) {
  std::int64_t total = 0;
  for (const PeerId id : peers) {
    state(id).credit += peer(id).weight;
    total += peer(id).weight;
  }
  std::ranges::sort(peers, {}, [this](PeerId id) { return std::pair(-state(id).credit, entry(id).index); });
  state(peers.front()).credit -= total;
}

// Rendezvous hashing (Thaler and Ravishankar, 1998): whoever goes takes along only what was his. A weight is that many
// draws.
std::uint64_t PeerTable::score(PeerId id, std::string_view hashed) const {
  std::uint64_t best = 0;
  for (std::uint32_t draw = 0; draw < peer(id).weight; ++draw) {
    best = std::max(best, KeyedHash(key_).field(peer(id).uri.to_string()).field(hashed).number(draw).finish());
  }
  return best;
}

void PeerTable::order_by_hash(std::vector<PeerId>& peers, std::string_view hashed) const {
  std::vector<std::pair<std::uint64_t, PeerId>> scored;
  scored.reserve(peers.size());
  for (const PeerId id : peers) scored.emplace_back(~score(id, hashed), id);
  std::ranges::sort(scored, {}, [this](const auto& peer) { return std::pair(peer.first, entry(peer.second).index); });
  for (std::size_t i = 0; i < scored.size(); ++i) peers[i] = scored[i].second;
}

void PeerTable::order_by_calls(std::vector<PeerId>& peers, const CallCount& calls) const {
  std::vector<std::pair<std::uint64_t, PeerId>> counted;
  counted.reserve(peers.size());
  for (const PeerId id : peers) counted.emplace_back(calls(id), id);
  std::ranges::sort(counted, [this](const auto& a, const auto& b) {
    const std::uint64_t load_of_a = a.first * peer(b.second).weight, load_of_b = b.first * peer(a.second).weight;
    return load_of_a != load_of_b ? load_of_a < load_of_b : entry(a.second).index < entry(b.second).index;
  });
  for (std::size_t i = 0; i < counted.size(); ++i) peers[i] = counted[i].second;
}

PeerId PeerTable::fixed(std::size_t group, std::string_view hashed) const {
  std::vector<PeerId> peers = members(group);
  order_by_hash(peers, hashed);
  return peers.front();
}

std::chrono::seconds PeerTable::wait(TimePoint now, std::size_t group) const {
  Duration least = std::chrono::minutes(1);
  for (const PeerId id : members(group)) {
    const State& s = state(id);
    if (s.drain) continue;
    const Duration probed = groups_[group].health.probe_every;
    const TimePoint up_at = s.up ? now : probed > Duration::zero() ? now + probed : s.next_trial;
    least = std::min(least, std::max(up_at, s.rests_until) - now);
  }
  return std::max(std::chrono::ceil<std::chrono::seconds>(least), std::chrono::seconds(1));
}

namespace {

TokenRate rate_of(const GroupLimits& limits, std::uint32_t reserve) {
  return {.count = limits.cps, .burst = static_cast<std::int64_t>(with_percent(limits.burst, reserve))};
}

}  // namespace

std::optional<PeerTable::Full> PeerTable::full(TimePoint now, std::size_t group, std::uint64_t calls,
                                               std::uint32_t reserve) const {
  const GroupLimits& limits = groups_[group].limits;
  if (limits.calls != 0 && calls >= with_percent(limits.calls, reserve)) {
    return Full{groups_[group].reference() + " has " + std::to_string(calls) + " calls, its limit is " +
                    std::to_string(limits.calls),
                Duration::zero()};
  }
  if (limits.cps == 0) return std::nullopt;
  const Duration wait = wait_for_token(rate_of(limits, reserve), new_calls_[group], now);
  if (wait == Duration::zero()) return std::nullopt;
  return Full{groups_[group].reference() + " gets " + std::to_string(limits.cps) + " calls a second", wait};
}

void PeerTable::count_call(TimePoint now, std::size_t group, std::uint32_t reserve) {
  const GroupLimits& limits = groups_[group].limits;
  if (limits.cps != 0) take_token(rate_of(limits, reserve), new_calls_[group], now);
}

PeerChanged PeerTable::change(PeerId id, PeerChanged::Change what, std::string reason) const {
  return {group_of(id).reference(), peer(id).name, what, std::move(reason)};
}

std::optional<PeerChanged> PeerTable::heard(TimePoint now, PeerId id, PeerOutcome outcome, bool probe,
                                            std::optional<std::chrono::seconds> rest, const std::string& reason) {
  const HealthPolicy& health = group_of(id).health;
  State& s = state(id);
  if (outcome == PeerOutcome::Alive) {
    s.failures = 0;
    if (s.up || (probe && ++s.successes < health.up_after)) return std::nullopt;
    if (!probe && health.probe_every > Duration::zero()) return std::nullopt;  // an answer to what went there before
    s.up = true;
    return change(id, PeerChanged::Change::Up, reason);
  }
  s.successes = 0;
  ++s.failures;
  const bool rested = now < s.rests_until;
  if (rest) s.rests_until = std::max(s.rests_until, now + std::min(*rest, limit::longest_rest));
  if (s.up && s.failures >= health.down_after) {
    s.up = false;
    s.next_trial = now + health.half_open;
    return change(id, PeerChanged::Change::Down, reason);
  }
  if (!s.up || rested || s.rests_until <= now) return std::nullopt;
  return change(id, PeerChanged::Change::Resting, reason);
}

std::vector<PeerChanged> PeerTable::drain(std::string_view subject, bool drains) {
  std::vector<PeerChanged> changes;
  for (const auto& [id, group, index] : entries_) {
    if (name_of(id) != subject && group_of(id).reference() != subject) continue;
    if (std::exchange(state(id).drain, drains) == drains) continue;
    changes.push_back(change(id, drains ? PeerChanged::Change::Drained : PeerChanged::Change::Resumed, "by command"));
  }
  return changes;
}

std::vector<PeerTable::View> PeerTable::views(TimePoint now, const CallCount& calls) const {
  std::vector<View> views;
  for (const auto& [id, group, index] : entries_) {
    const State& s = state(id);
    const std::string_view word = s.drain ? "draining" : !s.up ? "down" : now < s.rests_until ? "resting" : "up";
    views.push_back({group_of(id).reference(), peer(id).name, peer(id).uri.to_string(), word, calls(id)});
  }
  return views;
}

}  // namespace intermediary
