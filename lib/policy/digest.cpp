#include "policy/digest.h"

#include <algorithm>
#include <charconv>
#include <expected>

#include "base/text.h"
#include "message/values.h"

namespace intermediary {
namespace {

using Kind = DigestVerdict::Kind;

// Clocks of nodes that share a key may be apart by so much.
constexpr Duration clock_skew = std::chrono::seconds(5);
// Credentials for one realm in one request: each costs hashes.
constexpr std::size_t most_credentials = 4;
// Until a store that did not answer is asked again of a user.
constexpr Duration outage_pause = std::chrono::seconds(5);

// What the credentials for our realm say, once it is all there.
struct Answer {
  DigestAlgorithm algorithm = DigestAlgorithm::Md5;
  std::string_view username, nonce, uri, response;
  std::string_view qop;  // "" for RFC 2069
  std::string_view cnonce, nc;
  std::optional<std::uint32_t> count;
};

std::unexpected<DigestVerdict> unusable(Kind kind, std::string reason) {
  return std::unexpected(DigestVerdict{kind, {}, std::move(reason)});
}

std::optional<std::uint32_t> parse_count(std::string_view nc) {
  constexpr std::size_t digits = 8;  // RFC 7616 §3.4: exactly
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(nc.data(), nc.data() + nc.size(), count, 16);
  if (nc.size() != digits || error != std::errc() || end != nc.data() + nc.size()) return std::nullopt;
  return count;
}

class AnswerReader {
 public:
  AnswerReader(const Credentials& credentials, const DigestRealm& realm) : credentials_(credentials), realm_(realm) {}

  std::expected<Answer, DigestVerdict> read() const {
    Answer answer;
    const std::string_view algorithm = credentials_.value("algorithm").value_or("MD5");
    const auto known = parse_digest_algorithm(algorithm);
    if (!known || std::ranges::find(realm_.algorithms, *known) == realm_.algorithms.end()) {
      return unusable(Kind::Missing, "its credentials are by an algorithm that was not offered");
    }
    answer.algorithm = *known;
    if (credentials_.value("username*") || equals_ignoring_case(credentials_.value("userhash").value_or(""), "true")) {
      return unusable(Kind::Missing, "its credentials hide the user's name, which was not offered");
    }
    for (const auto& [name, target] : {std::pair{"username", &answer.username},
                                       {"nonce", &answer.nonce},
                                       {"uri", &answer.uri},
                                       {"response", &answer.response}}) {
      const auto value = credentials_.value(name);
      if (!value) return unusable(Kind::Malformed, "its credentials have no '" + std::string(name) + "'");
      *target = *value;
    }
    return read_quality(answer);
  }

 private:
  // RFC 3261 §22.4 item 8: from qop and cnonce a server knows which digest the client speaks.
  std::expected<Answer, DigestVerdict> read_quality(Answer answer) const {
    const auto qop = credentials_.value("qop");
    if (!qop) {
      if (answer.algorithm == DigestAlgorithm::Md5) return answer;
      return unusable(Kind::Malformed, "its credentials have no 'qop', which only RFC 2069 and MD5 may lack");
    }
    const bool whole = equals_ignoring_case(*qop, "auth-int");
    if (!equals_ignoring_case(*qop, "auth") && !(whole && realm_.offers_auth_int)) {
      return unusable(Kind::Malformed, "its credentials have a 'qop' that was not offered");
    }
    const auto cnonce = credentials_.value("cnonce"), nc = credentials_.value("nc");
    if (!cnonce || !nc) return unusable(Kind::Malformed, "its credentials have a 'qop', but no 'cnonce' or no 'nc'");
    answer.count = parse_count(*nc);
    if (!answer.count) return unusable(Kind::Malformed, "the 'nc' of its credentials is not 8 hexadecimal digits");
    answer.qop = *qop;
    answer.cnonce = *cnonce;
    answer.nc = *nc;
    return answer;
  }

