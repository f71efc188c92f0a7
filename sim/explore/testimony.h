// What can be seen of a node from outside: which requests came, which branches they left on, what was answered, and
// when, put together by the fields that RFC 3261 §17 matches by. Facts only: sim/explore/conduct.h judges them.
//
// Views in here are of messages that the testimony keeps.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "engine/io.h"
#include "sim/explore/glance.h"
#include "sim/network.h"

namespace intermediary::sim {

// A message that went by; `order` counts whatever happened in the whole world.
struct Seen {
  TimePoint time{};
  std::uint64_t order = 0;
  Glance message;
  Endpoint peer;  // where it came from or went to
};

struct Moment {
  TimePoint time{};
  std::uint64_t order = 0;
};

// A request that came to the node, as its server transaction sees it.
struct CameIn {
  Glance request;
  bool over_udp = true;
  std::vector<Seen> arrivals;           // of it and of its repetitions
  std::vector<Seen> answers;            // that left for it
  std::optional<Seen> acknowledged;     // an INVITE: the first ACK of its refusal
  std::optional<Seen> cancelled;        // an INVITE: the first CANCEL for it
  bool is_for_nothing = false;          // a CANCEL: of no INVITE that came
  std::vector<TimePoint> bounced{};     // an ICMP error came back for an answer
  std::optional<TimePoint> hung_up{};   // the connection that it came over is gone
  std::vector<std::size_t> branches{};  // in NodeTestimony::branches

  const Seen& first() const { return arrivals.front(); }
  // The first final answer; null when there is none.
  const Seen* refusal_or_success() const;
  // It came once more when its transaction had ended, which is a new request then. `life` is how long a transaction
  // lives behind its final answer over UDP; over connections that is no time (RFC 3261 §17.2.2).
  bool begins_again(Duration life) const;
};

// A request that left the node, as its client transaction sees it.
struct WentOut {
  static constexpr std::size_t of_its_own = static_cast<std::size_t>(-1);

  Glance request;
  bool over_udp = true;
  HostId to;
  std::size_t parent = of_its_own;        // in NodeTestimony::requests
  std::vector<Seen> sent;                 // it and its repetitions
  std::vector<Seen> answers;              // that arrived for it
  std::vector<Seen> cancels, acks;        // an INVITE: what was sent on the same branch
  std::optional<Moment> undeliverable{};  // an ICMP error came back, or a connection with that address is gone

  bool failed_before(const Seen& one) const { return undeliverable && undeliverable->order < one.order; }

  const Seen& first() const { return sent.front(); }
  // Null when there is none.
  const Seen* first_answer(int least, int most) const;
  const Seen* final_answer() const { return first_answer(200, 699); }
  const Seen* provisional() const { return first_answer(100, 199); }
};

struct NodeTestimony {
  std::vector<CameIn> requests;
  std::vector<WentOut> branches;
  std::vector<Seen> acks_in, acks_out;  // of 2xx
  std::vector<Seen> strays_out;         // answers to nothing that came
  std::vector<TimePoint> openings;      // of connections, by the node
  std::vector<TimePoint> closings;      // of connections, by anybody or by a restart
  std::vector<TimePoint> troubles;      // of name servers, that failed or said nothing
  std::uint64_t messages_in = 0, messages_out = 0;
  std::optional<TimePoint> restarted;  // the last time; what was before is gone

  // Whether the node began to open a connection then, both ends included.
  bool opened_between(TimePoint from, TimePoint until) const;
};

class Testimony {
 public:
  // Of these nodes only.
  explicit Testimony(const std::vector<HostId>& nodes);
  // That host is seen at this address, whatever its own is: it stands behind a NAT box.
  void seen_at(HostId host, const IpAddress& outside) { outside_.insert_or_assign(host, outside); }

  // A node's input, before the node deals with it, and whatever anybody sends; in the order in which it happens.
  void came(TimePoint now, HostId node, const Input& input);
  void went(const Transmission& sent);
  // A node begins anew, and knows nothing.
  void restarted(HostId node, TimePoint now);

  const NodeTestimony& of(HostId node) const { return nodes_.at(node).seen; }

 private:
  using Key = std::string;  // of a transaction
  struct Node {
    NodeTestimony seen;
    std::map<Key, std::size_t, std::less<>> requests, branches;
    std::set<Key> bounced;             // answers to what came before a restart
    std::map<FlowId, Endpoint> flows;  // whom they are with
  };

  std::optional<Glance> keep(std::string_view bytes);
  static void came(Node& node, const Seen& seen, bool over_udp);
  static void request_came(Node& node, const Seen& seen, bool over_udp);
  static void response_came(Node& node, const Seen& seen);
  static void request_went(Node& node, const Seen& seen, HostId to, bool over_udp);
  static void taken_after_all(Node& node, const Key& key);
  static void response_went(Node& node, const Seen& seen);
  static void bounced(Node& node, const Moment& now, const Glance& message);
  static void closed(Node& node, const Moment& now, FlowId flow);

  std::map<HostId, Node> nodes_;
  std::map<HostId, IpAddress> outside_;
  std::deque<std::string> kept_;
  std::uint64_t order_ = 0;
};

}  // namespace intermediary::sim
