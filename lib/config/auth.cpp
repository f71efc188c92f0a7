// [auth.NAME]: realms and their users.
#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.h"
#include "config/draft.h"
#include "config/words.h"

namespace intermediary {
namespace {

constexpr std::size_t most_realm_bytes = 200;

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

void read_realm(TableReader& reader, DigestRealm& realm) {
  const std::optional<Placed<std::string>> given = reader.text("realm");
  if (!given) {
    if (!reader.has("realm")) {
      reader.problems().error(reader.at(), reader.naming("realm") + " is missing: what users are asked for");
    }
    return;
  }
  const bool good = !given->value.empty() && given->value.size() <= most_realm_bytes && is_printable(given->value) &&
                    given->value.find_first_of("\"\\") == std::string::npos;
  if (good) {
    realm.realm = given->value;
  } else {
    reader.problems().error(given->at, reader.naming("realm") + " must be at most " + std::to_string(most_realm_bytes) +
                                           " printable ASCII characters without '\"' and '\\'");
  }
}

void read_algorithms(TableReader& reader, DigestRealm& realm) {
  std::vector<DigestAlgorithm> algorithms;
  for (const Placed<std::string>& given : reader.texts("algorithms")) {
    const auto algorithm = parse_digest_algorithm(given.value);
    if (!algorithm && lowercase(given.value).ends_with("-sess")) {
      reader.problems().error(given.at, reader.naming("algorithms") + ": " + not_available(given.value));
    } else if (!algorithm) {
      reader.problems().error(given.at, reader.naming("algorithms") + ": unknown value '" + given.value +
                                            "'; there is 'SHA-256', 'SHA-512-256', 'MD5'");
    } else if (std::ranges::find(algorithms, *algorithm) != algorithms.end()) {
      // RFC 8760 §2.3: each challenge is by another algorithm.
      reader.problems().error(given.at, "'" + given.value + "' stands here twice");
    } else {
      algorithms.push_back(*algorithm);
    }
  }
  if (!algorithms.empty()) realm.algorithms = std::move(algorithms);
}

void read_qop(TableReader& reader, DigestRealm& realm) {
  bool auth = false;
  for (const Placed<std::string>& given : reader.texts("qop")) {
    if (given.value == "auth") {
      auth = true;
    } else if (given.value == "auth-int") {
      realm.offers_auth_int = true;
    } else {
      reader.problems().error(given.at, reader.naming("qop") + ": unknown value '" + given.value + "'" +
                                            suggestion(given.value, {"auth", "auth-int"}));
    }
  }
  if (realm.offers_auth_int && !auth) {
    reader.problems().error(reader.at(), reader.naming("qop") + " needs 'auth': there are clients that know no other");
  }
}

// ---- users

// Collects the users of one realm; says what is wrong with one as "…" for a message.
class Users {
 public:
  explicit Users(DigestRealm& realm) : realm_(realm) {}

  std::string add_password(const std::string& user, std::string_view password) {
    if (const std::string problem = problem_with_name(user); !problem.empty()) return problem;
    if (password.empty()) return "the user '" + user + "' has an empty password";
    if (realm_.users.contains(user)) return "the user '" + user + "' stands here twice";
    realm_.users[user] = secrets_from_password(user, realm_.realm, password);
    return {};
  }

