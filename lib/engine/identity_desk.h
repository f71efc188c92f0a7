// Signed identities of callers (RFC 8224): what the configuration gives for them, and what is remembered.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/stir_limits.h"
#include "base/time.h"
#include "engine/store_desk.h"
#include "policy/identity_check.h"
#include "policy/identity_config.h"
#include "policy/passports_seen.h"
#include "policy/stir_keys.h"

namespace intermediary {

// A certificate that was fetched, and counted then.
struct FetchedCertificate {
  std::string chain;  // PEM
  TimePoint until{};  // it is kept
};
// One that could not be fetched, or did not count: it is not asked for again for a while.
struct FailedCertificate {
  IdentityFault fault;
  TimePoint until{};
};

// A call that waits for one, with its transaction.
struct IdentityWait {
  StoreWait call;
  std::string url;
};

struct IdentityDesk {
  explicit IdentityDesk(const IdentityConfig& config) { take(config); }

  // REQUIRES: problem_with(config) == "".
  void take(const IdentityConfig& config) {
    authorities.reset();
    if (config.verifier) authorities = *StirAuthorities::open(config.verifier->authorities);
    failed.clear();  // what did not count may count now
    signers.clear();
    for (const SignerConfig& signer : config.signers) signers.push_back(*StirSigner::open(signer.keys));
  }

  std::optional<StirAuthorities> authorities;
  std::vector<StirSigner> signers;  // of the configuration's, in their order
  PassportsSeen seen;
  // By URL, each with room of its own: what does not count takes none from what does.
  std::map<std::string, FetchedCertificate> fetched;
  std::map<std::string, FailedCertificate> failed;
  std::uint64_t last_fetch = 0;
  std::uint64_t last_ticket = 0;
  std::map<std::string, std::uint64_t> fetches;  // that are out, by URL
  std::map<std::uint64_t, IdentityWait> waits;   // by ticket

  // 0: none.
  std::uint64_t ticket_of(ServerTransactionId server) const {
    const auto found =
        std::ranges::find_if(waits, [&](const auto& entry) { return entry.second.call.server == server; });
    return found == waits.end() ? 0 : found->first;
  }
  bool waits_for(std::uint64_t fetch) const {
    return std::ranges::any_of(fetches, [&](const auto& entry) { return entry.second == fetch; });
  }
  // Of what was read: whether somebody made it.
  bool is_coherent() const {
    const auto is_whole = [&](const auto& entry) {
      const StoreWait& call = entry.second.call;
      return entry.first <= last_ticket && call.request && call.request->is_request() && call.caller &&
             !call.caller->verdict && fetches.contains(entry.second.url);
    };
    const auto is_made = [&](const auto& entry) { return entry.second <= last_fetch; };
    return fetched.size() <= limit::cached_certificates && failed.size() <= limit::failed_certificates &&
           std::ranges::all_of(fetches, is_made) && std::ranges::all_of(waits, is_whole);
  }

  // For save and load: base/archive.h.
  template <class Archive>
  void transfer(Archive& archive) {
    // The first two are the configuration's.
    auto& [its_authorities, its_signers, its_seen, its_fetched, its_failed, its_last_fetch, its_last_ticket,
           its_fetches, its_waits] = *this;
    archive(its_seen, its_fetched, its_failed, its_last_fetch, its_last_ticket, its_fetches, its_waits);
    if constexpr (Archive::reads) {
      if (archive.ok() && !is_coherent()) archive.fail("a call that waits for no certificate");
    }
  }
};

}  // namespace intermediary
