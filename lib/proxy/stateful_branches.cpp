// Branches: from a target to a final answer (RFC 3261 §16.6 steps 7 to 11, §16.7 steps 1 to 5, §16.8 to §16.10).
#include <algorithm>
#include <utility>

#include "base/overloaded.h"
#include "proxy/branch_id.h"
#include "proxy/cancel_reason.h"
#include "proxy/forwarding.h"
#include "proxy/stateful.h"

namespace intermediary {

namespace {

// RFC 4320 §4.1: no element says 100 to another request than INVITE before 3.5 s have gone by.
constexpr Duration silence_of_non_invite = std::chrono::seconds(4);

// §18.1.1: closer than this to the path's MTU a request leaves over a reliable transport.
constexpr std::size_t mtu_margin = 200;

// Whether the next target of a failover is tried after that answer.
bool leads_on(const ForkPolicy& fork, const Answered& answer) {
  if (!answer.tried.empty()) return true;  // a 3xx, whose contacts come first
  if (!answer.response) return answer.status != 487;
  return std::ranges::find(fork.failover_statuses, answer.status) != fork.failover_statuses.end();
}

TimerTag timer_tag(const Branch& branch, ProxyTimer timer) {
  return {TimerOwner::Proxy, static_cast<std::uint8_t>(timer), branch.id.value};
}

}  // namespace

// The peer of the try before it, which had a place for the request.
PeerId StatefulProxy::peer_before(const ResponseContext& context, const Branch& branch) const {
  PeerId before;
  for (const BranchId id : context.branches) {
    const Branch& other = *branches_.find(id);
    if (id == branch.id) break;
    if (other.target.peer && !other.answer.held_back) before = other.target.peer;
  }
  return before;
}

void StatefulProxy::start_branch(TimePoint now, ResponseContext& context, Branch& branch) {
  if (branch.target.peer) {
    std::string full =
        port_.refuse_peer(context.request, context.priority, branch.target.peer, peer_before(context, branch));
    if (!full.empty()) return finish(now, branch, {503, nullptr, std::move(full), false, false, true});
  }
  if (branch.target.peer && context.watch.observer) {
    context.watch.observer->goes_to(context.watch, branch.target.peer.value);
  }
  if (branch.target.hop) return start_on_flow(now, context, branch);
  Uri room;
  const auto uri = next_hop(context.request, branch.target, room);
  if (!uri) return finish(now, branch, {uri.error().status, nullptr, uri.error().reason});
  std::visit(Overloaded{
                 [&](const Hop& hop) { send(now, context, branch, hop); },
                 [&](std::vector<Hop> hops) { try_servers(now, context, branch, std::move(hops)); },
                 [&](HopQuery query) {
                   branch.query = query;
                   queries_[query] = branch.id;
                 },
                 [&](const Refusal& refusal) { finish(now, branch, {refusal.status, nullptr, refusal.reason}); },
             },
             port_.find_hop(**uri, HopOrder::Drawn));
}

void StatefulProxy::try_servers(TimePoint now, ResponseContext& context, Branch& branch, std::vector<Hop> hops) {
  branch.servers = Servers(resting_.awake(now, std::move(hops)));
  send(now, context, branch, branch.servers.take());
}

// §16.6 step 7, RFC 3263 §4.3: a new branch, with a transaction and a message of its own.
void StatefulProxy::try_next_server(TimePoint now, Branch& branch) {
  ResponseContext& context = *contexts_.find(branch.context);
  if (branch.servers.empty() || branch.cancel_wanted || context.search_over) return;
  const std::uint32_t kept = branch.state == Branch::State::Calling ? outgoing_breadth(branch) : 0;
  if (branch.breadth == kept) return;  // RFC 5393 §5.3.3.1: there is none left for it before the final answer
  const BranchId id = branches_.emplace();
  Branch& next = *branches_.find(id);
  branch.next = id;
  next.id = id;
  next.context = context.id;
  next.target = branch.target;
  next.servers = std::exchange(branch.servers, {});  // behind outgoing_breadth(), which counts them
  next.ring_until = branch.ring_until;
  next.breadth = branch.breadth - kept;
  branch.breadth = kept;
  context.branches.push_back(id);
  send(now, context, next, next.servers.take());
}

// Its Max-Breadth: there has to be some left for the servers behind a silent one.
std::uint32_t StatefulProxy::outgoing_breadth(const Branch& branch) const {
  const bool alone = branch.servers.empty() || settings_.failover_after == Duration::zero();
  return alone ? branch.breadth : share_of(branch.breadth, branch.servers.size() + 1);
}

void StatefulProxy::send(TimePoint now, ResponseContext& context, Branch& branch, const Hop& hop) {
  if (!port_.may_go_to(hop, *context.request.request, context.priority)) {
    return finish(now, branch, {503, nullptr, hop.remote.to_string() + " wants less (RFC 7339)", false, false, true});
  }
  const auto build = [&](const Hop& to) -> std::string {
    const LocalNames::Listener* out = names_.for_sending(to.transport, to.remote.address.family(), to.listener);
    if (!out) return {};
    branch.hop = to;
    branch.hop.listener = out->id;
    const LocalNames::Listener* in = names_.find(context.in);
    return forward_request({context.request, branch.target, branch.hop, in ? *in : *out, context.in_transport, *out,
                            branch.via_branch, port_.via_parameters(branch.target.peer, branch.hop),
                            settings_.record_route || context.watch.follows_dialogs(), outgoing_breadth(branch),
                            context.breadth.stated, context.watch.follows_dialogs()},
                           settings_);
  };
  branch.via_branch = stateful_branch(random_, context.loop.view());
  std::string bytes = build(hop);
  const bool too_large = hop.transport == Transport::Udp && bytes.size() + mtu_margin > settings_.path_mtu &&
                         !branch.target.hop;  // a flow of datagrams has no other way
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
  if (context.is_invite()) branch.timer = timers_.arm(now, settings_.timer_c, timer_tag(branch, ProxyTimer::C));
  const Duration silence = branch.servers.empty() ? context.fork.failover_after : settings_.failover_after;
  if ((!branch.servers.empty() || has_next_peer(context)) && silence > Duration::zero()) {
    timers_.cancel(branch.failover);
    const Duration least = context.is_invite() ? Duration::zero() : silence_of_non_invite;
    branch.failover = timers_.arm(now, std::max(silence, least), timer_tag(branch, ProxyTimer::Failover));
  }
  if (context.fork.ring_timeout > Duration::zero() && !branch.ring) {
    if (!branch.ring_until) branch.ring_until = now + context.fork.ring_timeout;
    branch.ring = timers_.arm(now, *branch.ring_until - now, timer_tag(branch, ProxyTimer::Ring));
  }
}

void StatefulProxy::receive(TimePoint now, Branch& branch, const MessagePtr& response) {
  ResponseContext& context = *contexts_.find(branch.context);
  CallObserver* observer = context.watch.observer;
  if (!observer || !has_next_via(*response)) return receive(now, context, branch, response);
  const MessagePtr changed =
      observer->response(now, context.watch, *context.request.request, branch.id.value, response, !context.answered);
  receive(now, context, branch, changed ? changed : response);
}

void StatefulProxy::receive(TimePoint now, ResponseContext& context, Branch& branch, const MessagePtr& response) {
  // §16.7 step 3: an answer without any Via but ours is nobody's.
  if (!has_next_via(*response)) {
    if (response->status() >= 200 && branch.state != Branch::State::Answered) {
      finish(now, branch, {408, nullptr, "the answer of " + branch.hop.remote.to_string() + " has no Via but ours"});
    }
    return;
  }
  if (response->status() < 200) return receive_provisional(now, context, branch, response);
  if (response->status() < 300 && branch.state == Branch::State::Answered) {
    // A further 2xx of a fork downstream, or of a target that was given up. Only an INVITE has several (§16.7 step 5):
    // the server transaction of another request takes none but its first (§17.2.2).
    pass_up(now, context, response);
    return accepted(now, context, branch.id);
  }
  if (branch.state != Branch::State::Answered) return receive_final(now, context, branch, response);
  // A target that was given up has answered after all (§16.7 step 4).
  if (branch.answer.given_up && !context.answered) branch.answer = {response->status(), response, {}, true};
}

void StatefulProxy::receive_provisional(TimePoint now, ResponseContext& context, Branch& branch,
                                        const MessagePtr& response) {
  // §16.7 step 5; RFC 4320 §4.1 forbids it for other methods.
  const bool goes_up = response->status() > 100 && context.is_invite() && !context.answered;
  if (branch.state == Branch::State::Answered) {
    if (goes_up) pass_up(now, context, response);
    if (branch.answer.given_up && !branch.cancel_sent && context.is_invite()) send_cancel(now, branch);
    return;
  }
  branch.state = Branch::State::Proceeding;
  if (branch.failover) timers_.cancel(branch.failover);
  if (context.is_invite()) {
    // §16.7 step 2: 101 to 199 start Timer C anew; a branch that is being cancelled has another clock.
    if (response->status() > 100 && !branch.cancel_sent) {
      timers_.cancel(branch.timer);
      branch.timer = timers_.arm(now, settings_.timer_c, timer_tag(branch, ProxyTimer::C));
    }
    if (goes_up) pass_up(now, context, response);
  }
  if (branch.cancel_wanted && !branch.cancel_sent) send_cancel(now, branch);
}

void StatefulProxy::receive_final(TimePoint now, ResponseContext& context, Branch& branch, const MessagePtr& response) {
  const int status = response->status();
  if (try_next_flow(now, branch, status)) return;
  if (const auto rest = status == 503 ? retry_after(*response) : std::nullopt) resting_.rest(now, branch.hop, *rest);
  Answered answer{status, response, {}, branch.rang_too_long};
  if (status == 503) answer.reason = "503 from " + branch.hop.remote.to_string();
  if (status >= 300 && status < 400 && context.fork.recurse && !context.search_over) follow(context, answer);
  finish(now, branch, std::move(answer));
  if (status < 300) {
    const bool taken = branch.target.peer && context.watch.observer && !context.answered;
    if (taken) context.watch.observer->goes_to(context.watch, branch.target.peer.value);
    pass_up(now, context, response);
    accepted(now, context, branch.id);
  }
  if (status >= 600) end_search(now, context, branch.id, answered_reason(status));  // §16.7 step 5
}

void StatefulProxy::send_failed(TimePoint now, Branch& branch, const std::string& reason) {
  port_.emit(SendFailed{branch.hop, std::string(contexts_.find(branch.context)->request.request->call_id()), reason});
  if (branch.state == Branch::State::Answered) return;
  timers_.cancel(branch.timer);
  // §18.1.1: TCP was our idea, for its size; the peer may only have UDP. Where the next server has been asked since,
  // that one has this one's breadth.
  const bool may_go_on = branch.state == Branch::State::Calling && !branch.cancel_wanted && !branch.next;
  if (branch.moved_to_tcp && branch.hop.transport == Transport::Tcp && may_go_on) {
    Hop again = branch.hop;
    again.transport = Transport::Udp;
    again.flow = {};
    branch.client = {};
    return send(now, *contexts_.find(branch.context), branch, again);
  }
  if (branch.servers.empty() && try_next_flow(now, branch, 430)) return;
  const bool by_token = contexts_.find(branch.context)->request.flow.has_value();
  finish(now, branch, {by_token ? 430 : 503, nullptr, reason});  // §16.9, RFC 5626 §5.3.1
}

void StatefulProxy::finish(TimePoint now, Branch& branch, Answered answer) {
  const bool heard = branch.state == Branch::State::Proceeding;
  // RFC 5626 §11.5: no user agent hears of flows. Who found the flow by its token tells the proxy that looked it up.
  const bool looked_up = branch.target.is_flow && !contexts_.find(branch.context)->request.flow;
  if (answer.status == 430 && looked_up) answer = {480, nullptr, "no flow to it is left"};
  branch.state = Branch::State::Answered;
  branch.answer = std::move(answer);
  timers_.cancel(branch.timer);
  if (branch.ring) timers_.cancel(branch.ring);
  if (branch.failover) timers_.cancel(branch.failover);
  forget_query(branch);
  if (!branch.servers.empty() && is_servers_failure(branch.answer, heard)) try_next_server(now, branch);
  if (branch.next) return;
  if (branch.target.peer) tell_of_peer(branch, heard);
  ResponseContext& context = *contexts_.find(branch.context);
  if (context.fork.mode == ForkMode::Failover && !leads_on(context.fork, branch.answer)) context.waiting.clear();
}

// RFC 3261 §21.5.4: a 503 says that it cannot serve; any other answer that it can. One that was not waited for says
// nothing, nor does one that was counted as silent already.
void StatefulProxy::tell_of_peer(const Branch& branch, bool heard) {
  const Answered& answer = branch.answer;
  if (answer.held_back) return;
  if (answer.response && answer.status != 503) return port_.heard_of(branch.target.peer, PeerOutcome::Alive, {}, {});
  if (answer.status == 487 || branch.passed_over || heard) return;
  const auto rest = answer.response ? retry_after(*answer.response) : std::nullopt;
  port_.heard_of(branch.target.peer, PeerOutcome::Failed, rest, answer.reason);
}

// Its answer may come yet, as long as its transaction lives (RFC 3263 §4.3 has no better word for a peer that is slow).
void StatefulProxy::pass_over(Branch& branch) {
  branch.passed_over = true;
  if (!branch.target.peer) return;
  port_.heard_of(branch.target.peer, PeerOutcome::Failed, {}, "no answer from " + branch.hop.remote.to_string());
}

void StatefulProxy::forget_query(Branch& branch) {
  if (!branch.query) return;
  queries_.erase(branch.query);
  port_.forget_query(branch.query);
  branch.query = {};
}

// As Timer C does (§16.8), only earlier: what was heard of is cancelled, what was not is as good as timed out.
void StatefulProxy::ring_timed_out(TimePoint now, Branch& branch) {
  branch.ring = {};
  branch.rang_too_long = true;
  if (branch.state != Branch::State::Proceeding || !contexts_.find(branch.context)->is_invite()) return give_up(branch);
  branch.ring = timers_.arm(now, settings_.given_up_wait, timer_tag(branch, ProxyTimer::GivenUpWait));
  want_cancel(now, branch, "ring timeout", timed_out_reason());
}

// Nobody waits for this branch any longer. What still comes of it is late and not lost: a 2xx goes up, a provisional
// answer brings the CANCEL that it lacked. Timer B or F, or CancelledWait, end its transaction.
void StatefulProxy::give_up(Branch& branch) {
  if (branch.ring) timers_.cancel(branch.ring);
  if (branch.failover) timers_.cancel(branch.failover);
  forget_query(branch);
  if (branch.target.peer && branch.state == Branch::State::Calling && !branch.passed_over) pass_over(branch);
  if (!branch.cancel_wanted) branch.cancel_reason = timed_out_reason();
  branch.cancel_wanted = true;
  branch.state = Branch::State::Answered;
  branch.answer = {408, nullptr, "no answer in time from " + branch.hop.remote.to_string(), true};
  if (!branch.cancel_sent) timers_.cancel(branch.timer);
}

// §9.1: a CANCEL only follows a provisional answer; until there is one, it is kept.
void StatefulProxy::want_cancel(TimePoint now, Branch& branch, std::string_view why, const std::string& reason) {
  if (branch.cancel_wanted) return;
  branch.cancel_wanted = true;
  branch.cancel_reason = reason;
  switch (branch.state) {
    case Branch::State::Resolving:
      return finish(now, branch, {487, nullptr, std::string(why)});
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
  transactions_.cancel(now, branch.client, branch.cancel_reason);
}

// Of a branch that was given up, CancelledWait may still run: its CANCEL has had its effect.
void StatefulProxy::client_gone(Branch& branch) {
  branch.client = {};
  if (branch.cancel_sent && branch.state == Branch::State::Answered) timers_.cancel(branch.timer);
}

}  // namespace intermediary
