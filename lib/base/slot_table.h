// A table of live objects under ids that are never reused: the home of transactions, response contexts, flows.
//
// An id is a slot and its generation, so a stale id finds nothing. Objects do not move while they live. Walking goes in
// slot order, which depends on nothing but the history of inserts and erases.
#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace intermediary {

template <class Object, class Id>
class SlotTable {
 public:
  template <class... Arguments>
  Id emplace(Arguments&&... arguments) {
    if (free_.empty()) free_.push_back(add_slot());
    const std::uint32_t index = free_.back();
    free_.pop_back();
    Slot& slot = slot_at(index);
    ++slot.generation;
    slot.object.emplace(std::forward<Arguments>(arguments)...);
    ++size_;
    return Id{(std::uint64_t{slot.generation} << 32) | index};
  }

  Object* find(Id id) {
    Slot* slot = slot_of(id);
    return slot ? &*slot->object : nullptr;
  }
  const Object* find(Id id) const { return const_cast<SlotTable*>(this)->find(id); }

  void erase(Id id) {
    Slot* slot = slot_of(id);
    assert(slot);
    slot->object.reset();
    free_.push_back(static_cast<std::uint32_t>(id.value));
    --size_;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The ids of all that live now: safe to walk while objects come and go.
  std::vector<Id> ids() const {
    std::vector<Id> all;
    all.reserve(size_);
    for (std::uint32_t index = 0; index < slots_; ++index) {
      const Slot& slot = slot_at(index);
      if (slot.object) all.push_back(Id{(std::uint64_t{slot.generation} << 32) | index});
    }
    return all;
  }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  struct Slot {
    std::uint32_t generation = 0;
    std::optional<Object> object;
  };

  Slot* slot_of(Id id) {
    const auto index = static_cast<std::uint32_t>(id.value);
    if (index >= slots_) return nullptr;
    Slot& slot = slot_at(index);
    return slot.object && slot.generation == (id.value >> 32) ? &slot : nullptr;
  }

  // In blocks, which do not move. A deque does the same, and takes three times as long to find one.
  static constexpr std::uint32_t block_slots = 32;
  using Block = std::array<Slot, block_slots>;

  Slot& slot_at(std::uint32_t index) const { return (*blocks_[index / block_slots])[index % block_slots]; }
  std::uint32_t add_slot() {
    if (slots_ % block_slots == 0) blocks_.push_back(std::make_unique<Block>());
    return slots_++;
  }

  std::vector<std::unique_ptr<Block>> blocks_;
  std::uint32_t slots_ = 0;
  std::vector<std::uint32_t> free_;
  std::size_t size_ = 0;
};

}  // namespace intermediary
