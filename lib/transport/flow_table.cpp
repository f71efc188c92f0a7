#include "transport/flow_table.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "transport/identity.h"

namespace intermediary {

namespace {

FlowTable::Guard guard_of(const FlowTable::Flow& flow) {
  switch (flow.framer.pending()) {
    case StreamFramer::Pending::Header:
      return FlowTable::Guard::Header;
    case StreamFramer::Pending::Body:
      return FlowTable::Guard::Body;
    case StreamFramer::Pending::Nothing:
      break;
  }
  return flow.inbound && !flow.proven ? FlowTable::Guard::FirstMessage : FlowTable::Guard::Idle;
}

// RFC 5626 §3.5.1 over WebSocket (RFC 7118 §6): two CRLFs are a ping, one is the answer to ours or filler.
std::optional<FramingResult> read_piece(std::optional<std::string>& piece) {
  if (!piece) return std::nullopt;
  std::string bytes = *std::exchange(piece, std::nullopt);
  if (bytes == "\r\n") return std::nullopt;
  if (bytes == "\r\n\r\n") return KeepAlivePing{};
  return Frame{std::move(bytes)};
}

}  // namespace

bool FlowTable::is_expected(FlowId id, const std::vector<std::string>& identities) const {
  const Flow* flow = find(id);
  return !flow || flow->server_name.empty() || covers(identities, flow->server_name.view());
}

void FlowTable::opened(TimePoint now, FlowId id, Transport transport, ListenerId listener, const Endpoint& remote,
                       std::vector<std::string> identities) {
  auto found = flows_.find(id);
  if (found == flows_.end()) {
    // The peer opened it.
    ++inbound_[remote.address];
    found = flows_.emplace(id, Flow{transport, remote, listener, StreamFramer(limits_)}).first;
    found->second.open = found->second.inbound = true;
    found->second.identities = std::move(identities);
    by_peer_.try_emplace(Peer{transport, remote, {}}, id);
  } else {
    Flow& flow = found->second;
    if (flow.open) return;
    flow.open = true;
    flow.listener = listener ? listener : flow.listener;
    flow.identities = std::move(identities);
    name(id, flow, flow.remote);
    for (std::string& bytes : flow.waiting) {
      orders_.push_back(FlowSend{id, flow.transport, flow.remote, flow.listener, std::move(bytes)});
    }
    flow.waiting.clear();
    flow.waiting_bytes = 0;
  }
  found->second.used = now;
  guard(now, id, found->second);
}

// Requests to those domains at that endpoint may use it, where nothing else is there for them.
void FlowTable::name(FlowId id, Flow& flow, const Endpoint& remote) {
  for (const std::string& identity : flow.identities) {
    Peer peer{flow.transport, remote, ServerName(identity)};
    if (by_peer_.try_emplace(peer, id).second) flow.aliases.push_back(std::move(peer));
  }
}

void FlowTable::alias(FlowId id, const Endpoint& advertised) {
  const auto found = flows_.find(id);
  if (found == flows_.end() || !found->second.inbound || found->second.transport != Transport::Tls) return;
  if (found->second.aliases.empty()) name(id, found->second, advertised);
}

void FlowTable::closed(FlowId id) { forget(id); }

std::vector<std::string> FlowTable::take_waiting(FlowId id) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return {};
  found->second.waiting_bytes = 0;
  return std::exchange(found->second.waiting, {});
}

void FlowTable::withdraw(FlowId id, std::string_view bytes) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return;
  Flow& flow = found->second;
  const auto place = std::ranges::find(flow.waiting, bytes);
  if (place == flow.waiting.end()) return;
  flow.waiting.erase(place);
  flow.waiting_bytes -= bytes.size();
  refuse({flow.transport, flow.remote, flow.listener, {}, flow.server_name},
         "its transaction ended before its connection was there");
}

void FlowTable::received(TimePoint now, FlowId id, std::string_view bytes) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return;
  Flow& flow = found->second;
  if (is_websocket(flow.transport)) {
    if (!bytes.empty()) flow.piece = bytes;
  } else {
    flow.framer.feed(bytes);
  }
  use(now, flow);
}

std::optional<FramingResult> FlowTable::take_frame(TimePoint now, FlowId id) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return std::nullopt;
  Flow& flow = found->second;
  auto frame = is_websocket(flow.transport) ? read_piece(flow.piece) : flow.framer.next();
  if (!frame) {
    guard(now, id, flow);
  } else if (flow.guard == Guard::Header || flow.guard == Guard::Body) {
    flow.guard = Guard::None;  // what comes behind it is another message, with a time of its own
  }
  return frame;
}

void FlowTable::proven(FlowId id) {
  const auto found = flows_.find(id);
  if (found != flows_.end()) found->second.proven = true;
}

void FlowTable::timer_fired(TimePoint now, FlowId id) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return;
  switch (found->second.guard) {
    case Guard::None:
      return;
    case Guard::FirstMessage:
      return close(id, "no message within the limit");
    case Guard::Header:
      return close(id, "header section not complete within the limit");
    case Guard::Body:
      return close(id, "body not complete within the limit");
    case Guard::Idle:
      return idle_timer_fired(now, id, found->second);
  }
}

