// Rate limits: token buckets in whole numbers (docs/configuration.md, [limit.NAME]).
//
// A bucket holds `burst` tokens at first and gains `count` of them in every `period`, so that up to any time t it has
// let through at most burst + floor(count · t / period), and that many where enough were asked for. Nothing is rounded
// between requests: a token is `period` parts, and each microsecond brings `count` of them.
//
// A bucket that is full is as one that is not there, so it is forgotten. Of those that are not, as many are kept as
// there is room for; then the one that would be full first has to go, which is the one that says least.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"

namespace intermediary {

namespace limit {
inline constexpr std::size_t rate_buckets = 100'000;    // of one limit
inline constexpr std::int64_t rate_tokens = 1'000'000;  // the most in a bucket, and in a period
}  // namespace limit

struct RateLimit {
  // Whose requests share a bucket. User: of who has proved to be that, by name. Trunk: all addresses of one; of whoever
  // comes from none, each address has its own.
  enum class Per : std::uint8_t { Everybody, Source, User, Trunk };

  std::string name;
  Per per = Per::Source;
  std::int64_t count = 1;                     // 1 to limit::rate_tokens
  Duration period = std::chrono::seconds(1);  // to a day
  std::int64_t burst = 1;                     // 1 to limit::rate_tokens
  int status = 503;                           // of the refusal

  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

class RateLimiter {
 public:
  // REQUIRES: `limit` outlives it.
  explicit RateLimiter(const RateLimit& limit, std::size_t most = limit::rate_buckets) : limit_(limit), most_(most) {}

  const RateLimit& limit() const { return limit_; }
  // How long it is until that bucket has a token, if nobody else takes it; zero: it has one.
  Duration wait(TimePoint now, std::string_view key) const;
  // REQUIRES: wait() is zero.
  void take(TimePoint now, std::string_view key);

  // What is in the buckets of a limiter whose limit lets through as much in the same time; of another nothing.
  void take_over(RateLimiter&& former);

  std::size_t size() const { return buckets_.size(); }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  struct Bucket {
    TimePoint at{};          // when it held
    std::int64_t parts = 0;  // so much
  };

  std::int64_t full() const { return limit_.burst * limit_.period.count(); }
  std::int64_t parts_at(TimePoint now, const Bucket& bucket) const;
  TimePoint full_at(const Bucket& bucket) const;
  void make_room(TimePoint now);

  const RateLimit& limit_;
  std::size_t most_;
  std::map<std::string, Bucket, std::less<>> buckets_;
  std::set<std::pair<TimePoint, std::string>> fill_;  // when each will be full
};

}  // namespace intermediary
