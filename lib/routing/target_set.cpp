#include "routing/target_set.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace intermediary {

bool TargetSet::add(Target&& target) {
  if (targets_.size() >= limit::branches_per_request) return false;
  const bool known =
      std::ranges::any_of(targets_, [&](const Target& other) { return equivalent(other.uri, target.uri); });
  if (known) return false;
  targets_.push_back(std::move(target));
  return true;
}

}  // namespace intermediary
