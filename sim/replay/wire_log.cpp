#include "sim/replay/wire_log.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/overloaded.h"
#include "sim/wire.h"

namespace intermediary::sim {
namespace {

// The same record is masked in the same way every time, and no other one is.
HashKey mask_key(const Seed& seed) {
  const WideHash words =
      KeyedHash(HashKey{0x6d61736b, 0}).field({reinterpret_cast<const char*>(seed.data()), seed.size()}).finish_wide();
  return {words.high, words.low};
}

// Where a connection that we opened comes from is the system's choice, which a record does not hold.
std::uint16_t port_for(FlowId flow) { return static_cast<std::uint16_t>(49152 + flow.value % 16384); }

}  // namespace

WireLog::WireLog(const Replay& replay, WireLogOptions options)
    : replay_(replay), options_(std::move(options)), masker_(mask_key(replay.header().seed)) {}

void WireLog::add(const Replay::Step& step) {
  now_ = step.input.time;
  take(step.input.input);
  for (const Output& output : step.outputs) take(output);
}

void WireLog::take(const Input& input) {
  std::visit(Overloaded{
                 [&](const DatagramReceived& datagram) {
                   message(true, Transport::Udp, local_of(datagram.listener), datagram.remote, datagram.bytes);
                 },
                 [&](const StreamReceived& stream) { take_stream(stream); },
                 [&](const FlowOpened& opened) { take_opened(opened); },
                 [&](const FlowClosed& closed) { close(closed.flow, false); },
                 [&](const DatagramFailed& failed) { refused(failed); },
                 [](const auto&) {},
             },
             input);
}

void WireLog::take(const Output& output) {
  std::visit(Overloaded{
                 [&](const Transmit& transmit) {
                   const Hop& hop = transmit.hop;
                   if (!hop.flow)
                     return message(false, Transport::Udp, local_of(hop.listener), hop.remote, transmit.bytes);
                   const Flow& flow = flow_of(hop);
                   message(false, flow.transport, flow.local, flow.remote, transmit.bytes);
                 },
                 [&](const OpenFlow& open) {
                   const Endpoint local{local_of(open.listener).address, port_for(open.flow)};
                   flows_[open.flow] = {open.transport, local, open.remote, {}, false};
                 },
                 [&](const CloseFlow& closed) { close(closed.flow, true); },
                 [](const auto&) {},
             },
             output);
}

// One that was there before the segment began is known from the first that is sent on it.
const WireLog::Flow& WireLog::flow_of(const Hop& hop) {
  const auto [flow, is_new] = flows_.try_emplace(hop.flow);
  if (is_new) flow->second = {hop.transport, local_of(hop.listener), hop.remote, {}, true};
  return flow->second;
}

void WireLog::take_stream(const StreamReceived& stream) {
  const auto found = flows_.find(stream.flow);
  if (found == flows_.end()) return;  // of one whose other end is not known yet
  Flow& flow = found->second;
  if (is_websocket(flow.transport)) return message(true, flow.transport, flow.local, flow.remote, stream.bytes);
  flow.arrived += stream.bytes;
  for (std::string& bytes : cut_stream(flow.arrived)) {
    message(true, flow.transport, flow.local, flow.remote, std::move(bytes));
  }
}

void WireLog::take_opened(const FlowOpened& opened) {
  const bool ours = (opened.flow.value & engine_flow_bit) != 0;
  auto [found, is_new] = flows_.try_emplace(opened.flow);
  Flow& flow = found->second;
  if (is_new) flow = {opened.transport, local_of(opened.listener), opened.remote, {}, false};
  flow.is_open = true;
  connection(!ours, Transmission::Kind::Open, flow);
}

// A connection that is closed before it was open has been refused.
void WireLog::close(FlowId id, bool by_us) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return;
  const Flow flow = std::move(found->second);
  flows_.erase(found);
  if (!flow.is_open) return connection(false, Transmission::Kind::Open, flow, Fate::Refused);
  connection(!by_us, Transmission::Kind::Close, flow);
}

void WireLog::refused(const DatagramFailed& failed) {
  for (Transmission& sent : std::views::reverse(transcript_)) {
    if (sent.from != recorded_server || sent.destination != failed.remote || sent.transport != Transport::Udp) continue;
    sent.fate = Fate::Refused;
    return;
  }
}

bool WireLog::is_wanted(const std::string& bytes) const {
  if (options_.calls.empty()) return true;
  const auto read = WireMessage::read(bytes);
  return read && std::ranges::find(options_.calls, read->call_id()) != options_.calls.end();
}

void WireLog::message(bool inward, Transport transport, const Endpoint& local, const Endpoint& remote,
                      std::string bytes) {
  if (!is_wanted(bytes)) return;
  Transmission sent;
  sent.transport = transport;
  sent.bytes = options_.masked ? masker_.masked(bytes) : std::move(bytes);
  note(inward, local, remote, std::move(sent));
}

void WireLog::connection(bool inward, Transmission::Kind kind, const Flow& flow, Fate fate) {
  if (!options_.calls.empty()) return;
  Transmission sent;
  sent.kind = kind;
  sent.transport = flow.transport;
  sent.fate = fate;
  note(inward, flow.local, flow.remote, std::move(sent));
}

void WireLog::note(bool inward, const Endpoint& local, const Endpoint& remote, Transmission sent) {
  const HostId there = host_at(remote);
  sent.time = now_;
  sent.from = inward ? there : recorded_server;
  sent.to = inward ? recorded_server : there;
  sent.source = inward ? remote : local;
  sent.destination = inward ? local : remote;
  transcript_.push_back(std::move(sent));
}

HostId WireLog::host_at(const Endpoint& remote) {
  const auto [known, is_new] = known_.try_emplace(remote);
  if (is_new) {
    hosts_.push_back(remote.to_string());
    known->second = HostId{static_cast<std::uint32_t>(hosts_.size())};
  }
  return known->second;
}

Endpoint WireLog::local_of(ListenerId listener) const {
  const auto& listeners = replay_.config().listeners;
  return listener && listener.value <= listeners.size() ? listeners[listener.value - 1].bind : Endpoint{};
}

}  // namespace intermediary::sim
