// One bucket of tokens, in whole numbers: it holds `burst` of them at first, and gains `count` in every `period`, so
// that up to any time t it has given at most burst + floor(count · t / period), and that many where enough were asked
// for. Nothing is rounded between requests: a token is `period` parts, and each microsecond brings `count` of them.
// (policy/rate_limit.h has one for each source or user.)
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace intermediary {

// REQUIRES: all positive, burst · period below 2^62 µs.
struct TokenRate {
  std::int64_t count = 1;
  Duration period = std::chrono::seconds(1);
  std::int64_t burst = 1;

  friend bool operator==(const TokenRate&, const TokenRate&) = default;
};

// `of` and so many percent of it, rounded up: a limit with its reserve.
constexpr std::uint64_t with_percent(std::uint64_t of, std::uint32_t percent) { return of + (of * percent + 99) / 100; }

// Fresh, it is full.
struct TokenBucket {
  TimePoint at{};            // when it lacked
  std::int64_t missing = 0;  // so many parts
};

inline std::int64_t missing_at(const TokenRate& rate, const TokenBucket& bucket, TimePoint now) {
  const std::int64_t passed = (now - bucket.at).count();
  const std::int64_t until_full = (bucket.missing + rate.count - 1) / rate.count;
  return passed >= until_full ? 0 : bucket.missing - passed * rate.count;
}

// How long until there is a token; zero: there is one.
inline Duration wait_for_token(const TokenRate& rate, const TokenBucket& bucket, TimePoint now) {
  const std::int64_t lacking = missing_at(rate, bucket, now) - (rate.burst - 1) * rate.period.count();
  return lacking <= 0 ? Duration::zero() : Duration((lacking + rate.count - 1) / rate.count);
}

// One, where there is one.
inline void take_token(const TokenRate& rate, TokenBucket& bucket, TimePoint now) {
  const std::int64_t missing = missing_at(rate, bucket, now) + rate.period.count();
  bucket = {now, std::min(missing, rate.burst * rate.period.count())};
}

}  // namespace intermediary
