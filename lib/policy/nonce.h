// Nonces that need no memory until they are used: when, a random number, and a keyed hash over both and the realm, so
// that every node with the key knows its own and its siblings' (RFC 7616 §3.3, docs/adr/0028).
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/keyed_hash.h"
#include "base/time.h"

namespace intermediary {

namespace limit {
inline constexpr std::size_t used_nonces = 250'000;  // of one realm, of which it is known how often they were used
}

struct Nonce {
  WallTime issued;
  std::uint64_t random = 0;
  friend auto operator<=>(const Nonce&, const Nonce&) = default;
};

// 64 lower-case hexadecimal digits.
std::string write_nonce(const HashKey& key, std::string_view realm, const Nonce& nonce);
// Nullopt for what no node with that key has written for that realm.
std::optional<Nonce> read_nonce(const HashKey& key, std::string_view realm, std::string_view text);

// How often which nonce was used: what makes a second use of credentials a replay. Bounded: for a new nonce the oldest
// is forgotten, and nothing issued up to then is taken any more unless it stands here. So nothing is ever taken twice.
class NonceUses {
 public:
  explicit NonceUses(std::size_t most) : most_(most) {}

  // A count of 1 or more, as the client says it (nc); nullopt for a client that does not count (RFC 2069): its use is
  // the nonce's only one. False when that use, or one that rules it out, was there before. Counts may come out of
  // order by less than 64, for they travel in datagrams.
  bool use(const Nonce& nonce, std::optional<std::uint32_t> count);
  // What use() would say; nothing changes.
  bool would_take(const Nonce& nonce, std::optional<std::uint32_t> count) const;
  // Nonces issued before that are not taken any more: they have expired, or nobody knows who used them.
  void forget_before(WallTime time);

  std::size_t size() const { return uses_.size(); }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  struct Counts {
    std::uint32_t highest = 0;  // 0: none
    std::uint64_t seen = 0;     // bit i: highest - i
    bool closed = false;        // used without a count
    bool take(std::optional<std::uint32_t> count);
  };

  std::size_t most_;
  WallTime known_since_{WallTime::min()};
  std::map<Nonce, Counts> uses_;  // the oldest first
};

}  // namespace intermediary
