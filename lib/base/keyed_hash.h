// SipHash-2-4 (Aumasson and Bernstein, 2012): the one hash of the house, keyed, the same on every machine.
//
// Used where a hash leaves the process (branches of the stateless proxy, Record-Route tokens) or meets keys that a
// peer chooses (tables). Never use std::hash for either.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace intermediary {

using HashKey = std::array<std::uint64_t, 2>;

// 128 bits: long enough to stand for what was hashed.
struct WideHash {
  std::uint64_t high = 0, low = 0;
  friend bool operator==(const WideHash&, const WideHash&) = default;
};

class KeyedHash {
 public:
  explicit KeyedHash(const HashKey& key);

  // Feeds the bytes and their length: ("ab", "c") and ("a", "bc") differ.
  KeyedHash& field(std::string_view data);
  KeyedHash& number(std::uint64_t value);
  std::uint64_t finish() const;
  // The same, and a second word behind it in the way of SipHash-128.
  WideHash finish_wide() const;

 private:
  struct State {
    std::uint64_t v0, v1, v2, v3;
    void round();
    void word(std::uint64_t m);
    std::string_view whole_words(std::string_view data);
    std::uint64_t end(std::uint64_t last);
    std::uint64_t four_rounds();
  };
  State state_;
  std::uint64_t words_ = 0;
  friend std::uint64_t siphash(const HashKey&, std::string_view);
};

// The plain function of the paper, over one string.
std::uint64_t siphash(const HashKey& key, std::string_view bytes);

// 16 lower-case hexadecimal digits, without memory of their own.
class HexText {
 public:
  explicit HexText(std::uint64_t value = 0);
  std::string_view view() const { return {digits_.data(), digits_.size()}; }
  friend bool operator==(const HexText&, const HexText&) = default;
  friend bool operator==(const HexText& a, std::string_view b) { return a.view() == b; }

 private:
  std::array<char, 16> digits_;
};
std::string to_hex(std::uint64_t value);
void append_hex(std::string& text, std::uint64_t value);

// For tables keyed by text. The key is fixed per process by the engine's seed in production and by nothing in tests:
// no result may depend on a table's order, so the key only decides how hard collisions are to make.
struct TextHash {
  using is_transparent = void;
  HashKey key{0x696e7465726d6564ULL, 0x6961727968617368ULL};
  std::size_t operator()(std::string_view text) const { return static_cast<std::size_t>(siphash(key, text)); }
};

}  // namespace intermediary
