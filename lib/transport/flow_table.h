// The life of stream connections as the core sees them: which there are, what they wait for, what they carry.
//
// The table decides when a connection is opened and closed; the runtime (or the simulator) does it and reports back.
// What must leave is appended to a queue of FlowOrders that the engine turns into outputs, in order.
// Limits: bytes that wait for a connection to open (limit::queued_bytes_per_flow), the deadlines for a header section,
// for a body and for a connection that never said anything valid (docs/security.md).
#pragma once

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
};
struct FlowCloseOrder {
  FlowId flow;
  std::string reason;
};
using FlowOrder = std::variant<FlowSend, FlowOpenOrder, FlowCloseOrder>;

class FlowTable {
 public:
  struct Flow {
    Transport transport = Transport::Tcp;
    Endpoint remote;
    ListenerId listener;
    bool open = false;
    bool inbound = false;
    bool proven = false;  // has carried a valid message
    StreamFramer framer;
    std::vector<std::string> waiting;  // until it is open
    std::size_t waiting_bytes = 0;
    TimerHandle deadline;
    StreamFramer::Pending guarded = StreamFramer::Pending::Nothing;  // what the deadline is for
  };

  FlowTable(const Limits& limits, TimerQueue& timers) : limits_(limits), timers_(timers) {}

  // ---- what the network says

  // A connection is there: a peer's, or one that was ordered.
  void opened(TimePoint now, FlowId id, Transport transport, ListenerId listener, const Endpoint& remote);
  void closed(FlowId id);
  // Bytes came; take_frame() then gives what they hold.
  void received(TimePoint now, FlowId id, std::string_view bytes);
  // The next whole message or keep-alive on that flow. A framing error is given once, and the flow is ordered to close
  // by the caller, after it has answered.
  std::optional<FramingResult> take_frame(TimePoint now, FlowId id);
  void proven(FlowId id);
  // The id of the flow whose deadline has passed; it is ordered to close.
  void timer_fired(FlowId id);

  // ---- what the engine wants

  // Sends on hop.flow if it lives, else on a connection to hop.remote, which is opened if there is none. Returns the
  // flow in use; none when the queue of a connection that is being opened is full.
  FlowId send(const Hop& hop, std::string_view bytes);
  void close(FlowId id, std::string reason);

  // Connections that this address has opened to us.
  std::size_t inbound_from(const IpAddress& source) const;
  const Flow* find(FlowId id) const;
  std::size_t size() const { return flows_.size(); }
  std::vector<FlowOrder> take_orders() { return std::exchange(orders_, {}); }

 private:
  using Peer = std::pair<Transport, Endpoint>;

  FlowId open(const Hop& hop);
  void push(FlowId id, Flow& flow, std::string_view bytes);
  void guard(TimePoint now, FlowId id, Flow& flow);
  void forget(FlowId id);

  Limits limits_;
  TimerQueue& timers_;
  std::map<FlowId, Flow> flows_;
  std::map<Peer, FlowId> by_peer_;
  std::map<IpAddress, std::size_t> inbound_;
  std::uint64_t opened_by_us_ = 0;
  std::vector<FlowOrder> orders_;
};

}  // namespace intermediary
