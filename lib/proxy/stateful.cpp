#include "proxy/stateful.h"

#include <cassert>
#include <utility>

#include "base/overloaded.h"
#include "message/compose.h"
#include "message/editor.h"
#include "proxy/branch_id.h"
#include "proxy/forwarding.h"

namespace intermediary {

namespace {

// §18.1.1: closer than this to the path's MTU a request leaves over a reliable transport.
constexpr std::size_t mtu_margin = 200;

TimerTag timer_tag(const Branch& branch, ProxyTimer timer) {
  return {TimerOwner::Proxy, static_cast<std::uint8_t>(timer), branch.id.value};
}

bool is_invite(const ResponseContext& context) { return context.request.request->method() == Method::Invite; }

}  // namespace

StatefulProxy::StatefulProxy(const ProxySettings& settings, const LocalNames& names, TransactionLayer& transactions,
                             TimerQueue& timers, RandomSource& random, ProxyPort& port)
    : settings_(settings), names_(names), transactions_(transactions), timers_(timers), random_(random), port_(port) {
  timers_.share(settings.timer_c);
  timers_.share(settings.cancelled_wait);
}

void StatefulProxy::start(TimePoint now, ServerTransactionId server, Preprocessed request, TargetSet targets,
                          std::string rule) {
  assert(!targets.empty());
  const ResponseContextId id = contexts_.emplace();
  ResponseContext& context = *contexts_.find(id);
  context.id = id;
  context.server = server;
  context.request = std::move(request);
  const Arrival& arrival = transactions_.find(server)->arrival;
  context.in = arrival.listener;
  context.rule = std::move(rule);
  context.loop = loop_hash_of(*context.request.request, arrival, settings_);
  context.started = now;
  transactions_.set_user(server, {user_kind, id.value});
  // §17.2.1: the INVITE's sender must hear within 200 ms; no target is that quick for sure.
  if (is_invite(context)) {
    transactions_.respond(now, server, 100, make_response(*context.request.request, {.status = 100}));
  }
  for (Target& target : std::move(targets).take()) {
    const BranchId branch_id = branches_.emplace();
    Branch& branch = *branches_.find(branch_id);
    branch.id = branch_id;
    branch.context = id;
    branch.target = std::move(target);
    context.branches.push_back(branch_id);
  }
  for (const BranchId branch_id : context.branches) start_branch(now, context, *branches_.find(branch_id));
  answer_if_complete(now, context);
  erase_if_done(id);
}

void StatefulProxy::cancel(TimePoint now, ServerTransactionId server) {
  const ServerTransaction* transaction = transactions_.find(server);
  if (!transaction || transaction->user.kind != user_kind) return;
  const ResponseContextId id{transaction->user.subject};
  ResponseContext* context = contexts_.find(id);
  if (!context) return;
  cancel_others(now, *context, BranchId{});
  answer_if_complete(now, *context);
  erase_if_done(id);
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
    answer_if_complete(now, *contexts_.find(context));
    erase_if_done(context);
  };
  std::visit(Overloaded{
                 [&](const ResponseReceived& r) {
                   with_branch(r.user, [&](Branch& branch) { receive(now, branch, r.response); });
                 },
                 [&](const ClientTimedOut& r) {
                   with_branch(r.user, [&](Branch& branch) {
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
                   if (r.user.kind == user_kind) server_gone(ResponseContextId{r.user.subject});
                 },
             },
             report);
}

void StatefulProxy::timer_fired(TimePoint now, const TimerTag& tag) {
  Branch* branch = branches_.find(BranchId{tag.subject});
  if (!branch || branch->state == Branch::State::Answered) return;
  const ResponseContextId context = branch->context;
  switch (static_cast<ProxyTimer>(tag.kind)) {
    case ProxyTimer::C:
      // §16.8: a branch that never answered is as good as timed out.
      if (branch->state == Branch::State::Proceeding) {
        want_cancel(now, *branch, "Timer C");
        break;
      }
      finish(now, *branch, {408, nullptr, "Timer C: no answer from " + branch->hop.remote.to_string()});
      transactions_.forget(now, branch->client);
      break;
    case ProxyTimer::CancelledWait:
      finish(now, *branch, {408, nullptr, "no final answer to a CANCEL from " + branch->hop.remote.to_string()});
      transactions_.forget(now, branch->client);
      break;
  }
  answer_if_complete(now, *contexts_.find(context));
  erase_if_done(context);
}

bool StatefulProxy::resolved(TimePoint now, HopQuery query, const std::expected<std::vector<Hop>, std::string>& hops) {
  const auto found = queries_.find(query);
  if (found == queries_.end()) return false;
  Branch& branch = *branches_.find(found->second);
  queries_.erase(found);
  branch.query = {};
  const ResponseContextId id = branch.context;
  ResponseContext& context = *contexts_.find(id);
  if (!hops) {
    finish(now, branch, {503, nullptr, hops.error()});
  } else if (hops->empty()) {
    finish(now, branch, {503, nullptr, "no address for " + branch.target.uri.host});
  } else {
    send(now, context, branch, hops->front());
  }
  answer_if_complete(now, context);
  erase_if_done(id);
  return true;
}

// ---- branches

void StatefulProxy::start_branch(TimePoint now, ResponseContext& context, Branch& branch) {
  if (branch.target.hop) return send(now, context, branch, *branch.target.hop);
  Uri room;
  const auto uri = next_hop(context.request, branch.target, room);
  if (!uri) return finish(now, branch, {uri.error().status, nullptr, uri.error().reason});
  std::visit(Overloaded{
                 [&](const Hop& hop) { send(now, context, branch, hop); },
                 [&](HopQuery query) {
                   branch.query = query;
                   queries_[query] = branch.id;
                 },
                 [&](const Refusal& refusal) { finish(now, branch, {refusal.status, nullptr, refusal.reason}); },
             },
             port_.find_hop(**uri));
}

void StatefulProxy::send(TimePoint now, ResponseContext& context, Branch& branch, Hop hop) {
  const auto build = [&](const Hop& to) -> std::string {
    const LocalNames::Listener* out = names_.for_sending(to.transport, to.remote.address.family(), to.listener);
    if (!out) return {};
    branch.hop = to;
    branch.hop.listener = out->id;
    const LocalNames::Listener* in = names_.find(context.in);
    return forward_request({context.request,
                            branch.target,
                            branch.hop,
                            in ? *in : *out,
                            *out,
                            branch.via_branch,
                            {},
                            settings_.record_route},
                           settings_);
  };
  branch.via_branch = stateful_branch(random_, context.loop);
  std::string bytes = build(hop);
  const bool too_large = hop.transport == Transport::Udp && bytes.size() + mtu_margin > settings_.path_mtu;
  if (too_large && settings_.tcp_for_large_requests && !branch.moved_to_tcp) {
    Hop over_tcp = hop;
    over_tcp.transport = Transport::Tcp;
    std::string larger = build(over_tcp);
    branch.moved_to_tcp = !larger.empty();
    bytes = branch.moved_to_tcp ? std::move(larger) : build(hop);
  }
  if (bytes.empty()) {
    return finish(
        now, branch,
        {503, nullptr,
         "no " + std::string(via_name(hop.transport)) + " listener to reach " + hop.remote.to_string() + " from"});
  }
  transmit(now, context, branch, std::move(bytes));
}

void StatefulProxy::transmit(TimePoint now, ResponseContext& context, Branch& branch, std::string bytes) {
  branch.state = Branch::State::Calling;
  branch.client = transactions_.create_client(now, context.request.request->method(), branch.via_branch,
                                              std::move(bytes), branch.hop, {branch_user_kind, branch.id.value});
  if (is_invite(context)) branch.timer = timers_.arm(now, settings_.timer_c, timer_tag(branch, ProxyTimer::C));
}

void StatefulProxy::receive(TimePoint now, Branch& branch, const MessagePtr& response) {
  ResponseContext& context = *contexts_.find(branch.context);
  // §16.7 step 3: an answer without any Via but ours is nobody's.
  if (!has_next_via(*response)) {
    if (response->status() >= 200 && branch.state != Branch::State::Answered) {
      finish(now, branch, {408, nullptr, "the answer of " + branch.hop.remote.to_string() + " has no Via but ours"});
    }
    return;
  }
  if (response->status() < 200) return receive_provisional(now, context, branch, response);
  if (response->status() < 300 && branch.state == Branch::State::Answered) {
    return pass_up(now, context, response);  // a further 2xx of a fork downstream
  }
  if (branch.state != Branch::State::Answered) receive_final(now, context, branch, response);
}

void StatefulProxy::receive_provisional(TimePoint now, ResponseContext& context, Branch& branch,
                                        const MessagePtr& response) {
  if (branch.state == Branch::State::Answered) return;
  branch.state = Branch::State::Proceeding;
  if (is_invite(context)) {
    // §16.7 step 2: 101 to 199 start Timer C anew; a branch that is being cancelled has another clock.
    if (response->status() > 100 && !branch.cancel_sent) {
      timers_.cancel(branch.timer);
      branch.timer = timers_.arm(now, settings_.timer_c, timer_tag(branch, ProxyTimer::C));
    }
    // §16.7 step 5; RFC 4320 §4.1 forbids it for other methods.
    if (response->status() > 100 && !context.answered) pass_up(now, context, response);
  }
  if (branch.cancel_wanted && !branch.cancel_sent) send_cancel(now, branch);
}

void StatefulProxy::receive_final(TimePoint now, ResponseContext& context, Branch& branch, const MessagePtr& response) {
  const int status = response->status();
  finish(now, branch, {status, response, {}});
  if (status < 300) pass_up(now, context, response);
  // §16.7 step 10, and step 5 for 6xx.
  if (status < 300 || status >= 600) cancel_others(now, context, branch.id);
}

void StatefulProxy::send_failed(TimePoint now, Branch& branch, const std::string& reason) {
  port_.emit(SendFailed{branch.hop, std::string(contexts_.find(branch.context)->request.request->call_id()), reason});
  if (branch.state == Branch::State::Answered) return;
  timers_.cancel(branch.timer);
  // §18.1.1: TCP was our idea, for its size; the peer may only have UDP.
  if (branch.moved_to_tcp && branch.state == Branch::State::Calling && !branch.cancel_wanted) {
    Hop again = branch.hop;
    again.transport = Transport::Udp;
    again.flow = {};
    branch.client = {};
    return send(now, *contexts_.find(branch.context), branch, again);
  }
  finish(now, branch, {503, nullptr, reason});  // §16.9
}

void StatefulProxy::finish(TimePoint, Branch& branch, Answered answer) {
  branch.state = Branch::State::Answered;
  branch.answer = std::move(answer);
  timers_.cancel(branch.timer);
  if (branch.query) {
    queries_.erase(branch.query);
    branch.query = {};
  }
}

// §9.1: a CANCEL only follows a provisional answer; until there is one, it is kept.
void StatefulProxy::want_cancel(TimePoint now, Branch& branch, std::string_view reason) {
  if (branch.cancel_wanted) return;
  branch.cancel_wanted = true;
  switch (branch.state) {
    case Branch::State::Resolving:
      return finish(now, branch, {487, nullptr, std::string(reason)});
    case Branch::State::Calling:
      return;
    case Branch::State::Proceeding:
      return send_cancel(now, branch);
    case Branch::State::Answered:
      return;
  }
}

void StatefulProxy::send_cancel(TimePoint now, Branch& branch) {
  branch.cancel_sent = true;
  timers_.cancel(branch.timer);
  branch.timer = timers_.arm(now, settings_.cancelled_wait, timer_tag(branch, ProxyTimer::CancelledWait));
  transactions_.cancel(now, branch.client);
}

void StatefulProxy::client_gone(Branch& branch) { branch.client = {}; }

// ---- contexts

void StatefulProxy::cancel_others(TimePoint now, ResponseContext& context, BranchId but) {
  // §9.1: only an INVITE is cancelled.
  if (!is_invite(context)) return;
  for (const BranchId id : context.branches) {
    if (id != but) want_cancel(now, *branches_.find(id), "cancelled");
  }
}

void StatefulProxy::answer_if_complete(TimePoint now, ResponseContext& context) {
  if (context.answered) return;
  std::vector<Answered> answers;
  for (const BranchId id : context.branches) {
    const Branch& branch = *branches_.find(id);
    if (branch.state != Branch::State::Answered) return;
    answers.push_back(branch.answer);
  }
  const std::size_t best = best_answer(answers);
  // RFC 4320 §4.2: nobody may hear of a 408 to a non-INVITE request.
  if (!is_invite(context) && answers[best].status == 408) {
    context.answered = true;
    port_.emit(RequestCompleted{
        std::string(context.request.request->call_id()), std::string(context.request.request->method_text()),
        std::string(context.request.request->request_uri()), context.rule, 408, now - context.started});
    return transactions_.abandon(now, context.server);
  }
  Answered sent = answers[best];
  std::string bytes = best_bytes(context, answers, best, sent);
  answer_with(now, context, sent, std::move(bytes));
}

std::string StatefulProxy::tag_of(ResponseContext& context) {
  if (context.tag.empty()) context.tag = random_.token(16);
  return context.tag;
}

std::string StatefulProxy::best_bytes(ResponseContext& context, const std::vector<Answered>& answers, std::size_t best,
                                      Answered& sent) {
  const Message& request = *context.request.request;
  const Answered& answer = answers[best];
  // §16.7 step 6: a 503 is about the next hop, not about us.
  if (answer.status == 503) sent.status = 500;
  if (!answer.response || sent.status != answer.status) {
    const std::string tag = tag_of(context);
    ResponseParts parts{.status = sent.status, .to_tag = tag};
    if (!answer.reason.empty()) {
      const LocalNames::Listener* in = names_.find(context.in);
      parts.fields.emplace_back("Warning",
                                "399 " + (in ? in->sent_by : std::string("proxy")) + " " + quoted(answer.reason));
    }
    if (!settings_.server_name.empty()) parts.fields.emplace_back("Server", settings_.server_name);
    return make_response(request, parts);
  }
  if (answer.status != 401 && answer.status != 407) return pass_back(*answer.response);
  return pass_back(*answer.response, other_challenges(answers, best));
}

void StatefulProxy::pass_up(TimePoint now, ResponseContext& context, const MessagePtr& response) {
  std::string bytes = pass_back(*response);
  if (response->status() < 200) return transactions_.respond(now, context.server, response->status(), std::move(bytes));
  if (!context.answered) return answer_with(now, context, {response->status(), response, {}}, std::move(bytes));
  transactions_.respond(now, context.server, response->status(), std::move(bytes), response->to_tag());
}

void StatefulProxy::answer_with(TimePoint now, ResponseContext& context, const Answered& answer, std::string bytes) {
  const Message& request = *context.request.request;
  context.answered = true;
  transactions_.respond(now, context.server, answer.status, std::move(bytes),
                        answer.response ? answer.response->to_tag() : std::string_view{});
  port_.emit(RequestCompleted{std::string(request.call_id()), std::string(request.method_text()),
                              std::string(request.request_uri()), context.rule, answer.status, now - context.started});
}

void StatefulProxy::server_gone(ResponseContextId id) {
  if (ResponseContext* context = contexts_.find(id)) context->server = {};
  erase_if_done(id);
}

void StatefulProxy::erase_if_done(ResponseContextId id) {
  const ResponseContext* context = contexts_.find(id);
  if (!context || context->server || !context->answered) return;
  for (const BranchId branch : context->branches) {
    if (branches_.find(branch)->client) return;
  }
  for (const BranchId branch : context->branches) branches_.erase(branch);
  contexts_.erase(id);
}

}  // namespace intermediary
