#include "transport/dns_cache.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace intermediary {
namespace {

using std::chrono::seconds;
using Kind = DnsFailure::Kind;

class DnsCacheTest : public testing::Test {
 protected:
  static DnsQuestion question(const std::string& name = "sip1.example.com") { return {name, DnsType::A}; }
  static DnsResult address(const std::string& text, seconds ttl) {
    return DnsAnswer{{IpAddress::parse(text).value()}, ttl};
  }
  static DnsResult failure(Kind kind, std::optional<seconds> ttl = {}) {
    return std::unexpected(DnsFailure{kind, ttl, {}});
  }
  DnsCache::Believed learn(seconds now, DnsResult result) {
    return cache.learn(at(now), question(), std::move(result));
  }
  bool knows(seconds now) { return cache.find(at(now), question()).has_value(); }

  DnsTimes times{.min_ttl = seconds(5), .max_ttl = seconds(100), .negative_ttl = seconds(20), .stale = seconds(1000)};
  DnsCache cache{times};
};

TEST_F(DnsCacheTest, BelievesAnAnswerForItsTtl) {
  learn(seconds(0), address("192.0.2.1", seconds(60)));
  EXPECT_TRUE(knows(seconds(59)));
  EXPECT_FALSE(knows(seconds(60)));
}

TEST_F(DnsCacheTest, KeepsTheTtlWithinItsBounds) {
  learn(seconds(0), address("192.0.2.1", seconds(0)));
  EXPECT_TRUE(knows(seconds(4)));
  EXPECT_FALSE(knows(seconds(5)));
  learn(seconds(10), address("192.0.2.1", seconds(1'000'000)));
  EXPECT_TRUE(knows(seconds(109)));
  EXPECT_FALSE(knows(seconds(110)));
}

TEST_F(DnsCacheTest, BelievesThatThereIsNothingForTheTimeOfTheZoneAtMost) {
  learn(seconds(0), failure(Kind::NoRecords, seconds(7)));
  EXPECT_TRUE(knows(seconds(6)));
  EXPECT_FALSE(knows(seconds(7)));
  learn(seconds(10), failure(Kind::NoSuchName, seconds(3600)));
  EXPECT_TRUE(knows(seconds(29)));
  EXPECT_FALSE(knows(seconds(30)));
  learn(seconds(40), failure(Kind::NoSuchName));
  EXPECT_TRUE(knows(seconds(59)));
  EXPECT_FALSE(knows(seconds(60)));
  learn(seconds(70), failure(Kind::NoRecords, seconds(0)));
  EXPECT_FALSE(knows(seconds(70)));
}

TEST_F(DnsCacheTest, AFailureIsNotRemembered) {
  EXPECT_FALSE(learn(seconds(0), failure(Kind::Failed)).result.has_value());
  EXPECT_FALSE(knows(seconds(0)));
  EXPECT_EQ(cache.size(), 0U);
}

TEST_F(DnsCacheTest, WhatWasSaidLastIsBelievedOnWhileServersFail) {
  learn(seconds(0), address("192.0.2.1", seconds(60)));
  const auto believed = learn(seconds(70), failure(Kind::TimedOut));
  EXPECT_TRUE(believed.stale);
  EXPECT_EQ(believed.result, address("192.0.2.1", seconds(60)));
  EXPECT_TRUE(knows(seconds(99)));  // not asked again for 30 s
  EXPECT_FALSE(knows(seconds(100)));
}

TEST_F(DnsCacheTest, ButNotForEver) {
  learn(seconds(0), address("192.0.2.1", seconds(60)));
  EXPECT_TRUE(learn(seconds(1055), failure(Kind::Failed)).stale);
  EXPECT_FALSE(knows(seconds(1060)));  // 60 + 1000
  const auto believed = learn(seconds(1060), failure(Kind::Failed));
  EXPECT_FALSE(believed.stale);
  EXPECT_FALSE(believed.result.has_value());
  EXPECT_EQ(cache.size(), 0U);
}

TEST_F(DnsCacheTest, ThatThereIsNothingIsBelievedOnAsWell) {
  learn(seconds(0), failure(Kind::NoRecords, seconds(10)));
  const auto believed = learn(seconds(11), failure(Kind::TimedOut));
  EXPECT_TRUE(believed.stale);
  EXPECT_EQ(believed.result.error().kind, Kind::NoRecords);
}

TEST_F(DnsCacheTest, TheLeastRecentlyUsedGoesFirst) {
  for (std::size_t i = 0; i < limit::dns_cache_entries; ++i) {
    cache.learn(at(seconds(0)), question("n" + std::to_string(i)), address("192.0.2.1", seconds(60)));
  }
  EXPECT_TRUE(cache.find(at(seconds(1)), question("n0")));
  cache.learn(at(seconds(1)), question("one-more"), address("192.0.2.1", seconds(60)));
  EXPECT_EQ(cache.size(), limit::dns_cache_entries);
  EXPECT_TRUE(cache.find(at(seconds(1)), question("n0")));
  EXPECT_FALSE(cache.find(at(seconds(1)), question("n1")));
}

}  // namespace
}  // namespace intermediary
