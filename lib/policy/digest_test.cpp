#include "policy/digest.h"

#include <gmock/gmock.h>

#include <stdexcept>

namespace intermediary {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Kind = DigestVerdict::Kind;

constexpr HashKey key{11, 12};
constexpr WallTime start{seconds(1'767'225'600)};

// ---- the examples of the standards

// RFC 7616 §3.9.1.
constexpr std::string_view mufasa_nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
constexpr std::string_view mufasa_cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
std::string mufasas_response(DigestAlgorithm algorithm) {
  const UserSecrets secrets = secrets_from_password("Mufasa", "http-auth@example.org", "Circle of Life");
  return digest_response(algorithm, secrets[static_cast<std::size_t>(algorithm)],
                         {"GET", "/dir/index.html", mufasa_nonce, "auth", "00000001", mufasa_cnonce, ""});
}

TEST(DigestResponse, IsThatOfRfc7616) {
  EXPECT_EQ(mufasas_response(DigestAlgorithm::Md5), "8ca523f5e9506fed4657c9700eebdbec");
  EXPECT_EQ(mufasas_response(DigestAlgorithm::Sha256),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
}

// RFC 7616 §3.9.2; the response that it prints is not by SHA-512/256, as an erratum says, which has this one.
TEST(DigestResponse, BySha512_256) {
  const UserSecrets secrets = secrets_from_password("J\xc3\xa4s\xc3\xb8n Doe", "api@example.org", "Secret, or not?");
  EXPECT_EQ(digest_response(DigestAlgorithm::Sha512_256, secrets[static_cast<std::size_t>(DigestAlgorithm::Sha512_256)],
                            {"GET", "/doe.json", "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", "auth", "00000001",
                             "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", ""}),
            "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5");
}

// RFC 2617 §3.5, with and without qop.
TEST(DigestResponse, IsThatOfRfc2617) {
  const UserSecrets secrets = secrets_from_password("Mufasa", "testrealm@host.com", "Circle Of Life");
  const std::string& secret = secrets[static_cast<std::size_t>(DigestAlgorithm::Md5)];
  EXPECT_EQ(secret, "939e7578ed9e3c518a452acee763bce9");
  DigestInput input{"GET", "/dir/index.html", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "auth", "00000001", "0a4f113b", ""};
  EXPECT_EQ(digest_response(DigestAlgorithm::Md5, secret, input), "6629fae49393a05397450978507c4ef1");
  input.qop = input.nc = input.cnonce = "";
  EXPECT_EQ(digest_response(DigestAlgorithm::Md5, secret, input), "670fd8c2df070c60b045671b8b24ff02");
}

// ---- the authenticator

DigestRealm realm_with(std::vector<DigestAlgorithm> algorithms) {
  DigestRealm realm;
  realm.name = "users";
  realm.realm = "example.com";
  realm.algorithms = std::move(algorithms);
  realm.nonce_life = seconds(60);
  realm.users["alice"] = secrets_from_password("alice", "example.com", "secret");
  return realm;
}

// Credentials as a client would write them; any part may be wrong.
struct Client {
  std::string user = "alice", realm = "example.com", password = "secret", uri = "sip:example.com", method = "REGISTER";
  std::string qop = "auth", nc = "00000001", cnonce = "c", body, more;
  DigestAlgorithm algorithm = DigestAlgorithm::Md5;

  std::string answer(std::string_view nonce) const {
    const UserSecrets secrets = secrets_from_password(user, realm, password);
    const std::string response = digest_response(algorithm, secrets[static_cast<std::size_t>(algorithm)],
                                                 {method, uri, nonce, qop, nc, cnonce, body});
    std::string value = "Digest username=\"" + user + "\", realm=\"" + realm + "\", nonce=\"" + std::string(nonce) +
                        "\", uri=\"" + uri + "\", response=\"" + response +
                        "\", algorithm=" + std::string(algorithm_name(algorithm));
    if (!qop.empty()) value += ", qop=" + qop + ", nc=" + nc + ", cnonce=\"" + cnonce + '"';
    return value + more;
  }
};

class DigestTest : public testing::Test {
 protected:
  DigestTest() { restart(); }
  void restart() { authenticator_.emplace(realm_, key); }

  std::string nonce(WallTime now = start) {
    const std::string value = authenticator_->challenges(now, ++random_, false).front();
    const std::size_t begin = value.find("nonce=\"") + 7;
    return value.substr(begin, value.find('"', begin) - begin);
  }
  static MessagePtr request(const std::vector<std::string>& credentials, const std::string& method = "REGISTER",
                            const std::string& uri = "sip:example.com", const std::string& body = "") {
    std::string bytes = method + ' ' + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK1\r\n" +
                        "From: <sip:alice@example.com>;tag=1\r\nTo: <sip:alice@example.com>\r\nCall-ID: 1\r\nCSeq: 1 " +
                        method + "\r\nMax-Forwards: 70\r\n";
    for (const std::string& value : credentials) bytes += "Authorization: " + value + "\r\n";
    bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    auto message = Message::parse(std::move(bytes), Framing::Datagram, Limits{});
    if (!message) throw std::logic_error("the test's own request is wrong");
    return *message;
  }
  DigestVerdict check(const MessagePtr& message, WallTime now = start) {
    return authenticator_->check(now, *message, FieldName::Authorization, *Uri::parse(message->request_uri()));
  }
  Kind kind(const std::string& credentials, WallTime now = start) { return check(request({credentials}), now).kind; }

  DigestRealm realm_ = realm_with({DigestAlgorithm::Sha256, DigestAlgorithm::Md5});
  std::optional<DigestAuthenticator> authenticator_;
  std::uint64_t random_ = 0;
};

TEST_F(DigestTest, AsksByEachAlgorithmTheMostPreferredFirst) {
  EXPECT_THAT(authenticator_->challenges(start, 1, false),
              ElementsAre(testing::MatchesRegex("Digest realm=\"example.com\", nonce=\"[0-9a-f]{64}\", qop=\"auth\", "
                                                "algorithm=SHA-256"),
                          HasSubstr("algorithm=MD5")));
  EXPECT_THAT(authenticator_->challenges(start, 1, true).back(), HasSubstr(", stale=true"));
}

TEST_F(DigestTest, TakesEachAlgorithmThatItOffers) {
  realm_.algorithms = {DigestAlgorithm::Sha512_256, DigestAlgorithm::Sha256, DigestAlgorithm::Md5};
  for (const DigestAlgorithm algorithm : realm_.algorithms) {
    EXPECT_EQ(kind(Client{.algorithm = algorithm}.answer(nonce())), Kind::Authenticated);
  }
}

TEST_F(DigestTest, TakesNoAlgorithmThatItDoesNotOffer) {
  realm_.algorithms = {DigestAlgorithm::Sha256};
  EXPECT_EQ(kind(Client{}.answer(nonce())), Kind::Missing);
  EXPECT_EQ(kind(Client{.qop = "", .algorithm = DigestAlgorithm::Sha256}.answer(nonce())), Kind::Malformed);
  EXPECT_EQ(kind(Client{.algorithm = DigestAlgorithm::Sha256}.answer(nonce())), Kind::Authenticated);
}

TEST_F(DigestTest, SaysWhoItWas) {
  const DigestVerdict verdict = check(request({Client{}.answer(nonce())}));
  EXPECT_EQ(verdict.kind, Kind::Authenticated);
  EXPECT_EQ(verdict.user, "alice");
}

TEST_F(DigestTest, NobodyAndAWrongPasswordAreTheSame) {
  EXPECT_EQ(kind(Client{.password = "wrong"}.answer(nonce())), Kind::Wrong);
  EXPECT_EQ(kind(Client{.user = "nobody"}.answer(nonce())), Kind::Wrong);
  // Who guesses the secret that stands in for one.
  const std::string filler(32, '-'), fresh = nonce();
  const std::string response = digest_response(DigestAlgorithm::Md5, filler,
                                               {"REGISTER", "sip:example.com", fresh, "auth", "00000001", "c", ""});
  EXPECT_EQ(kind("Digest username=\"nobody\", realm=\"example.com\", nonce=\"" + fresh +
                 "\", uri=\"sip:example.com\", response=\"" + response + "\", qop=auth, nc=00000001, cnonce=\"c\""),
            Kind::Wrong);
}

TEST_F(DigestTest, AUserWithoutTheSecretOfAnAlgorithmIsNobodyThere) {
  realm_.users["alice"][static_cast<std::size_t>(DigestAlgorithm::Sha256)].clear();
  EXPECT_EQ(kind(Client{.algorithm = DigestAlgorithm::Sha256}.answer(nonce())), Kind::Wrong);
  EXPECT_EQ(kind(Client{}.answer(nonce())), Kind::Authenticated);
}

TEST_F(DigestTest, AnEmptyResponseIsWrong) {
  std::string value = Client{}.answer(nonce());
  const std::size_t begin = value.find("response=\"") + 10;
  value.erase(begin, value.find('"', begin) - begin);
  EXPECT_EQ(kind(value), Kind::Wrong);
}

TEST_F(DigestTest, ANonceLivesAsLongAsItIsSaid) {
  const std::string first = nonce();
  EXPECT_EQ(kind(Client{}.answer(first), start + seconds(60) - Duration(1)), Kind::Authenticated);
  EXPECT_EQ(kind(Client{.nc = "00000002"}.answer(first), start + seconds(60)), Kind::Stale);
  EXPECT_EQ(kind(Client{.password = "wrong"}.answer(first), start + seconds(60)), Kind::Wrong);
}

TEST_F(DigestTest, ANonceOfTheFutureIsNotTaken) {
  EXPECT_EQ(kind(Client{}.answer(nonce(start + seconds(5)))), Kind::Authenticated);  // clocks of two nodes
  EXPECT_EQ(kind(Client{}.answer(nonce(start + seconds(6)))), Kind::Stale);
}

TEST_F(DigestTest, AReplayIsStale) {
  const std::string credentials = Client{}.answer(nonce());
  EXPECT_EQ(kind(credentials), Kind::Authenticated);
  EXPECT_EQ(kind(credentials), Kind::Stale);
}

TEST_F(DigestTest, ToExamineUsesNothingUp) {
  const std::string credentials = Client{}.answer(nonce());
  const auto examined = [&](const MessagePtr& message, WallTime now = start) {
    return authenticator_->examine(now, *message, FieldName::Authorization, *Uri::parse(message->request_uri()));
  };
  for (int i = 0; i < 2; ++i) {
    const DigestVerdict verdict = examined(request({credentials}));
    EXPECT_EQ(verdict.kind, Kind::Authenticated);
    EXPECT_EQ(verdict.user, "alice");
  }
  EXPECT_EQ(examined(request({credentials}), start + seconds(60)).kind, Kind::Stale);
  EXPECT_EQ(examined(request({Client{.password = "wrong"}.answer(nonce())})).kind, Kind::Wrong);
  EXPECT_EQ(examined(request({})).kind, Kind::Missing);
  EXPECT_EQ(kind(credentials), Kind::Authenticated);
  EXPECT_EQ(examined(request({credentials})).kind, Kind::Stale);
}

// RFC 3261 §22.1: it carries what its INVITE carried, which has been used.
TEST_F(DigestTest, AnAckShowsWhoSentItsInvite) {
  const std::string credentials = Client{.method = "INVITE"}.answer(nonce());
  EXPECT_EQ(check(request({credentials}, "INVITE")).kind, Kind::Authenticated);
  const auto examined = [&](const std::string& value) {
    const MessagePtr ack = request({value}, "ACK");
    return authenticator_->examine(start, *ack, FieldName::Authorization, *Uri::parse(ack->request_uri())).kind;
  };
  EXPECT_EQ(examined(credentials), Kind::Authenticated);
  EXPECT_EQ(examined(Client{.password = "wrong", .method = "INVITE"}.answer(nonce())), Kind::Wrong);
  EXPECT_EQ(examined(Client{.method = "INVITE"}.answer(std::string(64, '0'))), Kind::Stale);
}

TEST_F(DigestTest, AWrongDigestUsesNothingUp) {
  const std::string fresh = nonce();
  EXPECT_EQ(kind(Client{.password = "wrong"}.answer(fresh)), Kind::Wrong);
  EXPECT_EQ(kind(Client{}.answer(fresh)), Kind::Authenticated);
}

TEST_F(DigestTest, WhoDoesNotCountGetsOneRequestForANonce) {
  const std::string fresh = nonce();
  EXPECT_EQ(kind(Client{.qop = ""}.answer(fresh)), Kind::Authenticated);
  EXPECT_EQ(kind(Client{.qop = ""}.answer(fresh)), Kind::Stale);
  EXPECT_EQ(kind(Client{}.answer(fresh)), Kind::Stale);
}

TEST_F(DigestTest, ASiblingTakesItsNonces) {
  const std::string fresh = nonce();
  restart();
  EXPECT_EQ(kind(Client{}.answer(fresh)), Kind::Authenticated);
  restart();
  authenticator_->forget_nonces_before(start + seconds(1));
  EXPECT_EQ(kind(Client{}.answer(fresh), start + seconds(1)), Kind::Stale);
}

TEST_F(DigestTest, CredentialsFitTheRequestUri) {
  const auto with_uri = [&](const std::string& uri) { return kind(Client{.uri = uri}.answer(nonce())); };
  EXPECT_EQ(with_uri("sip:EXAMPLE.com"), Kind::Authenticated);
  EXPECT_EQ(with_uri("sip:example.com;transport=tcp"), Kind::Authenticated);
  EXPECT_EQ(with_uri("sip:example.org"), Kind::Malformed);
  EXPECT_EQ(with_uri("sip:alice@example.com"), Kind::Malformed);
  EXPECT_EQ(with_uri("sip:example.com:5080"), Kind::Malformed);
  EXPECT_EQ(with_uri("sips:example.com"), Kind::Malformed);
  EXPECT_EQ(with_uri("/"), Kind::Malformed);
}

TEST_F(DigestTest, AuthIntCoversTheBodyWhereItIsOffered) {
  const Client client{.method = "MESSAGE", .qop = "auth-int", .body = "one"};
  EXPECT_EQ(check(request({client.answer(nonce())}, "MESSAGE", "sip:example.com", "one")).kind, Kind::Malformed);
  realm_.offers_auth_int = true;
  EXPECT_THAT(authenticator_->challenges(start, 1, false).front(), HasSubstr("qop=\"auth,auth-int\""));
  EXPECT_EQ(check(request({client.answer(nonce())}, "MESSAGE", "sip:example.com", "one")).kind, Kind::Authenticated);
  EXPECT_EQ(check(request({client.answer(nonce())}, "MESSAGE", "sip:example.com", "two")).kind, Kind::Wrong);
}

TEST_F(DigestTest, WhatIsMissingOrImproperIsMalformed) {
  for (const std::string part : {"username", "uri", "response", "nonce"}) {
    std::string value = Client{}.answer(nonce());
    value.replace(value.find(part + "="), part.size(), std::string("x") + part);
    EXPECT_EQ(kind(value), Kind::Malformed) << part;
  }
  EXPECT_EQ(kind(Client{.nc = "1"}.answer(nonce())), Kind::Malformed);
  EXPECT_EQ(kind(Client{.nc = "0000000g"}.answer(nonce())), Kind::Malformed);
  EXPECT_EQ(kind(Client{.nc = "00000000"}.answer(nonce())), Kind::Stale);  // no count begins there
  EXPECT_EQ(kind(Client{.qop = "other"}.answer(nonce())), Kind::Malformed);
  std::string without_cnonce = Client{}.answer(nonce());
  without_cnonce.resize(without_cnonce.find(", cnonce"));
  EXPECT_EQ(kind(without_cnonce), Kind::Malformed);
}

TEST_F(DigestTest, WhatIsNotForThisRealmIsNotLookedAt) {
  EXPECT_EQ(kind(Client{.realm = "Example.com"}.answer(nonce())), Kind::Missing);
  EXPECT_EQ(kind("Basic YWxpY2U6c2VjcmV0"), Kind::Missing);
  EXPECT_EQ(kind("Basic realm=\"example.com\""), Kind::Missing);
  EXPECT_EQ(kind(Client{.more = ", realm=\"example.org\""}.answer(nonce())), Kind::Missing);  // two realms
  EXPECT_EQ(kind(Client{.more = ", userhash=true"}.answer(nonce())), Kind::Missing);
  EXPECT_EQ(kind(Client{.more = ", username*=UTF-8''alice"}.answer(nonce())), Kind::Missing);
  EXPECT_TRUE(authenticator_->is_for_this_realm(Client{}.answer("x")));
  EXPECT_FALSE(authenticator_->is_for_this_realm(Client{.realm = "a"}.answer("x")));
  EXPECT_FALSE(authenticator_->is_for_this_realm("Basic realm=\"example.com\""));
}

TEST_F(DigestTest, OneOfSeveralCredentialsIsEnough) {
  const std::string other = Client{.realm = "example.org"}.answer("x"), wrong = Client{.password = "w"}.answer(nonce());
  EXPECT_EQ(check(request({other, wrong, Client{}.answer(nonce())})).kind, Kind::Authenticated);
  EXPECT_EQ(check(request({wrong, wrong, wrong, wrong, Client{}.answer(nonce())})).kind, Kind::Malformed);
  // Right but stale says more than wrong.
  EXPECT_EQ(check(request({wrong, Client{}.answer("old")})).kind, Kind::Stale);
}

TEST(HasPassword, ByAnAlgorithmOfTheRealm) {
  DigestRealm realm = realm_with({DigestAlgorithm::Sha256});
  EXPECT_TRUE(has_password(realm, "alice", "secret"));
  EXPECT_FALSE(has_password(realm, "alice", "Secret"));
  EXPECT_FALSE(has_password(realm, "alice", ""));
  EXPECT_FALSE(has_password(realm, "bob", "secret"));
  EXPECT_FALSE(has_password(realm, "", ""));
  realm.users["alice"][static_cast<std::size_t>(DigestAlgorithm::Sha256)].clear();
  EXPECT_FALSE(has_password(realm, "alice", "secret"));
  realm.algorithms.push_back(DigestAlgorithm::Md5);
  EXPECT_TRUE(has_password(realm, "alice", "secret"));
}

TEST(MayRegister, OnlyTheUsersOwnAddressOfRecord) {
  DigestRealm realm;
  const auto may = [&](std::string_view user, std::string_view uri) {
    return may_register(realm, user, *Uri::parse(uri));
  };
  EXPECT_TRUE(may("alice", "sip:alice@example.com"));
  EXPECT_TRUE(may("alice", "sip:%61lice@example.com"));
  EXPECT_TRUE(may("alice@example.com", "sip:alice@EXAMPLE.com"));
  EXPECT_FALSE(may("alice", "sip:Alice@example.com"));
  EXPECT_FALSE(may("alice", "sip:bob@example.com"));
  EXPECT_FALSE(may("alice@example.org", "sip:alice@example.com"));
  realm.may_register = DigestRealm::MayRegister::Any;
  EXPECT_TRUE(may("alice", "sip:bob@example.com"));
}

TEST(MayCallAs, OneselfOrNobody) {
  DigestRealm realm;
  realm.realm = "example.com";
  const auto may = [&](std::string_view user, std::string_view uri, bool is_local = false) {
    return may_call_as(realm, user, *Uri::parse(uri), is_local);
  };
  EXPECT_TRUE(may("alice", "sip:alice@EXAMPLE.com"));
  EXPECT_TRUE(may("alice", "sips:%61lice@example.com;x=y"));
  EXPECT_TRUE(may("alice", "sip:alice@example.org", true));
  EXPECT_TRUE(may("alice@example.net", "sip:alice@example.net"));
  EXPECT_TRUE(may("alice", "sip:anonymous@anonymous.invalid"));
  EXPECT_FALSE(may("alice", "sip:alice@example.org"));
  EXPECT_FALSE(may("alice", "sip:Alice@example.com"));
  EXPECT_FALSE(may("alice", "sip:bob@example.com"));
  EXPECT_FALSE(may("alice", "sip:example.com"));
  EXPECT_FALSE(may("alice", "tel:alice"));
}

}  // namespace
}  // namespace intermediary
