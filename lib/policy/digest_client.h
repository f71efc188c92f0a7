// Digest authentication as a client (RFC 3261 §22.2 to §22.4, RFC 7616, RFC 8760): which challenges can be answered,
// and how.
//
// Pure: random numbers come in. What is known of a challenge is a plain value.
//
//   algorithms   SHA-256 and SHA-512-256 before MD5, wherever they stand: a local policy, as RFC 8760 §2.4 allows, for
//                who changes their order on the way must not be able to weaken what is answered; else the topmost
//   qop          auth, where it is offered, else auth-int; without a qop RFC 2069, and MD5 alone
//   -sess, userhash, other schemes    are not answered
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "message/field.h"
#include "message/message.h"
#include "policy/digest.h"

namespace intermediary {

namespace limit {
inline constexpr std::size_t answered_realms = 4;      // by one request: registrars and the proxies before them
inline constexpr std::size_t challenge_bytes = 2'048;  // realm, nonce and opaque of one of them
}  // namespace limit

// Who we are: a password, or H(A1) by algorithm for the realm that it belongs to.
struct DigestLogin {
  std::string user;
  std::string password{};  // "": there are secrets
  UserSecrets secrets{};
  std::string realm{};  // the only one that is answered; "": whichever asks

  friend bool operator==(const DigestLogin&, const DigestLogin&) = default;
};

struct DigestChallenge {
  enum class Quality : std::uint8_t { None, Auth, AuthInt };

  bool by_proxy = false;  // 407: Proxy-Authorization answers it
  std::string realm;
  std::string nonce;
  std::string opaque{};
  DigestAlgorithm algorithm = DigestAlgorithm::Md5;
  Quality quality = Quality::None;
  bool stale = false;       // the credentials were right, and their nonce is not (RFC 7616 §3.3)
  std::uint32_t count = 0;  // so often the nonce was used

  friend bool operator==(const DigestChallenge&, const DigestChallenge&) = default;
};

// The challenges of a 401 or 407 that the login can answer, the best of each realm.
std::vector<DigestChallenge> answerable(const Message& response, const DigestLogin& login);
// The value of Authorization or Proxy-Authorization; uses the nonce once more. `cnonce` is fresh.
std::string credentials_for(DigestChallenge& challenge, const DigestLogin& login, std::string_view method,
                            std::string_view uri, std::string_view cnonce, std::string_view body);

}  // namespace intermediary
