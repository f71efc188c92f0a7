// What values may be, for whoever reads them: the configuration file and the node lines of scenarios.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/limits.h"
#include "base/time.h"

namespace intermediary {

struct DurationRange {
  Duration least{};
  Duration most{};
  Duration step{1};
};

struct NumberRange {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

namespace range {

inline constexpr Duration whole_seconds = std::chrono::seconds(1);

// ---- [proxy]
// RFC 3261 §16.6 step 11: Timer C must be larger than three minutes.
inline constexpr DurationRange timer_c{std::chrono::minutes(3) + std::chrono::seconds(1), std::chrono::hours(24)};
inline constexpr DurationRange failover_after{Duration::zero(), std::chrono::seconds(60)};
inline constexpr NumberRange max_breadth{1, 1000};
inline constexpr DurationRange dialog_lifetime{std::chrono::minutes(1), std::chrono::days(30)};
// RFC 4028 §5: 90 seconds is the least that there is.
inline constexpr DurationRange session_interval{std::chrono::seconds(90), std::chrono::days(1), whole_seconds};

// ---- [cdr]
inline constexpr NumberRange rotate_bytes{std::int64_t{64} * 1024, std::int64_t{1} << 40};
inline constexpr NumberRange kept_files{1, 10000};
inline constexpr NumberRange record_backlog{1, 1000000};

// ---- [registrar]
// RFC 3261 §10.3 step 7: an interval of an hour or more may not be refused as too brief.
inline constexpr DurationRange min_expires{std::chrono::seconds(1), std::chrono::hours(1), whole_seconds};
inline constexpr DurationRange expires{std::chrono::seconds(1), std::chrono::days(365), whole_seconds};
inline constexpr DurationRange flow_timer{Duration::zero(), std::chrono::hours(1), whole_seconds};
inline constexpr NumberRange max_contacts{1, limit::branches_per_request};

// ---- [location]
inline constexpr DurationRange store_timeout{std::chrono::milliseconds(100), std::chrono::seconds(30)};
inline constexpr NumberRange redis_database{0, 1'000'000};

// ---- [dns]
inline constexpr DurationRange dns_timeout{std::chrono::milliseconds(100), std::chrono::seconds(30)};
inline constexpr DurationRange dns_min_ttl{Duration::zero(), std::chrono::hours(1), whole_seconds};
inline constexpr DurationRange dns_max_ttl{std::chrono::seconds(1), std::chrono::days(7), whole_seconds};
inline constexpr DurationRange dns_negative_ttl{Duration::zero(), std::chrono::hours(3), whole_seconds};
inline constexpr DurationRange dns_stale{Duration::zero(), std::chrono::days(7), whole_seconds};

// ---- [limits]
inline constexpr NumberRange of_one_source{1, 1'000'000};
inline constexpr NumberRange outbound_connections{1, 1'000'000};
inline constexpr NumberRange dialogs{1, 10'000'000};
inline constexpr NumberRange subscriptions{1, 1'000'000};
inline constexpr NumberRange path_mtu{576, 65535};
inline constexpr DurationRange deadline{std::chrono::milliseconds(100), std::chrono::hours(1)};
inline constexpr DurationRange idle{std::chrono::minutes(1), std::chrono::days(7)};

// ---- [overload], `limits` of groups
inline constexpr NumberRange overload_rate{1, 1'000'000};
inline constexpr NumberRange overload_reserve{0, 100};

// ---- [timings]
inline constexpr DurationRange t1{std::chrono::milliseconds(1), std::chrono::seconds(60)};
inline constexpr DurationRange t2{std::chrono::milliseconds(1), std::chrono::minutes(5)};
inline constexpr DurationRange t4{std::chrono::milliseconds(1), std::chrono::minutes(5)};

// ---- [pool], [trunk]
inline constexpr NumberRange weight{1, 100};
inline constexpr NumberRange priority{1, 100};
inline constexpr NumberRange in_a_row{1, 100};
inline constexpr NumberRange failover_status{400, 599};
inline constexpr DurationRange probe_every{std::chrono::seconds(1), std::chrono::hours(24)};
inline constexpr DurationRange probe_timeout{std::chrono::milliseconds(100), std::chrono::seconds(32)};
inline constexpr DurationRange half_open{std::chrono::seconds(1), std::chrono::hours(24)};

// ---- [verifier]
inline constexpr DurationRange certificate_timeout{std::chrono::milliseconds(100), std::chrono::seconds(30)};
inline constexpr DurationRange certificate_keep{std::chrono::seconds(1), std::chrono::days(7), whole_seconds};
inline constexpr DurationRange identity_freshness{std::chrono::seconds(5), std::chrono::minutes(10), whole_seconds};

// ---- [route_query], [enum], [engine]: a caller repeats and gives up after 32 seconds (RFC 3261 §17.1)
inline constexpr DurationRange route_timeout{std::chrono::milliseconds(10), std::chrono::seconds(20)};
// RFC 3261 §10.2.1.1 leaves the interval open; whoever asks for less refreshes all the time.
inline constexpr DurationRange trunk_registration{std::chrono::seconds(10), std::chrono::days(7), whole_seconds};
inline constexpr DurationRange registration_retry{std::chrono::seconds(5), std::chrono::hours(24)};

// ---- rules and realms
inline constexpr DurationRange ring_timeout{std::chrono::seconds(1), std::chrono::hours(24)};
inline constexpr DurationRange remembered_users{std::chrono::seconds(1), std::chrono::hours(1)};
inline constexpr DurationRange stale_users{std::chrono::seconds(0), std::chrono::hours(24)};
inline constexpr DurationRange nonce_life{std::chrono::seconds(60), std::chrono::seconds(300)};

}  // namespace range
}  // namespace intermediary
