// Requests whose rule asks somebody else where they go (docs/adr/0060): they wait with a transaction of their own, for
// no longer than their source may take, and go on as values say.
#include <algorithm>
#include <utility>

#include "base/overloaded.h"
#include "engine/core.h"
#include "engine/route_source_of.h"
#include "message/compose.h"
#include "routing/route_json.h"
#include "routing/transformation.h"
#include "transport/enum_search.h"

namespace intermediary {

namespace {

constexpr std::size_t most_digits = 15;  // ITU-T E.164 §6.1

// "+31201234567" of a global number; "" for anything else.
std::string global_number(const Uri& uri) {
  const auto number = number_of(uri);
  const bool is_global = number && number->starts_with('+') && number->size() > 1 &&
                         number->size() <= most_digits + 1 && std::all_of(number->begin() + 1, number->end(), is_digit);
  return is_global ? *number : std::string();
}

RouteWait wait_for(const RouteQuery& query) {
  RouteWait wait;
  wait.kind = RouteWait::Kind::Query;
  wait.on_failure = query.on_failure;
  return wait;
}
RouteWait wait_for(const EnumZone& zone) {
  RouteWait wait;
  wait.kind = RouteWait::Kind::Enum;
  wait.on_failure = zone.on_failure;
  wait.not_found = zone.not_found;
  wait.suffixes = zone.suffixes;
  return wait;
}
RouteWait wait_for(const RoutingEngineUse& engine) {
  RouteWait wait;
  wait.kind = RouteWait::Kind::Engine;
  wait.on_failure = engine.on_failure;
  return wait;
}

bool is_group(const Config& config, std::string_view reference) {
  const auto is_rates = [&](const RateTable& table) { return "rates:" + table.name == reference; };
  return std::ranges::find(config.groups, reference, &PeerGroupConfig::reference) != config.groups.end() ||
         std::ranges::any_of(config.rates, is_rates);
}

Refusal rejection(const RouteReject& reject, const std::string& source) {
  Refusal refusal{reject.status, source + " rejects it", {}, reject.reason};
  if (reject.retry_after) refusal.fields.emplace_back("Retry-After", std::to_string(reject.retry_after->count()));
  return refusal;
}

}  // namespace

// ---- asking

void EngineCore::ask_where(const MessagePtr& request, const Arrival& arrival, const Preprocessed& pre,
                           const Decision& decision, bool was_asked, const std::string& user, const StoreWait* waited,
                           std::optional<CallerWait> caller) {
  const std::string& reference = std::get<AskAction>(decision.rule->action).source;
  if (trace_) trace_->asks(reference);
  if (leads_past_us(pre)) return turn_away(request, arrival, foreign_route(pre), decision, was_asked, waited);
  if (const auto full = waited ? std::nullopt : not_admitted(arrival)) {
    return refuse(request, arrival, *full, decision.rule_name());
  }
  const RouteSource source = route_source_of(config_.route_sources, reference);
  RouteWait wait = std::visit([](const auto* known) { return wait_for(*known); }, source);
  wait.request = request;
  wait.arrival = arrival;
  wait.server = waited ? waited->server : open_transaction(request, arrival);
  wait.rule = decision.rule_name();
  wait.was_asked = was_asked;
  wait.user = user;
  if (waited) wait.kept = waited->kept;
  wait.caller = caller;
  wait.users = users_told();
  wait.source = reference;
  // §17.2.1: within 200 ms, unless there is an answer by then.
  if (!waited && request->method() == Method::Invite) {
    transactions_.respond(now_, wait.server, 100, make_response(*request, {.status = 100}));
  }
  const bool is_full = routes_.waits.size() >= limit::route_waits;
  const std::uint64_t ticket = ++routes_.last_ticket;
  routes_.waits.emplace(ticket, std::move(wait));
  if (is_full) {
    ++counters_.asks.routes_unasked;
    return fail_asking(ticket, "too many requests wait for whoever is asked where they go");
  }
  std::visit(Overloaded{
                 [&](const RouteQuery* query) { begin_query(ticket, pre, *query); },
                 [&](const EnumZone* zone) { begin_search(ticket, pre, *zone); },
                 [&](const RoutingEngineUse* engine) { begin_engine(ticket, pre, *engine); },
             },
             source);
}

RouteFacts EngineCore::facts_of(const Preprocessed& pre, const RouteWait& wait,
                                const std::vector<std::string>& headers) const {
  const Message& request = *pre.request;
  const std::size_t listener = wait.arrival.listener.value - 1;
  RouteFacts facts{
      .rule = wait.rule,
      .method = std::string(request.method_text()),
      .request_uri = pre.request_uri.to_string(),
      .from = std::string(request.value(FieldName::From)),
      .to = std::string(request.value(FieldName::To)),
      .call_id = std::string(request.call_id()),
      .source = wait.arrival.remote,
      .transport = wait.arrival.transport,
      .listener = listener < config_.listeners.size() ? config_.listeners[listener].name : std::string(),
      .user = wait.user,
      .in_dialog = !request.to_tag().empty(),
  };
  for (const std::string& name : headers) {
    for (std::string& value : values_of(request, name)) facts.headers.emplace_back(name, std::move(value));
  }
  return facts;
}

// ---- an HTTP server

void EngineCore::begin_query(std::uint64_t ticket, const Preprocessed& pre, const RouteQuery& query) {
  RouteCircuit& circuit = routes_.circuits[query.name];
  if (circuit.is_open && (now_ < circuit.until || circuit.is_trying)) {
    ++counters_.asks.routes_unasked;
    return fail_asking(ticket, "it has failed too often, and rests");
  }
  RouteWait& wait = routes_.waits.at(ticket);
  HttpOrder order{"POST", query.url, query.fields, "application/json",
                  route_question(facts_of(pre, wait, query.headers))};
  order.timeout = query.timeout;
  order.most_bytes = limit::route_answer_bytes;
  order.may_be_inside = true;  // the operator has named it
  const auto asked = ask_http(HttpUse::RouteQuery, ticket, std::move(order));
  if (!asked) {
    ++counters_.asks.routes_unasked;
    return fail_asking(ticket, "too many requests to HTTP servers are under way");
  }
  ++counters_.asks.routes_asked;
  wait.query = *asked;
  if (!circuit.is_open) return;
  circuit.is_trying = true;
  circuit.trial = ticket;
}

void EngineCore::end_query(std::uint64_t ticket, const HttpResult& result) {
  RouteWait& wait = routes_.waits.at(ticket);
  wait.query = {};
  auto decision = result ? read_route_answer(*result) : std::unexpected(result.error().reason);
  note_query(ticket, decision ? std::string() : decision.error());
  if (!decision) {
    ++counters_.asks.routes_failed;
    return fail_asking(ticket, decision.error());
  }
  end_asking(ticket, *decision);
}

// A query that is no longer configured has no circuit either.
void EngineCore::note_query(std::uint64_t ticket, const std::string& failure) {
  const std::string& source = routes_.waits.at(ticket).source;
  const auto query = std::ranges::find(config_.route_sources.queries, source, &RouteQuery::reference);
  if (query == config_.route_sources.queries.end()) return;
  RouteCircuit& circuit = routes_.circuits[query->name];
  const bool was_trial = circuit.is_trying && circuit.trial == ticket;
  if (failure.empty()) {
    if (circuit.is_open) emit(RouteSourceChanged{source, true, {}});
    circuit = {};
    return;
  }
  ++circuit.failures;
  if (circuit.is_open ? !was_trial : circuit.failures < query->failures) return;
  if (!circuit.is_open) emit(RouteSourceChanged{source, false, failure});
  circuit = {.failures = circuit.failures, .is_open = true, .until = now_ + query->rest};
}

// ---- ENUM (RFC 6116)

void EngineCore::begin_search(std::uint64_t ticket, const Preprocessed& pre, const EnumZone& zone) {
  RouteWait& wait = routes_.waits.at(ticket);
  wait.number = global_number(pre.request_uri);
  if (wait.number.empty()) {
    const RouteWait gone = stop_asking(ticket);
    return fall_back(gone, gone.not_found, {404, "its Request-URI is no number of E.164", {}});
  }
  ++counters_.asks.routes_asked;
  wait.deadline = timers_.arm(now_, zone.timeout, {TimerOwner::Route, 0, ticket});
  go_on_searching(ticket);
}

void EngineCore::go_on_searching(std::uint64_t ticket) {
  RouteWait& wait = routes_.waits.at(ticket);
  EnumFound found = search_enum(wait.number, wait.suffixes, wait.known);
  while (found.missing) {
    auto answer = resolver_.fetch(now_, *found.missing);
    flush_resolver();
    if (const auto* lookup = std::get_if<LookupId>(&answer)) {
      wait.lookup = *lookup;
      return;
    }
    wait.known.emplace(*std::move(found.missing), std::get<DnsResult>(std::move(answer)));
    found = search_enum(wait.number, wait.suffixes, wait.known);
  }
  if (found.uris.empty() && !found.trouble.empty()) {
    ++counters_.asks.routes_failed;
    return fail_asking(ticket, found.trouble);
  }
  if (found.uris.empty()) {
    const RouteWait gone = stop_asking(ticket);
    return fall_back(gone, gone.not_found, {404, gone.number + " stands for no SIP URI in " + gone.source, {}});
  }
  RouteTo to;
  for (Uri& uri : found.uris) {
    to.targets.push_back({std::move(uri), {}, 1000 - static_cast<int>(to.targets.size())});  // in their order
  }
  end_asking(ticket, to);
}

void EngineCore::found_records(LookupId lookup, const DnsQuestion& question, const DnsResult& result) {
  const std::uint64_t ticket = routes_.ticket_of_lookup(lookup);
  if (ticket == 0) return;
  RouteWait& wait = routes_.waits.at(ticket);
  wait.lookup = {};
  wait.known.emplace(question, result);
  go_on_searching(ticket);
}

// ---- a routing engine of the program

void EngineCore::begin_engine(std::uint64_t ticket, const Preprocessed& pre, const RoutingEngineUse& engine) {
  RouteWait& wait = routes_.waits.at(ticket);
  wait.query = QueryId{++routes_.last_query};
  wait.deadline = timers_.arm(now_, engine.timeout, {TimerOwner::Route, 0, ticket});
  ++counters_.asks.routes_asked;
  outputs_.emplace_back(RouteAsked{wait.query, engine.name, facts_of(pre, wait, engine.headers)});
}

void EngineCore::take(RouteDecided& input) {
  const std::uint64_t ticket = routes_.ticket_of_engine(input.query);
  if (ticket == 0) return;  // too late
  end_asking(ticket, input.decision);
}

// ---- the end of waiting

void EngineCore::route_timer_fired(const TimerTag& tag) {
  if (!routes_.waits.contains(tag.subject)) return;
  ++counters_.asks.routes_failed;
  fail_asking(tag.subject, "it has not answered in time");
}

RouteWait EngineCore::stop_asking(std::uint64_t ticket) {
  const auto found = routes_.waits.find(ticket);
  RouteWait wait = std::move(found->second);
  routes_.waits.erase(found);
  timers_.cancel(wait.deadline);
  if (wait.kind == RouteWait::Kind::Query && wait.query) forget_http(wait.query);
  if (wait.lookup) resolver_.forget(wait.lookup);
  for (auto& [name, circuit] : routes_.circuits) {
    if (circuit.is_trying && circuit.trial == ticket) circuit.is_trying = false;
  }
  return wait;
}

StoreWait EngineCore::waited_of(const RouteWait& wait) {
  StoreWait waited;
  waited.kind = StoreWait::Kind::Lookup;
  waited.request = wait.request;
  waited.arrival = wait.arrival;
  waited.server = wait.server;
  waited.rule = wait.rule;
  waited.kept = wait.kept;
  return waited;
}

void EngineCore::end_asking(std::uint64_t ticket, const RouteDecision& decision) {
  const auto fail = [&](const std::string& reason) {
    ++counters_.asks.routes_failed;
    fail_asking(ticket, reason);
  };
  if (const auto* failed = std::get_if<RouteFailed>(&decision)) return fail(failed->reason);
  if (std::string problem = problem_with_told(decision); !problem.empty()) return fail(problem);
  const RouteWait wait = stop_asking(ticket);
  std::visit(Overloaded{
                 [&](const RouteTo& to) { go_where(wait, &to, nullptr); },
                 [&](const RouteReject& reject) {
                   refuse_on(waited_of(wait), rejection(reject, wait.source), random_.token(16));
                 },
                 [&](const RouteNext&) { ask_next_rule(wait); },
                 [](const RouteFailed&) {},
             },
             decision);
}

void EngineCore::fail_asking(std::uint64_t ticket, const std::string& reason) {
  const RouteWait wait = stop_asking(ticket);
  emit(RouteUnanswered{wait.source, wait.rule, std::string(wait.request->call_id()), reason});
  fall_back(wait, wait.on_failure, {no_route_status, wait.source + ": " + reason, {}});
}

void EngineCore::fall_back(const RouteWait& wait, const RouteFallback& fallback, Refusal refusal) {
  std::visit(Overloaded{
                 [&](const RejectAction& reject) {
                   refusal.status = reject.status;
                   refusal.phrase = reject.reason;
                   if (reject.retry_after) {
                     refusal.fields.emplace_back("Retry-After", std::to_string(reject.retry_after->count()));
                   }
                   refuse_on(waited_of(wait), refusal, random_.token(16));
                 },
                 [&](const RelayAction& relay) { go_where(wait, nullptr, &relay); },
                 [&](const NextRule&) { ask_next_rule(wait); },
             },
             fallback);
}

// All of it again from the request, as its rule has it.
void EngineCore::go_where(const RouteWait& wait, const RouteTo* told, const RelayAction* instead) {
  const StoreWait waited = waited_of(wait);
  const auto refuse_it = [&](const Refusal& refusal) { refuse_on(waited, refusal, random_.token(16)); };
  const auto is_gone = [&](const std::string& group) { return !is_group(config_, group); };
  if (instead && std::ranges::any_of(instead->groups, is_gone)) {
    return refuse_it({no_route_status, "another configuration has nobody to whom it could be relayed instead", {}});
  }
  auto pre = prepare(wait.request, wait.arrival);
  if (!pre) return refuse_it(pre.error());
  Decision decision = decided(*pre, waited);
  if (!decision.asks()) return refuse_it({no_route_status, "its rule is gone", {}});  // of a save that nobody made
  decision.told = told;
  decision.instead = instead;
  if (wait.request->method() == Method::Register) {
    if (const auto refusal = put_on_path(*pre, wait.arrival)) return refuse_it(*refusal);
  }
  if (wait.caller) mark_caller(*pre, *wait.caller);
  const NumberPlan* plan = number_plan(decision.rule->changes.numbers);
  if (waited.kept) plan = waited.kept->plan ? &*waited.kept->plan : nullptr;
  if (const auto refusal = transform(*pre, *decision.rule, plan)) return refuse_it(*refusal);
  if (told && !told->headers.empty()) {
    Rule said;
    for (const auto& [name, value] : told->headers) {
      said.changes.headers.push_back({HeaderChange::Kind::Set, name, value});
    }
    const Uri uri = pre->request_uri;
    if (const auto refusal = transform(*pre, said, nullptr)) return refuse_it(*refusal);
    pre->request_uri = uri;
  }
  proceed(wait.request, wait.arrival, *std::move(pre), decision, wait.was_asked, wait.user, &waited);
}

void EngineCore::ask_next_rule(const RouteWait& wait) {
  tell_again(wait.users);
  go_on_behind(wait);
  for (DigestAuthenticator& each : authenticators_) each.forget_told();
}

// As if that rule had not been there, but that there is a transaction.
void EngineCore::go_on_behind(const RouteWait& wait) {
  StoreWait waited = waited_of(wait);
  const auto refuse_it = [&](const Refusal& refusal) { refuse_on(waited, refusal, random_.token(16)); };
  const auto rule = std::ranges::find(config_.rules, wait.rule, &Rule::name);
  if (rule == config_.rules.end()) {
    return refuse_it({503, "its rule is gone with another configuration", {{"Retry-After", "1"}}});
  }
  auto pre = prepare(wait.request, wait.arrival);
  if (!pre) return refuse_it(pre.error());
  const Decision decision = decide(*pre, wait.arrival, static_cast<std::size_t>(rule - config_.rules.begin()) + 1);
  waited.rule = decision.rule_name();
  waited.kept.reset();
  // His credentials are used up: who has authenticated for that rule has for one with the same users.
  const std::string& shown_to = wait.kept ? wait.kept->rule.challenge : rule->challenge;
  waited.was_asked = wait.was_asked && decision.rule && decision.rule->challenge == shown_to;
  waited.user = wait.user;
  if (decision.rule) ++rule_hits_[static_cast<std::size_t>(decision.rule - config_.rules.data())];
  if (!decision.unknown.empty()) return refuse_it(users_unknown(decision.unknown));
  if (const auto refusal = not_routable(*pre, decision)) return refuse_it(*refusal);
  if (decision.rule) {
    if (const auto refusal = unprotected(*wait.request, wait.arrival, *decision.rule)) return refuse_it(*refusal);
  }
  const Method method = wait.request->method();
  if (decision.notifies() && method == Method::Subscribe) {
    if (!wait.request->to_tag().empty()) return take_refresh(wait.request, wait.arrival, &waited);
    return take_subscribe(*pre, wait.arrival, *decision.rule, &waited);
  }
  if (decision.registers() && method == Method::Register) {
    return register_contacts(*pre, wait.arrival, *decision.rule, &waited);
  }
  forward(wait.request, wait.arrival, *std::move(pre), decision, &waited);
}

void EngineCore::cancel_asking(std::uint64_t ticket, const std::string& tag) {
  const RouteWait wait = stop_asking(ticket);
  refuse_on(waited_of(wait), {487, "its caller has cancelled it", {}}, tag);
}

// ---- what was said

// An engine of the program may say anything.
std::string EngineCore::problem_with_told(const RouteDecision& decision) const {
  if (const auto* reject = std::get_if<RouteReject>(&decision)) {
    return reject->status >= 400 && reject->status <= 699 ? "" : "it rejects with a status that refuses nothing";
  }
  const auto* to = std::get_if<RouteTo>(&decision);
  if (!to) return {};
  if (to->targets.empty()) return "it says no target";
  for (const RouteTarget& target : to->targets) {
    if (!target.uri && target.group.empty()) return "it says a target without a URI and a group";
    if (target.uri && !target.uri->is_sip()) return "it says a target that is no SIP URI";
    if (target.q_thousandths < 0 || target.q_thousandths > 1000) return "it says a q that is none";
    if (!target.group.empty() && !is_group(config_, target.group)) {
      return "it says " + target.group + ", which there is not";
    }
  }
  if (to->headers.size() > limit::route_headers) return "it sets too many header fields";
  for (const auto& [name, value] : to->headers) {
    if (!is_token(name) || value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return "it sets what is no header field";
    }
    if (!protected_field(name).empty()) return "it sets " + name + ", which is the proxy's own";
  }
  return {};
}

// §16.5. A group without a peer to ask says nothing as long as there is another target.
std::expected<TargetSet, Refusal> EngineCore::told_targets(const Preprocessed& request, const Arrival& arrival,
                                                           const RouteTo& told, ProxyMode mode) {
  TargetSet targets;
  std::optional<Refusal> refusal;
  for (const RouteTarget& one : told.targets) {
    if (one.group.empty()) {
      targets.add({.uri = *one.uri, .q_thousandths = one.q_thousandths});
      continue;
    }
    Preprocessed asked = request;
    if (one.uri) asked.request_uri = *one.uri;
    auto peers = relay_to_groups(asked, arrival, {.groups = {one.group}}, mode);
    if (!peers) {
      refusal = std::move(peers.error());
      continue;
    }
    for (Target& target : std::move(*peers).take()) {
      target.q_thousandths = one.q_thousandths;
      targets.add(std::move(target));
    }
  }
  if (targets.empty()) return std::unexpected(refusal.value_or(Refusal{404, "it was told no target", {}}));
  targets.order_by_q();
  return targets;
}

}  // namespace intermediary
