// What a verifier says to an Identity field (RFC 8224 §6.2), but for where certificates come from.
//
// Pure. What stands in a PASSporT counts for nothing by itself (§6.2.4): who calls whom is taken from the request, and
// the PASSporT has to say the same.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "policy/passport.h"
#include "policy/stir_keys.h"

namespace intermediary {

// Of the request.
struct CallerFacts {
  PassportParty caller;
  std::string caller_domain;  // of a URI
  PassportParty callee;
  std::vector<MediaKey> media;
  std::optional<std::string> date;  // its Date, as it stands
  WallTime now{};
  Duration freshness{};
};

// As an answer that refuses the request (RFC 8224 §6.2.2).
struct IdentityFault {
  int status = 438;
  std::string phrase;  // its reason phrase
  std::string reason;  // one line for people

  friend bool operator==(const IdentityFault&, const IdentityFault&) = default;
};
IdentityFault invalid_identity(std::string reason);        // 438
IdentityFault unsupported_credential(std::string reason);  // 437
IdentityFault no_credential(std::string reason);           // 436
// 428; `unsupported`: there are fields, and each is of an extension that nobody here knows.
IdentityFault no_identity(bool unsupported);

// Whether it is to be judged at all: of an extension that nobody here knows it is to be ignored (§6.2 step 1), as "div"
// (RFC 8946).
bool is_supported(const IdentityField& field);
// All but the signature. A compact form is written out from the request.
std::expected<PassportRead, IdentityFault> read_claim(const IdentityField& field, const CallerFacts& facts);
// Whether that certificate may say so, and has. REQUIRES: it leads to an authority.
std::optional<IdentityFault> judge_claim(const PassportRead& claim, const CallerFacts& facts,
                                         const StirCertificate& certificate);
// A Date that is not from now (§6.1 step 3, §6.2 step 4): 403.
std::optional<IdentityFault> stale_date(const std::optional<std::string>& date, WallTime now, Duration freshness);
// What is said of several that do not count: what is wrong with all of them, or else 438. REQUIRES: there is one.
IdentityFault combined(const std::vector<IdentityFault>& faults);

}  // namespace intermediary
