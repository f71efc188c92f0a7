// Groups of peers, as the configuration has them: pools, over which requests are balanced, and trunks, to and from
// another network (docs/configuration.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/strong_id.h"
#include "base/time.h"
#include "message/uri.h"
#include "routing/numbers.h"

namespace intermediary {

struct PeerTag;
using PeerId = StrongId<PeerTag, std::uint32_t>;

struct PeerConfig {
  std::string name;  // in events and for operators
  Uri uri;
  std::uint32_t weight = 1;
  std::uint32_t priority = 1;  // all of the lowest number that can take requests are asked before any other
  bool drain = false;          // nothing new goes there; what is within a dialog does

  friend bool operator==(const PeerConfig&, const PeerConfig&) = default;
};

// Which of the peers of equal priority comes first; the others stand behind it, for when it fails.
enum class Distribution : std::uint8_t {
  RoundRobin,  // each in its turn
  Weighted,    // each as often as its weight says, evenly spread
  Hash,        // the same for the same key, whatever becomes of the others
  LeastCalls,  // who has the fewest of our calls for its weight
};

enum class HashedOn : std::uint8_t { CallId, From, RequestUri, Source };

// When a peer is down, and when it is up again. A failure is a 503, a request that could not be sent, or silence;
// whatever else it answers shows that it lives (RFC 3261 §21.5.4: 404 and 405 too).
struct HealthPolicy {
  Duration probe_every{};  // OPTIONS (RFC 3261 §11); 0: none is sent
  Duration probe_timeout = std::chrono::seconds(4);
  std::uint32_t down_after = 3;                   // failures in a row
  std::uint32_t up_after = 2;                     // answers to probes in a row
  Duration half_open = std::chrono::seconds(30);  // a peer that is down gets one request so often, where none probes

  friend bool operator==(const HealthPolicy&, const HealthPolicy&) = default;
};

struct FailoverPolicy {
  // Answers after which the next peer is tried; what cannot be sent, and what nobody answers, always goes on to it.
  std::vector<int> statuses{408, 502, 503, 504};
  Duration after = std::chrono::seconds(3);  // of silence, the next is tried beside it; 0: never before it has failed

  friend bool operator==(const FailoverPolicy&, const FailoverPolicy&) = default;
};

// How much may go to a group; 0: as much as there is. What is within a dialog is exempt.
struct GroupLimits {
  std::uint32_t calls = 0;  // at once, of those that are followed
  std::uint32_t cps = 0;    // new calls a second, behind `burst` of them
  std::uint32_t burst = 0;

  bool any() const { return calls != 0 || cps != 0; }
  friend bool operator==(const GroupLimits&, const GroupLimits&) = default;
};

struct PeerGroupConfig {
  enum class Kind : std::uint8_t { Pool, Trunk };

  Kind kind = Kind::Pool;
  std::string name;
  std::vector<PeerConfig> peers;
  Distribution distribution = Distribution::RoundRobin;
  HashedOn hashed_on = HashedOn::CallId;
  HealthPolicy health{};
  FailoverPolicy failover{};
  GroupLimits limits{};
  bool overload_control = false;    // its peers are asked how much they want, and get no more (RFC 7339)
  std::vector<Cidr> accept_from{};  // Trunk: where its requests come from
  // Trunk: how numbers leave, and by which of Config::numbering's prefixes; "": none.
  NumberFormat number_format{};
  std::string number_plan{};

  // "pool:app", as rules name it.
  std::string reference() const { return (kind == Kind::Pool ? "pool:" : "trunk:") + name; }
  friend bool operator==(const PeerGroupConfig&, const PeerGroupConfig&) = default;
};

}  // namespace intermediary
