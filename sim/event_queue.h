// What is due later, in the order of (time, sequence): equal times keep the order in which they were scheduled.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "base/time.h"

namespace intermediary::sim {

template <class Item>
class EventQueue {
 public:
  void schedule(TimePoint when, Item item) { items_.emplace(Key{when, next_sequence_++}, std::move(item)); }

  std::optional<TimePoint> next_time() const {
    if (items_.empty()) return std::nullopt;
    return items_.begin()->first.first;
  }
  // The next item due at or before `now`, taken out.
  std::optional<Item> pop_due(TimePoint now) {
    if (items_.empty() || items_.begin()->first.first > now) return std::nullopt;
    return std::move(items_.extract(items_.begin()).mapped());
  }
  bool empty() const { return items_.empty(); }

 private:
  using Key = std::pair<TimePoint, std::uint64_t>;
  std::map<Key, Item> items_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace intermediary::sim
