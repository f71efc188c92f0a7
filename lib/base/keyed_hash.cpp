#include "base/keyed_hash.h"

#include <bit>

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

std::uint64_t little_endian(std::string_view eight) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value |= std::uint64_t{static_cast<std::uint8_t>(eight[i])} << (8 * i);
  return value;
}

}  // namespace

KeyedHash::KeyedHash(const HashKey& key)
    : v0_(key[0] ^ 0x736f6d6570736575ULL),
      v1_(key[1] ^ 0x646f72616e646f6dULL),
      v2_(key[0] ^ 0x6c7967656e657261ULL),
      v3_(key[1] ^ 0x7465646279746573ULL) {}

KeyedHash& KeyedHash::field(std::string_view data) {
  number(data.size());
  bytes(data);
  return *this;
}

KeyedHash& KeyedHash::number(std::uint64_t value) {
  std::array<char, 8> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<char>(value >> (8 * i) & 0xff);
  bytes({octets.data(), octets.size()});
  return *this;
}

std::uint64_t KeyedHash::finish() const {
  KeyedHash end = *this;
  end.word(tail_ | length_ << 56);
  end.v2_ ^= 0xff;
  for (int i = 0; i < 4; ++i) sip_round(end.v0_, end.v1_, end.v2_, end.v3_);
  return end.v0_ ^ end.v1_ ^ end.v2_ ^ end.v3_;
}

void KeyedHash::bytes(std::string_view data) {
  while (!data.empty()) {
    if (length_ % 8 == 0 && data.size() >= 8) {
      word(little_endian(data));
      length_ += 8;
      data.remove_prefix(8);
      continue;
    }
    tail_ |= std::uint64_t{static_cast<std::uint8_t>(data.front())} << (8 * (length_ % 8));
    ++length_;
    data.remove_prefix(1);
    if (length_ % 8 == 0) {
      word(tail_);
      tail_ = 0;
    }
  }
}

void KeyedHash::word(std::uint64_t m) {
  v3_ ^= m;
  sip_round(v0_, v1_, v2_, v3_);
  sip_round(v0_, v1_, v2_, v3_);
  v0_ ^= m;
}

std::uint64_t siphash(const HashKey& key, std::string_view bytes) {
  KeyedHash hash(key);
  hash.bytes(bytes);
  return hash.finish();
}

std::string to_hex(std::uint64_t value) {
  std::string text(16, '0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 0xf];
  return text;
}

}  // namespace intermediary
