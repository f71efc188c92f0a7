// Where a request may go (RFC 3261 §16.5): an ordered set of targets, none twice.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/flow.h"
#include "base/instance.h"
#include "message/uri.h"
#include "routing/peer_group.h"

namespace intermediary {

struct Target {
  Uri uri;                        // becomes the Request-URI (§16.6 step 2)
  int q_thousandths = 1000;       // RFC 3261 §20.10
  std::vector<std::string> path;  // Route values to put on top, outermost first (RFC 3327 §5.3)
  std::optional<Uri> next_hop;    // go there, whatever the Request-URI says (a rule's `relay = "sip:…"`)
  std::optional<Hop> hop;         // a fixed way there: the flow that a contact registered over
  // The way is a flow of RFC 5626: no other leads there. With a `hop` it is one of ours, and dialogs that begin over it
  // stay on it; with a `path` it is an edge proxy's, which sees to that.
  bool is_flow = false;
  // Other flows to the same user agent: each is tried when the one before it has failed (RFC 5626 §7), none beside it.
  std::vector<Target> alternatives{};
  std::string features{};          // the parameters of its Contact, where there are any (RFC 3840 §5)
  InstancePlace instance_place{};  // in `features`
  PeerId peer{};                   // the peer of a group that it stands for

  // Which user agent registered the contact, where that says it (RFC 5626 §4.1); else "".
  std::string_view instance() const { return instance_place.in(features); }

  friend bool operator==(const Target&, const Target&) = default;
};

// An equivalent URI (§19.1.4) by the same way.
bool is_same_way(const Target& a, const Target& b);
// Both are the same user agent, as their instances say.
bool is_same_agent(const Target& a, const Target& b);

class TargetSet {
 public:
  // False when the same way is there already, or the set is full (limit::branches_per_request).
  bool add(Target&& target);
  // The first and only one, to be filled in. REQUIRES: empty().
  Target& only() { return targets_.emplace_back(); }
  // Another flow or contact of the user agent that is the target at `index`, for when `before` others of it have
  // failed. 0: it takes the target's place.
  void add_alternative(std::size_t index, std::size_t before, Target&& target);
  void order_by_q();

  const std::vector<Target>& targets() const { return targets_; }
  // Leaves only the first.
  void keep_first() {
    if (!targets_.empty()) targets_.erase(targets_.begin() + 1, targets_.end());
  }

  std::vector<Target> take() && { return std::move(targets_); }
  bool empty() const { return targets_.empty(); }
  std::size_t size() const { return targets_.size(); }

 private:
  std::vector<Target> targets_;
};

}  // namespace intermediary