  // H(A1) in hexadecimal digits: 32 are by MD5, 64 by SHA-256.
  std::string add_secret(const std::string& user, std::string_view secret) {
    if (const std::string problem = problem_with_name(user); !problem.empty()) return problem;
    const bool hexadecimal =
        std::ranges::all_of(lowercase(secret), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
    DigestAlgorithm algorithm = DigestAlgorithm::Md5;
    if (secret.size() != digest_digits(algorithm)) algorithm = DigestAlgorithm::Sha256;
    if (!hexadecimal || secret.size() != digest_digits(algorithm)) {
      return "the hash of the user '" + user + "' is neither 32 (MD5) nor 64 (SHA-256) hexadecimal digits";
    }
    std::string& known = realm_.users[user][static_cast<std::size_t>(algorithm)];
    if (!known.empty()) {
      return "the user '" + user + "' stands here twice with " + std::string(algorithm_name(algorithm));
    }
    known = lowercase(secret);
    return {};
  }

 private:
  static std::string problem_with_name(std::string_view user) {
    if (user.empty()) return "a user has no name";
    const bool good =
        std::ranges::all_of(user, [](char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; });
    if (good && user.find_first_of(":,\"\\") == std::string_view::npos) return {};
    return "the name of a user has white space, ':', ',', '\"' or '\\'";
  }

  DigestRealm& realm_;
};

// "user,password", or "user:realm:HASH" as htdigest writes it.
std::string read_user_line(std::string_view line, Users& users, const std::string& realm) {
  const std::size_t cut = line.find_first_of(",:");
  if (cut == std::string_view::npos) return "neither 'user,password' nor 'user:realm:hash'";
  const std::string user(line.substr(0, cut));
  if (line[cut] == ',') return users.add_password(user, line.substr(cut + 1));
  const std::size_t last = line.rfind(':');
  if (last == cut) return "neither 'user,password' nor 'user:realm:hash'";
  const std::string_view its_realm = line.substr(cut + 1, last - cut - 1);
  if (its_realm != realm)
    return "the hash of the user '" + user + "' is for the realm '" + std::string(its_realm) + "'";
  return users.add_secret(user, line.substr(last + 1));
}

void read_user_lines(TableReader& reader, const Placed<std::string>& given, DigestRealm& realm) {
  Users users(realm);
  std::string_view rest = given.value;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty() || line.front() == '#') continue;
    const std::string problem = read_user_line(line, users, realm.realm);
    if (problem.empty()) continue;
    reader.problems().error(given.at, reader.naming("users") + ", its line " + std::to_string(number) + ": " + problem);
  }
}

constexpr std::string_view users_in_sqlite = "sqlite:";
constexpr std::string_view users_in_redis = "redis://";

// A user's line, or several of them: name:realm:hash, where the name may be any.
bool is_like_lines(std::string_view users) {
  const std::string_view first = users.substr(0, users.find('\n'));
  const bool is_line = std::ranges::count(first, ':') == 2 && !first.contains('/') && !first.contains('@');
  return is_line || (users.contains('\n') && !first.contains("//"));
}

bool names_store(std::string_view users) {
  return !is_like_lines(users) && (users.starts_with(users_in_sqlite) || users.starts_with(users_in_redis));
}

// Whatever looks like an address is none of a user's line, and may hold a password that nobody should see in an error.
bool names_other_store(std::string_view users) {
  const std::string begin = lowercase(users.substr(0, users_in_sqlite.size()));
  const bool is_near = begin.starts_with("sqlite") || begin.starts_with("redis");
  return !is_like_lines(users) && (users.contains("://") || is_near);
}

// users = "sqlite:users.db" or "redis://192.0.2.5:6379/0": each is asked for when he shows up.
void read_user_store(TableReader& reader, const Placed<std::string>& users, const ConfigSurroundings& surroundings,
                     DigestRealm& realm, Draft& draft) {
  realm.is_outside = true;
  UserStoreConfig outside{.auth = realm.name, .store = {}};
  StoreConfig& store = outside.store;
  store.prefix = "intermediary:user:";
  if (users.value.starts_with(users_in_sqlite)) {
    store.kind = StoreConfig::Kind::Sqlite;
    store.file = users.value.substr(users_in_sqlite.size());
    if (store.file.empty())
      reader.problems().error(users.at, reader.naming("users") + " names no file behind 'sqlite:'");
    store.file = placed_file(store.file, surroundings);
  } else {
    store.kind = StoreConfig::Kind::Redis;
    const std::string problem = read_redis_url(users.value, reader.naming("users"), store);
    if (!problem.empty()) reader.problems().error(users.at, problem);
  }
  if (store.is_shared()) {
    read_redis_prefix(reader, store);
  } else if (reader.has("prefix")) {
    reader.ignore("prefix");
    reader.problems().error(reader.key_at("prefix"), reader.naming("prefix") + " is for users in Redis");
  }
  reader.duration("timeout", store.timeout, range::store_timeout);
  reader.duration("remember", realm.remembered, range::remembered_users);
  reader.duration("stale", realm.stale, range::stale_users);
  draft.user_stores.push_back(users.at);
  draft.config.user_stores.push_back(std::move(outside));
}

void refuse_of_stores(TableReader& reader) {
  for (const std::string key : {"prefix", "timeout", "remember", "stale"}) {
    if (!reader.has(key)) continue;
    reader.ignore(key);
    reader.problems().error(reader.key_at(key), reader.naming(key) + " is for users that are in a store");
  }
}

void read_users(TableReader& reader, const ConfigSurroundings& surroundings, DigestRealm& realm, Draft& draft) {
  const std::size_t errors_before = reader.problems().errors();
  if (reader.has_table("users")) {
    std::optional<TableReader> table = reader.table("users", "'users'");
    Users users(realm);
    for (const auto& [user, password] : table->named_texts()) {
      const std::string problem = users.add_password(user.value, password);
      if (!problem.empty()) reader.problems().error(user.at, problem);
    }
  } else if (const std::optional<Placed<std::string>> given = reader.text("users")) {
    if (names_store(given->value)) return read_user_store(reader, *given, surroundings, realm, draft);
    if (names_other_store(given->value)) {
      reader.problems().error(given->at, reader.naming("users") +
                                             " names a store that there is not: there are \"sqlite:users.db\" and "
                                             "\"redis://192.0.2.5:6379/0\"");
      return;
    }
    read_user_lines(reader, *given, realm);
  } else if (!reader.has("users")) {
    reader.problems().error(reader.at(), reader.naming("users") +
                                             " is missing: a table, users = { alice = \"secret\" }, a file, users = "
                                             "\"file:users.csv\", or a store, \"sqlite:users.db\" or "
                                             "\"redis://192.0.2.5:6379/0\"");
  }
  refuse_of_stores(reader);
  if (realm.users.empty() && reader.problems().errors() == errors_before) {
    reader.problems().warning(reader.at(), reader.naming("users") + " names nobody: no request will be let through");
  }
}

// Somebody whose only hash is by an algorithm that is not asked for can never answer.
void check_secrets(TableReader& reader, const DigestRealm& realm) {
  for (const auto& [user, secrets] : realm.users) {
    const bool can_answer = std::ranges::any_of(realm.algorithms, [&](DigestAlgorithm algorithm) {
      return !secrets[static_cast<std::size_t>(algorithm)].empty();
    });
    if (can_answer) continue;
    reader.problems().error(reader.at(),
                            "the user '" + user + "' has a hash by none of the 'algorithms', so can never answer");
  }
}

void read_one(const std::string& name, TableReader& reader, const ConfigSurroundings& surroundings, Draft& draft) {
  const std::size_t errors_before = reader.problems().errors();
  DigestRealm realm;
  realm.name = name;
  read_realm(reader, realm);
  read_algorithms(reader, realm);
  read_qop(reader, realm);
  reader.duration("nonce_life", realm.nonce_life, range::nonce_life);
  if (const auto which = reader.word("may_register", {"own", "any"})) {
    realm.may_register = *which == 0 ? DigestRealm::MayRegister::Own : DigestRealm::MayRegister::Any;
  }
  if (const auto which = reader.word("from", {"any", "own"})) realm.binds_from = *which == 1;
  if (const auto list = reader.text("from_also")) {
    if (is_there(draft.config.lists, *list, "list", reader.problems())) realm.from_also = list->value;
    if (!realm.binds_from) reader.problems().error(list->at, "'from_also' belongs to from = \"own\"");
  }
  read_users(reader, surroundings, realm, draft);
  reader.finish();
  if (reader.problems().errors() == errors_before) check_secrets(reader, realm);
  draft.auth.push_back(reader.at());
  draft.config.auth.push_back(std::move(realm));
}

}  // namespace

void read_auth(TableReader& top, const ConfigSurroundings& surroundings, Draft& draft) {
  for (auto& [name, reader] : top.named_tables("auth")) {
    if (is_token(name.value)) {
      read_one(name.value, reader, surroundings, draft);
    } else {
      top.problems().error(name.at, "'" + name.value + "' is not a name: use letters, digits, '-', '.' and '_'");
    }
  }
}

}  // namespace intermediary
