#include <gmock/gmock.h>

#include "config/load.h"
#include "policy/digest.h"

namespace intermediary {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const std::string top =
    "domains = [\"example.com\"]\nlisten = [{ on = \"udp:127.0.0.1:5060\" }, { on = \"tcp:127.0.0.1:5060\" }]\n";
const std::string rule =
    "[[rule]]\nname = \"r\"\nwhen = { ruri_domain = \"local\" }\ndo = { challenge = \"users\", register = \"location\" "
    "}\n";

ConfigSurroundings with_file(const std::string& contents) {
  ConfigSurroundings world = empty_surroundings();
  world.read_file = [contents](const std::string&) -> std::expected<std::string, std::string> { return contents; };
  return world;
}

std::vector<std::string> problems(const std::string& auth, const std::string& file = "") {
  const auto result = load_config(top + auth + rule, "sip.toml", with_file(file));
  std::vector<std::string> texts;
  for (const ConfigProblem& problem : result ? result->warnings : result.error()) {
    texts.push_back(std::to_string(problem.at.line) + ':' + std::to_string(problem.at.column) + ' ' + problem.message);
  }
  return texts;
}

DigestRealm loaded(const std::string& auth, const std::string& file = "") {
  const auto result = load_config(top + auth + rule, "sip.toml", with_file(file));
  if (!result) {
    ADD_FAILURE() << result.error().front().to_string();
    return {};
  }
  return result->config.auth.front();
}

std::string secret_of(const DigestRealm& realm, const std::string& user, DigestAlgorithm algorithm) {
  return realm.users.at(user)[static_cast<std::size_t>(algorithm)];
}

TEST(AuthConfig, HasTheDocumentedDefaults) {
  const DigestRealm realm = loaded("[auth.users]\nrealm = \"example.com\"\nusers = { alice = \"secret\" }\n");
  EXPECT_EQ(realm.name, "users");
  EXPECT_EQ(realm.realm, "example.com");
  EXPECT_THAT(realm.algorithms, ElementsAre(DigestAlgorithm::Sha256, DigestAlgorithm::Md5));
  EXPECT_FALSE(realm.offers_auth_int);
  EXPECT_EQ(realm.nonce_life, seconds(120));
  EXPECT_EQ(realm.may_register, DigestRealm::MayRegister::Own);
  EXPECT_EQ(realm.users.at("alice"), secrets_from_password("alice", "example.com", "secret"));
}

TEST(AuthConfig, ReadsEveryKey) {
  const DigestRealm realm = loaded(
      "[auth.users]\nrealm = \"a b\"\nalgorithms = [\"MD5\", \"SHA-512-256\"]\nqop = [\"auth\", \"auth-int\"]\n"
      "nonce_life = \"5m\"\nmay_register = \"any\"\nusers = { \"alice@example.com\" = \"secret\" }\n");
  EXPECT_THAT(realm.algorithms, ElementsAre(DigestAlgorithm::Md5, DigestAlgorithm::Sha512_256));
  EXPECT_TRUE(realm.offers_auth_int);
  EXPECT_EQ(realm.nonce_life, seconds(300));
  EXPECT_EQ(realm.may_register, DigestRealm::MayRegister::Any);
  EXPECT_TRUE(realm.users.contains("alice@example.com"));
}

TEST(AuthConfig, ReadsUsersFromAFile) {
  const DigestRealm realm = loaded("[auth.users]\nrealm = \"example.com\"\nusers = \"file:users.csv\"\n",
                                   "# people\n\nalice,secret, with a comma: and a colon\r\n"
                                   "bob:example.com:939E7578ed9e3c518a452acee763bce9\n"
                                   "bob:example.com:" +
                                       std::string(64, 'a') + "\n");
  EXPECT_EQ(secret_of(realm, "alice", DigestAlgorithm::Md5),
            digest_hash(DigestAlgorithm::Md5, {"alice", "example.com", "secret, with a comma: and a colon"}));
  EXPECT_EQ(secret_of(realm, "bob", DigestAlgorithm::Md5), "939e7578ed9e3c518a452acee763bce9");
  EXPECT_EQ(secret_of(realm, "bob", DigestAlgorithm::Sha256), std::string(64, 'a'));
  EXPECT_EQ(secret_of(realm, "bob", DigestAlgorithm::Sha512_256), "");
}

TEST(AuthConfig, UsersInAStoreAreAskedForThere) {
  const auto sqlite =
      load_config(top + "[auth.users]\nrealm = \"example.com\"\nusers = \"sqlite:users.db\"\n" + rule, "sip.toml", [] {
        ConfigSurroundings world = empty_surroundings();
        world.folder = "/etc/sip";
        return world;
      }());
  ASSERT_TRUE(sqlite) << sqlite.error().front().to_string();
  const DigestRealm& realm = sqlite->config.auth.front();
  EXPECT_TRUE(realm.is_outside);
  EXPECT_THAT(realm.users, IsEmpty());
  EXPECT_EQ(realm.remembered, seconds(60));
  EXPECT_EQ(realm.stale, std::chrono::hours(1));
  ASSERT_EQ(sqlite->config.user_stores.size(), 1u);
  const UserStoreConfig& file = sqlite->config.user_stores.front();
  EXPECT_EQ(file.auth, "users");
  EXPECT_EQ(file.store.kind, StoreConfig::Kind::Sqlite);
  EXPECT_EQ(file.store.file, "/etc/sip/users.db");
  EXPECT_EQ(sqlite->places.user_stores.front(), (Position{5, 9}));
  const auto redis = load_config(top +
                                     "[auth.users]\nrealm = \"example.com\"\nusers = \"redis://:p%40@[::1]:7000/3\"\n"
                                     "prefix = \"u:\"\ntimeout = \"500ms\"\nremember = \"5s\"\nstale = \"0s\"\n" +
                                     rule,
                                 "sip.toml", empty_surroundings());
  ASSERT_TRUE(redis) << redis.error().front().to_string();
  const StoreConfig& server = redis->config.user_stores.front().store;
  EXPECT_EQ(server.kind, StoreConfig::Kind::Redis);
  EXPECT_EQ(server.host, "::1");
  EXPECT_EQ(server.port, 7000);
  EXPECT_EQ(server.database, 3u);
  EXPECT_EQ(server.password, "p@");
  EXPECT_EQ(server.prefix, "u:");
  EXPECT_EQ(server.timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(redis->config.auth.front().remembered, seconds(5));
  EXPECT_EQ(redis->config.auth.front().stale, seconds(0));
}

TEST(AuthConfig, SaysWhatIsWrongWithAStoreOfUsers) {
  const auto one = [](const std::string& lines) {
    const auto all = problems("[auth.users]\nrealm = \"example.com\"\n" + lines + "\n");
    return all.empty() ? std::string("nothing") : all.front();
  };
  EXPECT_EQ(one("users = \"sqlite:\""), "5:9 'users' in [auth.users] names no file behind 'sqlite:'");
  for (const std::string users :
       {"redis://a:b:topsecret", "redis://:topsecret", "redis://:topsecret!h:6379", "redis://:topsecret!h:6379\\nx"}) {
    const std::string problem = one("users = \"" + users + "\"");
    EXPECT_THAT(problem, StartsWith("5:9 'users' in [auth.users] names no host with a port"));
    EXPECT_THAT(problem, Not(HasSubstr("topsecret")));
  }
  EXPECT_EQ(one("users = \"redis://me@192.0.2.5\""),
            "5:9 'users' in [auth.users] has no user before its '@', but a colon and the password, such as "
            "\"redis://192.0.2.5:6379/0\"");
  EXPECT_EQ(one("users = \"sqlite:u.db\"\nprefix = \"u:\""), "6:1 'prefix' in [auth.users] is for users in Redis");
  EXPECT_THAT(one("users = \"redis://x\"\nprefix = \"a b\""),
              HasSubstr("6:10 'prefix' in [auth.users] must be 1 to 64 printable"));
  EXPECT_THAT(one("users = \"redis://x\"\nremember = \"2h\""), HasSubstr("6:12 'remember' in [auth.users]: '2h'"));
  for (const std::string users :
       {"rediss://:topsecret@h:6379/0", "postgres://u:topsecret@h/db", "sqlite3:a.db", "REDIS:h",
        "redis//:topsecret@127.0.0.1:6379", "redis:/:topsecret@h", "rediss://:topsecret@h\\n"}) {
    EXPECT_EQ(one("users = \"" + users + "\""),
              "5:9 'users' in [auth.users] names a store that there is not: there are \"sqlite:users.db\" and "
              "\"redis://192.0.2.5:6379/0\"");
  }
  EXPECT_EQ(loaded("[auth.users]\nrealm = \"example.com\"\nusers = \"file:u\"\n",
                   "sqlite:example.com:" + std::string(64, 'a') + "\n")
                .users.size(),
            1u)
      << "a user of that name";
  for (const std::string key : {"remember", "stale", "timeout"}) {
    EXPECT_EQ(one("users = { a = \"b\" }\n" + key + " = \"5s\""),
              "6:1 '" + key + "' in [auth.users] is for users that are in a store");
  }
}

TEST(AuthConfig, SaysWhatIsWrongWhere) {
  const auto one = [](const std::string& lines, const std::string& file = "") {
    const auto all = problems("[auth.users]\n" + lines + "\n", file);
    return all.empty() ? std::string("nothing") : all.front();
  };
  const std::string realm = "realm = \"example.com\"\n", users = "users = { alice = \"secret\" }";
  const std::string from_file = realm + "users = \"file:users.csv\"";
  EXPECT_EQ(one(realm + users), "nothing");
  EXPECT_EQ(one(users), "3:1 'realm' in [auth.users] is missing: what users are asked for");
  EXPECT_THAT(one("realm = \"a\\\"b\"\n" + users), HasSubstr("4:9 'realm' in [auth.users] must be at most 200"));
  EXPECT_THAT(one(realm), HasSubstr("3:1 'users' in [auth.users] is missing"));
  EXPECT_EQ(one(realm + "users = { alice = \"\" }"), "5:11 the user 'alice' has an empty password");
  EXPECT_EQ(one(realm + "users = { \"a b\" = \"x\" }"),
            "5:11 the name of a user has white space, ':', ',', '\"' or '\\'");
  EXPECT_EQ(one(realm + "users = { alice = 1 }"), "5:19 'alice' in 'users' must be a string, not an integer");
  EXPECT_THAT(one(realm + users + "\nalgorithms = [\"SHA1\"]"),
              HasSubstr("6:15 'algorithms' in [auth.users]: unknown"));
  EXPECT_THAT(one(realm + users + "\nalgorithms = [\"MD5-sess\"]"), HasSubstr("'MD5-sess' is not available"));
  EXPECT_THAT(one(realm + users + "\nalgorithms = [\"MD5\", \"md5\"]"), HasSubstr("6:22 'md5' stands here twice"));
  EXPECT_THAT(one(realm + users + "\nqop = \"auth-int\""), HasSubstr("needs 'auth'"));
  EXPECT_THAT(one(realm + users + "\nqop = \"auth-conf\""), HasSubstr("unknown value 'auth-conf'"));
  EXPECT_THAT(one(realm + users + "\nnonce_life = \"10m\""), HasSubstr("'10m' is not from 1m to 5m"));
  EXPECT_THAT(one(realm + users + "\nmay_register = \"own,any\""), HasSubstr("unknown value"));
  EXPECT_THAT(one(realm + users + "\nrealms = 1"), HasSubstr("did you mean 'realm'?"));
  EXPECT_EQ(one(from_file, "alice\n"),
            "5:9 'users' in [auth.users], its line 1: neither 'user,password' nor 'user:realm:hash'");
  EXPECT_THAT(one(from_file, "alice,a\nalice,b\n"), HasSubstr("its line 2: the user 'alice' stands here twice"));
  EXPECT_THAT(one(from_file, "alice:other:" + std::string(32, '0')), HasSubstr("is for the realm 'other'"));
  EXPECT_THAT(one(from_file, "alice:example.com:abc"), HasSubstr("is neither 32 (MD5) nor 64 (SHA-256)"));
  EXPECT_THAT(one(from_file + "\nalgorithms = \"SHA-256\"", "alice:example.com:" + std::string(32, '0')),
              HasSubstr("a hash by none of the 'algorithms'"));
  EXPECT_THAT(one(from_file, "# nobody\n"), HasSubstr("names nobody"));
}

TEST(AuthConfig, WarnsOfUsersThatNobodyAsksFor) {
  const std::string auth = "[auth.users]\nrealm = \"a\"\nusers = { a = \"b\" }\n";
  EXPECT_THAT(problems(auth), IsEmpty());
  EXPECT_THAT(problems(auth + "[auth.others]\nrealm = \"b\"\nusers = { a = \"b\" }\n"),
              ElementsAre(HasSubstr("no rule has challenge = \"others\"")));
}

}  // namespace
}  // namespace intermediary
