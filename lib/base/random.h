// The engine's only source of randomness: ChaCha20 (RFC 8439 §2.3) under a 256-bit seed.
//
// In production the seed comes from the operating system; in the simulator from the scenario; in a replay from the
// record. The state is a plain value: copy it and both copies go on alike. One draw a statement, so that the order of
// draws does not depend on a compiler's order of evaluation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace intermediary {

using Seed = std::array<std::uint8_t, 32>;

// The block function of RFC 8439 §2.3: sixteen words of key stream.
using ChaChaKey = std::array<std::uint32_t, 8>;
using ChaChaBlock = std::array<std::uint32_t, 16>;
ChaChaBlock chacha20_block(const ChaChaKey& key, std::uint32_t counter, const std::array<std::uint32_t, 3>& nonce);

// A seed for tests and scenarios from a small number (never for production).
Seed seed_from_number(std::uint64_t number);

class RandomSource {
 public:
  explicit RandomSource(const Seed& seed);

  std::uint64_t next();
  // Uniform in [0, bound). REQUIRES: bound > 0.
  std::uint64_t below(std::uint64_t bound);
  // `count` characters from a 32-letter alphabet of token characters: 5 bits each.
  std::string token(std::size_t count);

  // What it was made from.
  Seed seed() const;

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

  friend bool operator==(const RandomSource&, const RandomSource&) = default;

 private:
  void refill();

  ChaChaKey key_{};
  std::uint64_t block_ = 0;
  std::array<std::uint64_t, 8> words_{};
  std::uint32_t used_ = 8;
};

}  // namespace intermediary
