#include "routing/target_queue.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace intermediary {

TargetQueue::TargetQueue(TargetSet targets, ForkMode mode) : mode_(mode) {
  if (mode == ForkMode::Parallel) {
    targets_ = std::move(targets).take();
    return;
  }
  for (Target& target : std::move(targets).take()) {
    const auto lower = [&](const Target& other) { return other.q_thousandths < target.q_thousandths; };
    targets_.insert(std::ranges::find_if(targets_, lower), std::move(target));
  }
}

std::vector<Target> TargetQueue::take_group() {
  assert(!targets_.empty());
  if (mode_ == ForkMode::Parallel) return std::exchange(targets_, {});
  const auto same_q = [q = targets_.front().q_thousandths](const Target& target) { return target.q_thousandths == q; };
  const auto end =
      mode_ == ForkMode::Serial ? targets_.begin() + 1 : std::find_if_not(targets_.begin(), targets_.end(), same_q);
  std::vector<Target> group(std::move_iterator(targets_.begin()), std::move_iterator(end));
  targets_.erase(targets_.begin(), end);
  return group;
}

}  // namespace intermediary
