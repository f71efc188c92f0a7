#include "policy/identity_check.h"

#include <algorithm>
#include <utility>

#include "message/date.h"

namespace intermediary {
namespace {

using NotProved = std::unexpected<IdentityFault>;

WallTime wall_time(std::int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

bool is_fresh(WallTime time, WallTime now, Duration freshness) {
  return time <= now ? now - time <= freshness : time - now <= freshness;
}

IdentityFault stale(std::string reason) { return {403, "Stale Date", std::move(reason)}; }

// RFC 8224 §4: what a full form says twice is the same.
std::string mismatch_with_field(const IdentityField& field, const Passport& passport) {
  if (passport.certificate_url != field.certificate_url) return "its 'x5u' and its 'info' differ";
  if (passport.extension != field.extension) return "its 'ppt' is another in its header";
  return {};
}

std::string mismatch_with_request(const Passport& passport, const CallerFacts& facts) {
  if (passport.origin != facts.caller) {
    return "it is of the caller " + passport.origin.name + ", and the call is from " + facts.caller.name;
  }
  if (!passport.is_for(facts.callee)) return "it is for somebody else than " + facts.callee.name;
  // RFC 8224 §4.1: without an extension they must appear.
  const bool has_to = passport.extension.empty() || !passport.media.empty();
  if (has_to && passport.media != facts.media) return "its media keys are not those of the session description";
  return {};
}

std::expected<PassportRead, IdentityFault> read_compact(const IdentityField& field, const CallerFacts& facts) {
  if (!field.extension.empty()) {
    return NotProved(invalid_identity("it is compact, and \"" + field.extension + "\" has to be in full"));
  }
  auto signature = compact_signature(field);
  if (!signature) return NotProved(invalid_identity(signature.error()));
  const auto date = facts.date ? parse_date(*facts.date) : std::nullopt;
  if (!date) return NotProved(invalid_identity("it is compact, and there is no Date that it could be of"));
  Passport passport{.certificate_url = field.certificate_url, .origin = facts.caller, .media = facts.media};
  (facts.callee.is_number ? passport.numbers : passport.uris).push_back(facts.callee.name);
  passport.issued = std::chrono::floor<std::chrono::seconds>(*date).time_since_epoch().count();
  std::string text = signing_input(passport);
  return PassportRead{std::move(passport), std::move(text), *std::move(signature)};
}

std::expected<PassportRead, IdentityFault> read_full(const IdentityField& field, const CallerFacts& facts) {
  auto read = read_passport(field.token);
  if (!read) return NotProved(IdentityFault{438, "Invalid PASSporT", read.error()});
  if (std::string problem = mismatch_with_field(field, read->passport); !problem.empty()) {
    return NotProved(invalid_identity(std::move(problem)));
  }
  if (!is_fresh(wall_time(read->passport.issued), facts.now, facts.freshness)) {
    return NotProved(stale("it was made at another time than now ('iat')"));
  }
  if (std::string problem = mismatch_with_request(read->passport, facts); !problem.empty()) {
    return NotProved(invalid_identity(std::move(problem)));
  }
  return *std::move(read);
}

}  // namespace

IdentityFault invalid_identity(std::string reason) { return {438, "Invalid Identity Header", std::move(reason)}; }
IdentityFault unsupported_credential(std::string reason) { return {437, "Unsupported Credential", std::move(reason)}; }
IdentityFault no_credential(std::string reason) { return {436, "Bad Identity Info", std::move(reason)}; }

IdentityFault no_identity(bool unsupported) {
  if (unsupported) return {428, "Use Supported PASSporT Format", "its Identity is of extensions that are not known"};
  return {428, "Use Identity Header", "it has no Identity"};
}

bool is_supported(const IdentityField& field) { return field.extension.empty() || field.extension == "shaken"; }

std::optional<IdentityFault> stale_date(const std::optional<std::string>& date, WallTime now, Duration freshness) {
  if (!date) return std::nullopt;
  const auto time = parse_date(*date);
  if (!time) return stale("its Date cannot be read");
  if (is_fresh(*time, now, freshness)) return std::nullopt;
  return stale("its Date is of another time than now");
}

std::expected<PassportRead, IdentityFault> read_claim(const IdentityField& field, const CallerFacts& facts) {
  if (field.algorithm != "ES256") {
    return NotProved(invalid_identity("its algorithm is '" + field.algorithm + "', and ES256 is the only one"));
  }
  if (auto fault = stale_date(facts.date, facts.now, facts.freshness)) return NotProved(*std::move(fault));
  return field.is_compact() ? read_compact(field, facts) : read_full(field, facts);
}

std::optional<IdentityFault> judge_claim(const PassportRead& claim, const CallerFacts& facts,
                                         const StirCertificate& certificate) {
  std::string problem = facts.caller.is_number ? certificate.problem_with_number(facts.caller.name)
                                               : certificate.problem_with_domain(facts.caller_domain);
  if (!problem.empty()) return unsupported_credential(std::move(problem));
  if (!certificate.verifies(claim.signed_text, claim.signature)) {
    return invalid_identity("its signature is not that of its certificate");
  }
  return std::nullopt;
}

IdentityFault combined(const std::vector<IdentityFault>& faults) {
  const bool agree =
      std::ranges::all_of(faults, [&](const IdentityFault& fault) { return fault.status == faults.front().status; });
  if (agree) return faults.front();
  return invalid_identity(faults.front().reason);
}

}  // namespace intermediary
