// Where a request goes, and how its targets are tried: before there is any state for it (RFC 3261 §16.5, RFC 3841 §7,
// RFC 5393 §5.3).
#include "engine/core.h"
#include "location/gruu.h"
#include "routing/caller_preferences.h"

namespace intermediary {

namespace {

// RFC 3841 §7.2.4: an order by q that says the same as the targets' order; without their features, which would be
// judged once more upstream.
class RankedContacts {
 public:
  void add(const Uri& uri) {
    const std::string text = std::to_string(1000 + q_ % 1000).substr(1);
    fields_.emplace_back("Contact", "<" + uri.to_string() + ">;q=" + (q_ == 1000 ? "1" : "0." + text));
    q_ -= 10;
  }
  bool empty() const { return fields_.empty(); }
  std::vector<std::pair<std::string_view, std::string>> take() { return std::move(fields_); }

 private:
  std::vector<std::pair<std::string_view, std::string>> fields_;
  int q_ = 1000;
};

Refusal redirect_to(const TargetSet& targets, int status, std::string reason) {
  RankedContacts contacts;
  for (const Target& target : targets.targets()) contacts.add(target.uri);
  return {status, std::move(reason), contacts.take()};
}

std::expected<TargetSet, Refusal> preferred(TargetSet targets, const Message& request) {
  const auto preferences = read_caller_preferences(request);
  if (!preferences) return std::unexpected(Refusal{400, preferences.error(), {}});
  TargetSet left = prefer(std::move(targets), *preferences);
  if (left.empty()) return std::unexpected(Refusal{480, "nobody there is whom the caller would have", {}});
  return left;
}

// RFC 5627 §6.1: no redirection of what is addressed to a GRUU. Its contact may be within reach of this proxy alone.
bool is_for_one_agent(const Preprocessed& request) { return request.request_uri.has_parameter(gruu_parameter); }

}  // namespace

// Of several groups, the first one's word counts for all of them.
void EngineCore::follow_group(PeerId first, ForkPolicy& fork) const {
  const FailoverPolicy& failover = peers_.group_of(first).failover;
  fork.mode = ForkMode::Failover;
  fork.caller = CallerChoice::No;
  fork.failover_statuses = failover.statuses;
  fork.failover_after = failover.after;
}

ForkPolicy EngineCore::fork_policy(const Preprocessed& request, const Decision& decision) const {
  ForkPolicy fork;
  if (!decision.rule) return fork;
  if (const auto* lookup = std::get_if<LookupAction>(&decision.rule->action)) fork = lookup->fork;
  if (const auto* relay = std::get_if<RelayAction>(&decision.rule->action)) fork = relay->fork;
  if (const auto* ask = std::get_if<AskAction>(&decision.rule->action)) {
    fork = decision.instead ? decision.instead->fork : ask->fork;
  }
  // §16.5: only a URI that we are responsible for gets further targets.
  if (fork.recurse && !is_local(request.request_uri)) fork.recurse = false;
  return fork;
}

void EngineCore::tell_targets(const TargetSet& targets) const {
  for (const Target& target : targets.targets()) {
    const bool has_peer = peers_.knows(target.peer);
    trace_->has_target(target, has_peer ? peers_.group_of(target.peer).reference() : std::string(),
                       has_peer ? peers_.peer(target.peer).name : std::string());
  }
}

// RFC 3261 §8.3, §21.3: but never to where the caller has just been.
Refusal EngineCore::redirection(const Preprocessed& request, const RedirectAction& action) const {
  std::vector<Uri> found;
  if (action.contacts.empty()) {
    auto targets = look_up(request);
    if (!targets) return std::move(targets.error());
    for (const Target& target : targets->targets()) found.push_back(target.uri);
  }
  RankedContacts contacts;
  for (const Uri& contact : action.contacts.empty() ? found : action.contacts) {
    if (!equivalent(contact, request.request_uri)) contacts.add(contact);
  }
  if (contacts.empty()) return {404, "its rule redirects it to where it was sent already", {}};
  return {action.status, "its rule redirects it", contacts.take()};
}

std::expected<ForwardingPlan, Refusal> EngineCore::plan_for(const Preprocessed& pre, const Arrival& arrival,
                                                            const Decision& decision) {
  const Message& request = *pre.request;
  auto targets = targets_of(pre, arrival, decision);
  if (!targets) return std::unexpected(std::move(targets.error()));
  ForwardingPlan plan{.targets = *std::move(targets), .fork = fork_policy(pre, decision), .rule = decision.rule_name()};
  if (trace_) tell_targets(plan.targets);
  if (const PeerId first = plan.targets.targets().front().peer) follow_group(first, plan.fork);
  // RFC 3841 §7.1, §7.2: where we are responsible (whoever recurses is, see above); and know whom we could ask.
  const bool looks_up = decision.rule && std::holds_alternative<LookupAction>(decision.rule->action);
  if ((looks_up || plan.fork.recurse) && plan.fork.caller != CallerChoice::No) {
    const Field* directives = request.find(FieldName::RequestDisposition);
    const Disposition disposition = directives ? read_disposition(request) : Disposition{};
    if (directives) plan.fork = with_disposition(plan.fork, disposition);
    if (looks_up && have_features(plan.targets)) {
      auto left = preferred(std::move(plan.targets), request);
      if (!left) return std::unexpected(std::move(left.error()));
      plan.targets = *std::move(left);
    }
    const bool may_redirect = plan.fork.caller == CallerChoice::Redirect && !is_for_one_agent(pre);
    if (disposition.redirect == true && may_redirect) {
      return std::unexpected(redirect_to(plan.targets, 302, "its caller asks to be redirected"));
    }
    if (plan.fork.only_the_best) plan.targets.keep_first();
  }
  if (request.method() == Method::Cancel) return plan;  // RFC 5393 §5.4.1: it has no use for a Max-Breadth
  const auto breadth = breadth_of(request, proxy_settings_.max_breadth);
  if (!breadth) return std::unexpected(breadth.error());
  plan.breadth = *breadth;
  if (auto refusal = refuse_for_breadth(plan.targets, plan.fork.mode, plan.breadth.incoming)) {
    return std::unexpected(*std::move(refusal));
  }
  if (looks_up && plan.fork.late_contacts && !plan.fork.only_the_best)
    plan.address_of_record = address_of_record(pre.request_uri);
  return plan;
}

// §16.5: who registers while somebody looks for him is found, too.
void EngineCore::tell_searches(const BindingChanged& change) {
  if (change.change != BindingChanged::Change::Added) return;
  for (const ResponseContextId id : stateful_.searches_for(change.address_of_record)) {
    const ResponseContext* search = stateful_.search(id);
    if (!search) continue;
    auto targets = look_up(search->request);
    if (!targets) continue;
    if (search->fork.caller != CallerChoice::No && have_features(*targets)) {
      targets = preferred(*std::move(targets), *search->request.request);
    }
    if (targets) stateful_.add_targets(now_, id, *std::move(targets));
  }
}

// What its rule changes, and whom it has to ask before its targets are known.
void EngineCore::go_on(const MessagePtr& request, const Arrival& arrival, Preprocessed&& pre, const Decision& decision,
                       bool asks, const std::string& user, const StoreWait* waited, std::optional<CallerWait> caller) {
  if (decision.rule && (decision.goes_on() || decision.asks())) {
    const NumberPlan* plan = number_plan(decision.rule->changes.numbers);
    if (waited && waited->kept) plan = waited->kept->plan ? &*waited->kept->plan : nullptr;
    if (const auto refusal = transform(pre, *decision.rule, plan)) {
      return turn_away(request, arrival, *refusal, decision, asks, waited);
    }
  }
  if (decision.asks()) return ask_where(request, arrival, pre, decision, asks, user, waited, caller);
  if (config_.store.is_outside()) {
    const std::string aor = to_fetch(pre, decision);
    if (!aor.empty()) return look_up_later(request, arrival, aor, decision, asks, user, waited, caller);
  }
  proceed(request, arrival, std::move(pre), decision, asks, user, waited);
}

CallWatch EngineCore::begin_call(const Message& invite, const Arrival& arrival, const CallWatch& watch,
                                 const Decision& decision, const std::string& user) {
  const std::size_t listener = arrival.listener.value - 1;
  const bool known = listener < config_.listeners.size();
  const std::string_view name = known ? std::string_view(config_.listeners[listener].name) : std::string_view();
  return ledger_->begin(invite, watch, {now_, wall(), arrival, name, user, decision.rule_name()});
}

}  // namespace intermediary
