// Users that are in a store outside of the process ([auth.NAME] users), and the requests that wait for it.
//
// Before anything is decided about a request with credentials, what the store says of their user is known: so rules
// that ask for identities and challenges find users as they find those of a configuration. Somebody who is not there is
// asked for like somebody who does not know his password: no answer tells which it was. Where the store does not
// answer, the request goes on all the same, and is refused by 503 where a rule wants to know who it is of
// (docs/adr/0064).
#include <algorithm>

#include "engine/core.h"
#include "transport/via.h"

namespace intermediary {

Refusal EngineCore::users_unknown(std::string reason) { return {503, std::move(reason), {{"Retry-After", "5"}}}; }

void EngineCore::take_request(const MessagePtr& request, const Arrival& arrival) {
  if (config_.user_stores.empty()) return take_known_request(request, arrival);
  take_told_request(request, arrival, {});
}

void EngineCore::take_told_request(const MessagePtr& request, const Arrival& arrival,
                                   std::vector<UserAnswer>&& answers) {
  for (const UserAnswer& each : answers) tell_of(*request, each);
  if (!waits_for_user(request, arrival, answers)) take_known_request(request, arrival);
  for (DigestAuthenticator& each : authenticators_) each.forget_told();
}

void EngineCore::tell_of(const Message& request, const UserAnswer& answer) {
  DigestAuthenticator* own = outside_realm(answer.auth, answer.realm);
  if (own) own->told(now_, request, answer.user, answer.told);
}

std::vector<UserAnswer> EngineCore::users_told() const {
  std::vector<UserAnswer> answers;
  for (const DigestAuthenticator& each : authenticators_) {
    for (const auto& [user, told] : each.told_users()) {
      answers.push_back({each.realm().name, each.realm().realm, user, told});
    }
  }
  return answers;
}

void EngineCore::tell_again(const std::vector<UserAnswer>& answers) {
  for (const UserAnswer& each : answers) {
    if (DigestAuthenticator* own = outside_realm(each.auth, each.realm)) own->tell_again(each.user, each.told);
  }
}

// What a request, its repetitions and its CANCEL have in common (RFC 3261 §9.1, §17.2.3): the port from which they come
// may change.
std::uint64_t EngineCore::user_wait_key(const Message& request) const {
  const TopVia& via = request.top_via();
  KeyedHash hash(tag_key_);
  hash.field("user").field(request.call_id()).field(request.from_tag()).number(request.cseq().number);
  if (via.has_cookie()) {
    hash.field(via.branch).field(lowercase(via.host)).number(via.port.value_or(0));
  } else {
    hash.field(request.bytes().substr(via.begin, via.end - via.begin));
  }
  return hash.finish();
}

bool EngineCore::waits_for_user(const MessagePtr& request, const Arrival& arrival, std::vector<UserAnswer>& answers) {
  const std::uint64_t key = users_.waits.empty() ? 0 : user_wait_key(*request);
  if (!users_.waits.empty() && users_.by_key.contains(key)) {
    ++counters_.retransmissions_in;
    return true;
  }
  for (DigestAuthenticator& authenticator : authenticators_) {
    const auto user = authenticator.unknown_user(now_, *request);
    if (!user) continue;
    const DigestRealm& realm = authenticator.realm();
    if (may_wait(arrival.remote.address)) {
      const std::uint64_t ticket = ++users_.last_ticket;
      const QueryId query = ask_for_user(realm, *user);
      users_.questions.at(query).tickets.push_back(ticket);
      users_.waits.emplace(ticket, UserWait{request, arrival, user_wait_key(*request), query, std::move(answers)});
      users_.by_key.emplace(users_.waits.at(ticket).key, ticket);
      ++users_.by_source[arrival.remote.address];
      return true;
    }
    ++counters_.user_lookup_failures;
    const bool is_away = users_.down.contains(realm.name);
    tell_of(*request, {realm.name, realm.realm, *user, {{}, "too many requests wait for a store of users", is_away}});
  }
  return false;
}

bool EngineCore::may_wait(const IpAddress& source) const {
  if (users_.waits.size() >= limit::user_waits) return false;
  const auto from_there = users_.by_source.find(source);
  return from_there == users_.by_source.end() || from_there->second < config_.limits.transactions_per_source ||
         names_source(config_.rules, source);
}

// Those who wait for the same user share one question.
QueryId EngineCore::ask_for_user(const DigestRealm& realm, const std::string& user) {
  const auto [own, is_new] = users_.by_user.try_emplace({realm.name, user});
  if (!is_new) return own->second;
  const QueryId query = own->second = QueryId{++store_.last_query};
  const auto store = std::ranges::find(config_.user_stores, realm.name, &UserStoreConfig::auth);
  const TimerHandle deadline = timers_.arm(now_, store->store.timeout, {TimerOwner::Users, 0, query.value});
  users_.questions.emplace(query, UserQuestion{realm.name, realm.realm, user, {}, deadline});
  ++counters_.user_lookups;
  outputs_.emplace_back(StoreRequest{query, FetchUser{realm.realm, user}, realm.name});
  return query;
}

// Null where a reload has made another realm of it meanwhile.
DigestAuthenticator* EngineCore::outside_realm(const std::string& auth, const std::string& realm) {
  const auto own = std::ranges::find_if(authenticators_, [&](const DigestAuthenticator& each) {
    return each.realm().name == auth && each.realm().realm == realm && each.realm().is_outside;
  });
  return own == authenticators_.end() ? nullptr : &*own;
}

// False: it was no question of ours.
bool EngineCore::take_user(const StoreReplied& input) {
  const auto asked = users_.questions.find(input.query);
  if (asked == users_.questions.end()) return false;
  const auto* found = std::get_if<UserFound>(&input.reply);
  const auto* unavailable = std::get_if<StoreUnavailable>(&input.reply);
  if (!found) {
    const std::string reason = unavailable ? unavailable->reason : "the store has given another reply than was due";
    end_user_question(input.query, {{}, reason});
    return true;
  }
  std::string problem;
  const UserSecrets secrets = usable_secrets(found->hashes, problem);
  if (!problem.empty()) note_problem(asked->second, problem);
  end_user_question(input.query, {secrets, {}});
  return true;
}

// Whoever guesses at that user has it looked up again: one event tells for a while.
void EngineCore::note_problem(const UserQuestion& question, const std::string& problem) {
  constexpr Duration quiet = std::chrono::minutes(1);
  ++counters_.user_lookup_failures;
  const auto [told, is_first] = users_.problem_told.try_emplace(question.auth, now_);
  if (!is_first && now_ - told->second < quiet) return;
  told->second = now_;
  emit(StoreChanged{true, question.user + " of " + question.realm + " " + problem, question.auth});
}

void EngineCore::user_timer_fired(const TimerTag& tag) {
  const auto question = users_.questions.find(QueryId{tag.subject});
  if (question == users_.questions.end()) return;
  question->second.deadline = {};
  end_user_question(question->first, {{}, "the store has not answered in time"});
}

// Who waited goes on, with what the store has said; where it has said nothing, rules that need to know who it is refuse
// it.
void EngineCore::end_user_question(QueryId query, UserTold told) {
  UserQuestion question = std::move(users_.questions.extract(query).mapped());
  users_.by_user.erase({question.auth, question.user});
  timers_.cancel(question.deadline);
  note_users(question.auth, told.failure);
  if (!told.failure.empty()) told.failure = "users of " + question.auth + ": " + told.failure;
  if (DigestAuthenticator* own = outside_realm(question.auth, question.realm)) {
    own->note_store(now_, told.failure);
    if (!told.failure.empty() && own->remembers(question.user)) ++counters_.known_lookups;
  }
  for (const std::uint64_t ticket : question.tickets) {
    UserWait wait = users_.take(ticket);
    wait.answers.push_back({question.auth, question.realm, question.user, told});
    take_told_request(wait.request, wait.arrival, std::move(wait.answers));
  }
}

void EngineCore::note_users(const std::string& auth, const std::string& failure) {
  const bool available = failure.empty();
  if (!available) ++counters_.user_lookup_failures;
  if (users_.down.contains(auth) == !available) return;
  if (available) {
    users_.down.erase(auth);
  } else {
    users_.down.insert(auth);
  }
  emit(StoreChanged{available, failure, auth});
}

// RFC 3261 §9.2: nothing has been forwarded, so the INVITE ends here, and repetitions that come late meet its end.
bool EngineCore::cancels_waiting(const MessagePtr& cancel, const Arrival& arrival) {
  if (users_.waits.empty()) return false;
  const auto found = users_.by_key.find(user_wait_key(*cancel));
  if (found == users_.by_key.end()) return false;
  const std::uint64_t ticket = found->second;
  const UserWait& waiting = users_.waits.at(ticket);
  const bool is_its = waiting.arrival.remote.address == arrival.remote.address;  // a CANCEL goes hop by hop
  if (waiting.request->method() != Method::Invite || !is_its) return false;
  std::erase(users_.questions.at(waiting.query).tickets, ticket);
  const UserWait wait = users_.take(ticket);
  admission_.reset();
  const std::string tag = stateless_tag(*cancel);
  respond_stateless(*cancel, reply_hop(*cancel, arrival), 200, tag, {});
  refuse_with_state(wait.request, wait.arrival, {487, "its caller has cancelled it", {}}, {}, tag);
  return true;
}

}  // namespace intermediary
