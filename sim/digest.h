// How a user agent answers challenges (RFC 3261 §22, RFC 7616 §3.4, RFC 2617 §3.2.2). Apart from lib/policy, as all of
// the simulator: what plays the outside of a node must not share its eyes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/wire.h"

namespace intermediary::sim {

struct Login {
  std::string user;
  std::string password;  // "": nothing is answered
};

// The parameters of a challenge or of credentials: names in lower case, values without quotes.
using DigestParts = std::map<std::string, std::string, std::less<>>;

// Nullopt for another scheme.
std::optional<DigestParts> read_digest(std::string_view value);

// The digest of parts joined by colons, in hexadecimal digits; "" for an algorithm that a user agent does not know.
std::string digest_of(std::string_view algorithm, const std::vector<std::string_view>& parts);

// Who has asked a user agent for credentials, and how often it has used which nonce.
class Keyring {
 public:
  // Learns the challenges of a 401 or 407: for each realm the topmost that it can answer (RFC 8760 §2.4).
  void hear(const WireMessage& response);
  bool empty() const { return challenges_.empty(); }
  // Adds credentials for each realm that has asked, instead of those that are there. What `chosen` names is taken from
  // there: user, password, the body that is covered, and any parameter ("" leaves it out; algorithm also chooses among
  // the challenges of a realm).
  void answer(WireMessage& request, const Login& login, const DigestParts& chosen);

 private:
  using Asked = std::pair<std::string, std::string>;  // the field that answers, the realm
  std::string credentials(const WireMessage& request, const DigestParts& challenge, const Login& login,
                          const DigestParts& chosen);

  std::map<Asked, std::vector<DigestParts>> challenges_;
  std::map<std::string, std::uint32_t> uses_;  // by nonce
};

// Whether a response says that the credentials were right and only their nonce is not (RFC 7616 §3.3).
bool says_stale(const WireMessage& response);

}  // namespace intermediary::sim
