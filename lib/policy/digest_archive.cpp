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
  auto& [realm, key, uses] = *this;
  archive(uses);
}

template void DigestAuthenticator::transfer(ArchiveWriter& archive);
template void DigestAuthenticator::transfer(ArchiveReader& archive);

}  // namespace intermediary
