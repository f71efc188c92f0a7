#include "base/archive.h"
#include "routing/peer_table.h"

namespace intermediary {

template <class Archive>
void PeerTable::transfer(Archive& archive) {
  // The configuration's, but for what has been heard.
  auto& [groups, key, entries, first, states, next_turn, new_calls] = *this;
  const std::size_t peers = states.size(), turns = next_turn.size();
  archive(states, next_turn, new_calls);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    if (states.size() != peers || next_turn.size() != turns || new_calls.size() != groups.size())
      archive.fail("peers that are not configured");
  }
}

template void PeerTable::transfer(ArchiveWriter& archive);
template void PeerTable::transfer(ArchiveReader& archive);

}  // namespace intermediary
