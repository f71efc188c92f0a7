// Where a request may go (RFC 3261 §16.5): an ordered set of targets, none twice.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/flow.h"
#include "message/uri.h"

namespace intermediary {

struct Target {
  Uri uri;                        // becomes the Request-URI (§16.6 step 2)
  int q_thousandths = 1000;       // RFC 3261 §20.10
  std::vector<std::string> path;  // Route values to put on top, outermost first (RFC 3327 §5.3)
  std::optional<Uri> next_hop;    // go there, whatever the Request-URI says (a rule's `relay = "sip:…"`)
  std::optional<Hop> hop;         // a fixed way there: the connection that a contact registered over

  friend bool operator==(const Target&, const Target&) = default;
};

class TargetSet {
 public:
  // False when an equivalent URI (§19.1.4) is there already, or the set is full (limit::branches_per_request).
  bool add(Target&& target);

  const std::vector<Target>& targets() const { return targets_; }
  std::vector<Target> take() && { return std::move(targets_); }
  bool empty() const { return targets_.empty(); }
  std::size_t size() const { return targets_.size(); }

 private:
  std::vector<Target> targets_;
};

}  // namespace intermediary
