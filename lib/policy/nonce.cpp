#include "policy/nonce.h"

#include <algorithm>
#include <charconv>

namespace intermediary {
namespace {

constexpr std::size_t word_digits = 16;
constexpr std::size_t nonce_digits = 4 * word_digits;

std::optional<std::uint64_t> read_word(std::string_view text, std::size_t index) {
  const std::string_view digits = text.substr(index * word_digits, word_digits);
  std::uint64_t word = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), word, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return word;
}

std::uint64_t issued_word(const Nonce& nonce) {
  return static_cast<std::uint64_t>(nonce.issued.time_since_epoch().count());
}

WideHash proof_of(const HashKey& key, std::string_view realm, const Nonce& nonce) {
  return KeyedHash(key).field("nonce").field(realm).number(issued_word(nonce)).number(nonce.random).finish_wide();
}

}  // namespace

std::string write_nonce(const HashKey& key, std::string_view realm, const Nonce& nonce) {
  const WideHash proof = proof_of(key, realm, nonce);
  std::string text;
  text.reserve(nonce_digits);
  for (const std::uint64_t word : {issued_word(nonce), nonce.random, proof.high, proof.low}) append_hex(text, word);
  return text;
}

std::optional<Nonce> read_nonce(const HashKey& key, std::string_view realm, std::string_view text) {
  if (text.size() != nonce_digits) return std::nullopt;
  const auto issued = read_word(text, 0), random = read_word(text, 1);
  if (!issued || !random) return std::nullopt;
  const Nonce nonce{WallTime(Duration(static_cast<std::int64_t>(*issued))), *random};
  // Written again and compared as a whole, so that there is one form of it (no capitals).
  const std::string again = write_nonce(key, realm, nonce);
  unsigned difference = 0;  // no byte ends the comparison: how far it got would tell
  for (std::size_t i = 0; i < nonce_digits; ++i) difference |= static_cast<unsigned char>(again[i] ^ text[i]);
  if (difference != 0) return std::nullopt;
  return nonce;
}

bool NonceUses::Counts::take(std::optional<std::uint32_t> count) {
  constexpr std::uint32_t window = 64;
  if (closed) return false;
  if (!count) {
    closed = true;
    return highest == 0;
  }
  if (*count > highest) {
    const std::uint32_t step = *count - highest;
    seen = step < window ? seen << step : 0;
    seen |= 1;
    highest = *count;
    return true;
  }
  const std::uint32_t behind = highest - *count;
  if (*count == 0 || behind >= window || (seen >> behind & 1) != 0) return false;
  seen |= std::uint64_t{1} << behind;
  return true;
}

bool NonceUses::use(const Nonce& nonce, std::optional<std::uint32_t> count) {
  auto found = uses_.find(nonce);
  if (found == uses_.end()) {
    if (nonce.issued < known_since_) return false;
    if (uses_.size() >= most_ && most_ > 0) {
      const WallTime oldest = uses_.begin()->first.issued;
      known_since_ = std::max(known_since_, oldest + Duration(1));
      uses_.erase(uses_.begin());
      if (nonce.issued < known_since_) return false;
    }
    found = uses_.emplace(nonce, Counts{}).first;
  }
  return found->second.take(count);
}

bool NonceUses::would_take(const Nonce& nonce, std::optional<std::uint32_t> count) const {
  const auto found = uses_.find(nonce);
  if (found != uses_.end()) return Counts(found->second).take(count);
  const bool takes_the_oldests_place = uses_.size() >= most_ && most_ > 0;
  const WallTime since =
      takes_the_oldests_place ? std::max(known_since_, uses_.begin()->first.issued + Duration(1)) : known_since_;
  return nonce.issued >= since && Counts{}.take(count);
}

void NonceUses::forget_before(WallTime time) {
  if (time <= known_since_) return;
  known_since_ = time;
  uses_.erase(uses_.begin(), uses_.lower_bound(Nonce{time, 0}));
}

}  // namespace intermediary
