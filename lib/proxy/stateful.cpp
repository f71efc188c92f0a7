#include "proxy/stateful.h"

#include <cassert>
#include <utility>

#include "base/overloaded.h"
#include "message/compose.h"
#include "proxy/cancel_reason.h"

namespace intermediary {

StatefulProxy::StatefulProxy(const ProxySettings& settings, const LocalNames& names, TransactionLayer& transactions,
                             TimerQueue& timers, RandomSource& random, ProxyPort& port)
    : settings_(settings), names_(names), transactions_(transactions), timers_(timers), random_(random), port_(port) {
  timers_.share(settings.timer_c);
  timers_.share(settings.cancelled_wait);
  if (settings.failover_after > Duration::zero()) timers_.share(settings.failover_after);
}

void StatefulProxy::start(TimePoint now, ServerTransactionId server, Preprocessed&& request, ForwardingPlan&& plan) {
  assert(!plan.targets.empty());
  const ResponseContextId id = contexts_.emplace();
  ResponseContext& context = *contexts_.find(id);
  context.id = id;
  context.server = server;
  context.request = std::move(request);
  const Arrival& arrival = transactions_.find(server)->arrival;
  context.in = arrival.listener;
  context.in_transport = arrival.transport;
  context.rule = std::move(plan.rule);
  context.watch = plan.watch;
  context.priority = plan.priority;
  context.loop = loop_hash_of(*context.request.request, arrival, settings_);
  context.started = now;
  context.fork = plan.fork;
  context.breadth = plan.breadth;
  context.waiting = TargetQueue(std::move(plan.targets), plan.fork.mode);
  if (plan.fork.late_contacts && !plan.address_of_record.empty()) {
    context.address_of_record = std::move(plan.address_of_record);
    searches_.emplace(context.address_of_record, id);
  }
  transactions_.set_user(server, {user_kind, id.value});
  // §17.2.1: the INVITE's sender must hear within 200 ms; no target is that quick for sure. One that waited has heard.
  if (context.is_invite() && transactions_.find(server)->response.empty()) {
    transactions_.respond(now, server, 100, make_response(*context.request.request, {.status = 100}));
  }
  go_on(now, id);
}

void StatefulProxy::cancel(TimePoint now, ServerTransactionId server, const std::string& reason) {
  const ServerTransaction* transaction = transactions_.find(server);
  if (!transaction || transaction->user.kind != user_kind) return;
  const ResponseContextId id{transaction->user.subject};
  ResponseContext* context = contexts_.find(id);
  if (!context || !context->is_invite()) return;  // §9.2: it has no effect on other requests
  if (context->watch.observer) context->watch.observer->cancelled(now, context->watch);
  end_search(now, *context, BranchId{}, reason);
  go_on(now, id);
}

std::string StatefulProxy::own_tag(ServerTransactionId server) {
  const ServerTransaction* transaction = transactions_.find(server);
  if (!transaction || transaction->user.kind != user_kind) return {};
  ResponseContext* context = contexts_.find(ResponseContextId{transaction->user.subject});
  return context ? tag_of(*context) : std::string();
}

void StatefulProxy::report(TimePoint now, const TransactionReport& report) {
  const auto with_branch = [&](TransactionUser user, auto&& act) {
    if (user.kind != branch_user_kind) return;
    Branch* branch = branches_.find(BranchId{user.subject});
    if (!branch) return;
    const ResponseContextId context = branch->context;
    act(*branch);
    go_on(now, context);
  };
  std::visit(Overloaded{
                 [&](const ResponseReceived& r) {
                   with_branch(r.user, [&](Branch& branch) { receive(now, branch, r.response); });
                 },
                 [&](const ClientTimedOut& r) {
                   with_branch(r.user, [&](Branch& branch) {
                     if (branch.state == Branch::State::Answered) return;
                     if (branch.servers.empty() && try_next_flow(now, branch, 408)) return;
                     finish(now, branch, {408, nullptr, "no answer from " + branch.hop.remote.to_string()});
                   });
                 },
                 [&](const ClientSendFailed& r) {
                   with_branch(r.user, [&](Branch& branch) { send_failed(now, branch, r.reason); });
                 },
                 [&](const ClientTerminated& r) {
                   with_branch(r.user, [&](Branch& branch) {
                     if (branch.client == r.transaction) client_gone(branch);
                   });
                 },
                 [&](const AckMissing&) {},
                 [&](const AnswerOverdue& r) {
                   const ResponseContext* context =
                       r.user.kind == user_kind ? contexts_.find(ResponseContextId{r.user.subject}) : nullptr;
                   if (!context) return;
                   transactions_.respond(
                       now, r.transaction, 100,
                       make_response(*context->request.request, {.status = 100, .delay = now - context->started}));
                 },
                 [&](const ServerTerminated& r) {
                   if (r.user.kind == user_kind) server_gone(now, ResponseContextId{r.user.subject});
                 },
             },
             report);
}

void StatefulProxy::timer_fired(TimePoint now, const TimerTag& tag) {
  Branch* branch = branches_.find(BranchId{tag.subject});
  if (!branch) return;
  const ResponseContextId context = branch->context;
  switch (static_cast<ProxyTimer>(tag.kind)) {
    case ProxyTimer::C:
      // §16.8: a branch that never answered is as good as timed out.
      if (branch->state == Branch::State::Proceeding) {
        want_cancel(now, *branch, "Timer C", timed_out_reason());
        break;
      }
      finish(now, *branch, {408, nullptr, "Timer C: no answer from " + branch->hop.remote.to_string()});
      transactions_.forget(now, branch->client);
      break;
    case ProxyTimer::Failover:
      branch->failover = {};
      if (branch->state != Branch::State::Calling) break;
      if (branch->servers.empty()) {
        pass_over(*branch);
      } else {
        try_next_server(now, *branch);
      }
      break;
    case ProxyTimer::CancelledWait:
      if (branch->state != Branch::State::Answered) {
        finish(now, *branch, {408, nullptr, "no final answer to a CANCEL from " + branch->hop.remote.to_string()});
      }
      transactions_.forget(now, branch->client);
      break;
    case ProxyTimer::Ring:
      ring_timed_out(now, *branch);
      break;
    case ProxyTimer::GivenUpWait:
      give_up(*branch);
      break;
  }
  go_on(now, context);
}

bool StatefulProxy::resolved(TimePoint now, HopQuery query, const ResolvedHops& hops) {
  const auto found = queries_.find(query);
  if (found == queries_.end()) return false;
  Branch& branch = *branches_.find(found->second);
  queries_.erase(found);
  branch.query = {};
  assert(branch.state == Branch::State::Resolving);
  const ResponseContextId id = branch.context;
  if (!hops) {
    if (!try_next_flow(now, branch, 430)) finish(now, branch, {503, nullptr, hops.error()});
  } else {
    try_servers(now, *contexts_.find(id), branch, *hops);
  }
  go_on(now, id);
  return true;
}

void StatefulProxy::server_gone(TimePoint now, ResponseContextId id) {
  if (ResponseContext* context = contexts_.find(id)) context->server = {};
  erase_if_done(now, id);
}

void StatefulProxy::erase_if_done(TimePoint now, ResponseContextId id) {
  const ResponseContext* context = contexts_.find(id);
  if (!context || context->server || !context->answered) return;
  for (const BranchId branch : context->branches) {
    if (branches_.find(branch)->client) return;
    assert(!branches_.find(branch)->query);
  }
  if (!context->address_of_record.empty()) searches_.erase({context->address_of_record, id});
  if (context->watch.observer) context->watch.observer->forgotten(now, context->watch);
  for (const BranchId branch : context->branches) branches_.erase(branch);
  contexts_.erase(id);
}

}  // namespace intermediary
