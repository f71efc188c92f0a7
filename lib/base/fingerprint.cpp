#include "base/fingerprint.h"

#include <bit>
#include <cstring>

namespace intermediary {
namespace {

constexpr std::uint64_t first_factor = 0x9e3779b97f4a7c15, second_factor = 0xc2b2ae3d27d4eb4f;

// Eight bytes, the first one lowest.
std::uint64_t word_at(const char* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
  return word;
}

// Each step can be undone: two states that differ still do afterwards.
std::uint64_t stirred(std::uint64_t state, std::uint64_t word, std::uint64_t factor) {
  const std::uint64_t product = (state ^ word) * factor;
  return product ^ product >> 32;
}

std::uint64_t spread(std::uint64_t value) {
  value ^= value >> 32;
  value *= first_factor;
  value ^= value >> 29;
  value *= second_factor;
  return value ^ (value >> 32);
}

}  // namespace

// Two lanes, so that a processor works on both at once.
std::uint64_t fingerprint(std::string_view bytes, std::uint64_t start) {
  std::uint64_t even = start ^ second_factor;
  std::uint64_t odd = std::uint64_t{bytes.size()} * first_factor;
  for (; bytes.size() >= 16; bytes.remove_prefix(16)) {
    even = stirred(even, word_at(bytes.data()), first_factor);
    odd = stirred(odd, word_at(bytes.data() + 8), second_factor);
  }
  if (bytes.size() >= 8) {
    even = stirred(even, word_at(bytes.data()), first_factor);
    bytes.remove_prefix(8);
  }
  std::uint64_t rest = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) rest = rest << 8 | static_cast<unsigned char>(bytes[i]);
  odd = stirred(odd, rest, second_factor);
  return spread(even ^ spread(odd));
}

}  // namespace intermediary
