// Searching many bytes at a time: sixteen where the processor has SSE2 (every x86-64), else eight in a plain integer.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace intermediary {

namespace byte_search {

// Eight bytes in an integer. No sum below carries from one byte to the next, so that the highest bit of each byte of
// the result tells of that byte alone.
class Eight {
 public:
  static constexpr int width = 8;
  explicit Eight(const char* at) { std::memcpy(&word_, at, sizeof word_); }

  // Bytes below `least`, and DEL.
  template <unsigned char least>
  std::uint64_t outside() const {
    const std::uint64_t low_bits = word_ & ~highs;
    const std::uint64_t from_least = low_bits + ones * (0x80 - least);
    const std::uint64_t is_delete = low_bits + ones * (0x80 - 0x7f);
    return (~from_least | is_delete) & ~word_ & highs;
  }
  std::uint64_t colons() const {
    const std::uint64_t others = word_ ^ (ones * ':');
    return ~(((others & ~highs) + ~highs) | others) & highs;
  }
  // REQUIRES: found != 0.
  static int first(std::uint64_t found) {
    const int bits = std::endian::native == std::endian::little ? std::countr_zero(found) : std::countl_zero(found);
    return bits / 8;
  }

 private:
  static constexpr std::uint64_t ones = 0x0101010101010101;
  static constexpr std::uint64_t highs = ones * 0x80;
  std::uint64_t word_;
};

#if defined(__SSE2__)
class Sixteen {
 public:
  static constexpr int width = 16;
  explicit Sixteen(const char* at) {
    __m128i bytes;
    std::memcpy(&bytes, at, sizeof bytes);
    bytes_ = bytes;
  }

  template <unsigned char least>
  std::uint32_t outside() const {
    const __m128i below_least = _mm_cmpeq_epi8(_mm_min_epu8(bytes_, _mm_set1_epi8(least - 1)), bytes_);
    return mask(_mm_or_si128(below_least, _mm_cmpeq_epi8(bytes_, _mm_set1_epi8(0x7f))));
  }
  std::uint32_t colons() const { return mask(_mm_cmpeq_epi8(bytes_, _mm_set1_epi8(':'))); }
  static int first(std::uint32_t found) { return std::countr_zero(found); }

 private:
  static std::uint32_t mask(__m128i bytes) { return static_cast<std::uint32_t>(_mm_movemask_epi8(bytes)); }
  __m128i bytes_;
};
using Block = Sixteen;
#else
using Block = Eight;
#endif

// The first byte below `least` or DEL in [at, end), or end.
template <class Bytes, unsigned char least>
[[gnu::always_inline]] inline const char* find_outside(const char* at, const char* end) {
  for (; end - at >= Bytes::width; at += Bytes::width) {
    const auto found = Bytes(at).template outside<least>();
    if (found != 0) return at + Bytes::first(found);
  }
  while (at != end && static_cast<unsigned char>(*at) >= least && *at != 0x7f) ++at;
  return at;
}

template <class Bytes>
[[gnu::always_inline]] inline const char* find_colon(const char* at, const char* end) {
  for (; end - at >= Bytes::width; at += Bytes::width) {
    const auto found = Bytes(at).colons();
    if (found != 0) return at + Bytes::first(found);
  }
  while (at != end && *at != ':') ++at;
  return at;
}

}  // namespace byte_search

// The first control character in [at, end), or end.
[[gnu::always_inline]] inline const char* find_control(const char* at, const char* end) {
  return byte_search::find_outside<byte_search::Block, 0x20>(at, end);
}

// The first space or control character in [at, end), or end.
[[gnu::always_inline]] inline const char* find_space_or_control(const char* at, const char* end) {
  return byte_search::find_outside<byte_search::Block, 0x21>(at, end);
}

// The first colon in [at, end), or end.
[[gnu::always_inline]] inline const char* find_colon(const char* at, const char* end) {
  return byte_search::find_colon<byte_search::Block>(at, end);
}

}  // namespace intermediary
