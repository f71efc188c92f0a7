#include "runtime/net/handshake_auth.h"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/base64url.h"
#include "base/connection_limits.h"

namespace intermediary {
namespace {

using namespace std::chrono_literals;

const std::string key = "0123456789abcdef0123456789abcdef";
constexpr std::uint64_t end = 1'800'000'000;

WallTime seconds_since_1970(std::uint64_t seconds) {
  return WallTime(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}
const WallTime before = seconds_since_1970(end - 1), after = seconds_since_1970(end);

// Made by the example of docs/configuration.md: session_cookie("session", key, "alice", end), and so on.
const std::string of_alice = "YWxpY2U.1800000000._n4jwdjyXUl4S-20iITImmdzYmdF5dKYXkYCS58mIb4";
const std::string of_juergen = "SsO8cmdlbiBHcm_Dnw.1800000000.sAghjIvuUhmIMJGE1yTtP322hK7hP3H1Lh5j85oyXVw";
const std::string of_alice_named_other = "YWxpY2U.1800000000.r25Ry4YgZ8wNOsC7jSmjfeoTzcLCCQmNt-fHcfNlV4A";
const std::string of_nobody = ".1800000000.u4_8cKvUwklQ4FIqXu4kX_1VlMK1IPkBYx07t4LoEOk";

std::string signed_text(const std::string& claim) {
  const std::string text = "session=" + claim;
  std::array<unsigned char, 32> mac{};
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), mac.data(), nullptr);
  return claim + '.' + to_base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

std::string outcome(const std::expected<HandshakeUser, std::string>& result) {
  return result ? result->name + " by " + std::string(result->by) : result.error();
}

std::string by_cookie(std::vector<std::string_view> fields, WallTime now = before) {
  const HandshakeAuth auth{.name = "web", .cookie = "session", .cookie_key = key};
  return outcome(who_opens(auth, nullptr, {std::move(fields), {}}, now));
}

TEST(SessionCookie, SaysWhoSignedIn) {
  EXPECT_EQ(by_cookie({"session=" + of_alice}), "alice by cookie");
  EXPECT_EQ(by_cookie({"session=" + of_juergen}), "Jürgen Groß by cookie");
  EXPECT_EQ(signed_text("YWxpY2U.1800000000"), of_alice);
}

TEST(SessionCookie, IsFoundAmongOthers) {
  EXPECT_EQ(by_cookie({"a=b; session=" + of_alice + "; c=d"}), "alice by cookie");
  EXPECT_EQ(by_cookie({"a=b;session=" + of_alice + ";"}), "alice by cookie");
  EXPECT_EQ(by_cookie({"a=b", "session=" + of_alice}), "alice by cookie");
  EXPECT_EQ(by_cookie({"session=stale; session=" + of_alice}), "alice by cookie");
  EXPECT_EQ(by_cookie({"session=\"" + of_alice + "\""}), "alice by cookie");
  EXPECT_EQ(by_cookie({}), "no session cookie");
  for (const std::string other : {"", ";", "=", "session", "Session=", "mysession=", "session =", "a=session="}) {
    EXPECT_EQ(by_cookie({other + of_alice}), "no session cookie") << other;
  }
}

TEST(SessionCookie, IsLookedForInSoManyOnly) {
  std::string field;
  for (std::size_t i = 0; i + 1 < limit::session_cookies; ++i) field += "session=x; ";
  EXPECT_EQ(by_cookie({field + "session=" + of_alice}), "alice by cookie");
  EXPECT_EQ(by_cookie({"session=x; " + field + "session=" + of_alice}), "a session cookie that is not of ours");
}

TEST(SessionCookie, Expires) {
  EXPECT_EQ(by_cookie({"session=" + of_alice}, after - 1us), "alice by cookie");
  EXPECT_EQ(by_cookie({"session=" + of_alice}, after), "a session cookie that has expired");
  EXPECT_EQ(by_cookie({"session=" + of_alice}, WallTime(-1s)), "a session cookie that has expired");
  EXPECT_EQ(by_cookie({"session=" + signed_text("YWxpY2U.18446744073709551615")}), "alice by cookie");
}

TEST(SessionCookie, IsSignedAsItStandsThere) {
  const std::string unsigned_reason = "a session cookie that is not signed with our key";
  for (std::size_t i = 0; i < of_alice.size(); ++i) {
    std::string changed = of_alice;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_THAT(by_cookie({"session=" + changed}),
                testing::AnyOf(unsigned_reason, "a session cookie that is not of ours"))
        << i;
  }
  EXPECT_EQ(by_cookie({"session=" + of_alice.substr(0, of_alice.size() - 1)}), unsigned_reason);
  EXPECT_EQ(by_cookie({"session=" + of_alice + "="}), unsigned_reason);
  EXPECT_EQ(by_cookie({"session=YWxpY2U.1800000000."}), unsigned_reason);
  EXPECT_EQ(by_cookie({"session=" + of_alice_named_other}), unsigned_reason);
  for (const std::string value : {"", "x", ".", "YWxpY2U", "YWxpY2U.1800000000"}) {
    EXPECT_EQ(by_cookie({"session=" + value}), "a session cookie that is not of ours") << value;
  }
}

TEST(SessionCookie, MakesSense) {
  EXPECT_EQ(by_cookie({"session=" + of_nobody}), "a session cookie that is signed and makes no sense");
  for (const std::string claim : {"YWxpY2U.", "YWxpY2U.-1", "YWxpY2U.1e9", "YWxpY2U.18446744073709551616",
                                  "a.1800000000", "ali=.1800000000", "YWxpY2U.1800000000.x", "YWxpY2U. 1800000000"}) {
    EXPECT_EQ(by_cookie({"session=" + signed_text(claim)}), "a session cookie that is signed and makes no sense")
        << claim;
  }
}

// ---- Basic

class BasicCredentials : public testing::Test {
 protected:
  BasicCredentials() {
    users.realm = "example.com";
    users.users["alice"] = secrets_from_password("alice", users.realm, "secret");
    users.users["jürgen"] = secrets_from_password("jürgen", users.realm, "pässword");
    users.users["carol"] = secrets_from_password("carol", users.realm, "a:colon");
  }
  std::string outcome_of(std::vector<std::string_view> fields) {
    return outcome(who_opens({.name = "web", .auth = "users"}, &users, {{}, std::move(fields)}, before));
  }
  std::string encoded(std::string_view text) {
    std::string octets(4 * text.size() / 3 + 8, '\0');
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(octets.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    octets.resize(static_cast<std::size_t>(length));
    return octets;
  }
  DigestRealm users;
};

TEST_F(BasicCredentials, AreThoseOfAUser) {
  EXPECT_EQ(outcome_of({"Basic YWxpY2U6c2VjcmV0"}), "alice by basic");
  EXPECT_EQ(outcome_of({"bAsIc   YWxpY2U6c2VjcmV0"}), "alice by basic");
  EXPECT_EQ(outcome_of({"Basic asO8cmdlbjpww6Rzc3dvcmQ="}), "jürgen by basic");
  EXPECT_EQ(outcome_of({"Basic " + encoded("carol:a:colon")}), "carol by basic");
}

TEST_F(BasicCredentials, AreRightOrNot) {
  const std::string wrong = "no such user, or another password";
  for (const std::string text : {"alice:wrong", "alice:", "nobody:secret", ":", ":secret", "Alice:secret"}) {
    EXPECT_EQ(outcome_of({"Basic " + encoded(text)}), wrong) << text;
  }
}

TEST_F(BasicCredentials, AreWellFormed) {
  const std::string malformed = "Basic credentials that are malformed";
  for (const std::string text : {"", "YWxpY2U", "YWxpY2U=", "YWxpY2U6c2VjcmV", "YWxpY2U6c2VjcmV0====", "!!!!",
                                 "YWxp Y2U6", "YWxpY2U6c2VjcmV0AA==", "=", "====", "YWxpY2U6c2VjcmV-"}) {
    EXPECT_EQ(outcome_of({"Basic " + text}), malformed) << text;
  }
  EXPECT_EQ(outcome_of({}), "no credentials");
  for (const std::string other : {"", "Basic", "Digest username=\"alice\"", "Bearer YWxpY2U6c2VjcmV0"}) {
    EXPECT_EQ(outcome_of({other}), "credentials that are not Basic, or several") << other;
  }
  EXPECT_EQ(outcome_of({"Basic YWxpY2U6c2VjcmV0", "Basic YWxpY2U6c2VjcmV0"}),
            "credentials that are not Basic, or several");
}

TEST_F(BasicCredentials, AreComparedByTheAlgorithmsOfTheRealm) {
  users.algorithms = {DigestAlgorithm::Sha256};
  UserSecrets& secrets = users.users["alice"];
  secrets = {secrets[0], "", ""};
  EXPECT_EQ(outcome_of({"Basic YWxpY2U6c2VjcmV0"}), "no such user, or another password");
  users.algorithms.push_back(DigestAlgorithm::Md5);
  EXPECT_EQ(outcome_of({"Basic YWxpY2U6c2VjcmV0"}), "alice by basic");
}

TEST_F(BasicCredentials, AreOneWayAndACookieIsAnother) {
  const HandshakeAuth both{.name = "web", .auth = "users", .cookie = "session", .cookie_key = key};
  const std::string good_cookie = "session=" + of_alice, bad_cookie = "session=x";
  const std::string good = "Basic asO8cmdlbjpww6Rzc3dvcmQ=", bad = "Basic YWxpY2U6";
  const auto with = [&](const std::string& cookie, const std::string& authorization) {
    return outcome(who_opens(both, &users, {{cookie}, {authorization}}, before));
  };
  EXPECT_EQ(with(good_cookie, good), "alice by cookie");
  EXPECT_EQ(with(good_cookie, bad), "alice by cookie");
  EXPECT_EQ(with(bad_cookie, good), "jürgen by basic");
  EXPECT_EQ(with(bad_cookie, bad), "a session cookie that is not of ours; no such user, or another password");
}

}  // namespace
}  // namespace intermediary
