// How the targets of a request are tried (RFC 3261 §16.5, §16.6): what a rule says, and what becomes of it by the
// caller's preferences.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"

namespace intermediary {

// Whether what a caller prefers counts (RFC 3841).
enum class CallerChoice : std::uint8_t {
  No,
  Yes,       // all but "redirect", which would tell strangers where users are
  Redirect,  // that too
};

enum class ForkMode : std::uint8_t {
  Parallel,  // all at once
  Serial,    // one after the other
  ByQ,       // those of equal q at once, the next lower q when all of them have failed
  Failover,  // one after the other, as long as none has said anything that would be the next one's answer, too
};

struct ForkPolicy {
  ForkMode mode = ForkMode::Parallel;
  // How long one target may take, from the request to a final answer: an INVITE is cancelled then, and the next targets
  // are tried. Zero: as long as Timer C (INVITE) or F allow.
  Duration ring_timeout{};
  bool recurse = false;        // the contacts of a 3xx are tried here (§16.7 step 4)
  bool late_contacts = false;  // who registers while the request is under way becomes a target too (§16.5)
  CallerChoice caller = CallerChoice::Yes;
  bool only_the_best = false;  // one target at most: the caller does not want a fork (RFC 3841 §9.1)
  bool cancel = true;          // a 2xx cancels the other branches
  // Failover: the answers after which the next target is tried, and how long one may stay silent before the next is
  // tried beside it (0: as long as its transaction lives).
  std::vector<int> failover_statuses{};
  Duration failover_after{};

  friend bool operator==(const ForkPolicy&, const ForkPolicy&) = default;
};

}  // namespace intermediary
