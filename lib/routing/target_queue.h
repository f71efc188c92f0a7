// The targets of a request that are not being tried yet, in groups that are tried together (RFC 3261 §16.6). A value;
// empty for most requests, whose targets all leave at once.
#pragma once

#include <cstddef>
#include <vector>

#include "routing/fork_policy.h"
#include "routing/target_set.h"

namespace intermediary {

class TargetQueue {
 public:
  TargetQueue() = default;
  // In the order in which they shall be tried; ByQ takes them by q, the highest first, and equals in their order.
  TargetQueue(TargetSet targets, ForkMode mode);

  // The targets that come next: all of them, one, or all of the highest q; no more than `most`. REQUIRES: not empty,
  // most > 0.
  std::vector<Target> take_group(std::size_t most);
  // Targets that stand for one that redirected to them: before all others, in their order.
  void put_first(TargetSet targets);
  // One more, by its q.
  void add(Target target);
  bool contains(const Uri& uri) const;
  // The target of that user agent; null when there is none, or `like` does not say which it is.
  Target* find_agent(const Target& like);
  const std::vector<Target>& targets() const { return targets_; }

  bool empty() const { return targets_.empty(); }
  ForkMode mode() const { return mode_; }
  std::size_t size() const { return targets_.size(); }
  void clear() { targets_.clear(); }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  std::vector<Target> targets_;
  ForkMode mode_ = ForkMode::Parallel;
};

}  // namespace intermediary
