#include "routing/target_set.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace intermediary {

bool TargetSet::add(Target&& target) {
  if (targets_.size() >= limit::branches_per_request) return false;
  const auto is_known = [&](const Target& other) {
    return other.hop == target.hop && other.path == target.path && equivalent(other.uri, target.uri);
  };
  if (std::ranges::any_of(targets_, is_known)) return false;
  targets_.push_back(std::move(target));
  return true;
}

}  // namespace intermediary
