#include <algorithm>

#include "base/archive.h"
#include "base/flow_archive.h"
#include "ua/registrant.h"

namespace intermediary {

// What has to come, so that it goes on: an answer, or its time. Only who drains registers no more.
bool Registrant::waits_for_something(std::uint64_t id, const Entry& entry) const {
  const auto armed = timers_.find(entry.timer);
  if (armed && (armed->tag.owner != TimerOwner::Registrant || armed->tag.subject != id)) return false;
  if (!entry.under_way) {
    const TimerTag attempt{TimerOwner::Registrant, static_cast<std::uint8_t>(Timer::Attempt), id};
    const bool begins = armed && armed->tag == attempt;
    return (begins || drained_) && !entry.leaves && entry.query == 0 && !entry.client;
  }
  if (entry.query != 0) {
    const auto asked = queries_.find(entry.query);
    return !entry.client && asked != queries_.end() && asked->second == id && port_.asks_registrar_query(entry.query);
  }
  const ClientTransaction* client = transactions_.find(entry.client);
  return client && client->is_waiting() && client->user == TransactionUser{user_kind, id} &&
         timers_.is_armed(client->timeout);
}

template <class Archive>
void Registrant::transfer(Archive& archive) {
  auto& [settings, key, peers, server_name, names, transactions, timers, random, port, started, drained, last_id,
         entries, queries] = *this;
  archive(started, drained, last_id, entries, queries);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    for (const auto& [id, entry] : entries) {
      if (!started || id == 0 || id > last_id) return archive.fail("a registration that nobody began");
      if (!timers.has_given(entry.timer)) return archive.fail("a timer that nobody armed");
      if (!waits_for_something(id, entry)) return archive.fail("a registration that waits for nobody");
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
