// What rules name: times, access lists, lists of users, who asks, and rate limits.
#include <algorithm>
#include <utility>

#include "engine/core.h"
#include "engine/rule_facts.h"

namespace intermediary {

namespace {

// REQUIRES: it is there, as problem_with() has looked.
template <class Named>
const Named& named(const std::vector<Named>& all, std::string_view name) {
  return *std::ranges::find_if(all, [&](const Named& one) { return one.name == name; });
}

Principal principal_of(const std::string& name, const DigestRealm& realm) {
  const std::size_t at = name.rfind('@');
  if (at == std::string::npos) return {name, name, realm.realm};
  return {name, name.substr(0, at), name.substr(at + 1)};
}

// RFC 3261 §8.2.7, and what a call that goes on may not be cut off by.
bool is_exempt(const Message& request) {
  const Method method = request.method();
  return !request.to_tag().empty() || method == Method::Ack || method == Method::Bye || method == Method::Cancel;
}

// The trunk that it comes from, or the address where it comes from none.
std::string trunk_key(const std::vector<PeerGroupConfig>& groups, const IpAddress& source) {
  for (const PeerGroupConfig& group : groups) {
    if (std::ranges::any_of(group.accept_from, [&](const Cidr& prefix) { return prefix.contains(source); })) {
      return group.reference();
    }
  }
  return source.to_string();
}

std::string key_in(const RateLimit& limit, const std::vector<PeerGroupConfig>& groups, const Arrival& arrival,
                   const std::string& user) {
  switch (limit.per) {
    case RateLimit::Per::Everybody:
      return {};
    case RateLimit::Per::Source:
      return arrival.remote.address.to_string();
    case RateLimit::Per::User:
      return user;
    case RateLimit::Per::Trunk:
      return trunk_key(groups, arrival.remote.address);
  }
  return {};
}

}  // namespace

bool EngineCore::is_time(std::string_view times) const {
  return knows_wall_ && named(config_.times, times).holds(wall());
}

bool EngineCore::Facts::is_time(std::string_view times) const { return core_.is_time(times); }

bool EngineCore::Facts::allows(std::string_view access_list, const IpAddress& source) const {
  const auto table = std::ranges::find_if(core_.access_tables_, [&](const auto& t) { return t.name() == access_list; });
  return table->allows(source);
}

bool EngineCore::Facts::lists(std::string_view list, std::string_view user, std::string_view host) const {
  return named(core_.config_.lists, list).holds(user, host);
}

std::optional<Principal> EngineCore::Facts::principal(const Rule& rule) const {
  const Message& message = *request_.request;
  const bool answers = (std::holds_alternative<RegisterAction>(rule.action) && message.method() == Method::Register) ||
                       (std::holds_alternative<NotifyAction>(rule.action) && message.method() == Method::Subscribe);
  const FieldName field = answers ? FieldName::Authorization : FieldName::ProxyAuthorization;
  const std::string& realm = rule.when.identity->realm;
  const auto known = std::ranges::find_if(known_, [&](const Known& k) { return k.realm == realm && k.field == field; });
  if (known != known_.end()) return known->principal;
  const auto authenticator = std::ranges::find_if(
      core_.authenticators_, [&](const DigestAuthenticator& each) { return each.realm().name == realm; });
  const DigestVerdict verdict = authenticator->examine(core_.nonce_time(), message, field, request_.request_uri);
  std::optional<Principal> principal;
  if (verdict.kind == DigestVerdict::Kind::Authenticated) {
    principal = principal_of(verdict.user, authenticator->realm());
  }
  if (verdict.kind == DigestVerdict::Kind::Unknown) unknown_ = verdict.reason;
  known_.push_back({realm, field, principal});
  return principal;
}

bool EngineCore::may_be(const DigestRealm& realm, const std::string& user, const Uri& uri) const {
  if (may_call_as(realm, user, uri, is_local(uri))) return true;
  return !realm.from_also.empty() && named(config_.lists, realm.from_also).holds(uri.user, uri.host);
}

std::optional<Refusal> EngineCore::not_his_from(const Message& request, const Rule& rule,
                                                const std::string& user) const {
  const DigestRealm& realm = named(config_.auth, rule.challenge);
  // Within a dialog From is what the other side called; whom a REGISTER is for, its To says (RFC 3261 §10.2).
  if (!realm.binds_from || !request.to_tag().empty() || request.method() == Method::Register) return std::nullopt;
  const auto from = parse_name_address(request.value(FieldName::From));
  if (!from) return Refusal{400, "its From cannot be read: " + from.error().detail, {}};
  if (may_be(realm, user, from->uri)) return std::nullopt;
  return Refusal{403, "the user " + user + " may not call as " + address_of_record(from->uri), {}};
}

// Either all of them give a token, or none does.
std::optional<Refusal> EngineCore::over_limit(const Message& request, const Arrival& arrival, const Rule& rule,
                                              const std::string& user) {
  if (is_exempt(request)) return std::nullopt;
  std::vector<std::pair<RateLimiter*, std::string>> asked;
  Duration longest{0};
  const RateLimit* full = nullptr;
  for (const std::string& name : rule.limits) {
    RateLimiter& limiter = *std::ranges::find_if(limiters_, [&](const auto& l) { return l.limit().name == name; });
    asked.emplace_back(&limiter, key_in(limiter.limit(), config_.groups, arrival, user));
    const Duration wait = limiter.wait(now_, asked.back().second);
    if (wait <= longest) continue;
    longest = wait;
    full = &limiter.limit();
  }
  if (!full) {
    for (auto& [limiter, key] : asked) limiter->take(now_, key);
    return std::nullopt;
  }
  ++counters_.rate_limited;
  const std::string key = key_in(*full, config_.groups, arrival, user);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(longest).count();
  return Refusal{full->status,
                 "over the limit " + full->name + (key.empty() ? std::string() : " of " + key),
                 {{"Retry-After", std::to_string(seconds)}}};
}

namespace {

template <class Named>
bool are_there(const std::vector<Named>& all, const std::vector<std::string>& names) {
  return std::ranges::all_of(names, [&](const std::string& name) {
    return std::ranges::any_of(all, [&](const Named& one) { return one.name == name; });
  });
}

std::string problem_with_limits(const Rule& rule, const Config& config) {
  if (rule.limits.empty()) return {};
  if (!are_there(config.rate_limits, rule.limits)) return "names a limit that there is not";
  const bool per_user = std::ranges::any_of(rule.limits, [&](const std::string& name) {
    return named(config.rate_limits, name).per == RateLimit::Per::User;
  });
  if (per_user && rule.challenge.empty()) return "limits users and asks nobody who he is";
  const bool forwards = !std::holds_alternative<RegisterAction>(rule.action);
  if (forwards && rule.mode.value_or(config.proxy.mode) == ProxyMode::Stateless) {
    return "limits without state: a repetition would be counted again";
  }
  return {};
}

std::string problem_with_identity(const Rule& rule, const Config& config) {
  const RuleIdentity& identity = rule.identity;
  if (identity.empty()) return {};
  const std::string& signer = identity.signer;
  if (!signer.empty() &&
      std::ranges::find(config.identity.signers, signer, &SignerConfig::name) == config.identity.signers.end()) {
    return "names a signer that there is not";
  }
  if (identity.verify != RuleIdentity::Verify::No && !config.identity.verifier) return "verifies without a verifier";
  if (rule.mode.value_or(config.proxy.mode) == ProxyMode::Stateless) {
    return "verifies or signs without state: a repetition would be judged again, or signed otherwise";
  }
  return {};
}

}  // namespace

std::string problem_with_policies(const Rule& rule, const Config& config) {
  const RuleMatch& when = rule.when;
  for (const UriMatch* uri : {&when.ruri, &when.from, &when.to}) {
    if (!are_there(config.lists, uri->lists)) return "names a list that there is not";
  }
  const bool knows_access = std::ranges::all_of(
      when.access, [&](const AccessMatch& access) { return are_there(config.access_lists, {access.list}); });
  if (!knows_access) return "names an access list that there is not";
  if (!are_there(config.times, when.times)) return "names times that there are not";
  if (when.identity) {
    if (!are_there(config.auth, {when.identity->realm})) return "asks for users that there are not";
    if (!are_there(config.lists, when.identity->lists)) return "names a list that there is not";
    if (when.identity->known && rule.challenge != when.identity->realm) return "knows users whom it does not challenge";
  }
  if (std::string problem = problem_with_identity(rule, config); !problem.empty()) return problem;
  return problem_with_limits(rule, config);
}

}  // namespace intermediary
