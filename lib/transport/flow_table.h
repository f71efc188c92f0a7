// The life of stream connections as the core sees them: which there are, what they wait for, what they carry.
//
// The table decides when a connection is opened and closed; the runtime (or the simulator) does it and reports back.
// What must leave is appended to a queue of FlowOrders that the engine turns into outputs, in order.
// Bytes of TCP and TLS are cut by Content-Length; over WebSocket each piece is one message, whole (RFC 7118 §5).
// A TLS connection belongs to the domain that it was opened for: requests to another domain at the same address use it
// only where its certificate names that domain, too (RFC 5923 §9.3). One that a peer opened is used for requests to the
// peer where its certificate names whom they are for, and it asked for that with "alias" (RFC 5923 §8.2).
// Limits (docs/security.md): bytes that wait for a connection to open (limit::queued_bytes_per_flow), the deadlines for
// a header section, for a body and for a connection that never said anything valid, how long a connection may be idle,
// and how many we open. One that is in use is never closed for being idle.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/flow.h"
#include "base/limits.h"
#include "base/timer_queue.h"
#include "message/framing.h"

namespace intermediary {

struct FlowSend {
  FlowId flow;
  Transport transport = Transport::Tcp;
  Endpoint remote;
  ListenerId listener;
  std::string bytes;
};
struct FlowOpenOrder {
  FlowId flow;
  Transport transport = Transport::Tcp;
  Endpoint remote;
  ListenerId listener;
  ServerName server_name{};
};
struct FlowCloseOrder {
  FlowId flow;
  std::string reason;
};
// What should have left on a new connection did not, and never will: there is none. `flow` is nobody's id.
struct FlowSendFailed {
  FlowId flow;
  Hop hop;
  std::string reason;
};
using FlowOrder = std::variant<FlowSend, FlowOpenOrder, FlowCloseOrder, FlowSendFailed>;

class FlowTable {
 public:
  // Whether somebody still needs a connection that is open: a transaction, a binding.
  using InUse = std::function<bool(FlowId)>;

  // What the one deadline of a connection is for.
  enum class Guard : std::uint8_t { None, FirstMessage, Header, Body, Idle };

  struct Peer {
    Transport transport = Transport::Tcp;
    Endpoint remote;
    ServerName name;

    friend auto operator<=>(const Peer&, const Peer&) = default;
  };

  struct Flow {
    Transport transport = Transport::Tcp;
    Endpoint remote;
    ListenerId listener;
    StreamFramer framer;
    std::optional<std::string> piece{};     // over WebSocket: the message that came, until it is taken
    ServerName server_name{};               // whom it was opened for
    std::vector<std::string> identities{};  // the domains that its peer's certificate speaks for
    std::vector<Peer> aliases{};            // whom else it may be used for
    bool open = false;
    bool inbound = false;
    bool proven = false;                 // has carried a valid message
    std::vector<std::string> waiting{};  // until it is open
    std::size_t waiting_bytes = 0;
    TimePoint used{};  // when bytes last went either way; of one that is not proven: when it was opened
    TimerHandle deadline{};
    Guard guard = Guard::None;
    std::list<FlowId>::iterator turn{};  // its place in by_use_, where it is ours
  };

  FlowTable(const Limits& limits, TimerQueue& timers, InUse in_use)
      : limits_(limits), timers_(timers), in_use_(std::move(in_use)) {}

  // ---- what the network says

  // Whether a connection that was ordered has come about with whom it was for (RFC 5922 §7.3); any other has.
  bool is_expected(FlowId id, const std::vector<std::string>& identities) const;
  // A connection is there: a peer's, or one that was ordered.
  void opened(TimePoint now, FlowId id, Transport transport, ListenerId listener, const Endpoint& remote,
              std::vector<std::string> identities = {});
  // The peer of an inbound TLS connection takes requests to `advertised` on it (RFC 5923 §8.2). One place for each
  // connection; nothing happens where no certificate says who it is (§9.2).
  void alias(FlowId id, const Endpoint& advertised);
  void closed(FlowId id);
  // What waits for that connection to open; it does not any longer.
  std::vector<std::string> take_waiting(FlowId id);
  // These bytes need not leave any more, if they still wait for that connection: a FlowSendFailed says so.
  void withdraw(FlowId id, std::string_view bytes);
  // Bytes came; take_frame() then gives what they hold. None: a use of it that holds nothing.
  void received(TimePoint now, FlowId id, std::string_view bytes);
  // The next whole message or keep-alive on that flow, until there is none: then the deadline for the rest runs. A
  // framing error is given once, and the flow is ordered to close by the caller, after it has answered.
  std::optional<FramingResult> take_frame(TimePoint now, FlowId id);
  void proven(FlowId id);
  // The deadline of that flow has passed: it is ordered to close, unless it was used in the meantime.
  void timer_fired(TimePoint now, FlowId id);

  // ---- what the engine wants

  // Sends on hop.flow if it lives, else on a connection to hop.remote, which is opened if there is none, but over
  // WebSocket, where only clients open connections. Returns the
  // flow in use; where there is no room (for the bytes, for one more connection), the flow of a FlowSendFailed.
  FlowId send(TimePoint now, const Hop& hop, std::string_view bytes);
  void close(FlowId id, std::string reason);

  // Connections that this address has opened to us.
  std::size_t inbound_from(const IpAddress& source) const;
  const Flow* find(FlowId id) const;
  std::size_t size() const { return flows_.size(); }
  std::vector<FlowOrder> take_orders() { return std::exchange(orders_, {}); }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  FlowId next_id() { return FlowId{engine_flow_bit | ++opened_by_us_}; }
  FlowId open(TimePoint now, const Hop& hop);
  void name(FlowId id, Flow& flow, const Endpoint& remote);
  FlowId refuse(const Hop& hop, std::string reason);
  bool close_least_used();
  void push(FlowId id, Flow& flow, std::string_view bytes);
  void use(TimePoint now, Flow& flow);
  void guard(TimePoint now, FlowId id, Flow& flow);
  TimePoint deadline_of(TimePoint now, const Flow& flow) const;
  void idle_timer_fired(TimePoint now, FlowId id, Flow& flow);
  void forget(FlowId id);

  Limits limits_;
  TimerQueue& timers_;
  InUse in_use_;
  std::map<FlowId, Flow> flows_;
  std::list<FlowId> by_use_;  // those that we opened, the least recently used first
  std::map<Peer, FlowId> by_peer_;
  std::map<IpAddress, std::size_t> inbound_;
  std::uint64_t opened_by_us_ = 0;
  std::vector<FlowOrder> orders_;
};

}  // namespace intermediary
