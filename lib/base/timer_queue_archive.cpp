// Armed timers with their handles, deadlines and order of arming. How the heap lies in memory decides nothing, so it is
// made anew; which queue a timer shares follows from its duration, of which only the queue's number is kept.
#include <algorithm>
#include <ranges>
#include <string_view>

#include "base/archive.h"
#include "base/timer_queue.h"

namespace intermediary {

template <class Archive>
void TimerQueue::transfer(Archive& archive) {
  auto& [nodes, lanes, heap, free, next_sequence, armed, earliest] = *this;
  const auto refuse = [&](std::string_view what) {
    if constexpr (Archive::reads) archive.fail(what);
  };
  std::vector<std::uint32_t> unused;  // in the order in which they are taken
  if constexpr (!Archive::reads) {
    for (std::uint32_t index = free; index != none; index = nodes[index].next) unused.push_back(index);
  }
  std::size_t count = nodes.size();
  archive(unused, next_sequence);
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    count = archive.count();
    nodes.assign(count, {});
    heap.clear();
    for (Lane& lane : lanes) lane.head = lane.tail = none;
    free = earliest = none;
    armed = 0;
  } else {
    archive.number(count);
  }
  std::vector<bool> is_free(count);
  for (const std::uint32_t index : unused) {
    if (index >= count || is_free[index]) return refuse("a timer that is not free");
    is_free[index] = true;
  }
  std::vector<std::uint32_t> in_order;
  for (std::uint32_t index = 0; index < count; ++index) {
    Node& node = nodes[index];
    archive(node.generation);
    if (Archive::reads && node.generation == 0) return refuse("a timer of no generation");
    if (is_free[index]) continue;
    std::uint32_t lane = node.lane + 1;  // 0: the heap
    archive(node.deadline, node.sequence, node.tag, lane);
    node.lane = lane - 1;
    if (Archive::reads && (node.sequence >= next_sequence || lane > lanes.size())) {
      return refuse("a timer that was never armed");
    }
    in_order.push_back(index);
  }
  if constexpr (Archive::reads) {
    if (!archive.ok()) return;
    std::ranges::sort(in_order, [this](std::uint32_t a, std::uint32_t b) { return earlier(a, b); });
    for (const std::uint32_t index : in_order) {
      if (nodes[index].lane == none) {
        heap_push(index);
      } else {
        link(index);
      }
    }
    armed = in_order.size();
    for (const std::uint32_t index : std::views::reverse(unused)) {
      nodes[index].next = free;
      free = index;
    }
  }
}

bool TimerQueue::may_go_on(TimePoint now) const {
  return std::ranges::all_of(
      lanes_, [&](const Lane& lane) { return lane.tail == none || nodes_[lane.tail].deadline <= now + lane.duration; });
}

// The generation of a free node is that of its next use, whose handle nobody can have yet.
bool TimerQueue::has_given(TimerHandle handle) const {
  if (!handle) return true;
  const auto index = static_cast<std::uint32_t>(handle.value);
  if (index >= nodes_.size()) return false;
  const Node& node = nodes_[index];
  const bool is_free = node.lane == none && node.heap_index == none;
  const std::uint32_t last = is_free ? node.generation - 1 : node.generation;
  return last - static_cast<std::uint32_t>(handle.value >> 32) <= last;  // no later than that
}

template void TimerQueue::transfer(ArchiveWriter& archive);
template void TimerQueue::transfer(ArchiveReader& archive);

}  // namespace intermediary
