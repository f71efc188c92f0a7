// Signed identities of callers (RFC 8224) as the configuration has them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "policy/stir_keys.h"

namespace intermediary {

// Who calls, as the field says from which that is taken (RFC 8224 §8).
enum class CallerField : std::uint8_t {
  From,
  Asserted,  // P-Asserted-Identity, or From where there is none
};

// Who signs calls (RFC 8224 §6.1), and with what.
struct SignerConfig {
  std::string name;
  SignerKeys keys{};
  std::string url;  // where whoever verifies finds the certificate
  CallerField caller = CallerField::From;
  std::string origid{};  // RFC 8588 §5; "": one for each call

  friend bool operator==(const SignerConfig&, const SignerConfig&) = default;
};

// What is believed of signed calls (RFC 8224 §6.2).
struct VerifierConfig {
  struct Known {
    std::string url;
    std::string chain;  // PEM
    friend bool operator==(const Known&, const Known&) = default;
  };
  std::string authorities;  // PEM: whose signatures on certificates count
  Duration freshness = std::chrono::seconds(60);
  CallerField caller = CallerField::From;
  std::vector<Known> certificates{};  // that need not be fetched
  // From where others are fetched: host names in lower case, "*.example.com" for those below one. Empty: from nowhere.
  std::vector<std::string> hosts{};
  bool inside = false;                         // also at addresses that only this network has
  Duration timeout = std::chrono::seconds(2);  // of one fetch, and of a request that waits for it
  Duration keep = std::chrono::hours(24);      // the longest time that a fetched one is kept

  friend bool operator==(const VerifierConfig&, const VerifierConfig&) = default;
};

struct IdentityConfig {
  std::vector<SignerConfig> signers{};  // what rules name
  std::optional<VerifierConfig> verifier{};

  friend bool operator==(const IdentityConfig&, const IdentityConfig&) = default;
};

}  // namespace intermediary
