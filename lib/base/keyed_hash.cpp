#include "base/keyed_hash.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace intermediary {
namespace {

// As many bytes as `Word` has, the first one lowest.
template <class Word>
Word part(const char* bytes) {
  Word word;
  std::memcpy(&word, bytes, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
  return word;
}
std::uint64_t whole_word(const char* bytes) { return part<std::uint64_t>(bytes); }

// Less than eight bytes, the first one lowest; what is missing is zero.
std::uint64_t last_word(std::string_view bytes) {
  const std::size_t size = bytes.size();
  // Two loads that overlap: what both have is the same.
  const auto both = [&]<class Word>(Word) {
    return std::uint64_t{part<Word>(bytes.data())} | std::uint64_t{part<Word>(bytes.data() + size - sizeof(Word))}
                                                         << (8 * (size - sizeof(Word)));
  };
  if (size >= 4) return both(std::uint32_t{});
  if (size >= 2) return both(std::uint16_t{});
  return size == 1 ? static_cast<unsigned char>(bytes.front()) : 0;
}

// The same for the last `count` bytes of eight or more.
std::uint64_t last_of_many(std::string_view bytes, std::size_t count) {
  return whole_word(bytes.data() + bytes.size() - 8) >> (64 - 8 * count);
}

// Eight hexadecimal digits as they stand in memory: the four bits of each are spread to a byte of its own, then turned
// into characters all at once.
std::uint64_t eight_digits(std::uint32_t value) {
  constexpr std::uint64_t each = 0x0101010101010101;
  std::uint64_t digits = value;
  digits = (digits | digits << 16) & 0x0000ffff0000ffff;
  digits = (digits | digits << 8) & 0x00ff00ff00ff00ff;
  digits = (digits | digits << 4) & 0x0f0f0f0f0f0f0f0f;
  const std::uint64_t letters = ((digits + 6 * each) >> 4) & each;  // 1 in each byte that is ten or more
  digits += '0' * each + letters * ('a' - '0' - 10);
  return std::endian::native == std::endian::little ? std::byteswap(digits) : digits;
}

}  // namespace

inline void KeyedHash::State::round() {
  v0 += v1;
  v2 += v3;
  v1 = std::rotl(v1, 13) ^ v0;
  v3 = std::rotl(v3, 16) ^ v2;
  v0 = std::rotl(v0, 32);
  v2 += v1;
  v0 += v3;
  v1 = std::rotl(v1, 17) ^ v2;
  v3 = std::rotl(v3, 21) ^ v0;
  v2 = std::rotl(v2, 32);
}

inline void KeyedHash::State::word(std::uint64_t m) {
  v3 ^= m;
  round();
  round();
  v0 ^= m;
}

// Takes as many words as there are; what is left is shorter than one.
inline std::string_view KeyedHash::State::whole_words(std::string_view data) {
  for (; data.size() >= 8; data.remove_prefix(8)) word(whole_word(data.data()));
  return data;
}

// SipHash's end: `last` holds what is left of the input, and its length in bytes in the highest eight bits.
inline std::uint64_t KeyedHash::State::end(std::uint64_t last) {
  word(last);
  v2 ^= 0xff;
  return four_rounds();
}

inline std::uint64_t KeyedHash::State::four_rounds() {
  for (int i = 0; i < 4; ++i) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

KeyedHash::KeyedHash(const HashKey& key)
    : state_{key[0] ^ 0x736f6d6570736575ULL, key[1] ^ 0x646f72616e646f6dULL, key[0] ^ 0x6c7967656e657261ULL,
             key[1] ^ 0x7465646279746573ULL} {}

// The last word holds what is left and the length above it: read from the end, the fields fall apart in one way only.
KeyedHash& KeyedHash::field(std::string_view data) {
  constexpr std::size_t long_length = 255;  // and longer: a word of its own
  State state = state_;  // a copy stays in registers: as far as the compiler knows, `data` might be the hash itself
  const std::string_view rest = state.whole_words(data);
  if (data.size() >= long_length) {
    state.word(data.size());
    ++words_;
  }
  const bool has_word = data.size() >= 8 && !rest.empty();
  const std::uint64_t last = has_word ? last_of_many(data, rest.size()) : last_word(rest);
  state.word(last | std::uint64_t{std::min(data.size(), long_length)} << 56);
  state_ = state;
  words_ += 1 + data.size() / 8;
  return *this;
}

KeyedHash& KeyedHash::number(std::uint64_t value) {
  state_.word(value);
  ++words_;
  return *this;
}

std::uint64_t KeyedHash::finish() const {
  State state = state_;
  return state.end(words_ << 59);
}

WideHash KeyedHash::finish_wide() const {
  State state = state_;
  const std::uint64_t high = state.end(words_ << 59);
  state.v1 ^= 0xdd;
  return {high, state.four_rounds()};
}

std::uint64_t siphash(const HashKey& key, std::string_view bytes) {
  KeyedHash::State state = KeyedHash(key).state_;
  const std::string_view rest = state.whole_words(bytes);
  return state.end(last_word(rest) | std::uint64_t{bytes.size()} << 56);
}

HexText::HexText(std::uint64_t value) {
  const std::array<std::uint64_t, 2> digits{eight_digits(static_cast<std::uint32_t>(value >> 32)),
                                            eight_digits(static_cast<std::uint32_t>(value))};
  std::memcpy(digits_.data(), digits.data(), sizeof digits);
}

std::string to_hex(std::uint64_t value) { return std::string(HexText(value).view()); }

void append_hex(std::string& text, std::uint64_t value) { text.append(HexText(value).view()); }

}  // namespace intermediary
