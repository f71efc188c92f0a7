// What goes upstream: provisional answers and every 2xx at once, the best of the others when all branches have one (RFC
// 3261 §16.7 steps 5 to 9).
#include <utility>

#include "message/compose.h"
#include "proxy/forwarding.h"
#include "proxy/stateful.h"

namespace intermediary {

void StatefulProxy::answer_if_complete(TimePoint now, ResponseContext& context) {
  if (context.answered) return;
  std::vector<Answered> answers;
  for (const BranchId id : context.branches) {
    const Branch& branch = *branches_.find(id);
    if (branch.state != Branch::State::Answered) return;
    // §16.6 step 7: what failed at one server is nothing that the target said; its last server speaks for it.
    if (branch.next && is_servers_failure(branch.answer, false)) continue;
    if (!branch.answer.followed) answers.push_back(branch.answer);
  }
  if (answers.empty()) answers.push_back({408, nullptr, "no final answer"});  // §16.7 step 6
  const std::size_t best = best_answer(answers);
  // RFC 4320 §4.2: nobody may hear of a 408 to a non-INVITE request.
  if (!context.is_invite() && answers[best].status == 408) {
    context.answered = true;
    if (context.watch.observer) context.watch.observer->answered(now, context.watch, 408);
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
  // §16.7 step 6: a 503 is about the next hop, not about us; unless it is our own (RFC 7339 §5.10).
  if (answer.status == 503 && !answer.held_back) sent.status = 500;
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
  if (answer.status != 401 && answer.status != 407) return pass_back(*answer.response, {}, answer.tried);
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
  if (context.watch.observer) context.watch.observer->answered(now, context.watch, answer.status);
  transactions_.respond(now, context.server, answer.status, std::move(bytes),
                        answer.response ? answer.response->to_tag() : std::string_view{});
  port_.emit(RequestCompleted{std::string(request.call_id()), std::string(request.method_text()),
                              std::string(request.request_uri()), context.rule, answer.status, now - context.started});
}

}  // namespace intermediary
