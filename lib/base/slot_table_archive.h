// A SlotTable as bytes (base/archive.h): every slot with its generation, so that ids mean what they meant, and the free
// ones in the order in which they are taken. An object that knows its id must know the right one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/archive.h"
#include "base/slot_table.h"

namespace intermediary {

template <class Object, class Id>
template <class Archive>
void SlotTable<Object, Id>::transfer(Archive& archive) {
  auto& [blocks, slots, free, size] = *this;
  archive(free);
  if constexpr (!Archive::reads) {
    archive.number(slots);
    for (std::uint32_t index = 0; index < slots; ++index) archive(slot_at(index).generation, slot_at(index).object);
  } else {
    blocks.clear();
    slots = 0;
    size = 0;
    for (std::size_t left = archive.count(); left > 0 && archive.ok(); --left) {
      Slot& slot = slot_at(add_slot());
      archive(slot.generation, slot.object);
      if (slot.object) ++size;
      if (slot.object && slot.generation == 0) archive.fail("an object of no generation");
    }
    if (!archive.ok()) return;
    std::vector<bool> is_free(slots);
    for (const std::uint32_t index : free) {
      if (index >= slots || slot_at(index).object || is_free[index]) return archive.fail("a slot that is not free");
      is_free[index] = true;
    }
    if (free.size() + size != slots) return archive.fail("a slot that is neither free nor taken");
    if constexpr (requires(Object& object) { object.id == Id{}; }) {
      for (const Id id : ids()) {
        if (find(id)->id != id) return archive.fail("an object under another id than its own");
      }
    }
  }
}

}  // namespace intermediary
