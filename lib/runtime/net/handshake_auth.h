// Who opens a WebSocket, by the HTTP request that does (RFC 7118 §7): the session cookie of a web server that shares a
// key with us, or Basic credentials (RFC 7617). docs/adr/0032-who-opens-a-websocket.md
//
// Pure. Secrets are compared in constant time, and no reason repeats what a client sent.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "engine/config.h"

namespace intermediary {

// The values of the request's fields of these names, trimmed.
struct HandshakeFields {
  std::vector<std::string_view> cookies;
  std::vector<std::string_view> authorizations;
};

struct HandshakeUser {
  std::string name;
  std::string_view by;  // "cookie" or "basic"
};

// `users`: those that `auth` names; null where it names none. The error is one line for people.
//
// The value of a cookie is USER "." EXPIRES "." MAC: USER in base64url, EXPIRES in seconds since 1970, MAC the
// base64url of HMAC-SHA256 over NAME "=" USER "." EXPIRES as they stand there; no padding.
std::expected<HandshakeUser, std::string> who_opens(const HandshakeAuth& auth, const DigestRealm* users,
                                                    const HandshakeFields& fields, WallTime now);

}  // namespace intermediary
