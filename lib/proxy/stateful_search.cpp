// The search: which targets are tried when, and when no other is (RFC 3261 §16.5, §16.6, §16.7 steps 4, 5 and 10).
#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "base/limits.h"
#include "proxy/cancel_reason.h"
#include "proxy/redirection.h"
#include "proxy/stateful.h"
#include "routing/caller_preferences.h"

namespace intermediary {

namespace {

// In the order of the caller's preference, which counts for contacts of a 3xx as for those of a location service (RFC
// 3841 §7.2.4); without those that the caller does not want.
TargetSet in_order(const std::vector<Redirection>& redirections, const ResponseContext& context) {
  TargetSet targets;
  for (const Redirection& one : redirections) targets.add(Target(one.target));
  if (context.fork.caller == CallerChoice::No || !have_features(targets)) return targets;
  const auto preferences = read_caller_preferences(*context.request.request);
  return preferences ? prefer(std::move(targets), *preferences) : targets;
}

}  // namespace

void StatefulProxy::go_on(TimePoint now, ResponseContextId id) {
  ResponseContext& context = *contexts_.find(id);
  give_up_silent(context);
  while (may_start(context)) start_group(now, context);
  answer_if_complete(now, context);
  erase_if_done(now, id);
}

// Where one server of a target has spoken, nobody waits for those that stayed silent before (RFC 4321 §1.3: the caller
// may have given up when their time is over).
void StatefulProxy::give_up_silent(ResponseContext& context) {
  if (context.branches.size() < 2) return;
  for (const BranchId id : context.branches) {
    Branch& branch = *branches_.find(id);
    if (branch.state == Branch::State::Calling && branch.next && has_last_answer(*branches_.find(branch.next))) {
      give_up(branch);
    }
  }
  for (std::size_t i = 0; i + 1 < context.branches.size(); ++i) {
    if (is_silent_before_answer(context, i)) give_up(*branches_.find(context.branches[i]));
  }
}

// It was passed over, and the last of the peers behind it has spoken.
bool StatefulProxy::is_silent_before_answer(const ResponseContext& context, std::size_t index) const {
  const Branch& branch = *branches_.find(context.branches[index]);
  if (!branch.passed_over || branch.state != Branch::State::Calling || !context.waiting.empty()) return false;
  return std::all_of(context.branches.begin() + static_cast<std::ptrdiff_t>(index) + 1, context.branches.end(),
                     [&](BranchId id) {
                       const Branch& later = *branches_.find(id);
                       return later.state == Branch::State::Answered || later.passed_over;
                     }) &&
         branches_.find(context.branches.back())->state == Branch::State::Answered;
}

bool StatefulProxy::has_next_peer(const ResponseContext& context) const {
  return context.fork.mode == ForkMode::Failover && !context.waiting.empty();
}

// Of it and of the servers behind it, the last one that was tried has its final answer.
bool StatefulProxy::has_last_answer(const Branch& branch) const {
  const Branch* last = &branch;
  while (last->next) last = branches_.find(last->next);
  return last->state == Branch::State::Answered;
}

bool StatefulProxy::may_start(const ResponseContext& context) const {
  if (context.waiting.empty() || breadth_left(context) == 0) return false;
  if (context.waiting.mode() == ForkMode::Parallel) return true;
  return std::ranges::all_of(context.branches, [&](BranchId id) {
    const Branch& branch = *branches_.find(id);
    return branch.state == Branch::State::Answered || branch.passed_over;
  });
}

// RFC 5393 §5.3.3.1: a branch that has its final answer has given its share back. One that was given up has none.
std::uint32_t StatefulProxy::breadth_left(const ResponseContext& context) const {
  std::uint32_t left = context.breadth.incoming;
  for (const BranchId id : context.branches) {
    const Branch& branch = *branches_.find(id);
    const bool answered = branch.state == Branch::State::Answered &&
                          !(branch.answer.given_up && !branch.answer.response && branch.client);
    if (!answered) left -= branch.breadth;
  }
  return left;
}

void StatefulProxy::start_group(TimePoint now, ResponseContext& context) {
  std::uint32_t breadth = breadth_left(context);
  std::vector<Target> group = context.waiting.take_group(breadth);
  // Who registers while these ring gets a part, too.
  if (context.fork.late_contacts && breadth > group.size()) breadth -= share_of(breadth, group.size() + 1);
  // Who is given up without an answer keeps its part; those behind it have theirs all the same.
  const bool keeps = context.fork.ring_timeout > Duration::zero() || context.fork.mode == ForkMode::Failover;
  const std::size_t behind_these = keeps ? context.waiting.size() : 0;
  const std::size_t before = context.branches.size();
  for (std::size_t i = 0; i < group.size(); ++i) {
    const BranchId id = branches_.emplace();
    Branch& branch = *branches_.find(id);
    branch.id = id;
    branch.context = context.id;
    branch.target = std::move(group[i]);
    branch.breadth = share_of(breadth, group.size() - i + behind_these);
    breadth -= branch.breadth;
    context.branches.push_back(id);
  }
  const std::size_t behind = context.branches.size();  // further ones are tries at the next servers of these
  for (std::size_t i = before; i < behind; ++i) {
    start_branch(now, context, *branches_.find(context.branches[i]));
  }
}

bool StatefulProxy::knows(const ResponseContext& context, const Uri& uri) const {
  return context.waiting.contains(uri) || std::ranges::any_of(context.branches, [&](BranchId id) {
           return equivalent(branches_.find(id)->target.uri, uri);
         });
}

// §16.7 step 4. What is tried already leaves the answer as well: whoever gets it must not try it again.
void StatefulProxy::follow(ResponseContext& context, Answered& redirection) {
  std::vector<Redirection> found = redirections(*redirection.response, context.request.request_uri.is_sips());
  const auto is_known = [&](const Redirection& one) { return knows(context, one.target.uri); };
  std::vector<Redirection> fresh;
  std::ranges::copy_if(found, std::back_inserter(fresh), std::not_fn(is_known));
  TargetSet targets;
  for (Target& target : in_order(fresh, context).take()) {
    const bool full = context.branches.size() + context.waiting.size() + targets.size() >= limit::branches_per_request;
    if (full || (context.fork.only_the_best && !targets.empty())) break;
    targets.add(std::move(target));
  }
  if (targets.empty()) return;
  for (const Redirection& one : found) {
    const auto is_the_uri = [&](const Target& target) { return equivalent(target.uri, one.target.uri); };
    if (is_known(one) || std::ranges::any_of(targets.targets(), is_the_uri)) redirection.tried.push_back(one.entry);
  }
  redirection.followed = redirection.tried.size() == entries(*redirection.response, FieldName::Contact).size();
  context.waiting.put_first(std::move(targets));
}

std::vector<ResponseContextId> StatefulProxy::searches_for(const std::string& address_of_record) const {
  std::vector<ResponseContextId> ids;
  for (auto it = searches_.lower_bound({address_of_record, {}});
       it != searches_.end() && it->first == address_of_record; ++it) {
    ids.push_back(it->second);
  }
  return ids;
}

const ResponseContext* StatefulProxy::search(ResponseContextId id) const {
  const ResponseContext* context = contexts_.find(id);
  return context && !context->search_over && !context->answered ? context : nullptr;
}

void StatefulProxy::add_targets(TimePoint now, ResponseContextId id, TargetSet targets) {
  if (!search(id)) return;
  for (Target& target : std::move(targets).take()) add_late(*contexts_.find(id), std::move(target));
  go_on(now, id);
}

// RFC 5626 §7: a user agent that is tried already is not tried beside that; its new flows wait for that to fail.
void StatefulProxy::add_late(ResponseContext& context, Target target) {
  std::vector<Target> ways = std::exchange(target.alternatives, {});
  ways.insert(ways.begin(), std::move(target));
  std::erase_if(ways, [&](const Target& way) { return knows_way(context, way); });
  if (ways.empty()) return;
  if (Target* known = find_agent(context, ways.front())) {
    const std::size_t room =
        limit::branches_per_request - std::min(limit::branches_per_request, known->alternatives.size());
    ways.resize(std::min(ways.size(), room));
    std::ranges::move(ways, std::back_inserter(known->alternatives));
    return;
  }
  if (has_heard_of(context, ways.front())) return;
  if (context.branches.size() + context.waiting.size() >= limit::branches_per_request) return;
  Target first = std::move(ways.front());
  first.alternatives.assign(std::move_iterator(ways.begin() + 1), std::move_iterator(ways.end()));
  context.waiting.add(std::move(first));
}

bool StatefulProxy::knows_way(const ResponseContext& context, const Target& way) const {
  const auto is_it = [&](const Target& target) {
    return is_same_way(target, way) ||
           std::ranges::any_of(target.alternatives, [&](const Target& other) { return is_same_way(other, way); });
  };
  return std::ranges::any_of(context.waiting.targets(), is_it) ||
         std::ranges::any_of(context.branches, [&](BranchId id) { return is_it(branches_.find(id)->target); });
}

// That user agent's target, where it waits or is being tried; null when it is neither.
Target* StatefulProxy::find_agent(ResponseContext& context, const Target& like) {
  if (Target* waiting = context.waiting.find_agent(like)) return waiting;
  for (const BranchId id : context.branches) {
    Branch& branch = *branches_.find(id);
    const bool is_tried = branch.state != Branch::State::Answered && !branch.next;
    if (is_tried && is_same_agent(branch.target, like)) return &branch.target;
  }
  return nullptr;
}

// That user agent has answered, by whichever of its flows; 430 and 408 say only that a flow failed.
bool StatefulProxy::has_heard_of(const ResponseContext& context, const Target& like) const {
  return std::ranges::any_of(context.branches, [&](BranchId id) {
    const Branch& branch = *branches_.find(id);
    const bool failed = branch.answer.status == 430 || branch.answer.status == 408;
    return branch.state == Branch::State::Answered && !failed && is_same_agent(branch.target, like);
  });
}

void StatefulProxy::stop_search(TimePoint now, ResponseContext& context) {
  context.waiting.clear();
  context.search_over = true;
  for (const BranchId id : context.branches) {
    Branch& branch = *branches_.find(id);
    if (branch.state == Branch::State::Resolving) finish(now, branch, {487, nullptr, "the search ended"});
  }
}

void StatefulProxy::end_search(TimePoint now, ResponseContext& context, BranchId but, const std::string& reason) {
  stop_search(now, context);
  // §9.1: only an INVITE is cancelled.
  if (!context.is_invite()) return;
  for (const BranchId id : context.branches) {
    if (id != but) want_cancel(now, *branches_.find(id), "cancelled", reason);
  }
}

// §16.7 step 10; RFC 3841 §9.1: the caller may want to hear of all who would take the call.
void StatefulProxy::accepted(TimePoint now, ResponseContext& context, BranchId by) {
  if (!context.fork.cancel) return stop_search(now, context);
  end_search(now, context, by, context.branches.size() > 1 ? completed_elsewhere_reason() : std::string());
}

}  // namespace intermediary