void FlowTable::idle_timer_fired(TimePoint now, FlowId id, Flow& flow) {
  const bool was_used = deadline_of(now, flow) > now;
  if (!was_used && !in_use_(id)) return close(id, "idle");
  if (!was_used) use(now, flow);
  guard(now, id, flow);
}

void FlowTable::use(TimePoint now, Flow& flow) {
  if (flow.inbound && !flow.proven) return;
  flow.used = now;
  if (!flow.inbound) by_use_.splice(by_use_.end(), by_use_, flow.turn);
}

// A deadline runs from the first byte of what is pending; more bytes of the same do not move it. That for idleness is
// not moved with each use either: it is asked again when it has passed.
void FlowTable::guard(TimePoint now, FlowId id, Flow& flow) {
  const Guard wanted = guard_of(flow);
  if (wanted == flow.guard && timers_.is_armed(flow.deadline)) return;
  timers_.cancel(flow.deadline);
  flow.guard = wanted;
  const TimePoint deadline = deadline_of(now, flow);
  flow.deadline = timers_.arm(now, std::max(deadline - now, Duration::zero()), {TimerOwner::Transport, 0, id.value});
}

TimePoint FlowTable::deadline_of(TimePoint now, const Flow& flow) const {
  switch (flow.guard) {
    case Guard::Header:
      return now + limits_.header_deadline;
    case Guard::Body:
      return now + limits_.body_deadline;
    case Guard::FirstMessage:
      return flow.used + limits_.idle_connection;
    case Guard::None:
    case Guard::Idle:
      break;
  }
  return flow.used + (flow.inbound ? limits_.idle_inbound : limits_.idle_outbound);
}

FlowId FlowTable::send(TimePoint now, const Hop& hop, std::string_view bytes) {
  FlowId id = hop.flow;
  if (!id || !flows_.contains(id)) {
    const auto known = by_peer_.find(Peer{hop.transport, hop.remote, hop.server_name});
    if (known == by_peer_.end() && is_websocket(hop.transport)) {
      return refuse(hop, "the WebSocket connection is gone, and only the client can open another");
    }
    id = known != by_peer_.end() ? known->second : open(now, hop);
    if (!id) return refuse(hop, "as many connections as we may open are open and in use");
  }
  Flow& flow = flows_.at(id);
  if (!flow.open && flow.waiting_bytes + bytes.size() > limit::queued_bytes_per_flow) {
    return refuse(hop, "the queue of a connection that is being opened is full");
  }
  use(now, flow);
  push(id, flow, bytes);
  return id;
}

FlowId FlowTable::refuse(const Hop& hop, std::string reason) {
  const FlowId id = next_id();
  orders_.push_back(FlowSendFailed{id, hop, std::move(reason)});
  return id;
}

FlowId FlowTable::open(TimePoint now, const Hop& hop) {
  if (by_use_.size() >= limits_.outbound_connections && !close_least_used()) return FlowId{};
  const FlowId id = next_id();
  Flow flow{hop.transport, hop.remote, hop.listener, StreamFramer(limits_)};
  flow.used = now;
  flow.server_name = hop.server_name;
  flow.turn = by_use_.insert(by_use_.end(), id);
  flows_.emplace(id, std::move(flow));
  by_peer_[Peer{hop.transport, hop.remote, hop.server_name}] = id;
  orders_.push_back(FlowOpenOrder{id, hop.transport, hop.remote, hop.listener, hop.server_name});
  return id;
}

// Makes room for another connection of ours, where one can go.
bool FlowTable::close_least_used() {
  const auto idle = std::ranges::find_if(by_use_, [&](FlowId id) { return flows_.at(id).open && !in_use_(id); });
  if (idle == by_use_.end()) return false;
  close(*idle, "idle, and another connection is needed");
  return true;
}

void FlowTable::push(FlowId id, Flow& flow, std::string_view bytes) {
  if (flow.open) {
    orders_.push_back(FlowSend{id, flow.transport, flow.remote, flow.listener, std::string(bytes)});
  } else {
    flow.waiting.emplace_back(bytes);
    flow.waiting_bytes += bytes.size();
  }
}

void FlowTable::close(FlowId id, std::string reason) {
  if (!flows_.contains(id)) return;
  orders_.push_back(FlowCloseOrder{id, std::move(reason)});
  forget(id);
}

void FlowTable::forget(FlowId id) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return;
  Flow& flow = found->second;
  timers_.cancel(flow.deadline);
  flow.aliases.push_back({flow.transport, flow.remote, flow.server_name});
  for (const Peer& known : flow.aliases) {
    const auto peer = by_peer_.find(known);
    if (peer != by_peer_.end() && peer->second == id) by_peer_.erase(peer);
  }
  if (flow.inbound) {
    const auto count = inbound_.find(flow.remote.address);
    assert(count != inbound_.end());
    if (--count->second == 0) inbound_.erase(count);
  } else {
    by_use_.erase(flow.turn);
  }
  flows_.erase(found);
}

const FlowTable::Flow* FlowTable::find(FlowId id) const {
  const auto found = flows_.find(id);
  return found == flows_.end() ? nullptr : &found->second;
}

std::size_t FlowTable::inbound_from(const IpAddress& source) const {
  const auto found = inbound_.find(source);
  return found == inbound_.end() ? 0 : found->second;
}

}  // namespace intermediary
