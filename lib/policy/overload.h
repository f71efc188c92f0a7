// How much this node takes on (docs/configuration.md, [overload]): admission of requests outside of dialogs, before
// there is any state for them, and what neighbours are asked to send less (RFC 7339).
//
// Pure and in whole numbers. What is under way is counted from the live tables by whoever asks, so it cannot drift.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/token_bucket.h"
#include "message/uri.h"

namespace intermediary {

namespace limit {

inline constexpr int overload_reduction = 99;  // percent: who sends nothing hears no end of it
inline constexpr Duration overload_window = std::chrono::milliseconds(500);
inline constexpr Duration overload_quiet = std::chrono::seconds(5);  // without a refusal, it is over
}  // namespace limit

// 0: without a limit.
struct OverloadConfig {
  std::int64_t calls_per_second = 0;  // INVITEs
  std::int64_t burst = 0;
  std::int64_t requests_per_second = 0;  // of all other methods
  std::int64_t requests_burst = 0;
  std::uint64_t calls = 0;     // at once, of those that are followed
  std::uint64_t memory = 0;    // bytes, as estimated from what stands in the tables
  std::uint32_t reserve = 10;  // percent of each of these: as much more for what has priority
  std::string emergency{};     // of Config::lists: Request-URIs that have priority, beside urn:service:sos (RFC 5031)
  std::vector<std::string> resource_priority{};  // "ets", "wps.0" (RFC 4412): what counts from the trust domain
  std::vector<Cidr> neighbours{};                // who hears of our overload in Vias (RFC 7339)

  bool limits_anything() const {
    return calls_per_second != 0 || requests_per_second != 0 || calls != 0 || memory != 0;
  }
  friend bool operator==(const OverloadConfig&, const OverloadConfig&) = default;
};

// What a request outside of a dialog asks for.
enum class LoadKind : std::uint8_t {
  Call,     // INVITE
  Dialog,   // SUBSCRIBE, REFER
  Request,  // any other
};

struct LiveLoad {
  std::uint64_t calls = 0;
  std::uint64_t memory = 0;
};

// "calls_per_second": the limit that was met; "" for none.
struct LoadVerdict {
  enum class Kind : std::uint8_t { Admitted, Refused, Dropped } kind = Kind::Admitted;
  std::string_view limit;
};

class LoadGate {
 public:
  explicit LoadGate(const OverloadConfig& config);

  LoadVerdict judge(TimePoint now, LoadKind kind, bool priority, const LiveLoad& load) const;
  // What was admitted gets its state.
  void take(TimePoint now, LoadKind kind, bool priority);

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  // What everybody shares, and behind it what is kept for priorities.
  struct Pair {
    bool limits = false;
    bool has_reserve = false;
    TokenRate rate, reserve;
    TokenBucket bucket, reserve_bucket;
  };
  static Pair pair_of(std::int64_t rate, std::int64_t burst, std::uint32_t reserve);
  static bool has_room(const Pair& pair, TimePoint now, bool priority);
  Pair& pair_for(LoadKind kind) { return kind == LoadKind::Call ? calls_ : requests_; }
  const Pair& pair_for(LoadKind kind) const { return kind == LoadKind::Call ? calls_ : requests_; }

  OverloadConfig config_;
  Pair calls_, requests_;
};

// RFC 5031 §4: "urn:service:…", and of these "urn:service:sos" with all below it.
bool is_service_urn(const Uri& uri);
bool is_emergency_urn(const Uri& uri);

// By how much neighbours that speak RFC 7339 should send less, so that what they send is as much as is admitted (§5.3).
// Worked out anew for each window from what came in the one before, which was less already by what was asked for then.
class LoadFeedback {
 public:
  explicit LoadFeedback(const OverloadConfig& config);

  void came(TimePoint now, LoadKind kind, bool admitted);

  struct Advice {
    int reduction = 0;  // percent, up to limit::overload_reduction
    TimePoint since{};  // begin of the window in which it holds: it rises whenever the advice may differ
  };
  // `memory`: bytes that are estimated.
  Advice advice(TimePoint now, std::uint64_t memory);

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive);

 private:
  void roll(TimePoint now);
  int next_reduction() const;

  std::int64_t room_;  // requests that a window has room for; 0: not known
  bool counts_calls_only_;
  std::uint64_t memory_;
  TimePoint begin_{};
  std::int64_t came_ = 0, refused_ = 0;
  int reduction_ = 0;
  Advice told_{};
};

}  // namespace intermediary
