#include <algorithm>

#include "base/archive.h"
#include "ua/prober.h"

namespace intermediary {

template <class Archive>
void Prober::transfer(Archive& archive) {
  auto& [peers, server_name, names, transactions, timers, random, port, started, probes, queries] = *this;
  archive(started, probes, queries);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    for (const auto& [peer, probe] : probes) {
      const bool is_probed =
          peers.knows(peer) && probe.every > Duration::zero() && peers.group_of(peer).health.probe_every == probe.every;
      if (!is_probed) return archive.fail("a probe of no peer");
      if (!timers.has_given(probe.next) || !timers.has_given(probe.silence)) {
        return archive.fail("a timer that nobody armed");
      }
    }
    const auto is_lost = [&](const auto& entry) {
      const auto found = probes.find(entry.second);
      return found == probes.end() || found->second.query != entry.first;
    };
    if (std::ranges::any_of(queries, is_lost)) archive.fail("a question of no probe");
  }
}

template void Prober::transfer(ArchiveWriter& archive);
template void Prober::transfer(ArchiveReader& archive);

}  // namespace intermediary
