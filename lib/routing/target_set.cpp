#include "routing/target_set.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace intermediary {

bool is_same_way(const Target& a, const Target& b) {
  return a.peer == b.peer && a.hop == b.hop && a.path == b.path && equivalent(a.uri, b.uri);
}

bool is_same_agent(const Target& a, const Target& b) { return is_same_instance(a.instance(), b.instance()); }

bool TargetSet::add(Target&& target) {
  if (targets_.size() >= limit::branches_per_request) return false;
  if (std::ranges::any_of(targets_, [&](const Target& other) { return is_same_way(other, target); })) return false;
  targets_.push_back(std::move(target));
  return true;
}

void TargetSet::add_alternative(std::size_t index, std::size_t before, Target&& target) {
  Target& first = targets_[index];
  if (before == 0) {
    std::swap(first, target);
    first.alternatives = std::exchange(target.alternatives, {});
    before = 1;
  }
  first.alternatives.insert(first.alternatives.begin() + static_cast<std::ptrdiff_t>(before - 1), std::move(target));
}

void TargetSet::order_by_q() {
  const auto higher = [](const Target& a, const Target& b) { return a.q_thousandths > b.q_thousandths; };
  for (auto next = targets_.begin(); next != targets_.end(); ++next) {
    std::rotate(std::upper_bound(targets_.begin(), next, *next, higher), next, next + 1);
  }
}

}  // namespace intermediary
