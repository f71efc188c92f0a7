#include "base/keyed_hash.h"

#include <bit>
#include <cstring>

namespace intermediary {
namespace {

void sip_round(std::uint64_t& v0, std::uint64_t& v1, std::uint64_t& v2, std::uint64_t& v3) {
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

// Up to eight bytes, the first one lowest; what is missing is zero.
std::uint64_t little_endian(const char* bytes, std::size_t count) {
  std::uint64_t value = 0;
  if (count != 0) std::memcpy(&value, bytes, count);
  if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
  return value;
}

}  // namespace

KeyedHash::KeyedHash(const HashKey& key)
    : v0_(key[0] ^ 0x736f6d6570736575ULL),
      v1_(key[1] ^ 0x646f72616e646f6dULL),
      v2_(key[0] ^ 0x6c7967656e657261ULL),
      v3_(key[1] ^ 0x7465646279746573ULL) {}

// The length comes first, so the last word may be filled up with zeros.
KeyedHash& KeyedHash::field(std::string_view data) {
  word(data.size());
  const std::string_view rest = whole_words(data);
  if (!rest.empty()) word(little_endian(rest.data(), rest.size()));
  return *this;
}

KeyedHash& KeyedHash::number(std::uint64_t value) {
  word(value);
  return *this;
}

std::uint64_t KeyedHash::finish() const { return finish(words_ << 59); }

// SipHash's end: `last` holds what is left of the input, and its length in bytes in the highest eight bits.
std::uint64_t KeyedHash::finish(std::uint64_t last) const {
  KeyedHash end = *this;
  end.word(last);
  end.v2_ ^= 0xff;
  for (int i = 0; i < 4; ++i) sip_round(end.v0_, end.v1_, end.v2_, end.v3_);
  return end.v0_ ^ end.v1_ ^ end.v2_ ^ end.v3_;
}

// Takes as many words as there are; what is left is shorter than one.
std::string_view KeyedHash::whole_words(std::string_view data) {
  while (data.size() >= 8) {
    word(little_endian(data.data(), 8));
    data.remove_prefix(8);
  }
  return data;
}

void KeyedHash::word(std::uint64_t m) {
  v3_ ^= m;
  sip_round(v0_, v1_, v2_, v3_);
  sip_round(v0_, v1_, v2_, v3_);
  v0_ ^= m;
  ++words_;
}

std::uint64_t siphash(const HashKey& key, std::string_view bytes) {
  KeyedHash hash(key);
  const std::string_view rest = hash.whole_words(bytes);
  return hash.finish(little_endian(rest.data(), rest.size()) | std::uint64_t{bytes.size()} << 56);
}

std::string to_hex(std::uint64_t value) {
  std::string text(16, '0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 0xf];
  return text;
}

}  // namespace intermediary
