#include "policy/rate_limit.h"

#include <algorithm>
#include <cassert>
#include <tuple>

#include "base/archive.h"

namespace intermediary {
namespace {

// REQUIRES: both positive.
std::int64_t divided_up(std::int64_t parts, std::int64_t by) { return (parts + by - 1) / by; }

}  // namespace

std::int64_t RateLimiter::parts_at(TimePoint now, const Bucket& bucket) const {
  const std::int64_t missing = full() - bucket.parts;
  const std::int64_t passed = (now - bucket.at).count();
  if (passed >= divided_up(missing, limit_.count)) return full();
  return bucket.parts + passed * limit_.count;
}

TimePoint RateLimiter::full_at(const Bucket& bucket) const {
  return bucket.at + Duration(divided_up(full() - bucket.parts, limit_.count));
}

Duration RateLimiter::wait(TimePoint now, std::string_view key) const {
  const auto bucket = buckets_.find(key);
  if (bucket == buckets_.end()) return Duration::zero();
  const std::int64_t missing = limit_.period.count() - parts_at(now, bucket->second);
  return missing <= 0 ? Duration::zero() : Duration(divided_up(missing, limit_.count));
}

void RateLimiter::take(TimePoint now, std::string_view key) {
  assert(wait(now, key) == Duration::zero());
  auto found = buckets_.find(key);
  if (found == buckets_.end()) {
    make_room(now);
    found = buckets_.emplace(key, Bucket{now, full()}).first;
  } else {
    fill_.erase({full_at(found->second), found->first});
  }
  Bucket& bucket = found->second;
  bucket = {now, parts_at(now, bucket) - limit_.period.count()};
  fill_.emplace(full_at(bucket), found->first);
}

void RateLimiter::take_over(RateLimiter&& former) {
  const auto pace = [](const RateLimit& limit) {
    return std::tuple(limit.per, limit.count, limit.period, limit.burst);
  };
  if (pace(limit_) != pace(former.limit_)) return;
  buckets_ = std::move(former.buckets_);
  fill_ = std::move(former.fill_);
}

// For each that comes, two at most of those that are full: so none of them stays, and no request pays for all of them.
void RateLimiter::make_room(TimePoint now) {
  for (int i = 0; i < 2 && !fill_.empty(); ++i) {
    const bool is_full = fill_.begin()->first <= now;
    if (!is_full && buckets_.size() < most_) return;
    buckets_.erase(fill_.begin()->second);
    fill_.erase(fill_.begin());
  }
}

// The limit is the configuration's; when a bucket is full follows from it.
template <class Archive>
void RateLimiter::transfer(Archive& archive) {
  auto& [limit, most, buckets, fill] = *this;
  archive(buckets);
  if constexpr (Archive::reads) {
    fill.clear();
    if (!archive.ok()) return;
    if (buckets.size() > most) return archive.fail("more buckets of a rate limit than are remembered");
    for (const auto& [key, bucket] : buckets) {
      if (bucket.parts < 0 || bucket.parts > full())
        return archive.fail("a bucket of a rate limit with too much in it");
      fill.emplace(full_at(bucket), key);
    }
  }
}

template void RateLimiter::transfer(ArchiveWriter& archive);
template void RateLimiter::transfer(ArchiveReader& archive);

}  // namespace intermediary
