// An integer that cannot be mistaken for another: `struct FlowTag; using FlowId = StrongId<FlowTag>;`.
// Zero is "none" for every id; ids are never reused within one engine.
#pragma once

#include <compare>
#include <cstdint>

namespace intermediary {

template <class Tag, class Representation = std::uint64_t>
struct StrongId {
  Representation value = 0;

  constexpr explicit operator bool() const { return value != 0; }
  friend constexpr auto operator<=>(const StrongId&, const StrongId&) = default;
};

}  // namespace intermediary
