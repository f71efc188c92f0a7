// How the targets of a request are tried (RFC 3261 §16.5, §16.6): what a rule says, and what becomes of it by the
// caller's preferences.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace intermediary {

enum class ForkMode : std::uint8_t {
  Parallel,  // all at once
  Serial,    // one after the other
  ByQ,       // those of equal q at once, the next lower q when all of them have failed
};

struct ForkPolicy {
  ForkMode mode = ForkMode::Parallel;
  // How long one target may take, from the request to a final answer: an INVITE is cancelled then, and the next targets
  // are tried. Zero: as long as Timer C (INVITE) or F allow.
  Duration ring_timeout{};

  friend bool operator==(const ForkPolicy&, const ForkPolicy&) = default;
};

}  // namespace intermediary
