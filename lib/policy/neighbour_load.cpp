#include "policy/neighbour_load.h"

#include <algorithm>
#include <utility>

#include "base/archive.h"

namespace intermediary {

void NeighbourLoads::remember(const Endpoint& hop) {
  if (neighbours_.size() < limit::overload_neighbours) neighbours_.try_emplace(hop);
}

// §5.4, §5.7: once its time is over nothing of what it said holds any more, its oc-seq neither.
std::optional<NeighbourOverload> NeighbourLoads::end(const Endpoint& hop, Neighbour& neighbour) {
  neighbour.sequence.reset();
  const std::uint64_t held = std::exchange(neighbour.held, 0);
  if (std::exchange(neighbour.reduction, 0) == 0) return std::nullopt;
  return NeighbourOverload{hop, 0, held};
}

std::optional<NeighbourOverload> NeighbourLoads::heard(TimePoint now, const Endpoint& hop, const OverloadWord& word) {
  const auto found = neighbours_.find(hop);
  if (found == neighbours_.end()) return std::nullopt;
  Neighbour& neighbour = found->second;
  const bool is_over = now >= neighbour.until;
  // §5.4: not larger than what is in force, it says nothing new. An overflow (§4.4) counts when that is over.
  if (!is_over && neighbour.sequence && (!word.sequence || *word.sequence <= *neighbour.sequence)) return std::nullopt;
  if (word.validity == Duration::zero() || word.reduction == 0) {
    std::optional<NeighbourOverload> change = end(hop, neighbour);
    neighbour.sequence = word.sequence;
    neighbour.until = now + std::min(word.validity, limit::longest_reduction);
    return change;
  }
  if (!word.sequence) return std::nullopt;  // §4.4: it MUST be there, and without it none could be told from an old one
  const bool is_new = neighbour.reduction == 0;
  neighbour.sequence = word.sequence;
  neighbour.reduction = word.reduction;
  neighbour.until = now + std::min(word.validity, limit::longest_reduction);
  if (!is_new) return std::nullopt;
  return NeighbourOverload{hop, word.reduction, 0};
}

bool NeighbourLoads::is_reduced(TimePoint now, const Endpoint& hop) const {
  const auto found = neighbours_.find(hop);
  return found != neighbours_.end() && found->second.reduction != 0 && now < found->second.until;
}

void NeighbourLoads::count(TimePoint now, Mix& mix, Category category) {
  if (now - mix.begin >= limit::traffic_mix_window) {
    // Where nothing new was sent, nothing is known of what it would be a share of.
    const std::uint64_t all = mix.fresh + mix.preferred;
    if (mix.fresh != 0) mix.fresh_percent = std::max(1, static_cast<int>(mix.fresh * 100 / all));
    mix.begin = now;
    mix.fresh = mix.preferred = 0;
  }
  ++(category == Category::New ? mix.fresh : mix.preferred);
}

NeighbourLoads::Passage NeighbourLoads::passage(TimePoint now, const Endpoint& hop, Category category, int draw) {
  const auto found = neighbours_.find(hop);
  if (found == neighbours_.end()) return {};
  Neighbour& neighbour = found->second;
  count(now, neighbour.mix, category);
  if (neighbour.reduction == 0) return {};
  if (now >= neighbour.until) return {true, end(hop, neighbour)};
  const int fresh = neighbour.mix.fresh_percent;
  const int reduction = neighbour.reduction;
  int held_back = 0;  // percent of its category, rounded up
  if (category == Category::New) {
    held_back = reduction >= fresh ? 100 : (reduction * 100 + fresh - 1) / fresh;
  } else if (reduction > fresh) {
    held_back = ((reduction - fresh) * 100 + 99 - fresh) / (100 - fresh);
  }
  const bool passes = draw >= held_back;
  if (!passes) ++neighbour.held;
  return {passes, std::nullopt};
}

template <class Archive>
void NeighbourLoads::transfer(Archive& archive) {
  archive(neighbours_);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    const bool are_possible = std::ranges::all_of(neighbours_, [](const auto& entry) {
      const Neighbour& neighbour = entry.second;
      const int fresh = neighbour.mix.fresh_percent;
      return neighbour.reduction >= 0 && neighbour.reduction <= 100 && fresh >= 0 && fresh <= 100;
    });
    if (neighbours_.size() > limit::overload_neighbours || !are_possible) archive.fail("a load that cannot be");
  }
}

template void NeighbourLoads::transfer(ArchiveWriter& archive);
template void NeighbourLoads::transfer(ArchiveReader& archive);

}  // namespace intermediary