  const Credentials& credentials_;
  const DigestRealm& realm_;
};

// Every byte is looked at, so that the time says nothing of how many fit. LHEX, but capitals have been seen.
bool same_digest(std::string_view expected, std::string_view given) {
  if (expected.empty() || expected.size() != given.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |= static_cast<unsigned char>(expected[i] ^ to_lower(given[i]));
  }
  return difference == 0;
}

bool same_place(const Uri& a, const Uri& b) {
  Uri left = a, right = b;
  for (Uri* uri : {&left, &right}) {
    uri->parameters.clear();
    uri->headers.clear();
  }
  return equivalent(left, right);
}

// The same user at the same place; what a client leaves out of it or adds, a transport say, is not worth a refusal.
bool fits_request_uri(std::string_view uri, const Message& request, const Uri& effective) {
  if (uri == request.request_uri()) return true;
  const auto named = Uri::parse(uri);
  if (!named) return false;
  if (same_place(*named, effective)) return true;
  const auto received = Uri::parse(request.request_uri());
  return received && same_place(*named, *received);
}

// The secret of somebody who does not exist: hashed like any other, equal to nobody's.
std::string_view nobodys_secret(DigestAlgorithm algorithm) {
  constexpr std::string_view filler = "----------------------------------------------------------------";
  return filler.substr(0, digest_digits(algorithm));
}

// In usable_secrets(), of what a store has not.
constexpr char no_hash = '-';
bool is_secret(std::string_view secret) { return !secret.empty() && secret.front() != no_hash; }

// RFC 3261 §22.1: an ACK has the credentials that its INVITE had.
bool has_answered(const Message& request, const Answer& answer, std::string_view secret) {
  const bool follows = request.method() == Method::Ack || request.method() == Method::Cancel;
  const std::string_view method = follows ? std::string_view("INVITE") : request.method_text();
  const DigestInput input{method, answer.uri, answer.nonce, answer.qop, answer.nc, answer.cnonce, request.body()};
  return same_digest(digest_response(answer.algorithm, secret, input), answer.response);
}

}  // namespace

UserSecrets usable_secrets(const UserSecrets& hashes, std::string& problem) {
  UserSecrets secrets;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    const auto algorithm = static_cast<DigestAlgorithm>(i);
    const std::string nothing(digest_digits(algorithm), '0');
    std::string hash = lowercase(hashes[i].empty() ? nothing : hashes[i]);  // so that nothing costs as much as a hash
    const bool is_hash = hash.size() == nothing.size() &&
                         std::ranges::all_of(hash, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
    if (!is_hash) {
      problem = "has no H(A1) of " + std::to_string(nothing.size()) + " hexadecimal digits for " +
                std::string(algorithm_name(algorithm));
    } else {
      secrets[i] = std::move(hash);
      if (hashes[i].empty()) secrets[i].front() = no_hash;
    }
  }
  return secrets;
}

UserSecrets secrets_from_password(std::string_view user, std::string_view realm, std::string_view password) {
  UserSecrets secrets;
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    secrets[i] = digest_hash(static_cast<DigestAlgorithm>(i), {user, realm, password});
  }
  return secrets;
}

bool has_password(const DigestRealm& realm, std::string_view user, std::string_view password) {
  const auto found = realm.users.find(user);
  bool right = false;
  for (const DigestAlgorithm algorithm : realm.algorithms) {
    const std::string_view known =
        found == realm.users.end() ? nobodys_secret(algorithm) : found->second[static_cast<std::size_t>(algorithm)];
    right |= same_digest(known, digest_hash(algorithm, {user, realm.realm, password}));
  }
  return right;
}

std::string digest_response(DigestAlgorithm algorithm, std::string_view secret, const DigestInput& input) {
  const bool whole = equals_ignoring_case(input.qop, "auth-int");
  const std::string what = whole
                               ? digest_hash(algorithm, {input.method, input.uri, digest_hash(algorithm, {input.body})})
                               : digest_hash(algorithm, {input.method, input.uri});
  if (input.qop.empty()) return digest_hash(algorithm, {secret, input.nonce, what});
  return digest_hash(algorithm, {secret, input.nonce, input.nc, input.cnonce, input.qop, what});
}

bool may_register(const DigestRealm& realm, std::string_view user, const Uri& address_of_record) {
  if (realm.may_register == DigestRealm::MayRegister::Any) return true;
  // In the form in which bindings are kept: the user unescaped, the host in lower case.
  const std::string record = intermediary::address_of_record(address_of_record);
  const std::string_view name = std::string_view(record).substr(record.find(':') + 1);
  return user == name || user == name.substr(0, name.rfind('@'));
}

bool may_call_as(const DigestRealm& realm, std::string_view user, const Uri& from, bool is_local) {
  if (!from.is_sip()) return false;
  if (equals_ignoring_case(from.host, "anonymous.invalid")) return true;
  const std::string record = intermediary::address_of_record(from);
  const std::string_view name = std::string_view(record).substr(record.find(':') + 1);
  if (user == name) return true;
  return user == name.substr(0, name.rfind('@')) && (is_local || equals_ignoring_case(from.host, realm.realm));
}

std::vector<std::string> DigestAuthenticator::challenges(WallTime now, std::uint64_t random, bool stale) const {
  std::vector<std::string> values;
  const std::string nonce = write_nonce(key_, realm_.realm, {now, random});
  for (const DigestAlgorithm algorithm : realm_.algorithms) {
    std::string value = "Digest realm=" + quoted(realm_.realm) + ", nonce=\"" + nonce + "\", qop=\"auth";
    if (realm_.offers_auth_int) value += ",auth-int";
    value += "\", algorithm=" + std::string(algorithm_name(algorithm));
    if (stale) value += ", stale=true";
    values.push_back(std::move(value));
  }
  return values;
}

