#include <algorithm>

#include "base/archive.h"
#include "policy/digest.h"

namespace intermediary {

template <class Archive>
void NonceUses::transfer(Archive& archive) {
  auto& [most, known_since, uses] = *this;
  archive(known_since, uses);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    if (uses.size() > most) archive.fail("more nonces than are remembered");
  }
}

// Realm and key are the configuration's.
template <class Archive>
void DigestAuthenticator::transfer(Archive& archive) {
  auto& [realm, key, uses, known, turns, last_turn, failure, asked_again, told] = *this;
  archive(uses, known, turns, last_turn, failure, asked_again);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    const auto is_known = [&](const auto& turn) {
      const auto user = known.find(turn.second);
      return user != known.end() && user->second.turn == turn.first && turn.first <= last_turn;
    };
    const bool fits = known.size() == turns.size() && known.size() <= limit::remembered_users;
    if (!fits || !std::ranges::all_of(turns, is_known)) archive.fail("users that nobody asked for");
  }
}

template void DigestAuthenticator::transfer(ArchiveWriter& archive);
template void DigestAuthenticator::transfer(ArchiveReader& archive);

}  // namespace intermediary
