// Session timers as a proxy handles them (RFC 4028 §8): pure functions of a message and what the operator wants.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/limits.h"
#include "message/message.h"

namespace intermediary {

struct SessionTimerPolicy {
  std::chrono::seconds session_expires{0};  // asked for where nobody does, and the most that is let through; 0: neither
  std::chrono::seconds min_se{0};           // less is refused or raised; 0: whatever comes. Else 90 or more (§5)

  friend bool operator==(const SessionTimerPolicy&, const SessionTimerPolicy&) = default;
};

// What a proxy remembers of a session refresh request until its answer (§8.1).
struct SessionRequest {
  bool timer_supported = false;  // by its sender
  std::uint32_t interval = 0;    // Session-Expires as it went on; 0: none
};
// 422 with Min-SE.
struct IntervalTooSmall {
  std::uint32_t interval = 0;
  std::uint32_t min_se = 0;
};
struct Adjusted {
  SessionRequest remembered;
  MessagePtr request;  // to go on in its place; null: it goes as it came
};

// The interval of a Session-Expires or Min-SE value, whatever its parameters; nullopt when it is no number.
std::optional<std::uint32_t> session_interval(std::string_view value);
// The message's Min-SE; nullopt when there is none or it cannot be read.
std::optional<std::uint32_t> min_se(const Message& message);

// REQUIRES: an INVITE or UPDATE.
std::variant<Adjusted, IntervalTooSmall> adjust_request(const MessagePtr& request, const SessionTimerPolicy& policy,
                                                        const Limits& limits);

// A 2xx to such a request: the interval that it brings (0: the session has no timer), and what goes back in its place
// where the callee knows nothing of timers and the caller does (§8.2); null: it goes as it came.
struct AdjustedAnswer {
  std::uint32_t interval = 0;
  MessagePtr response;
};
AdjustedAnswer adjust_answer(const MessagePtr& response, const SessionRequest& remembered, const Limits& limits);

}  // namespace intermediary
