// Who may open a WebSocket: [handshake_auth.NAME], and the listeners that name one.
#include <gmock/gmock.h>

#include "config/load.h"

namespace intermediary {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string key = "0123456789abcdef0123456789abcdef";

ConfigSurroundings world() {
  ConfigSurroundings world = empty_surroundings();
  world.read_file = [](const std::string& path) -> std::expected<std::string, std::string> {
    if (path == "cookie.key") return key + "\n";
    return path == "edge.key" ? "-----BEGIN PRIVATE KEY-----\n" : "-----BEGIN CERTIFICATE-----\n";
  };
  return world;
}

std::vector<std::string> problems(const std::string& text) {
  const auto result = load_config(text, "sip.toml", world());
  std::vector<std::string> texts;
  for (const ConfigProblem& problem : result ? result->warnings : result.error()) {
    texts.push_back(std::to_string(problem.at.line) + ':' + std::to_string(problem.at.column) + ' ' + problem.message);
  }
  return texts;
}

const std::string wss =
    "domains = \"example.com\"\n"
    "listen = [{ handshake_auth = \"people\", name = \"web\", on = \"wss:192.0.2.1\", cert = \"edge\", origins = "
    "\"https://example.com\" }]\n";
const std::string others =
    "[certificate.edge]\nchain = \"edge.pem\"\nkey = \"edge.key\"\n"
    "[auth.users]\nrealm = \"example.com\"\nusers = { alice = \"secret\" }\n";
const std::string people = "[handshake_auth.people]\n";
const std::string with_cookie = people + "cookie = \"session\"\ncookie_key = \"" + key + "\"\n";

// Of the lines behind "[handshake_auth.people]", which is the 9th.
std::vector<std::string> problems_of(const std::string& lines) { return problems(wss + others + people + lines); }

TEST(HandshakeAuthConfig, ReadsEveryKey) {
  const auto loaded = load_config(
      wss + others + people + "auth = \"users\"\ncookie = \"__Host-session\"\ncookie_key = \"file:cookie.key\"\n",
      "sip.toml", world());
  ASSERT_TRUE(loaded) << loaded.error().front().to_string();
  EXPECT_THAT(loaded->warnings, IsEmpty());
  const HandshakeAuth expected{.name = "people", .auth = "users", .cookie = "__Host-session", .cookie_key = key};
  EXPECT_THAT(loaded->config.handshake_auth, ElementsAre(expected));
  EXPECT_EQ(loaded->config.listeners[0].handshake_auth, "people");
  EXPECT_EQ(problem_with(loaded->config), "");
}

// Whoever makes a Config without a file is told as well.
TEST(HandshakeAuthConfig, HasWhatItNamesWhereverItComesFrom) {
  Config config = load_config(wss + others + with_cookie, "sip.toml", world())->config;
  HandshakeAuth& handshake = config.handshake_auth[0];
  handshake.cookie_key = "";
  EXPECT_EQ(problem_with(config), "handshake_auth 'people' needs a cookie and its key, not one of them");
  handshake.cookie = "";
  EXPECT_EQ(problem_with(config), "handshake_auth 'people' would let nobody in");
  handshake.auth = "user";
  EXPECT_EQ(problem_with(config), "handshake_auth 'people' asks for users of 'user', which there is not");
  handshake.auth = "users";
  EXPECT_EQ(problem_with(config), "");
  handshake.name = "peple";
  EXPECT_EQ(problem_with(config), "listener 'web': there is no handshake_auth 'people'");
}

TEST(HandshakeAuthConfig, NeedsOneWayIn) {
  EXPECT_THAT(problems_of(""),
              ElementsAre("9:1 [handshake_auth.people] lets nobody in: it needs 'auth', or 'cookie' and 'cookie_key'"));
  EXPECT_THAT(problems_of("auth = \"users\""), IsEmpty());
  EXPECT_THAT(problems_of("cookie = \"session\""),
              ElementsAre("10:1 'cookie' in [handshake_auth.people] needs 'cookie_key' beside it"));
  EXPECT_THAT(problems_of("auth = \"users\"\ncookie_key = \"" + key + "\""),
              ElementsAre("11:1 'cookie_key' in [handshake_auth.people] needs 'cookie' beside it"));
}

TEST(HandshakeAuthConfig, SaysWhatIsWrongWhere) {
  EXPECT_THAT(problems_of("auth = \"user\""),
              ElementsAre("10:8 there is no [auth.user] whose users could be let in; did you mean 'users'?"));
  EXPECT_THAT(
      problems(wss + "[certificate.edge]\nchain = \"edge.pem\"\nkey = \"edge.key\"\n" + people + "auth = \"users\"\n"),
      ElementsAre("7:8 there is no [auth.users] whose users could be let in"));
  EXPECT_THAT(problems_of("cookie = \"a b\"\ncookie_key = \"" + key + "\""),
              ElementsAre("10:10 'a b' cannot be the name of a cookie: use letters, digits, '-', '.' and '_'"));
  EXPECT_THAT(problems_of("cookie = \"session\"\ncookie_key = \"" + key.substr(1) + "\""),
              ElementsAre("11:14 'cookie_key' in [handshake_auth.people] must have at least 32 bytes, not 31: whoever "
                          "guesses it is everybody"));
  EXPECT_THAT(problems_of("auth = \"users\"\ncookies = \"session\""),
              ElementsAre("11:1 unknown key 'cookies' in [handshake_auth.people]; did you mean 'cookie'?"));
  EXPECT_THAT(problems_of("auth = 1"), ElementsAre("10:8 'auth' in [handshake_auth.people] must be a string, not an "
                                                   "integer"));
  EXPECT_THAT(problems(wss + others + "[handshake_auth.\"a b\"]\nauth = \"users\"\n"),
              testing::Contains("9:17 'a b' is not a name: use letters, digits, '-', '.' and '_'"));
  EXPECT_THAT(problems(wss + others + "[handshake_aut.people]\nauth = \"users\"\n"),
              testing::Contains(HasSubstr("unknown key 'handshake_aut'; did you mean 'handshake_auth'?")));
}

TEST(HandshakeAuthConfig, IsThereWhereAListenerNamesIt) {
  EXPECT_THAT(problems(wss + others), ElementsAre("2:30 there is no [handshake_auth.people]"));
  EXPECT_THAT(problems(wss + others + "[handshake_auth.peple]\nauth = \"users\"\n"),
              ElementsAre("2:30 there is no [handshake_auth.people]; did you mean 'peple'?",
                          "9:1 no listener has handshake_auth = \"peple\""));
  const std::string unnamed =
      "listen = [{ name = \"web\", on = \"wss:192.0.2.1\", cert = \"edge\", handshake_auth = \"\" }]\n";
  EXPECT_THAT(problems(unnamed + others), ElementsAre("1:81 there is no [handshake_auth.]"));
}

TEST(HandshakeAuthConfig, IsForListenersThatTakeWebSocket) {
  const auto with = [](const std::string& on) {
    return problems("listen = [{ name = \"x\", on = \"" + on + ", handshake_auth = \"people\" }]\n" + with_cookie);
  };
  EXPECT_THAT(with("tcp:127.0.0.1\""),
              ElementsAre("1:47 'handshake_auth' is for listeners that take WebSocket, and 'x' is tcp",
                          HasSubstr("takes session cookies from any page")));
  EXPECT_THAT(with("tcp:127.0.0.1\", websocket = true, origins = \"https://example.com\""), IsEmpty());
  EXPECT_THAT(with("ws:127.0.0.1\", origins = \"https://example.com\""), IsEmpty());
}

TEST(HandshakeAuthConfig, AsksForNoPasswordInTheClear) {
  const std::string with_password =
      "[auth.users]\nrealm = \"example.com\"\nusers = { alice = \"secret\" }\n" + people + "auth = \"users\"\n";
  const auto on = [](const std::string& where, const std::string& rest) {
    return problems("listen = [{ name = \"x\", on = \"" + where +
                    "\", origins = \"https://example.com\", handshake_auth = \"people\" }]\n" + rest);
  };
  const std::string clear =
      "1:96 the listener 'x' would ask for passwords in the clear: take wss, a loopback address behind what ends TLS, "
      "or a [handshake_auth.NAME] without 'auth'";
  EXPECT_THAT(on("ws:192.0.2.1", with_password), ElementsAre(clear));
  EXPECT_THAT(on("ws:127.0.0.1", with_password), IsEmpty());
  EXPECT_THAT(on("ws:[::1]", with_password), IsEmpty());
  EXPECT_THAT(on("ws:192.0.2.1", with_cookie),
              ElementsAre("1:96 the listener 'x' takes session cookies in the clear: whoever reads one can use it"));
}

TEST(HandshakeAuthConfig, WarnsOfCookiesFromAnyPage) {
  const std::string open = "listen = [{ name = \"x\", on = \"ws:127.0.0.1\", handshake_auth = \"people\" }]\n";
  EXPECT_THAT(problems(open + with_cookie),
              ElementsAre("1:63 the listener 'x' takes session cookies from any page: browsers send them whoever wrote "
                          "it; name the 'origins' of yours"));
}

}  // namespace
}  // namespace intermediary
