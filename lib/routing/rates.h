// Least-cost routing: which trunks lead to a number, the cheapest first. Of each trunk the rate with the longest prefix
// counts, and among those the one whose times hold now.
//
// Money is an integer of millionths of a currency unit a minute. Ties are broken by quality, then by the order in which
// the trunks stand in the table.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intermediary {

struct Rate {
  std::string prefix;         // of the number without its '+': "3120"; "" is every number
  std::uint16_t carrier = 0;  // of RateTable::carriers
  std::uint16_t band = 0;     // 0: at all times; else 1 + the place in RateTable::bands
  std::uint8_t quality = 0;   // 0 to 100, the higher the better
  std::int64_t cost = 0;      // millionths a minute

  friend bool operator==(const Rate&, const Rate&) = default;
};

struct RateTable {
  std::string name;
  std::vector<std::string> carriers{};  // "trunk:acme"
  std::vector<std::string> bands{};     // names of times
  std::vector<Rate> rates{};

  friend bool operator==(const RateTable&, const RateTable&) = default;
};

// "0.0125" as 12500; nullopt for what is no such number, or has more than six decimals.
std::optional<std::int64_t> parse_cost(std::string_view text);

// What a search has found: the rate of one carrier.
struct FoundRate {
  std::uint16_t carrier = 0;
  std::uint8_t quality = 0;
  std::uint8_t prefix_digits = 0;
  std::int64_t cost = 0;

  friend bool operator==(const FoundRate&, const FoundRate&) = default;
};

using FoundRates = boost::container::small_vector<FoundRate, 4>;

// The table, ready to be searched: its rates by prefix, each with the next shorter prefix that its own lies in. The
// prefix that stands before a number is its longest one, or lies in it: one search among those with the same first
// digits, and a few steps from there. Shorter ones are looked at only where they can add a carrier.
class PrefixIndex {
 public:
  explicit PrefixIndex(const RateTable& table);

  // `band_holds`: whether that one of RateTable::bands holds now.
  using BandHolds = std::function<bool(std::size_t band)>;
  // The rates that count for that number, one for each carrier that has any, in the order in which they are to be
  // tried.
  FoundRates find(std::string_view digits, const BandHolds& band_holds) const;

 private:
  struct Entry {
    std::uint64_t key = 0;  // of its prefix, four bits a digit, from the top: 1 + the digit
    std::int64_t cost = 0;
    std::uint32_t shorter = 0;  // behind the last entry of the nearest prefix that its own lies in; 0: there is none
    std::uint32_t next = 0;     // likewise, of the nearest one that can add a carrier to those of its own prefix
    std::uint16_t carrier = 0;
    std::uint16_t band = 0;
    std::uint8_t quality = 0;
    std::uint8_t prefix_digits = 0;
  };

  // Where a search begins.
  struct Start {
    std::uint32_t place = 0;  // of the first entry that goes on behind those digits; without any, as longest() says it
    std::uint32_t count = 0;  // of such entries
  };

  void link_to_what_adds();
  void make_starts();
  // Likewise longest() of a number with that key, which lies behind the entries up to `place`.
  std::uint32_t nearest(std::uint32_t place, std::uint64_t key) const;
  // Behind the last entry of the longest prefix of that number; 0: it has none.
  std::uint32_t longest(std::string_view digits) const;

  std::vector<Entry> entries_;
  std::vector<Start> starts_;  // of all five digits
};

}  // namespace intermediary
