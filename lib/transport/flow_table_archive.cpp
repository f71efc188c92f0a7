#include <algorithm>

#include "base/archive.h"
#include "base/flow_archive.h"
#include "transport/flow_table.h"

namespace intermediary {

namespace {

template <class Archive>
void transfer_flow(Archive& archive, FlowTable::Flow& flow) {
  // `waiting_bytes` follows from `waiting`, `turn` from the list that it is a place in.
  auto& [transport, remote, listener, framer, piece, server_name, identities, aliases, open, inbound, proven, waiting,
         waiting_bytes, used, deadline, guard, turn] = flow;
  archive(transport, remote, listener, framer, piece, server_name, identities, aliases, open, inbound, proven, waiting,
          used, deadline, guard);
  if constexpr (Archive::reads) {
    waiting_bytes = 0;
    for (const std::string& bytes : waiting) waiting_bytes += bytes.size();
  }
}

}  // namespace

template <class Archive>
void FlowTable::transfer(Archive& archive) {
  // `inbound` follows from the flows; `orders` are empty when nothing is left to be told.
  auto& [limits, timers, in_use, flows, by_use, by_peer, inbound, opened_by_us, orders] = *this;
  archive(by_use, by_peer, opened_by_us);
  if constexpr (!Archive::reads) {
    archive.number(flows.size());
    for (auto& [id, flow] : flows) {
      archive(id);
      transfer_flow(archive, flow);
    }
  } else {
    flows.clear();
    inbound.clear();
    for (std::size_t left = archive.count(); left > 0 && archive.ok(); --left) {
      FlowId id;
      Flow flow{{}, {}, {}, StreamFramer(limits)};
      archive(id);
      transfer_flow(archive, flow);
      if (!flows.empty() && id <= flows.rbegin()->first) return archive.fail("connections that are out of order");
      if (!timers.has_given(flow.deadline)) return archive.fail("a timer that nobody armed");
      if (flow.inbound) ++inbound[flow.remote.address];
      flow.turn = by_use.end();
      flows.emplace_hint(flows.end(), id, std::move(flow));
    }
    if (!archive.ok()) return;
    std::size_t ours = 0;
    for (auto turn = by_use.begin(); turn != by_use.end(); ++turn, ++ours) {
      const auto flow = flows.find(*turn);
      if (flow == flows.end() || flow->second.inbound || flow->second.turn != by_use.end()) {
        return archive.fail("a connection of ours that is not there");
      }
      flow->second.turn = turn;
    }
    const auto is_ours = [](const auto& entry) { return !entry.second.inbound; };
    if (ours != static_cast<std::size_t>(std::ranges::count_if(flows, is_ours))) {
      return archive.fail("a connection of ours without a turn");
    }
    for (const auto& [peer, id] : by_peer) {
      if (!flows.contains(id)) return archive.fail("a peer without a connection");
    }
  }
}

template void FlowTable::transfer(ArchiveWriter& archive);
template void FlowTable::transfer(ArchiveReader& archive);

}  // namespace intermediary
