#include "base/archive.h"
#include "base/random.h"

namespace intermediary {

// The words are made again from the key and the number of the block that they were.
template <class Archive>
void RandomSource::transfer(Archive& archive) {
  auto& [key, block, words, used] = *this;
  archive(key, block, used);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    if (used > words.size() || (block == 0 && used != words.size())) return archive.fail("no place in a random stream");
    if (block == 0) return;
    const std::uint32_t was_used = used;
    --block;
    refill();
    used = was_used;
  }
}

template void RandomSource::transfer(ArchiveWriter& archive);
template void RandomSource::transfer(ArchiveReader& archive);

Seed RandomSource::seed() const {
  Seed seed{};
  for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<std::uint8_t>(key_[i / 4] >> (8 * (i % 4)));
  return seed;
}

}  // namespace intermediary
