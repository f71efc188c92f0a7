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
  for (Target& target : std::move(targets).take()) add(std::move(target));
}

std::vector<Target> TargetQueue::take_group(std::size_t most) {
  assert(!targets_.empty() && most > 0);
  if (mode_ == ForkMode::Parallel && targets_.size() <= most) return std::exchange(targets_, {});
  const auto same_q = [q = targets_.front().q_thousandths](const Target& target) { return target.q_thousandths == q; };
  auto end = targets_.end();
  if (mode_ == ForkMode::Serial || mode_ == ForkMode::Failover) most = 1;
  if (mode_ == ForkMode::ByQ) end = std::find_if_not(targets_.begin(), targets_.end(), same_q);
  end = targets_.begin() + std::min<std::ptrdiff_t>(end - targets_.begin(), static_cast<std::ptrdiff_t>(most));
  std::vector<Target> group(std::move_iterator(targets_.begin()), std::move_iterator(end));
  targets_.erase(targets_.begin(), end);
  return group;
}

void TargetQueue::put_first(TargetSet targets) {
  std::vector<Target> all = std::move(targets).take();
  targets_.insert(targets_.begin(), std::move_iterator(all.begin()), std::move_iterator(all.end()));
}

void TargetQueue::add(Target target) {
  const auto lower = [&](const Target& other) { return other.q_thousandths < target.q_thousandths; };
  targets_.insert(std::ranges::find_if(targets_, lower), std::move(target));
}

Target* TargetQueue::find_agent(const Target& like) {
  const auto found = std::ranges::find_if(targets_, [&](const Target& target) { return is_same_agent(target, like); });
  return found == targets_.end() ? nullptr : &*found;
}

bool TargetQueue::contains(const Uri& uri) const {
  return std::ranges::any_of(targets_, [&](const Target& target) { return equivalent(target.uri, uri); });
}

}  // namespace intermediary
