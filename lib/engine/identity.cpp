// Who calls, proved by a signature (RFC 8224): judged where a rule verifies, made where a rule signs.
#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "engine/core.h"
#include "message/date.h"
#include "message/editor.h"
#include "policy/media_protection.h"
#include "policy/trust.h"
#include "policy/verstat.h"

namespace intermediary {

namespace {

using Verdict = IdentityVerified::Verdict;
using Verify = RuleIdentity::Verify;

constexpr std::string_view identity_name = "Identity", compact_name = "y";

std::optional<std::string> date_of(const Message& request) {
  if (!request.has(FieldName::Date)) return std::nullopt;
  return unfold(request.value(FieldName::Date));
}

struct Caller {
  std::string field;  // its name
  Uri uri;
};

// Nullopt where it cannot be read.
std::optional<Caller> caller_of(const Message& request, CallerField where) {
  const auto value = where == CallerField::Asserted ? field_value(request.bytes(), asserted_identity) : std::nullopt;
  if (value) {  // From does not stand in for one that cannot be read
    const auto first = parse_name_address(value->substr(0, first_entry(*value)));
    return first ? std::optional(Caller{std::string(asserted_identity), first->uri}) : std::nullopt;
  }
  const auto from = parse_name_address(request.value(FieldName::From));
  if (!from) return std::nullopt;
  return Caller{"From", from->uri};
}

std::optional<CallerFacts> caller_facts(const Message& request, CallerField where, WallTime now, Duration freshness) {
  const auto caller = caller_of(request, where);
  const auto to = parse_name_address(request.value(FieldName::To));
  if (!caller || !to) return std::nullopt;
  CallerFacts facts;
  facts.caller = passport_party(caller->uri);
  facts.caller_domain = caller->uri.host;
  facts.callee = passport_party(to->uri);
  facts.media = media_keys(request.body());
  facts.date = date_of(request);
  facts.now = now;
  facts.freshness = freshness;
  return facts;
}

Refusal refusal_for(const IdentityFault& fault) { return {fault.status, fault.reason, {}, fault.phrase}; }

bool begins_call(const Message& request) { return request.method() == Method::Invite && request.to_tag().empty(); }

// RFC 4122 §4.4.
std::string uuid_of(std::uint64_t high, std::uint64_t low) {
  constexpr std::string_view hex = "0123456789abcdef";
  high = (high & ~std::uint64_t{0xF000}) | 0x4000;
  low = (low & ~(std::uint64_t{3} << 62U)) | (std::uint64_t{2} << 62U);
  std::string text;
  for (const std::uint64_t word : {high, low}) {
    for (unsigned shift = 64; shift > 0; shift -= 4) {
      if (text.size() == 8 || text.size() == 13 || text.size() == 18 || text.size() == 23) text += '-';
      text += hex[word >> (shift - 4) & 0xF];
    }
  }
  return text;
}

std::string_view verstat_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Passed:
      return "TN-Validation-Passed";
    case Verdict::Failed:
      return "TN-Validation-Failed";
    case Verdict::Absent:
      return "No-TN-Validation";
  }
  return "";
}

}  // namespace

// ---- how a request is protected

std::optional<Refusal> EngineCore::unprotected(const Message& request, const Arrival& arrival, const Rule& rule) const {
  if (rule.protection.tls && !is_secure(arrival.transport)) {
    const std::string way(via_name(arrival.transport));
    return Refusal{403, "its rule requires TLS, and it came over " + way, {}, "TLS Required"};
  }
  if (!rule.protection.srtp || request.method() != Method::Invite) return std::nullopt;
  std::string problem = problem_with_media(request);
  if (problem.empty()) return std::nullopt;
  // RFC 3261 §20.43: 302, of a transport protocol that is not available.
  const std::string agent = names_.find(ListenerId{1})->sent_by;
  return Refusal{488, "its rule requires SRTP: " + problem, {{"Warning", "302 " + agent + " \"SRTP is required\""}}};
}

// ---- verifying (§6.2)

bool EngineCore::is_verified(const Decision& decision, const Message& request) {
  return decision.rule && decision.rule->identity.verify != Verify::No && begins_call(request);
}

