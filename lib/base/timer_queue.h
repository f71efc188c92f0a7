// All timers of one engine, in the order in which they are due; equal deadlines keep the order of arming.
//
// Contract: `now` never decreases. Timers of a duration that was declared share a first-in-first-out queue (arming and
// cancelling cost O(1)); any other sits in a heap. `next_deadline` is exact: cancelled timers leave at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/strong_id.h"
#include "base/time.h"

namespace intermediary {

// Who armed a timer: the engine hands the expiry back to that room.
enum class TimerOwner : std::uint8_t {
  Transport,
  Transaction,
  Proxy,
  Dialog,
  Notifier,
  Prober,
  Store,
  Overload,
  Http,
  Route,
  Registrant,
  Users
};

// What an owner armed: `kind` is the owner's own enumeration, `subject` its own id (a transaction, a context, …).
struct TimerTag {
  TimerOwner owner = TimerOwner::Transaction;
  std::uint8_t kind = 0;
  std::uint64_t subject = 0;

  friend bool operator==(const TimerTag&, const TimerTag&) = default;
};

// A handle for cancelling; it stays harmless after the timer fired or was cancelled.
struct TimerHandleTag;
using TimerHandle = StrongId<TimerHandleTag>;

class TimerQueue {
 public:
  // Declares a duration that many timers have: these share a queue. Durations that peers choose stay in the heap.
  void share(Duration duration);

  TimerHandle arm(TimePoint now, Duration after, TimerTag tag);
  // Does nothing when the timer has fired or was cancelled before. Clears the handle.
  void cancel(TimerHandle& handle);
  bool is_armed(TimerHandle handle) const;
  struct Armed {
    TimePoint deadline;
    TimerTag tag;
  };
  // Nullopt: it is not armed.
  std::optional<Armed> find(TimerHandle handle) const;

  std::optional<TimePoint> next_deadline() const;
  // The next timer due at or before `now`, taken out; nullopt when there is none.
  std::optional<TimerTag> pop_due(TimePoint now);

  std::size_t size() const { return armed_; }
  bool empty() const { return armed_ == 0; }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);
  // Whether a queue that was read may go on from `now`: what is shared was armed no later.
  bool may_go_on(TimePoint now) const;
  // Whether somebody may have that handle: it is of a timer that was armed, or of none.
  bool has_given(TimerHandle handle) const;

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct Node {
    TimePoint deadline{};
    std::uint64_t sequence = 0;
    TimerTag tag{};
    std::uint32_t generation = 0;
    std::uint32_t lane = none;  // `none`: in the heap
    std::uint32_t previous = none;
    std::uint32_t next = none;  // in the free list too
    std::uint32_t heap_index = none;
  };
  struct Lane {
    Duration duration{};
    std::uint32_t head = none;
    std::uint32_t tail = none;
  };

  std::uint32_t take_node();
  void release(std::uint32_t index);
  std::uint32_t lane_for(Duration after) const;
  void link(std::uint32_t index);
  void unlink(std::uint32_t index);
  static bool goes_before(const Node& a, const Node& b);
  bool earlier(std::uint32_t a, std::uint32_t b) const;
  void heap_push(std::uint32_t index);
  void heap_remove(std::uint32_t position);
  void sift_up(std::uint32_t position);
  void sift_down(std::uint32_t position);
  void swap_in_heap(std::uint32_t a, std::uint32_t b);
  std::uint32_t earliest() const;
  std::uint32_t find_earliest() const;

  std::vector<Node> nodes_;
  std::vector<Lane> lanes_;
  std::vector<std::uint32_t> heap_;
  std::uint32_t free_ = none;
  std::uint64_t next_sequence_ = 0;
  std::size_t armed_ = 0;
  mutable std::uint32_t earliest_ = none;  // what earliest() found, unless that is gone
};

}  // namespace intermediary
