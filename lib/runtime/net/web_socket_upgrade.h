// Whether an HTTP request may become a WebSocket connection that carries SIP (RFC 6455 §4.2, RFC 7118 §4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace intermediary {

struct UpgradeVerdict {
  enum class Kind : std::uint8_t { NeedsMore, Accepted, Refused };
  Kind kind = Kind::NeedsMore;
  std::string response{};    // unless more is needed: what is to be sent, whole
  std::size_t consumed = 0;  // accepted: how long the request was; what is behind it are frames
  std::string reason{};      // refused: one line for people
};

// Pure. `bytes` are all that came. Requests of more than limit::upgrade_request_bytes are refused. `origins`: who may
// connect, and nobody without an Origin (RFC 6455 §10.2); empty: whoever does.
UpgradeVerdict check_upgrade(std::string_view bytes, std::span<const std::string> origins);

}  // namespace intermediary
