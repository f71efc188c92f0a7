#include <algorithm>

#include "base/archive.h"
#include "base/flow_archive.h"
#include "ua/registrant.h"

namespace intermediary {

template <class Archive>
void Registrant::transfer(Archive& archive) {
  auto& [settings, key, peers, server_name, names, transactions, timers, random, port, started, drained, last_id,
         entries, queries] = *this;
  archive(started, drained, last_id, entries, queries);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    for (const auto& [id, entry] : entries) {
      if (id == 0 || id > last_id) return archive.fail("a registration that nobody began");
      if (!timers.has_given(entry.timer)) return archive.fail("a timer that nobody armed");
      const bool has_hops = (!entry.home || entry.home->hop) && (!entry.client || entry.place.hop);
      if (!has_hops) return archive.fail("a registration that is nowhere");
      const bool is_known = std::ranges::find(settings, entry.settings) != settings.end();
      if (!is_known && !entry.leaves) return archive.fail("a registration that nobody configured");
    }
    const auto is_lost = [&](const auto& query) {
      const auto found = entries.find(query.second);
      return found == entries.end() || found->second.query != query.first;
    };
    if (std::ranges::any_of(queries, is_lost)) archive.fail("a question of no registration");
  }
}

template void Registrant::transfer(ArchiveWriter& archive);
template void Registrant::transfer(ArchiveReader& archive);

}  // namespace intermediary
