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

constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Eight bytes in an integer. No sum below carries from one byte to the next, so that the highest bit of each byte of
// the result tells of that byte alone.
class Eight {
 public:
  static constexpr int width = 8;
  explicit Eight(const char* at) { std::memcpy(&word_, at, sizeof word_); }

  std::uint64_t controls() const {
    const std::uint64_t low_bits = word_ & ~highs;
    const std::uint64_t from_space = low_bits + ones * (0x80 - 0x20);
    const std::uint64_t is_delete = low_bits + ones * (0x80 - 0x7f);
    return (~from_space | is_delete) & ~word_ & highs;
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

  std::uint32_t controls() const {
    const __m128i below_space = _mm_cmpeq_epi8(_mm_min_epu8(bytes_, _mm_set1_epi8(0x1f)), bytes_);
    return mask(_mm_or_si128(below_space, _mm_cmpeq_epi8(bytes_, _mm_set1_epi8(0x7f))));
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

template <class Bytes>
const char* find_control(const char* at, const char* end) {
  for (; end - at >= Bytes::width; at += Bytes::width) {
    const auto found = Bytes(at).controls();
    if (found != 0) return at + Bytes::first(found);
  }
  while (at != end && !is_control(*at)) ++at;
  return at;
}

template <class Bytes>
const char* find_colon(const char* at, const char* end) {
  for (; end - at >= Bytes::width; at += Bytes::width) {
    const auto found = Bytes(at).colons();
    if (found != 0) return at + Bytes::first(found);
  }
  while (at != end && *at != ':') ++at;
  return at;
}

}  // namespace byte_search

// The first byte below SP or DEL in [at, end), or end.
inline const char* find_control(const char* at, const char* end) {
  return byte_search::find_control<byte_search::Block>(at, end);
}

// The first colon in [at, end), or end.
inline const char* find_colon(const char* at, const char* end) {
  return byte_search::find_colon<byte_search::Block>(at, end);
}

}  // namespace intermediary
