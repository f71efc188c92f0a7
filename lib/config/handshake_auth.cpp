// [handshake_auth.NAME]: who may open a WebSocket.
#include <algorithm>

#include "base/text.h"
#include "config/draft.h"
#include "config/words.h"

namespace intermediary {
namespace {

constexpr std::size_t least_key_bytes = 32;  // as many as SHA-256 has: RFC 2104 §3

void read_users(TableReader& reader, HandshakeAuth& handshake, const Draft& draft) {
  const std::optional<Placed<std::string>> auth = reader.text("auth");
  if (!auth) return;
  std::vector<std::string> names;
  names.reserve(draft.config.auth.size());
  for (const DigestRealm& realm : draft.config.auth) names.push_back(realm.name);
  if (std::ranges::find(names, auth->value) != names.end()) {
    handshake.auth = auth->value;
    const auto realm = std::ranges::find(draft.config.auth, auth->value, &DigestRealm::name);
    if (realm->is_outside) {
      reader.problems().error(auth->at, "the users of [auth." + auth->value +
                                            "] are in a store, for which the opening of a WebSocket cannot wait");
    }
  } else {
    reader.problems().error(auth->at, "there is no [auth." + auth->value + "] whose users could be let in" +
                                          (names.empty() ? std::string() : suggestion(auth->value, names)));
  }
}

// RFC 6265 §4.1.1: a cookie's name is a token.
void read_cookie(TableReader& reader, HandshakeAuth& handshake) {
  const std::optional<Placed<std::string>> cookie = reader.text("cookie"), key = reader.text("cookie_key");
  if (cookie && is_token(cookie->value)) {
    handshake.cookie = cookie->value;
  } else if (cookie) {
    reader.problems().error(
        cookie->at,
        "'" + cookie->value + "' cannot be the name of a cookie: use letters, digits, " + "'-', '.' and '_'");
  }
  if (key && key->value.size() < least_key_bytes) {
    reader.problems().error(key->at, reader.naming("cookie_key") + " must have at least " +
                                         std::to_string(least_key_bytes) + " bytes, not " +
                                         std::to_string(key->value.size()) + ": whoever guesses it is everybody");
  } else if (key) {
    handshake.cookie_key = key->value;
  }
  if (reader.has("cookie") == reader.has("cookie_key")) return;
  const bool named = reader.has("cookie");
  const std::string_view there = named ? "cookie" : "cookie_key", missing = named ? "cookie_key" : "cookie";
  reader.problems().error(reader.key_at(there),
                          reader.naming(there) + " needs '" + std::string(missing) + "' beside it");
}

void read_handshake(const std::string& name, TableReader& reader, Draft& draft) {
  HandshakeAuth handshake{.name = name};
  read_users(reader, handshake, draft);
  read_cookie(reader, handshake);
  reader.finish();
  if (!reader.has("auth") && !reader.has("cookie") && !reader.has("cookie_key")) {
    reader.problems().error(reader.at(), "[handshake_auth." + name + "] lets nobody in: it needs 'auth', or 'cookie' " +
                                             "and 'cookie_key'");
  }
  draft.handshake_auth.push_back(reader.at());
  draft.config.handshake_auth.push_back(std::move(handshake));
}

}  // namespace

void read_handshake_auth(TableReader& top, Draft& draft) {
  for (auto& [name, reader] : top.named_tables("handshake_auth")) {
    if (is_token(name.value)) {
      read_handshake(name.value, reader, draft);
    } else {
      top.problems().error(name.at, "'" + name.value + "' is not a name: use letters, digits, '-', '.' and '_'");
    }
  }
}

}  // namespace intermediary
