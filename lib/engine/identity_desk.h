// Signed identities of callers (RFC 8224): what the configuration gives for them, and what is remembered.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "policy/identity_check.h"
#include "policy/identity_config.h"
#include "policy/passports_seen.h"
#include "policy/stir_keys.h"

namespace intermediary {

// A certificate that was fetched, or could not be.
struct FetchedCertificate {
  std::string chain;   // PEM
  std::string reason;  // why there is none
  TimePoint until{};   // it counts

  friend bool operator==(const FetchedCertificate&, const FetchedCertificate&) = default;
};

struct IdentityDesk {
  explicit IdentityDesk(const IdentityConfig& config) { take(config); }

  // REQUIRES: problem_with(config) == "".
  void take(const IdentityConfig& config) {
    authorities.reset();
    if (config.verifier) authorities = *StirAuthorities::open(config.verifier->authorities);
    signers.clear();
    for (const SignerConfig& signer : config.signers) signers.push_back(*StirSigner::open(signer.keys));
  }

  std::optional<StirAuthorities> authorities;
  std::vector<StirSigner> signers;  // of the configuration's, in their order
  PassportsSeen seen;
  std::map<std::string, FetchedCertificate> fetched;  // by URL

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive) {
    auto& [its_authorities, its_signers, its_seen, its_fetched] = *this;  // the first two are the configuration's
    archive(its_seen, its_fetched);
    if constexpr (Archive::reads) {
      if (archive.ok() && its_fetched.size() > limit::cached_certificates) {
        archive.fail("more certificates than are kept");
      }
    }
  }
};

}  // namespace intermediary
