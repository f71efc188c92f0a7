#include "base/timer_queue.h"

#include <cassert>
#include <utility>

namespace intermediary {
namespace {

TimerHandle make_handle(std::uint32_t index, std::uint32_t generation) {
  return {std::uint64_t{generation} << 32 | index};
}
std::uint32_t index_of(TimerHandle handle) { return static_cast<std::uint32_t>(handle.value); }
std::uint32_t generation_of(TimerHandle handle) { return static_cast<std::uint32_t>(handle.value >> 32); }

// In each timer's way: without a call.
template <class Nodes, class Lane>
[[gnu::always_inline]] inline void append(Nodes& nodes, Lane& lane, std::uint32_t index, std::uint32_t none) {
  auto& node = nodes[index];
  assert(lane.tail == none || nodes[lane.tail].deadline <= node.deadline);  // else `now` went backwards
  node.previous = lane.tail;
  (lane.tail == none ? lane.head : nodes[lane.tail].next) = index;
  lane.tail = index;
}

}  // namespace

inline bool TimerQueue::goes_before(const Node& a, const Node& b) {
  return a.deadline != b.deadline ? a.deadline < b.deadline : a.sequence < b.sequence;
}

void TimerQueue::share(Duration duration) {
  if (lane_for(duration) == none) lanes_.push_back({duration, none, none});
}

TimerHandle TimerQueue::arm(TimePoint now, Duration after, TimerTag tag) {
  const std::uint32_t index = take_node();
  Node& node = nodes_[index];
  node.deadline = now + after;
  node.sequence = next_sequence_++;
  node.tag = tag;
  node.lane = lane_for(after);
  if (node.lane == none) {
    heap_push(index);
  } else {
    append(nodes_, lanes_[node.lane], index, none);
  }
  ++armed_;
  if (earliest_ != none && goes_before(node, nodes_[earliest_])) earliest_ = index;
  return make_handle(index, node.generation);
}

void TimerQueue::cancel(TimerHandle& handle) {
  if (is_armed(handle)) release(index_of(handle));
  handle = {};
}

std::optional<TimerQueue::Armed> TimerQueue::find(TimerHandle handle) const {
  if (!is_armed(handle)) return std::nullopt;
  const Node& node = nodes_[index_of(handle)];
  return Armed{node.deadline, node.tag};
}

// A node in the free list has moved on to the generation of its next use.
bool TimerQueue::is_armed(TimerHandle handle) const {
  return handle && index_of(handle) < nodes_.size() && nodes_[index_of(handle)].generation == generation_of(handle);
}

std::optional<TimePoint> TimerQueue::next_deadline() const {
  const std::uint32_t first = earliest();
  if (first == none) return std::nullopt;
  return nodes_[first].deadline;
}

std::optional<TimerTag> TimerQueue::pop_due(TimePoint now) {
  const std::uint32_t first = earliest();
  if (first == none || nodes_[first].deadline > now) return std::nullopt;
  const TimerTag tag = nodes_[first].tag;
  release(first);
  return tag;
}

std::uint32_t TimerQueue::take_node() {
  if (free_ == none) {
    nodes_.push_back({});
    nodes_.back().generation = 1;  // so that no handle is zero
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }
  const std::uint32_t index = free_;
  free_ = nodes_[index].next;
  nodes_[index].next = none;
  return index;
}

void TimerQueue::release(std::uint32_t index) {
  if (index == earliest_) earliest_ = none;
  if (nodes_[index].lane == none) {
    heap_remove(nodes_[index].heap_index);
  } else {
    unlink(index);
  }
  std::uint32_t generation = nodes_[index].generation + 1;
  if (generation == 0) generation = 1;
  nodes_[index] = {};
  nodes_[index].generation = generation;
  nodes_[index].next = free_;
  free_ = index;
  --armed_;
}

// A few lanes: a scan is faster than any table.
std::uint32_t TimerQueue::lane_for(Duration after) const {
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i].duration == after) return i;
  }
  return none;
}

void TimerQueue::link(std::uint32_t index) { append(nodes_, lanes_[nodes_[index].lane], index, none); }

void TimerQueue::unlink(std::uint32_t index) {
  const Node& node = nodes_[index];
  Lane& lane = lanes_[node.lane];
  (node.previous == none ? lane.head : nodes_[node.previous].next) = node.next;
  (node.next == none ? lane.tail : nodes_[node.next].previous) = node.previous;
}

bool TimerQueue::earlier(std::uint32_t a, std::uint32_t b) const { return goes_before(nodes_[a], nodes_[b]); }

void TimerQueue::heap_push(std::uint32_t index) {
  const auto position = static_cast<std::uint32_t>(heap_.size());
  heap_.push_back(index);
  nodes_[index].heap_index = position;
  sift_up(position);
}

void TimerQueue::heap_remove(std::uint32_t position) {
  const std::uint32_t last = heap_.back();
  heap_.pop_back();
  if (position == heap_.size()) return;
  heap_[position] = last;
  nodes_[last].heap_index = position;
  sift_up(position);
  sift_down(nodes_[last].heap_index);
}

void TimerQueue::sift_up(std::uint32_t position) {
  while (position > 0) {
    const std::uint32_t parent = (position - 1) / 2;
    if (!earlier(heap_[position], heap_[parent])) return;
    swap_in_heap(position, parent);
    position = parent;
  }
}

void TimerQueue::sift_down(std::uint32_t position) {
  while (true) {
    std::uint32_t first = position;
    for (std::uint32_t child = 2 * position + 1; child <= 2 * position + 2 && child < heap_.size(); ++child) {
      if (earlier(heap_[child], heap_[first])) first = child;
    }
    if (first == position) return;
    swap_in_heap(position, first);
    position = first;
  }
}

void TimerQueue::swap_in_heap(std::uint32_t a, std::uint32_t b) {
  std::swap(heap_[a], heap_[b]);
  nodes_[heap_[a]].heap_index = a;
  nodes_[heap_[b]].heap_index = b;
}

std::uint32_t TimerQueue::earliest() const {
  if (earliest_ == none && armed_ != 0) earliest_ = find_earliest();
  return earliest_;
}

std::uint32_t TimerQueue::find_earliest() const {
  const Node* first = heap_.empty() ? nullptr : &nodes_[heap_.front()];
  for (const Lane& lane : lanes_) {
    if (lane.head == none) continue;
    const Node& head = nodes_[lane.head];
    if (first == nullptr || goes_before(head, *first)) first = &head;
  }
  return first == nullptr ? none : static_cast<std::uint32_t>(first - nodes_.data());
}

}  // namespace intermediary
