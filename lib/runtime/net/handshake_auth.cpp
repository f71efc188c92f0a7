#include "runtime/net/handshake_auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/base64url.h"
#include "base/connection_limits.h"
#include "base/text.h"
#include "base/utf8.h"

namespace intermediary {
namespace {

using User = std::expected<std::string, std::string>;

bool same_text(std::string_view expected, std::string_view given) {
  return !expected.empty() && expected.size() == given.size() &&
         CRYPTO_memcmp(expected.data(), given.data(), given.size()) == 0;
}

// Also signs the cookie's name: what the web server gives out under another name, for another purpose, is no session.
std::string signature(std::string_view name, std::string_view key, std::string_view claim) {
  const std::string text = std::string(name) + '=' + std::string(claim);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned int length = 0;
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
            text.size(), mac.data(), &length)) {
    return {};
  }
  return to_base64url({reinterpret_cast<const char*>(mac.data()), length});
}

// ---- cookies

// A server may put a value in quotes, and gets it back with them.
std::string_view unquoted(std::string_view value) {
  const bool quoted = value.size() >= 2 && value.starts_with('"') && value.ends_with('"');
  return quoted ? value.substr(1, value.size() - 2) : value;
}

// Values of the cookies of that name, as RFC 6265 §4.2.1 has a client send them; the most specific is first.
std::vector<std::string_view> cookies_named(std::string_view name, const std::vector<std::string_view>& fields) {
  std::vector<std::string_view> values;
  for (std::string_view rest : fields) {
    while (!rest.empty() && values.size() < limit::session_cookies) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = trim(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
        values.push_back(unquoted(pair.substr(name.size() + 1)));
      }
    }
  }
  return values;
}

User user_of_cookie(const HandshakeAuth& auth, std::string_view value, WallTime now) {
  const std::size_t last = value.rfind('.');
  const std::string_view claim = value.substr(0, last == std::string_view::npos ? 0 : last);
  const std::size_t cut = claim.find('.');
  if (cut == std::string_view::npos) return std::unexpected("a session cookie that is not of ours");
  if (!same_text(signature(auth.cookie, auth.cookie_key, claim), value.substr(last + 1))) {
    return std::unexpected("a session cookie that is not signed with our key");
  }
  const auto user = from_base64url(claim.substr(0, cut));
  const auto expires = parse_decimal<std::uint64_t>(claim.substr(cut + 1));
  if (!user || user->empty() || !expires) return std::unexpected("a session cookie that is signed and makes no sense");
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  if (seconds < 0 || *expires <= static_cast<std::uint64_t>(seconds)) {
    return std::unexpected("a session cookie that has expired");
  }
  return *user;
}

User user_of_cookies(const HandshakeAuth& auth, const std::vector<std::string_view>& fields, WallTime now) {
  User user = std::unexpected("no session cookie");
  for (const std::string_view value : cookies_named(auth.cookie, fields)) {
    user = user_of_cookie(auth, value, now);
    if (user) break;
  }
  return user;
}

// ---- Basic credentials

// RFC 4648 §4, padded.
std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.find_first_of("-_") != std::string_view::npos) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  std::string other(text);
  std::ranges::replace(other, '+', '-');
  std::ranges::replace(other, '/', '_');
  return from_base64url(other);
}

// RFC 7617 §2
User user_of_authorization(const DigestRealm& users, const std::vector<std::string_view>& fields) {
  if (fields.empty()) return std::unexpected("no credentials");
  constexpr std::string_view scheme = "basic ";
  if (fields.size() > 1 || !equals_ignoring_case(fields[0].substr(0, scheme.size()), scheme)) {
    return std::unexpected("credentials that are not Basic, or several");
  }
  const auto text = from_base64(trim(fields[0].substr(scheme.size())));
  const std::size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos || std::ranges::any_of(*text, is_control)) {
    return std::unexpected("Basic credentials that are malformed");
  }
  std::string user = text->substr(0, colon);
  if (!has_password(users, user, std::string_view(*text).substr(colon + 1))) {
    return std::unexpected("no such user, or another password");
  }
  return user;
}

}  // namespace

std::expected<HandshakeUser, std::string> who_opens(const HandshakeAuth& auth, const DigestRealm* users,
                                                    const HandshakeFields& fields, WallTime now) {
  std::string reason;
  if (!auth.cookie.empty()) {
    User user = user_of_cookies(auth, fields.cookies, now);
    if (user) return HandshakeUser{*std::move(user), "cookie"};
    reason = user.error();
  }
  if (users) {
    User user = user_of_authorization(*users, fields.authorizations);
    if (user) return HandshakeUser{*std::move(user), "basic"};
    reason += (reason.empty() ? "" : "; ") + user.error();
  }
  return std::unexpected(reason);
}

}  // namespace intermediary