bool DigestAuthenticator::is_for_this_realm(std::string_view value) const {
  const auto credentials = parse_credentials(value);
  return credentials && is_ours(*credentials);
}

bool DigestAuthenticator::is_ours(const Credentials& credentials) const {
  return credentials.is_digest() && credentials.value("realm") == realm_.realm;
}

DigestVerdict DigestAuthenticator::check(WallTime now, const Message& request, FieldName field, const Uri& effective) {
  return judge(request, field, effective, [&](std::string_view text, std::optional<std::uint32_t> count) {
    const auto nonce = living_nonce(now, text);
    if (!nonce) return false;
    uses_.forget_before(now - realm_.nonce_life);
    return uses_.use(*nonce, count);
  });
}

DigestVerdict DigestAuthenticator::examine(WallTime now, const Message& request, FieldName field,
                                           const Uri& effective) const {
  const bool follows = request.method() == Method::Ack || request.method() == Method::Cancel;
  return judge(request, field, effective, [&](std::string_view text, std::optional<std::uint32_t> count) {
    if (follows) return read_nonce(key_, realm_.realm, text).has_value();
    const auto nonce = living_nonce(now, text);
    return nonce && uses_.would_take(*nonce, count);
  });
}

template <class IsFresh>
DigestVerdict DigestAuthenticator::judge(const Message& request, FieldName field, const Uri& effective,
                                         IsFresh is_fresh) const {
  DigestVerdict worst{Kind::Missing, {}, "no credentials for the realm " + realm_.realm};
  std::size_t count = 0;
  for (const Field& each : request.fields()) {
    if (each.name != field) continue;
    const auto credentials = parse_credentials(request.value(each));
    if (!credentials || !is_ours(*credentials)) continue;
    if (++count > most_credentials) return {Kind::Malformed, {}, "too many credentials for the realm " + realm_.realm};
    Claim claim = judge_one(request, *credentials, effective);
    DigestVerdict& verdict = claim.verdict;
    if (verdict.kind == Kind::Authenticated) {
      if (is_fresh(claim.nonce, claim.count)) return std::move(verdict);
      verdict = {Kind::Stale, {}, "the nonce of the user " + verdict.user + " is expired, used up or not ours"};
    }
    if (verdict.kind == Kind::Stale || worst.kind == Kind::Missing) worst = std::move(verdict);
  }
  return worst;
}

DigestAuthenticator::Claim DigestAuthenticator::judge_one(const Message& request, const Credentials& credentials,
                                                          const Uri& effective) const {
  const auto answer = AnswerReader(credentials, realm_).read();
  if (!answer) return {answer.error()};
  if (!fits_request_uri(answer->uri, request, effective)) {
    return {{Kind::Malformed, {}, "the 'uri' of its credentials is not the Request-URI"}};
  }
  if (realm_.is_outside && !read_nonce(key_, realm_.realm, answer->nonce)) {
    return {{Kind::Stale, {}, "the nonce of the user " + std::string(answer->username) + " is not ours"}};
  }
  std::string_view secret = secret_of(answer->username, answer->algorithm);
  const bool known = is_secret(secret);
  if (!known) secret = nobodys_secret(answer->algorithm);
  const bool right = has_answered(request, *answer, secret);
  if (std::string failure = failure_of(answer->username); !failure.empty() && !(known && right)) {
    return {{Kind::Unknown, {}, std::move(failure)}};
  }
  if (!known) return {{Kind::Wrong, {}, "no such user in the realm " + realm_.realm}};
  if (!right)
    return {{Kind::Wrong, {}, "wrong digest for the user " + std::string(answer->username) + " of " + realm_.realm}};
  return {{Kind::Authenticated, std::string(answer->username), {}}, answer->nonce, answer->count};
}

// "": there is none. What the store says now counts more than what is remembered.
std::string_view DigestAuthenticator::secret_of(std::string_view user, DigestAlgorithm algorithm) const {
  const auto which = static_cast<std::size_t>(algorithm);
  const auto told = told_.find(user);
  const bool counts = told != told_.end() && (told->second.failure.empty() || !told->second.known_counts);
  if (counts) return told->second.secrets[which];
  if (const auto known = known_.find(user); known != known_.end()) return known->second.secrets[which];
  const auto found = realm_.users.find(user);
  return found == realm_.users.end() ? std::string_view() : found->second[which];
}