// What counts now. One that was fetched and does not count any more is fetched again.
std::expected<StirCertificate, IdentityFault> EngineCore::certificate_of(const std::string& url, std::string& wanted) {
  const VerifierConfig& verifier = *config_.identity.verifier;
  const auto known = std::ranges::find(verifier.certificates, url, &VerifierConfig::Known::url);
  if (known != verifier.certificates.end()) {
    auto certificate = identity_.authorities->check(known->chain, wall());
    if (!certificate) return std::unexpected(unsupported_credential(certificate.error()));
    return *std::move(certificate);
  }
  const auto fetched = identity_.fetched.find(url);
  if (fetched != identity_.fetched.end() && fetched->second.until >= now_) {
    if (auto certificate = identity_.authorities->check(fetched->second.chain, wall())) return *std::move(certificate);
    identity_.fetched.erase(fetched);
  }
  const auto failed = identity_.failed.find(url);
  if (failed != identity_.failed.end() && failed->second.until >= now_) return std::unexpected(failed->second.fault);
  if (wanted.empty() && fetchable(url)) wanted = url;
  return std::unexpected(no_credential("its certificate is not known here, and none is fetched from there: " + url));
}

// Whether one Identity field proves who calls; the error says why not.
std::expected<Passport, IdentityFault> EngineCore::judge(const IdentityField& field, const CallerFacts& facts,
                                                         const Message& request, std::string& wanted) {
  auto claim = read_claim(field, facts);
  if (!claim) return std::unexpected(claim.error());
  const auto certificate = certificate_of(field.certificate_url, wanted);
  if (!certificate) return std::unexpected(certificate.error());
  if (auto fault = judge_claim(*claim, facts, *certificate)) return std::unexpected(*std::move(fault));
  const std::uint64_t passport = KeyedHash(tag_key_).field("passport").field(claim->signed_text).finish();
  const std::uint64_t call =
      KeyedHash(tag_key_).field("call").field(request.call_id()).field(request.from_tag()).finish();
  // It is stale by then, however early it was made.
  if (!identity_.seen.take(now_, passport, call, now_ + 2 * facts.freshness)) {
    return std::unexpected(invalid_identity("it came before, with another call"));
  }
  return std::move(claim->passport);
}

EngineCore::CallerVerdict EngineCore::judge_caller(const Message& request, CallerField where) {
  CallerVerdict result;
  if (!config_.identity.verifier) {  // a reload has taken it away while the call waited
    result.fault = no_credential("nobody here judges signatures any more");
    result.verdict = Verdict::Failed;
    return result;
  }
  const VerifierConfig& verifier = *config_.identity.verifier;
  const auto facts = caller_facts(request, where, wall(), verifier.freshness);
  if (!facts) {
    result.fault = invalid_identity("who calls whom cannot be read");
    result.verdict = Verdict::Failed;
    return result;
  }
  result.caller = facts->caller;
  std::vector<IdentityFault> faults;
  std::size_t fields = 0, unsupported = 0;
  for (const Field& line : request.fields()) {
    const std::string_view name = request.name_text(line);
    if (!equals_ignoring_case(name, identity_name) && !equals_ignoring_case(name, compact_name)) continue;
    if (++fields > limit::identity_fields) break;
    const auto field = read_identity_field(request.value(line));
    if (!field) {
      faults.push_back(invalid_identity("its Identity cannot be read: " + field.error()));
    } else if (!is_supported(*field)) {
      ++unsupported;
    } else if (auto passport = judge(*field, *facts, request, result.wanted)) {
      result.passport = *std::move(passport);
      result.verdict = Verdict::Passed;
      result.wanted.clear();
      return result;
    } else {
      faults.push_back(std::move(passport.error()));
    }
  }
  result.verdict = faults.empty() ? Verdict::Absent : Verdict::Failed;
  result.fault = faults.empty() ? no_identity(unsupported != 0) : combined(faults);
  return result;
}

// What becomes of the call; and it is told.
std::optional<Refusal> EngineCore::settle_caller(const Message& request, const Rule& rule, const CallerVerdict& found) {
  const Verify verify = rule.identity.verify;
  const bool refuses = (found.verdict == Verdict::Failed && verify != Verify::Mark) ||
                       (found.verdict == Verdict::Absent && verify == Verify::Require);
  IdentityCounters& counts = counters_.identities;
  ++(found.verdict == Verdict::Passed   ? counts.passed
     : found.verdict == Verdict::Failed ? counts.failed
                                        : counts.absent);
  emit(IdentityVerified{std::string(request.call_id()), rule.name, found.verdict, refuses ? found.fault.status : 0,
                        found.caller.name, found.passport.attest, found.passport.origid, found.fault.reason});
  if (!refuses) return std::nullopt;
  return refusal_for(found.fault);
}

// What others said of it before counts for nothing.
void EngineCore::mark_caller(Preprocessed& pre, const CallerWait& found) const {
  const auto caller = caller_of(*pre.request, found.field);
  auto bytes = with_verstat(*pre.request, caller ? caller->field : "From", caller ? verstat_of(*found.verdict) : "");
  if (!bytes) return;
  const MessagePtr marked = parsed_with_room(*std::move(bytes));
  if (marked) put_in_place(pre, marked);
}

