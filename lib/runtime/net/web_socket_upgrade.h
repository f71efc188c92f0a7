// Whether an HTTP request may become a WebSocket connection that carries SIP (RFC 6455 §4.2, RFC 7118 §4 and §7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/net/handshake_auth.h"

namespace intermediary {

struct UpgradeVerdict {
  enum class Kind : std::uint8_t { NeedsMore, Accepted, Refused };
  Kind kind = Kind::NeedsMore;
  std::string response{};    // unless more is needed: what is to be sent, whole
  std::size_t consumed = 0;  // accepted: how long the request was; what is behind it are frames
  std::string reason{};      // refused: one line for people
  HandshakeUser user{};      // accepted, where somebody was asked for
};

// What a listener asks of a request beside its being one: a view of its configuration, which outlives it.
struct UpgradeRules {
  std::span<const std::string> origins{};  // who may connect, and nobody without an Origin (RFC 6455 §10.2); empty: all
  const HandshakeAuth* auth = nullptr;     // null: nobody is asked who he is
  const DigestRealm* users = nullptr;      // those that `auth` names; null where it names none
  std::shared_ptr<const Config> config{};  // that these views are of, where another may take its place meanwhile
};

// Of one listener. REQUIRES: problem_with(config) is "".
UpgradeRules upgrade_rules(const Config& config, const ListenerConfig& listener);

// Pure. `bytes` are all that came. Requests of more than limit::upgrade_request_bytes are refused. `now` is what the
// expiry of a session cookie is compared with.
UpgradeVerdict check_upgrade(std::string_view bytes, const UpgradeRules& rules, WallTime now);

}  // namespace intermediary
