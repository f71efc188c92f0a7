// What is answered here: registrations (RFC 3261 §10.3), subscriptions (RFC 6665), OPTIONS (§11). A request that has
// waited for whoever its rule before had asked has its transaction already.
#include <utility>

#include "engine/core.h"
#include "message/compose.h"
#include "transport/via.h"
#include "ua/options.h"
#include "ua/protected_copy.h"

namespace intermediary {

void EngineCore::turn_back(const MessagePtr& request, const Arrival& arrival, const Refusal& refusal, const Rule& rule,
                           bool keeps_state, const StoreWait* waited) {
  if (waited) return refuse_on(*waited, refusal, random_.token(16));
  keeps_state ? refuse_with_state(request, arrival, refusal, rule.name) : refuse(request, arrival, refusal, rule.name);
}

// RFC 3261 §8.2, §11.2: an answer that needs no transaction, for it is the same each time.
void EngineCore::take_own(const MessagePtr& request, const Arrival& arrival) {
  const UaAnswer answer = answer_options(*request, capabilities_);
  if (answer.is_refusal()) return refuse(request, arrival, {answer.status, answer.detail, answer.fields});
  respond_stateless(*request, reply_hop(*request, arrival), answer.status, stateless_tag(*request), answer.fields,
                    answer.reason);
}

// §8.2.2.2: what a forked request has in common wherever it comes by. Ours are those of REGISTERs, for no other request
// that we answer ourselves has a transaction.
std::uint64_t EngineCore::merge_key(const Message& request) const {
  KeyedHash hash(tag_key_);
  hash.field("merged").field(request.from_tag()).field(request.call_id()).number(request.cseq().number);
  return hash.finish();
}

// A REGISTER that changes bindings has a transaction: its repetition must not be taken for a newer one (§10.3 step 7).
// One that is refused changes nothing, and is refused as well when it comes again; but not by its credentials, which
// are used up.
void EngineCore::register_contacts(const Preprocessed& pre, const Arrival& arrival, const Rule& rule,
                                   const StoreWait* waited) {
  const MessagePtr& request = pre.request;
  const auto refuse_it = [&](const Refusal& refusal, bool keeps_state) {
    turn_back(request, arrival, refusal, rule, keeps_state, waited);
  };
  if (const auto full = waited ? std::nullopt : not_admitted(arrival)) return refuse_it(*full, false);
  const std::uint64_t key = merge_key(*request);
  if (request->to_tag().empty() && registering_.contains(key)) {
    return refuse_it({482, "the same REGISTER has come by another way", {}}, false);
  }
  const bool asks = !rule.challenge.empty();
  std::string user;
  if (asks && waited && waited->was_asked) {
    user = waited->user;
  } else if (asks) {
    auto authenticated = authenticate(pre, rule, Challenge::AsUserAgent);
    if (!authenticated) return refuse_it(authenticated.error(), false);
    user = *std::move(authenticated);
  }
  if (const auto over = over_limit(*request, arrival, rule, user)) return refuse_it(*over, asks);
  if (config_.store.is_outside()) return begin_registering(pre, arrival, rule, user, key, waited);
  UaAnswer answer = answer_register(pre, arrival, rule, user);
  if (answer.is_refusal()) {
    return refuse_it({answer.status, answer.detail, answer.fields}, counts_requests(rule));
  }
  const std::string tag = random_.token(16);
  registering_.insert(key);
  this->answer(request, arrival, std::move(answer), tag, {registering_user_kind, key}, waited);
}

void EngineCore::answer(const MessagePtr& request, const Arrival& arrival, UaAnswer answer, const std::string& tag,
                        TransactionUser user, const StoreWait* waited) {
  const ServerTransactionId server = waited ? waited->server : open_transaction(request, arrival);
  transactions_.set_user(server, user);
  answer_on(server, request, std::move(answer), tag);
}

void EngineCore::answer_on(ServerTransactionId server, const MessagePtr& request, UaAnswer answer,
                           const std::string& tag) {
  if (!config_.server_name.empty()) answer.fields.emplace_back("Server", config_.server_name);
  ResponseParts parts{.status = answer.status, .reason = answer.reason, .to_tag = tag, .fields = answer.fields};
  ProtectedCopy copy;
  if (answer.with_copy) {  // RFC 3327 §6.2: of the complete response
    copy = make_protected_copy(*smime_, wall(), make_response(*request, parts), tag);
    parts.content_type = copy.content_type;
    parts.body = copy.body;
  }
  transactions_.respond(now_, server, answer.status, make_response(*request, parts), tag);
  for (const Event& event : answer.events) {
    if (const auto* change = std::get_if<BindingChanged>(&event)) tell_searches(*change);
  }
  for (Event& event : answer.events) emit(std::move(event));
}

// RFC 6665 §4.2.1.1. What is refused leaves nothing, and is refused as well when it comes again.
void EngineCore::take_subscribe(const Preprocessed& pre, const Arrival& arrival, const Rule& rule,
                                const StoreWait* waited) {
  const MessagePtr& request = pre.request;
  const auto refuse_it = [&](const Refusal& refusal, bool keeps_state) {
    turn_back(request, arrival, refusal, rule, keeps_state, waited);
  };
  if (const auto full = waited ? std::nullopt : not_admitted(arrival)) return refuse_it(*full, false);
  const bool is_ours = is_for_us(pre) || (is_local(pre.request_uri) && pre.request_uri.has_user);
  if (!is_ours) return refuse_it({404, "it names no user of ours to watch", {}}, false);
  const bool asks = !rule.challenge.empty();
  std::string user;
  if (asks && waited && waited->was_asked) {
    user = waited->user;
  } else if (asks) {
    auto authenticated = authenticate(pre, rule, Challenge::AsUserAgent);  // §4.2.1.3: 401, never 407
    if (!authenticated) return refuse_it(authenticated.error(), false);
    user = *std::move(authenticated);
  }
  if (asks) {
    if (const auto wrong = not_his_from(*request, rule, user)) return refuse_it(*wrong, true);
  }
  if (const auto over = over_limit(*request, arrival, rule, user)) return refuse_it(*over, asks);
  const std::string resource = is_for_us(pre) ? std::string() : address_of_record(pre.request_uri);
  const bool trusted = names_source(config_.rules, arrival.remote.address);
  std::string tag;
  UaAnswer answer = notifier_->subscribe(now_, {*request, arrival, resource, rule.name, trusted}, tag);
  if (answer.is_refusal()) {
    return refuse_it({answer.status, answer.detail, answer.fields}, counts_requests(rule));
  }
  this->answer(request, arrival, std::move(answer), tag, {}, waited);
}

void EngineCore::take_refresh(const MessagePtr& request, const Arrival& arrival, const StoreWait* waited) {
  const auto refuse_it = [&](const Refusal& refusal) {
    waited ? refuse_on(*waited, refusal, std::string(request->to_tag())) : refuse(request, arrival, refusal);
  };
  if (!notifier_->knows(*request)) return refuse_it({481, "there is no such subscription", {}});
  UaAnswer answer = notifier_->refresh(now_, *request);
  if (answer.is_refusal()) return refuse_it({answer.status, answer.detail, answer.fields});
  this->answer(request, arrival, std::move(answer), std::string(request->to_tag()), {}, waited);
}

}  // namespace intermediary
