// Flows: the ways to one user agent, one after the other (RFC 5626 §7).
#include <utility>

#include "proxy/stateful.h"

namespace intermediary {

// A connection that is gone is not opened anew: only its user agent could.
void StatefulProxy::start_on_flow(TimePoint now, ResponseContext& context, Branch& branch) {
  const Hop hop = *branch.target.hop;
  const bool gone = branch.target.is_flow && hop.flow && !port_.has_flow(hop.flow);
  if (!gone) return send(now, context, branch, hop);
  if (!try_next_flow(now, branch, 430)) finish(now, branch, {430, nullptr, "its flow is gone"});
}

// True when the branch goes on by another flow of its user agent: after a 430, and after a 408, which may come from a
// proxy that got no answer. After any other answer the user agent has spoken, and nothing follows a cancelled request.
bool StatefulProxy::try_next_flow(TimePoint now, Branch& branch, int status) {
  if (branch.target.alternatives.empty() || branch.next || (status != 430 && status != 408)) return false;
  ResponseContext& context = *contexts_.find(branch.context);
  if (branch.cancel_wanted || branch.rang_too_long || context.answered || branch.state == Branch::State::Answered)
    return false;
  timers_.cancel(branch.timer);
  if (branch.failover) timers_.cancel(branch.failover);
  branch.servers = {};
  std::vector<Target> others = std::move(branch.target.alternatives);
  branch.target = std::move(others.front());
  others.erase(others.begin());
  branch.target.alternatives = std::move(others);
  branch.client = {};  // what its transaction still hears belongs to nobody
  branch.moved_to_tcp = false;
  branch.state = Branch::State::Resolving;
  start_branch(now, context, branch);
  return true;
}

}  // namespace intermediary