// Why nobody knows whether there is such a user; "": the store has said it, or is none.
std::string DigestAuthenticator::failure_of(std::string_view user) const {
  const auto told = told_.find(user);
  return told == told_.end() ? failure_ : told->second.failure;
}

// The credentials of the request that judge() may look at, as far as the store may be asked for them.
template <class Do>
void DigestAuthenticator::for_each_answer(const Message& request, Do take) const {
  for (const FieldName field : {FieldName::Authorization, FieldName::ProxyAuthorization}) {
    std::size_t count = 0;
    for (const Field& each : request.fields()) {
      if (each.name != field) continue;
      const auto credentials = parse_credentials(request.value(each));
      if (!credentials || !is_ours(*credentials)) continue;
      if (++count > most_credentials) break;
      const auto user = credentials->value("username"), nonce = credentials->value("nonce");
      if (!user || !nonce || user->empty() || user->size() > limit::user_bytes || user->contains(':')) continue;
      if (!read_nonce(key_, realm_.realm, *nonce)) continue;
      if (take(std::string(*user), *credentials)) return;
    }
  }
}

bool DigestAuthenticator::is_right(const Message& request, const Credentials& credentials,
                                   const UserSecrets& secrets) const {
  const auto answer = AnswerReader(credentials, realm_).read();
  if (!answer) return false;
  const std::string& own = secrets[static_cast<std::size_t>(answer->algorithm)];
  return has_answered(request, *answer, is_secret(own) ? own : nobodys_secret(answer->algorithm)) && is_secret(own);
}

std::optional<std::string> DigestAuthenticator::unknown_user(TimePoint now, const Message& request) {
  std::optional<std::string> unknown;
  if (!realm_.is_outside) return unknown;
  for_each_answer(request, [&](const std::string& user, const Credentials& credentials) {
    if (told_.contains(user)) return false;
    const UserSecrets none;  // that costs as much
    const auto known = known_.find(user);
    const Duration age = known == known_.end() ? Duration::zero() : now - known->second.learned;
    const bool counts = known != known_.end() && age < realm_.remembered;
    if (is_right(request, credentials, counts ? known->second.secrets : none)) return false;
    if (!told_.empty()) {
      told_.try_emplace(user);
      return false;
    }
    if (!failure_.empty() && now < asked_again_) {
      told(now, request, user, {{}, failure_});
      return false;
    }
    unknown = user;
    return true;
  });
  return unknown;
}

// So long somebody is known whose store does not answer.
Duration DigestAuthenticator::longest_known() const { return std::max(realm_.remembered, realm_.stale); }

// Who is not there costs as much as who is.
void DigestAuthenticator::told(TimePoint now, const Message& request, const std::string& user, const UserTold& what) {
  told_[user] = what;
  const auto before = known_.find(user);
  if (!what.failure.empty()) {
    const bool is_stale = before != known_.end() && now - before->second.learned >= longest_known();
    if (is_stale) told_[user].known_counts = false;
    return;
  }
  bool right = false;
  for_each_answer(request, [&](const std::string& who, const Credentials& credentials) {
    if (who == user) right |= is_right(request, credentials, what.secrets);
    return false;
  });
  if (right) {
    remember(now, user, what.secrets);
  } else if (before != known_.end() && before->second.secrets != what.secrets) {
    forget(user);  // he has another password, or has gone
  }
}

void DigestAuthenticator::take_over(DigestAuthenticator&& former) {
  uses_ = std::move(former.uses_);
  if (!realm_.is_outside) return;
  known_ = std::move(former.known_);
  turns_ = std::move(former.turns_);
  last_turn_ = former.last_turn_;
  failure_ = std::move(former.failure_);
  asked_again_ = former.asked_again_;
}

void DigestAuthenticator::note_store(TimePoint now, const std::string& failure) {
  failure_ = failure;
  asked_again_ = now + outage_pause;
}

void DigestAuthenticator::remember(TimePoint now, const std::string& user, const UserSecrets& secrets) {
  forget(user);
  known_[user] = {secrets, now, ++last_turn_};
  turns_.emplace(last_turn_, user);
  if (known_.size() > limit::remembered_users) forget(std::string(turns_.begin()->second));
}

void DigestAuthenticator::forget(const std::string& user) {
  const auto known = known_.find(user);
  if (known == known_.end()) return;
  turns_.erase(known->second.turn);
  known_.erase(known);
}

std::optional<Nonce> DigestAuthenticator::living_nonce(WallTime now, std::string_view text) const {
  const auto nonce = read_nonce(key_, realm_.realm, text);
  if (!nonce || nonce->issued > now + clock_skew || nonce->issued + realm_.nonce_life <= now) return std::nullopt;
  return nonce;
}

}  // namespace intermediary
