#include "policy/overload.h"

#include <algorithm>

#include "base/archive.h"
#include "base/text.h"

namespace intermediary {

namespace {

constexpr std::string_view service_urn = "service:";

constexpr std::uint64_t refusing_percent = 80;
constexpr std::uint64_t dropping_percent = 90;

bool is_at(std::uint64_t used, std::uint64_t ceiling, std::uint64_t percent) {
  return ceiling != 0 && used * 100 >= ceiling * percent;
}

}  // namespace

bool is_service_urn(const Uri& uri) {
  return uri.scheme == Uri::Scheme::Other && equals_ignoring_case(uri.scheme_text(), "urn") &&
         equals_ignoring_case(std::string_view(uri.user).substr(0, service_urn.size()), service_urn);
}

bool is_emergency_urn(const Uri& uri) {
  if (!is_service_urn(uri)) return false;
  const std::string_view service = std::string_view(uri.user).substr(service_urn.size());
  return equals_ignoring_case(service.substr(0, service.find('.')), "sos");
}

LoadGate::Pair LoadGate::pair_of(std::int64_t rate, std::int64_t burst, std::uint32_t reserve) {
  Pair pair;
  pair.limits = rate != 0;
  if (!pair.limits) return pair;
  pair.rate = {.count = rate, .burst = burst};
  const auto share = [&](std::int64_t whole) {
    return static_cast<std::int64_t>(with_percent(static_cast<std::uint64_t>(whole), reserve)) - whole;
  };
  pair.has_reserve = share(rate) != 0;
  if (pair.has_reserve) pair.reserve = {.count = share(rate), .burst = share(burst)};
  return pair;
}

LoadGate::LoadGate(const OverloadConfig& config)
    : config_(config),
      calls_(pair_of(config.calls_per_second, config.burst, config.reserve)),
      requests_(pair_of(config.requests_per_second, config.requests_burst, config.reserve)) {}

bool LoadGate::has_room(const Pair& pair, TimePoint now, bool priority) {
  if (!pair.limits || wait_for_token(pair.rate, pair.bucket, now) == Duration::zero()) return true;
  return priority && pair.has_reserve && wait_for_token(pair.reserve, pair.reserve_bucket, now) == Duration::zero();
}

LoadVerdict LoadGate::judge(TimePoint now, LoadKind kind, bool priority, const LiveLoad& load) const {
  using Kind = LoadVerdict::Kind;
  if (is_at(load.memory, config_.memory, dropping_percent)) return {priority ? Kind::Refused : Kind::Dropped, "memory"};
  const bool makes_dialog = kind != LoadKind::Request;
  if (makes_dialog && !priority && is_at(load.memory, config_.memory, refusing_percent)) {
    return {Kind::Refused, "memory"};
  }
  const std::uint64_t most = priority ? with_percent(config_.calls, config_.reserve) : config_.calls;
  if (kind == LoadKind::Call && config_.calls != 0 && load.calls >= most) return {Kind::Refused, "calls"};
  if (!has_room(pair_for(kind), now, priority)) {
    return {Kind::Refused, kind == LoadKind::Call ? "calls_per_second" : "requests_per_second"};
  }
  return {};
}

// What has priority takes of the reserve only when nothing else is left.
void LoadGate::take(TimePoint now, LoadKind kind, bool priority) {
  Pair& pair = pair_for(kind);
  if (!pair.limits) return;
  const bool of_reserve =
      priority && pair.has_reserve && wait_for_token(pair.rate, pair.bucket, now) > Duration::zero();
  of_reserve ? take_token(pair.reserve, pair.reserve_bucket, now) : take_token(pair.rate, pair.bucket, now);
}

// All but the buckets is the configuration's.
template <class Archive>
void LoadGate::transfer(Archive& archive) {
  auto& [config, calls, requests] = *this;
  archive(calls.bucket, calls.reserve_bucket, requests.bucket, requests.reserve_bucket);
  if constexpr (Archive::reads) {
    const auto is_possible = [](const TokenRate& rate, const TokenBucket& bucket) {
      return bucket.missing >= 0 && bucket.missing <= rate.burst * rate.period.count();
    };
    for (const Pair* pair : {&calls, &requests}) {
      if (!is_possible(pair->rate, pair->bucket) || !is_possible(pair->reserve, pair->reserve_bucket)) {
        return archive.fail("a bucket that lacks more than it holds");
      }
    }
  }
}

template void LoadGate::transfer(ArchiveWriter& archive);
template void LoadGate::transfer(ArchiveReader& archive);

// ---- feedback

LoadFeedback::LoadFeedback(const OverloadConfig& config)
    : room_((config.calls_per_second + config.requests_per_second) / 2),
      counts_calls_only_(config.calls_per_second != 0 && config.requests_per_second == 0),
      memory_(config.memory) {
  static_assert(limit::overload_window * 2 == std::chrono::seconds(1));
}

void LoadFeedback::came(TimePoint now, LoadKind kind, bool admitted) {
  roll(now);
  if (admitted && counts_calls_only_ && kind != LoadKind::Call) return;
  ++came_;
  if (!admitted) ++refused_;
}

// What came is less by reduction_ than what was there to be sent; so much of that there is room for.
int LoadFeedback::next_reduction() const {
  if (came_ == 0) return reduction_ / 2;
  if (refused_ == 0 && (room_ == 0 || reduction_ == 0)) return reduction_ / 2;
  const std::int64_t room = refused_ > 0 ? came_ - refused_ : room_;
  const std::int64_t reduction = 100 - room * (100 - reduction_) / came_;
  return static_cast<int>(std::clamp<std::int64_t>(reduction, 0, limit::overload_reduction));
}

void LoadFeedback::roll(TimePoint now) {
  if (now - begin_ < limit::overload_window) return;
  const auto windows = (now - begin_) / limit::overload_window;
  reduction_ = next_reduction();
  for (auto empty = windows - 1; empty > 0 && reduction_ > 0; --empty) reduction_ /= 2;
  begin_ += windows * limit::overload_window;
  came_ = refused_ = 0;
}

LoadFeedback::Advice LoadFeedback::advice(TimePoint now, std::uint64_t memory) {
  roll(now);
  if (told_.since != begin_) {
    int least = 0;
    if (is_at(memory, memory_, refusing_percent)) least = 50;
    if (is_at(memory, memory_, dropping_percent)) least = limit::overload_reduction;
    told_ = {std::max(reduction_, least), begin_};
  }
  return told_;
}

template <class Archive>
void LoadFeedback::transfer(Archive& archive) {
  auto& [room, counts_calls_only, memory, begin, came, refused, reduction, told] = *this;
  archive(begin, came, refused, reduction, told);
  if constexpr (Archive::reads) {
    if (came < 0 || refused < 0 || refused > came || reduction < 0 || reduction > limit::overload_reduction) {
      archive.fail("a reduction of load that cannot be");
    }
  }
}

template void LoadFeedback::transfer(ArchiveWriter& archive);
template void LoadFeedback::transfer(ArchiveReader& archive);

}  // namespace intermediary
