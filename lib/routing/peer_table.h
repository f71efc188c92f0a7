// The peers of all groups, and what is known of them: which of them take requests, whose turn it is. All of it is
// plain values that change only by what is told here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/keyed_hash.h"
#include "base/time.h"
#include "base/token_bucket.h"
#include "event/event.h"
#include "routing/peer_group.h"

namespace intermediary {

// What became of a request that went to a peer.
enum class PeerOutcome : std::uint8_t { Alive, Failed };

class PeerTable {
 public:
  // `key` is for Distribution::Hash: the same for every node that shall choose alike.
  PeerTable(const std::vector<PeerGroupConfig>& groups, const HashKey& key);

  // Other groups from now on. A peer that is there again, by the names of group and peer and by its URI, keeps its id
  // and what is known of it; the id of one that has gone is nobody's, and stays so.
  void regroup(const std::vector<PeerGroupConfig>& groups);

  bool knows(PeerId peer) const { return place(peer) < entries_.size(); }
  std::optional<std::size_t> find_group(std::string_view reference) const;
  std::size_t group_count() const { return groups_.size(); }
  const PeerGroupConfig& group(std::size_t index) const { return groups_[index]; }
  const PeerGroupConfig& group_of(PeerId peer) const { return groups_[entry(peer).group]; }
  const PeerConfig& peer(PeerId peer) const;
  // In the order of the configuration.
  const std::vector<PeerId>& members(std::size_t group) const { return members_[group]; }

  // The peer of a group that a URI leads to, whatever is known of it.
  std::optional<PeerId> named(std::size_t group, const Uri& uri) const;
  // The peers of a group that take a new request, in the order in which they are tried; none where all are down. It
  // counts as a turn of the first. `hashed`: what Distribution::Hash goes by.
  // `calls`: how many a peer has, for Distribution::LeastCalls.
  using CallCount = std::function<std::uint64_t(PeerId)>;
  std::vector<PeerId> choose(TimePoint now, std::size_t group, std::string_view hashed, const CallCount& calls);
  // Of a group, always the same for the same `hashed`, whatever is known of it: for a proxy without state (RFC 3261
  // §16.11).
  PeerId fixed(std::size_t group, std::string_view hashed) const;
  // How long until a peer of the group, all of which are down, may take a request; at least one second.
  std::chrono::seconds wait(TimePoint now, std::size_t group) const;

  // Why a group takes no new call (GroupLimits); nullopt: it does. `calls`: how many it has. `reserve`: so many percent
  // more may go there, of what has priority; at one time, for the rate stays as it is.
  struct Full {
    std::string reason;
    Duration wait{};  // until there may be room; zero: not known
  };
  std::optional<Full> full(TimePoint now, std::size_t group, std::uint64_t calls, std::uint32_t reserve) const;
  // A new call goes there.
  void count_call(TimePoint now, std::size_t group, std::uint32_t reserve);
  std::size_t group_index(PeerId peer) const { return entries_[peer.value - 1].group; }

  // `rest`: so long it wants nothing (Retry-After of a 503). Of a probe: an answer to our OPTIONS. What changed by it.
  std::optional<PeerChanged> heard(TimePoint now, PeerId peer, PeerOutcome outcome, bool probe,
                                   std::optional<std::chrono::seconds> rest, const std::string& reason);

  // Whether a new request may go there now; asking is no turn.
  bool takes(TimePoint now, PeerId peer) const;

  // By command: a peer, "trunk:acme/gw1", or all of a group, "trunk:acme", get no new requests, or do again. What
  // changed by it.
  std::vector<PeerChanged> drain(std::string_view subject, bool drains);
  std::string name_of(PeerId peer) const { return group_of(peer).reference() + '/' + this->peer(peer).name; }

  // For people to look at.
  struct View {
    std::string group;  // "trunk:acme"
    std::string peer;
    std::string uri;
    std::string_view state;  // "up", "down", "resting", "draining"
    std::uint64_t calls = 0;
  };
  std::vector<View> views(TimePoint now, const CallCount& calls) const;

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  struct Entry {
    PeerId id;
    std::size_t group = 0;
    std::size_t index = 0;  // in its group
  };
  struct State {
    bool up = true;
    bool drain = false;
    std::uint32_t failures = 0;   // in a row
    std::uint32_t successes = 0;  // of probes, in a row, while it is down
    TimePoint rests_until{};
    TimePoint next_trial{};   // while it is down
    std::int64_t credit = 0;  // of Distribution::Weighted
  };

  // In entries_ and states_; behind their end: it is nobody's.
  std::size_t place(PeerId peer) const;
  const Entry& entry(PeerId peer) const { return entries_[place(peer)]; }
  State& state(PeerId peer) { return states_[place(peer)]; }
  const State& state(PeerId peer) const { return states_[place(peer)]; }
  PeerId same_peer(std::size_t group, const PeerConfig& peer) const;
  void take_over_turns(std::size_t group, const PeerTable& former);
  bool index();
  void order(std::size_t group, std::vector<PeerId>& peers, std::string_view hashed, const CallCount& calls);
  void order_by_turn(std::size_t group, std::vector<PeerId>& peers);
  void order_by_credit(std::vector<PeerId>& peers);
  void order_by_hash(std::vector<PeerId>& peers, std::string_view hashed) const;
  void order_by_calls(std::vector<PeerId>& peers, const CallCount& calls) const;
  std::uint64_t score(PeerId peer, std::string_view hashed) const;
  PeerChanged change(PeerId peer, PeerChanged::Change what, std::string reason) const;

  std::vector<PeerGroupConfig> groups_;
  HashKey key_;
  std::vector<Entry> entries_;                // of each peer, by id
  std::vector<std::vector<PeerId>> members_;  // of each group
  std::uint32_t last_id_ = 0;                 // that any peer ever had
  std::vector<State> states_;                 // of each entry
  std::vector<std::uint32_t> next_turn_;      // of each group
  std::vector<TokenBucket> new_calls_;        // likewise, of its limits
};

}  // namespace intermediary
