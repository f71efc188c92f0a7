#include "base/random.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <string_view>

namespace intermediary {
namespace {

[[gnu::always_inline]] inline void quarter_round(ChaChaBlock& s, std::size_t a, std::size_t b, std::size_t c,
                                                 std::size_t d) {
  s[a] += s[b];
  s[d] = std::rotl(s[d] ^ s[a], 16);
  s[c] += s[d];
  s[b] = std::rotl(s[b] ^ s[c], 12);
  s[a] += s[b];
  s[d] = std::rotl(s[d] ^ s[a], 8);
  s[c] += s[d];
  s[b] = std::rotl(s[b] ^ s[c], 7);
}

void double_round(ChaChaBlock& s) {
  quarter_round(s, 0, 4, 8, 12);
  quarter_round(s, 1, 5, 9, 13);
  quarter_round(s, 2, 6, 10, 14);
  quarter_round(s, 3, 7, 11, 15);
  quarter_round(s, 0, 5, 10, 15);
  quarter_round(s, 1, 6, 11, 12);
  quarter_round(s, 2, 7, 8, 13);
  quarter_round(s, 3, 4, 9, 14);
}

// No 0, 1, 8, 9: an id is read aloud more often than one thinks.
constexpr std::string_view token_alphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t token_characters_per_draw = 12;  // 60 of 64 bits

}  // namespace

Seed seed_from_number(std::uint64_t number) {
  Seed seed{};
  for (std::size_t i = 0; i < 8; ++i) seed[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return seed;
}

ChaChaBlock chacha20_block(const ChaChaKey& key, std::uint32_t counter, const std::array<std::uint32_t, 3>& nonce) {
  const ChaChaBlock start{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, key[0],  key[1],   key[2],   key[3],
                          key[4],     key[5],     key[6],     key[7],     counter, nonce[0], nonce[1], nonce[2]};
  ChaChaBlock block = start;
  for (int round = 0; round < 10; ++round) double_round(block);
  for (std::size_t i = 0; i < block.size(); ++i) block[i] += start[i];
  return block;
}

RandomSource::RandomSource(const Seed& seed) {
  for (std::size_t i = 0; i < seed.size(); ++i) key_[i / 4] |= std::uint32_t{seed[i]} << (8 * (i % 4));
}

std::uint64_t RandomSource::next() {
  if (used_ == words_.size()) refill();
  return words_[used_++];
}

std::uint64_t RandomSource::below(std::uint64_t bound) {
  assert(bound > 0);
  // The 2**64 mod bound smallest draws would make some results likelier than others.
  const std::uint64_t uneven = (0 - bound) % bound;
  std::uint64_t draw = next();
  while (draw < uneven) draw = next();
  return draw % bound;
}

std::string RandomSource::token(std::size_t count) {
  std::string text(count, '\0');
  for (std::size_t at = 0; at < count;) {
    std::uint64_t bits = next();
    for (const std::size_t end = std::min(count, at + token_characters_per_draw); at < end; ++at, bits >>= 5) {
      text[at] = token_alphabet[bits & 31];
    }
  }
  return text;
}

// The block number fills the counter and the first word of the nonce, so that the stream does not end.
void RandomSource::refill() {
  const auto counter = static_cast<std::uint32_t>(block_);
  const auto high = static_cast<std::uint32_t>(block_ >> 32);
  const ChaChaBlock block = chacha20_block(key_, counter, {high, 0, 0});
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] = block[2 * i] | std::uint64_t{block[2 * i + 1]} << 32;
  ++block_;
  used_ = 0;
}

}  // namespace intermediary
