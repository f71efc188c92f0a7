// Who asks (RFC 3261 §10.3 steps 3 and 4, §16.3 step 6, §22), and the wall clock that nonces and dates need.
#include <algorithm>

#include "engine/core.h"
#include "message/date.h"
#include "message/editor.h"
#include "message/values.h"
#include "ua/inspection.h"

namespace intermediary {

// Nonces of before we knew the time are not taken: nobody here knows which of them were used.
void EngineCore::take(WallClock& input) {
  wall_offset_ = input.now.time_since_epoch() - now_.time_since_epoch();
  nonce_offset_ = knows_wall_ ? std::max(nonce_offset_, wall_offset_) : wall_offset_;
  if (prober_) prober_->start(now_);
  if (registrant_) registrant_->start(now_);
  if (!knows_wall_ && config_.store.is_outside() && !config_.store.is_shared()) load_records();
  if (knows_wall_) return;
  knows_wall_ = true;
  for (DigestAuthenticator& authenticator : authenticators_) authenticator.forget_nonces_before(nonce_time());
}

DigestAuthenticator* EngineCore::authenticator_of(const Rule& rule) {
  const auto found =
      std::ranges::find_if(authenticators_, [&](const auto& each) { return each.realm().name == rule.challenge; });
  return found == authenticators_.end() ? nullptr : &*found;
}

std::expected<std::string, Refusal> EngineCore::authenticate(const Preprocessed& request, const Rule& rule,
                                                             Challenge as) {
  const bool as_proxy = as == Challenge::AsProxy;
  // §10.3: what the sender requires of us (step 2) comes before who he is (step 3).
  if (!as_proxy) {
    if (const auto answer = inspect(*request.request, capabilities_)) {
      return std::unexpected(Refusal{answer->status, answer->detail, answer->fields});
    }
  }
  DigestAuthenticator& authenticator = *authenticator_of(rule);  // problem_with() has looked
  const FieldName field = as_proxy ? FieldName::ProxyAuthorization : FieldName::Authorization;
  DigestVerdict verdict = authenticator.check(nonce_time(), *request.request, field, request.request_uri);
  if (verdict.kind == DigestVerdict::Kind::Authenticated) return std::move(verdict.user);
  if (verdict.kind == DigestVerdict::Kind::Malformed) return std::unexpected(Refusal{400, verdict.reason, {}});
  if (verdict.kind == DigestVerdict::Kind::Unknown) return std::unexpected(users_unknown(verdict.reason));
  Refusal refusal{as_proxy ? 407 : 401, verdict.reason, {}};
  const FieldName asks = as_proxy ? FieldName::ProxyAuthenticate : FieldName::WwwAuthenticate;
  const std::uint64_t random = random_.next();
  const bool stale = verdict.kind == DigestVerdict::Kind::Stale;
  for (std::string& value : authenticator.challenges(nonce_time(), random, stale)) {
    refusal.fields.emplace_back(field_text(asks), std::move(value));
  }
  return std::unexpected(std::move(refusal));
}

std::optional<Refusal> EngineCore::refuse_user(const Preprocessed& pre, const Rule& rule, const std::string& user) {
  if (rule.challenge.empty()) return std::nullopt;
  const auto to = parse_name_address(pre.request->value(FieldName::To));  // a wrong one is the registrar's to refuse
  if (!to || !to->uri.is_sip() || may_register(authenticator_of(rule)->realm(), user, to->uri)) return std::nullopt;
  return Refusal{403, "the user " + user + " may not register this address of record", {}};
}

UaAnswer EngineCore::answer_register(const Preprocessed& pre, const Arrival& arrival, const Rule& rule,
                                     const std::string& user) {
  if (auto refusal = refuse_user(pre, rule, user)) return intermediary::refuse(refusal->status, refusal->reason);
  UaAnswer answer = registrar_.answer(now_, *pre.request, arrival, wall());
  if (!answer.is_refusal() && knows_wall_) answer.fields.emplace_back("Date", date_text(wall()));
  return answer;
}

// RFC 3261 §22.3: only those for our own realms. The request goes on as one that never had them, for loop detection
// too: it would come back without them.
void EngineCore::take_off_credentials(Preprocessed& request) const {
  if (!request.request->has(FieldName::ProxyAuthorization)) return;
  Editor editor(*request.request);
  bool any = false;
  for (const Field& field : request.request->fields()) {
    if (field.name != FieldName::ProxyAuthorization) continue;
    const std::string_view value = request.request->value(field);
    const bool ours =
        std::ranges::any_of(authenticators_, [&](const auto& each) { return each.is_for_this_realm(value); });
    if (ours) editor.remove(field);
    any |= ours;
  }
  if (!any) return;
  Limits room = config_.limits;
  room.stream_message_bytes = request.request->bytes().size();
  const auto without = Message::parse(editor.finish(), Framing::Stream, room);
  if (without) put_in_place(request, *without);
}

void EngineCore::put_in_place(Preprocessed& pre, const MessagePtr& request) const {
  auto again = preprocess(request, names_, proxy_settings_);
  if (!again) return;
  again->flow = pre.flow;
  again->in_token = std::move(pre.in_token);
  again->path_entry = pre.path_entry;
  again->from_gruu = pre.from_gruu;
  pre = *std::move(again);
}

}  // namespace intermediary
