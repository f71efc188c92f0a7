#include "transport/flow_table.h"

#include <cassert>

namespace intermediary {

void FlowTable::opened(TimePoint now, FlowId id, Transport transport, ListenerId listener, const Endpoint& remote) {
  auto found = flows_.find(id);
  if (found == flows_.end()) {
    // The peer opened it.
    ++inbound_[remote.address];
    Flow flow{transport, remote, listener, true, true, false, StreamFramer(limits_), {}, 0, {}, {}};
    found = flows_.emplace(id, std::move(flow)).first;
    by_peer_.try_emplace(Peer{transport, remote}, id);
  } else {
    Flow& flow = found->second;
    if (flow.open) return;
    flow.open = true;
    flow.listener = listener ? listener : flow.listener;
    for (std::string& bytes : flow.waiting) {
      orders_.push_back(FlowSend{id, flow.transport, flow.remote, flow.listener, std::move(bytes)});
    }
    flow.waiting.clear();
    flow.waiting_bytes = 0;
  }
  guard(now, id, found->second);
}

void FlowTable::closed(FlowId id) { forget(id); }

void FlowTable::received(TimePoint now, FlowId id, std::string_view bytes) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return;
  found->second.framer.feed(bytes);
  guard(now, id, found->second);
}

std::optional<FramingResult> FlowTable::take_frame(TimePoint now, FlowId id) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return std::nullopt;
  auto frame = found->second.framer.next();
  guard(now, id, found->second);
  return frame;
}

void FlowTable::proven(FlowId id) {
  const auto found = flows_.find(id);
  if (found != flows_.end()) found->second.proven = true;
}

void FlowTable::timer_fired(FlowId id) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return;
  switch (found->second.guarded) {
    case StreamFramer::Pending::Nothing:
      if (found->second.proven) return;
      return close(id, "no message within the idle limit");
    case StreamFramer::Pending::Header:
      return close(id, "header section not complete within the limit");
    case StreamFramer::Pending::Body:
      return close(id, "body not complete within the limit");
  }
}

// A deadline runs from the first byte of what is pending; more bytes of the same do not move it.
void FlowTable::guard(TimePoint now, FlowId id, Flow& flow) {
  const StreamFramer::Pending pending = flow.framer.pending();
  if (pending == flow.guarded && timers_.is_armed(flow.deadline)) return;
  timers_.cancel(flow.deadline);
  flow.guarded = pending;
  Duration after{};
  switch (pending) {
    case StreamFramer::Pending::Nothing:
      if (flow.proven || !flow.inbound) return;
      after = limits_.idle_connection;
      break;
    case StreamFramer::Pending::Header:
      after = limits_.header_deadline;
      break;
    case StreamFramer::Pending::Body:
      after = limits_.body_deadline;
      break;
  }
  flow.deadline = timers_.arm(now, after, {TimerOwner::Transport, 0, id.value});
}

FlowId FlowTable::send(const Hop& hop, std::string_view bytes) {
  FlowId id = hop.flow;
  if (!id || !flows_.contains(id)) {
    const auto known = by_peer_.find(Peer{hop.transport, hop.remote});
    id = known != by_peer_.end() ? known->second : open(hop);
  }
  Flow& flow = flows_.at(id);
  if (!flow.open && flow.waiting_bytes + bytes.size() > limit::queued_bytes_per_flow) return FlowId{};
  push(id, flow, bytes);
  return id;
}

FlowId FlowTable::open(const Hop& hop) {
  const FlowId id{engine_flow_bit | ++opened_by_us_};
  flows_.emplace(
      id, Flow{hop.transport, hop.remote, hop.listener, false, false, false, StreamFramer(limits_), {}, 0, {}, {}});
  by_peer_[Peer{hop.transport, hop.remote}] = id;
  orders_.push_back(FlowOpenOrder{id, hop.transport, hop.remote, hop.listener});
  return id;
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
  const auto peer = by_peer_.find(Peer{flow.transport, flow.remote});
  if (peer != by_peer_.end() && peer->second == id) by_peer_.erase(peer);
  if (flow.inbound) {
    const auto count = inbound_.find(flow.remote.address);
    assert(count != inbound_.end());
    if (--count->second == 0) inbound_.erase(count);
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
