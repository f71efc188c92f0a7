// What name servers have said, who waits for them, and which questions are out.
#include <algorithm>
#include <set>

#include "base/archive.h"
#include "transport/resolver.h"

namespace intermediary {

template <class Archive>
void DnsCache::transfer(Archive& archive) {
  auto& [times, entries, by_use, last_turn] = *this;
  archive(entries, last_turn);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    by_use.clear();
    for (const auto& [question, entry] : entries) {
      const bool is_new = by_use.emplace(entry.turn, question).second;
      if (!is_new || entry.turn > last_turn) return archive.fail("an answer that was used at an impossible time");
    }
  }
}

template <class Archive>
void Resolver::transfer(Archive& archive) {
  // The last four are empty when nothing is left to be told.
  auto& [names, random, cache, lookups, fetches, out, out_by_question, sips_domains, last_lookup, last_query, last_turn,
         questions, finished, fetched, troubles] = *this;
  archive(cache, lookups, fetches, out, sips_domains, last_lookup, last_query, last_turn);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    out_by_question.clear();
    for (const auto& [query, asked] : out) {
      if (query.value == 0 || query.value > last_query || !out_by_question.emplace(asked.question, query).second) {
        return archive.fail("a question that nobody asked");
      }
    }
    if (!lookups.empty() && lookups.rbegin()->first.value > last_lookup)
      return archive.fail("a lookup from the future");
    const auto is_known = [&](const auto& entry) {
      return entry.first.value <= last_lookup && !lookups.contains(entry.first);
    };
    if (!std::ranges::all_of(fetches, is_known)) return archive.fail("a lookup that nobody began");
    std::set<LookupId> waiting;
    for (const auto& [query, asked] : out) waiting.insert(asked.waiting.begin(), asked.waiting.end());
    const auto waits = [&](const auto& entry) { return waiting.contains(entry.first); };
    if (!std::ranges::all_of(lookups, waits) || !std::ranges::all_of(fetches, waits)) {
      return archive.fail("a lookup that waits for no answer");
    }
  }
}

template void Resolver::transfer(ArchiveWriter& archive);
template void Resolver::transfer(ArchiveReader& archive);

}  // namespace intermediary
