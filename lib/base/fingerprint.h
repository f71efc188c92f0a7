// Fingerprints of bytes, 64 bits: quick enough to take one of every message, and the same on every machine.
//
// They tell bytes that differ by accident, and nothing more: who wants two inputs of one fingerprint finds them. What
// leaves the process or meets keys that a peer chooses is hashed by base/keyed_hash.h.
#pragma once

#include <cstdint>
#include <string_view>

namespace intermediary {

std::uint64_t fingerprint(std::string_view bytes, std::uint64_t start = 0);

}  // namespace intermediary