// A certificate that is not here yet is waited for, unless another Identity proves the same without it.
void EngineCore::verify(const MessagePtr& request, const Arrival& arrival, Preprocessed&& pre, const Decision& decision,
                        bool asks, const std::string& user, const StoreWait* waited) {
  if (const auto full = waited ? std::nullopt : not_admitted(arrival)) {
    return refuse(request, arrival, *full, decision.rule_name());
  }
  CallerWait caller{config_.identity.verifier ? config_.identity.verifier->caller : CallerField::From};
  if (waited && waited->caller) caller.field = waited->caller->field;
  const CallerVerdict found = judge_caller(*request, caller.field);
  if (!found.wanted.empty() &&
      wait_for_certificate(request, arrival, decision, asks, user, caller, found.wanted, waited)) {
    return;
  }
  if (const auto refusal = settle_caller(*request, *decision.rule, found)) {
    return turn_away(request, arrival, *refusal, decision, asks, waited);
  }
  caller.verdict = found.verdict;
  mark_caller(pre, caller);
  go_on(request, arrival, std::move(pre), decision, asks, user, waited, caller);
}

// ---- signing (§6.1)

std::optional<Refusal> EngineCore::sign_call(Preprocessed& pre, const Decision& decision) {
  if (!decision.rule || decision.rule->identity.signer.empty() || !begins_call(*pre.request)) return std::nullopt;
  const RuleIdentity& wanted = decision.rule->identity;
  const auto config = std::ranges::find(config_.identity.signers, wanted.signer, &SignerConfig::name);
  if (config == config_.identity.signers.end()) return std::nullopt;  // a reload has taken it away while it waited
  const StirSigner& signer = identity_.signers[static_cast<std::size_t>(config - config_.identity.signers.begin())];
  const Message& request = *pre.request;
  constexpr Duration freshness = std::chrono::seconds(60);  // §4.1: RECOMMENDED
  const auto facts = caller_facts(request, config->caller, wall(), freshness);
  if (facts) {
    if (auto fault = stale_date(facts->date, facts->now, freshness)) return refusal_for(*fault);
  }
  IdentitySigned told{std::string(request.call_id()), decision.rule->name, wanted.signer, {}, wanted.attest, {}, {}};
  std::string problem = facts ? problem_with_signing(signer, *facts, wanted) : "who calls whom cannot be read";
  if (facts) told.caller = facts->caller.name;
  if (problem.empty()) {
    const std::string date = facts->date ? *facts->date : date_text(facts->now);
    Passport passport = passport_of(*facts, date, *config, wanted);
    told.origid = passport.origid;
    const std::string signature = signer.sign(signing_input(passport));
    Editor editor(request);
    if (!facts->date) editor.append(FieldName::Date, date);
    editor.append(identity_name, identity_value(passport, signature));
    const MessagePtr carries = signature.empty() ? nullptr : parsed_with_room(editor.finish());
    if (carries) put_in_place(pre, carries);
    if (!carries) problem = "there is no room for it";
  }
  ++(problem.empty() ? counters_.identities.signed_calls : counters_.identities.unsigned_calls);
  told.reason = std::move(problem);
  emit(std::move(told));
  return std::nullopt;
}

// Step 1, and the end of step 3.
std::string EngineCore::problem_with_signing(const StirSigner& signer, const CallerFacts& facts,
                                             const RuleIdentity& wanted) const {
  if (!knows_wall_) return "the time is not known yet";
  if (!signer.is_valid_at(facts.now)) return "the certificate is of another time than now";
  if (!wanted.attest.empty() && !facts.caller.is_number) return "the caller has no number, as \"shaken\" has it";
  return facts.caller.is_number ? signer.certificate().problem_with_number(facts.caller.name)
                                : signer.certificate().problem_with_domain(facts.caller_domain);
}

Passport EngineCore::passport_of(const CallerFacts& facts, std::string_view date, const SignerConfig& signer,
                                 const RuleIdentity& wanted) {
  Passport passport{.certificate_url = signer.url, .origin = facts.caller, .media = facts.media};
  (facts.callee.is_number ? passport.numbers : passport.uris).push_back(facts.callee.name);
  const WallTime issued = *parse_date(date);
  passport.issued = std::chrono::floor<std::chrono::seconds>(issued).time_since_epoch().count();
  if (wanted.attest.empty()) return passport;
  passport.extension = "shaken";
  passport.attest = wanted.attest;
  passport.origid = signer.origid;
  if (!passport.origid.empty()) return passport;
  const std::uint64_t high = random_.next();
  const std::uint64_t low = random_.next();
  passport.origid = uuid_of(high, low);
  return passport;
}

}  // namespace intermediary
