#include "transport/srv_order.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

namespace intermediary {
namespace {

using testing::ElementsAre;

std::vector<std::string> targets(const std::vector<SrvRecord>& records) {
  std::vector<std::string> names;
  names.reserve(records.size());
  for (const SrvRecord& record : records) names.push_back(record.target);
  return names;
}

RandomSource seeded(std::uint64_t number) { return RandomSource(seed_from_number(number)); }

TEST(SrvOrderTest, TheLowestPriorityGoesFirst) {
  RandomSource random = seeded(1);
  EXPECT_THAT(targets(in_order({{20, 0, 5060, "c"}, {5, 0, 5060, "a"}, {10, 0, 5060, "b"}}, HopOrder::Drawn, random)),
              ElementsAre("a", "b", "c"));
}

TEST(SrvOrderTest, NothingIsDrawnWhereThereIsNothingToChoose) {
  RandomSource random = seeded(1);
  in_order({{20, 7, 5060, "b"}, {5, 9, 5060, "a"}}, HopOrder::Drawn, random);
  EXPECT_EQ(random, seeded(1));
}

TEST(SrvOrderTest, TheFixedOrderIsByWeightThenByNameAndDrawsNothing) {
  RandomSource random = seeded(1);
  const std::vector<SrvRecord> records{{1, 5, 5060, "b"}, {1, 5, 5060, "a"}, {1, 9, 5060, "c"}, {0, 0, 5060, "d"}};
  std::vector<SrvRecord> turned(records.rbegin(), records.rend());
  EXPECT_THAT(targets(in_order(records, HopOrder::Fixed, random)), ElementsAre("d", "c", "a", "b"));
  EXPECT_THAT(targets(in_order(turned, HopOrder::Fixed, random)), ElementsAre("d", "c", "a", "b"));
  EXPECT_EQ(random, seeded(1));
}

// RFC 2782: a record without weight has a very small chance beside others, not none.
TEST(SrvOrderTest, ARecordWithoutWeightIsSeldomFirst) {
  std::map<std::string, int> first;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    RandomSource random = seeded(seed);
    ++first[in_order({{1, 99, 5060, "heavy"}, {1, 0, 5060, "light"}}, HopOrder::Drawn, random).front().target];
  }
  EXPECT_GT(first["light"], 0);
  EXPECT_LT(first["light"], 60);
}

std::vector<SrvRecord> some_records() {
  std::vector<SrvRecord> records;
  for (int count = *rc::gen::inRange(0, 12); count > 0; --count) {
    const auto priority = *rc::gen::inRange<std::uint16_t>(0, 4);
    const auto weight = *rc::gen::element<std::uint16_t>(0, 1, 10, 65535);
    records.push_back({priority, weight, 5060, std::string(1, static_cast<char>('a' + count))});
  }
  return records;
}

RC_GTEST_PROP(SrvOrderProperty, EachRecordStandsThereOnceInTheOrderOfPriorities, (std::uint64_t seed)) {
  const auto records = some_records();
  for (const HopOrder order : {HopOrder::Drawn, HopOrder::Fixed}) {
    RandomSource random = seeded(seed);
    const auto ordered = in_order(records, order, random);
    RC_ASSERT(std::ranges::is_sorted(ordered, {}, &SrvRecord::priority));
    RC_ASSERT(std::ranges::is_permutation(ordered, records));
  }
}

RC_GTEST_PROP(SrvOrderProperty, TheSameSeedGivesTheSameOrder, (std::uint64_t seed)) {
  const auto records = some_records();
  RandomSource once = seeded(seed), again = seeded(seed);
  RC_ASSERT(in_order(records, HopOrder::Drawn, once) == in_order(records, HopOrder::Drawn, again));
}

RC_GTEST_PROP(SrvOrderProperty, TheFirstIsChosenInProportionToItsWeight, ()) {
  const auto a = *rc::gen::inRange<std::uint16_t>(20, 200);
  const auto b = *rc::gen::inRange<std::uint16_t>(20, 200);
  const auto start = *rc::gen::inRange<std::uint64_t>(0, 1'000'000);
  constexpr int rounds = 1000;
  int first = 0;
  for (std::uint64_t i = 0; i < rounds; ++i) {
    RandomSource random = seeded(start + i);
    first += in_order({{1, a, 5060, "a"}, {1, b, 5060, "b"}}, HopOrder::Drawn, random).front().target == "a";
  }
  const int expected = rounds * a / (a + b);
  RC_ASSERT(first > expected - 80);
  RC_ASSERT(first < expected + 80);
}

}  // namespace
}  // namespace intermediary
