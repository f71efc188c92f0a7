// Asserted identities and the edge of the trust domain (RFC 3325, docs/configuration.md, [trust]).
//
//   from outside     what it asserts does not count, request or response (§5): it is taken away before anybody reads it
//   within           P-Asserted-Identity goes on as it is
//   a user of ours   P-Preferred-Identity is a hint, and ends here (§6); who has authenticated is asserted
//   to outside       P-Asserted-Identity stays inside, unless its user says "Privacy: none" (§7)
//
// Pure, on the bytes of messages that have been parsed: header sections of whole lines, folded or not.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"

namespace intermediary {

struct TrustConfig {
  bool applies = false;                // else nothing is looked at
  std::vector<Cidr> peers{};           // who belongs to the domain
  std::vector<std::string> listeners;  // and all that comes and goes by these

  friend bool operator==(const TrustConfig&, const TrustConfig&) = default;
};

inline constexpr std::string_view asserted_identity = "P-Asserted-Identity";
inline constexpr std::string_view preferred_identity = "P-Preferred-Identity";

// The value of the first field of that name, with its folds; nullopt without one.
std::optional<std::string_view> field_value(std::string_view message, std::string_view name);
// Without any field of that name; nullopt when there is none.
std::optional<std::string> without_field(std::string_view message, std::string_view name);
// What may leave the domain; nullopt: the message as it is.
std::optional<std::string> for_outside(std::string_view message);
// With that identity asserted, and no other; no hint is left.
std::string asserting(std::string_view message, std::string_view uri);
// "sip:alice@example.com"; "" for what makes no URI.
std::string identity_uri(std::string_view user, std::string_view host);

}  // namespace intermediary
