// What Engine::save() writes and Engine::load() reads.
//
//   "Intermediary save\n"   18 bytes
//   version                 a number (base/archive.h); checkpoint_version, raised with every change of what is saved
//   configuration           16 bytes: a hash of the whole configuration
//   state                   everything that inputs change (EngineCore::transfer)
//   checksum                16 bytes: a hash of all that stands before, against accidents, not against forgers
//
// Whoever can write a save can do what the engine can: it holds its keys. Still no id and no place in a text is
// believed that leads nowhere; but what it says of times and states is.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/random.h"
#include "engine/config.h"

namespace intermediary {

class EngineCore;

inline constexpr std::uint32_t checkpoint_version = 6;

// Not const: it is described for both directions (base/archive.h). REQUIRES: drained.
std::string write_checkpoint(EngineCore& core);

struct Checkpoint {
  Seed seed{};             // what the core has to be made with
  std::string_view state;  // within the bytes that were opened
};
// The error is one line for people.
std::expected<Checkpoint, std::string> open_checkpoint(const Config& config, std::string_view saved);
// "" when all is well, else what is wrong; the core is of no use then. REQUIRES: new, made with that seed.
std::string read_checkpoint(const Checkpoint& checkpoint, EngineCore& core);

// The checksum made anew, for tests and fuzzers, which change what stands before it.
std::string with_checksum(std::string_view saved);

}  // namespace intermediary
