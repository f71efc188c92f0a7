#include "routing/rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/random.h"

namespace intermediary {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

bool always(std::size_t) { return true; }
bool never(std::size_t) { return false; }

constexpr std::uint16_t acme = 0, basic = 1, cheap = 2;

RateTable table(std::vector<Rate> rates) {
  return {.name = "main",
          .carriers = {"trunk:acme", "trunk:basic", "trunk:cheap"},
          .bands = {"night"},
          .rates = std::move(rates)};
}

std::string cost_text(std::int64_t cost) {
  std::string fraction = std::to_string(1'000'000 + cost % 1'000'000).substr(1);
  while (fraction.size() > 1 && fraction.back() == '0') fraction.pop_back();
  return std::to_string(cost / 1'000'000) + "." + fraction;
}

std::vector<std::string> shown(const FoundRates& rates) {
  std::vector<std::string> lines;
  for (const FoundRate& rate : rates) {
    lines.push_back(std::to_string(rate.carrier) + " " + std::to_string(rate.prefix_digits) + " " +
                    cost_text(rate.cost));
  }
  return lines;
}

TEST(RatesTest, TheCheapestComesFirstByEachCarriersLongestPrefix) {
  const PrefixIndex index(table({{"31", acme, 0, 0, 10'000},
                                 {"3120", acme, 0, 0, 30'000},
                                 {"31", basic, 0, 0, 20'000},
                                 {"312", cheap, 0, 0, 5'000},
                                 {"4", cheap, 0, 0, 1}}));
  EXPECT_THAT(shown(index.find("31201234567", always)), ElementsAre("2 3 0.005", "1 2 0.02", "0 4 0.03"));
  EXPECT_THAT(shown(index.find("31101234567", always)), ElementsAre("0 2 0.01", "1 2 0.02"));
  EXPECT_THAT(shown(index.find("31", always)), ElementsAre("0 2 0.01", "1 2 0.02"));
  EXPECT_THAT(index.find("3", always), IsEmpty());
  EXPECT_THAT(index.find("999", always), IsEmpty());
}

TEST(RatesTest, TiesGoByQualityThenByTheOrderOfTheCarriers) {
  const PrefixIndex index(table({{"1", cheap, 0, 10, 100}, {"1", basic, 0, 90, 100}, {"1", acme, 0, 10, 100}}));
  EXPECT_THAT(shown(index.find("12", always)), ElementsAre("1 1 0.0001", "0 1 0.0001", "2 1 0.0001"));
}

TEST(RatesTest, ARateForThisTimeComesBeforeTheOneForAllTimes) {
  const PrefixIndex index(table({{"1", acme, 0, 0, 100}, {"1", acme, 1, 0, 50}, {"12", basic, 1, 0, 1}}));
  EXPECT_THAT(shown(index.find("12", always)), ElementsAre("1 2 0.000001", "0 1 0.00005"));
  EXPECT_THAT(shown(index.find("12", never)), ElementsAre("0 1 0.0001"));
}

TEST(RatesTest, AnEmptyPrefixIsForEveryNumber) {
  const PrefixIndex index(table({{"", acme, 0, 0, 100}}));
  EXPECT_THAT(shown(index.find("12", always)), ElementsAre("0 0 0.0001"));
  EXPECT_THAT(PrefixIndex(table({})).find("12", always), IsEmpty());
}

TEST(RatesTest, WhatIsNoDigitEndsTheSearch) {
  const PrefixIndex index(table({{"1", acme, 0, 0, 100}, {"12", basic, 0, 0, 100}}));
  EXPECT_THAT(shown(index.find("1*2", always)), ElementsAre("0 1 0.0001"));
}

// What a map searched prefix by prefix finds, for tables and numbers of all kinds.
TEST(RatesTest, FindsWhatAMapFinds) {
  RandomSource random(Seed{});
  for (int round = 0; round < 50; ++round) {
    std::map<std::string, Rate> map;
    std::vector<Rate> rates;
    for (int i = 0; i < 200; ++i) {
      const std::string prefix = std::to_string(random.next() % 3000).substr(0, 1 + random.next() % 4);
      const Rate rate{prefix, acme, 0, 0, static_cast<std::int64_t>(random.next() % 1000)};
      if (map.emplace(prefix, rate).second) rates.push_back(rate);
    }
    const PrefixIndex index(table(rates));
    for (int i = 0; i < 200; ++i) {
      const std::string number = std::to_string(random.next() % 100'000);
      FoundRates expected;
      for (std::size_t length = number.size(); length > 0 && expected.empty(); --length) {
        const auto found = map.find(number.substr(0, length));
        if (found == map.end()) continue;
        expected.push_back({acme, 0, static_cast<std::uint8_t>(length), found->second.cost});
      }
      EXPECT_EQ(index.find(number, always), expected) << number;
    }
  }
}

// What a look at every rate finds: of each carrier the longest prefix that has one for now, those for a time before
// those for all times, and among equals the first.
FoundRates found_by_looking(const std::vector<Rate>& rates, std::string_view number, std::size_t holds) {
  std::map<std::uint16_t, const Rate*> best;
  for (const Rate& rate : rates) {
    if (!number.starts_with(rate.prefix) || (rate.band != 0 && rate.band != holds)) continue;
    const Rate*& known = best[rate.carrier];
    const auto rank = [](const Rate& each) { return std::pair(each.prefix.size(), each.band != 0); };
    if (!known || rank(rate) > rank(*known)) known = &rate;
  }
  FoundRates found;
  for (const auto& [carrier, rate] : best) {
    found.push_back({carrier, rate->quality, static_cast<std::uint8_t>(rate->prefix.size()), rate->cost});
  }
  std::ranges::sort(found, {}, [](const FoundRate& r) { return std::tuple(r.cost, 100 - r.quality, r.carrier); });
  return found;
}

// Few digits, so that many lie in each other.
std::string text_of(RandomSource& random, std::uint64_t most) {
  std::string digits;
  for (std::uint64_t length = random.next() % (most + 1); length > 0; --length) {
    digits += static_cast<char>('1' + random.next() % 2);
  }
  return digits;
}

TEST(RatesTest, FindsWhatALookAtEveryRateFinds) {
  RandomSource random(Seed{});
  for (int round = 0; round < 50; ++round) {
    std::vector<Rate> rates;
    for (int i = 0; i < 150; ++i) {
      const std::string prefix = text_of(random, 9);
      rates.push_back({prefix, static_cast<std::uint16_t>(random.next() % 5),
                       static_cast<std::uint16_t>(random.next() % 3), 0,
                       static_cast<std::int64_t>(random.next() % 1000)});
    }
    const PrefixIndex index(table(rates));
    for (int i = 0; i < 100; ++i) {
      const std::string number = text_of(random, 12);
      const std::size_t holds = random.next() % 3;
      EXPECT_EQ(index.find(number, [&](std::size_t band) { return band + 1 == holds; }),
                found_by_looking(rates, number, holds))
          << number;
    }
  }
}

TEST(RatesTest, MoneyIsReadWithoutRounding) {
  EXPECT_EQ(parse_cost("0.0125"), 12'500);
  EXPECT_EQ(parse_cost("12"), 12'000'000);
  EXPECT_EQ(parse_cost("0.000001"), 1);
  for (const std::string_view wrong :
       {"", ".5", "1.", "-1", "0.0000001", "1,5", "1e3", "0x1", "1.2.3", "99999999999"}) {
    EXPECT_EQ(parse_cost(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace intermediary
