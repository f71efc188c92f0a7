#include <algorithm>

#include "base/archive.h"
#include "routing/peer_table.h"

namespace intermediary {

template <class Archive>
void PeerTable::transfer(Archive& archive) {
  // The configuration's, but for what has been heard.
  auto& [groups, key, entries, members, last_id, states, next_turn, new_calls] = *this;
  archive(members, last_id, states, next_turn, new_calls);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    const auto has_peers_of = [](const std::vector<PeerId>& ids, const PeerGroupConfig& group) {
      return ids.size() == group.peers.size();
    };
    const bool fits = std::ranges::equal(members, groups, has_peers_of) && next_turn.size() == groups.size() &&
                      new_calls.size() == groups.size();
    if (!fits || !index() || states.size() != entries.size()) archive.fail("peers that are not configured");
  }
}

template void PeerTable::transfer(ArchiveWriter& archive);
template void PeerTable::transfer(ArchiveReader& archive);

}  // namespace intermediary
