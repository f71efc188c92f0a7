#include "policy/digest_client.h"

#include <gmock/gmock.h>

#include "message/credentials.h"

namespace intermediary {
namespace digest_client {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Quality = DigestChallenge::Quality;

const std::string response_head =
    "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\n"
    "To: <sip:a@x>;tag=2\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n";

std::vector<DigestChallenge> met(const std::string& fields, const DigestLogin& login = {"alice", "secret"}) {
  const auto response = Message::parse(response_head + fields + "Content-Length: 0\r\n\r\n", Framing::Datagram, {});
  EXPECT_TRUE(response);
  return answerable(**response, login);
}

std::string challenge(const std::string& rest) { return "WWW-Authenticate: Digest " + rest + "\r\n"; }

// What `value` says of `name`; "-" where it says nothing.
std::string said(const std::string& value, std::string_view name) {
  const auto credentials = parse_credentials(value);
  EXPECT_TRUE(credentials) << value;
  return std::string(credentials->value(name).value_or("-"));
}

// RFC 7616 §3.9.1: the answer of the standard's example.
TEST(DigestClient, AnswersAsRfc7616Does) {
  const DigestLogin mufasa{"Mufasa", "Circle of Life"};
  const std::string rest =
      "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", "
      "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
      "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
  auto both = met(challenge(rest + ", algorithm=SHA-256") + challenge(rest + ", algorithm=MD5"), mufasa);
  ASSERT_EQ(both.size(), 1u) << "one for each realm";
  const std::string value =
      credentials_for(both[0], mufasa, "GET", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "");
  EXPECT_EQ(said(value, "response"), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
  EXPECT_EQ(said(value, "opaque"), "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS");
  EXPECT_EQ(said(value, "algorithm"), "SHA-256");
  EXPECT_EQ(said(value, "qop"), "auth");
  EXPECT_EQ(said(value, "nc"), "00000001");
  EXPECT_THAT(value, HasSubstr("qop=auth, nc=00000001, ")) << "neither is in quotes (RFC 7616 §3.4)";
}

TEST(DigestClient, TakesTheStrongestHashWhereverItStands) {
  const std::string rest = "realm=\"x\", nonce=\"n\", qop=\"auth\", algorithm=";
  EXPECT_EQ(met(challenge(rest + "MD5") + challenge(rest + "SHA-256")).at(0).algorithm, DigestAlgorithm::Sha256);
  EXPECT_EQ(met(challenge(rest + "SHA-256") + challenge(rest + "MD5")).at(0).algorithm, DigestAlgorithm::Sha256);
  EXPECT_EQ(met(challenge(rest + "SHA-512-256") + challenge(rest + "SHA-256")).at(0).algorithm,
            DigestAlgorithm::Sha512_256)
      << "of those that are not MD5, the topmost";
}

TEST(DigestClient, CountsTheUsesOfANonce) {
  auto challenges = met(challenge("realm=\"x\", nonce=\"n\", qop=\"auth\""));
  const DigestLogin login{"alice", "secret"};
  EXPECT_EQ(said(credentials_for(challenges.at(0), login, "REGISTER", "sip:x", "c", ""), "nc"), "00000001");
  EXPECT_EQ(said(credentials_for(challenges.at(0), login, "REGISTER", "sip:x", "c", ""), "nc"), "00000002");
  challenges[0].count = 0xfffe;
  EXPECT_EQ(said(credentials_for(challenges[0], login, "REGISTER", "sip:x", "c", ""), "nc"), "0000ffff");
}

// RFC 2617 §3.2.2.1: without a qop nothing counts, and MD5 alone is possible.
TEST(DigestClient, SpeaksRfc2069WhereThereIsNoQop) {
  auto challenges = met(challenge("realm=\"x\", nonce=\"n\""));
  const std::string value = credentials_for(challenges.at(0), {"alice", "secret"}, "REGISTER", "sip:x", "c", "");
  const UserSecrets secrets = secrets_from_password("alice", "x", "secret");
  const DigestInput input{.method = "REGISTER", .uri = "sip:x", .nonce = "n"};
  EXPECT_EQ(said(value, "response"), digest_response(DigestAlgorithm::Md5, secrets[0], input));
  EXPECT_EQ(said(value, "qop") + said(value, "nc") + said(value, "cnonce"), "---");
  EXPECT_THAT(met(challenge("realm=\"x\", nonce=\"n\", algorithm=SHA-256")), IsEmpty());
}

TEST(DigestClient, UsesAuthIntOnlyWhereThereIsNothingElse) {
  EXPECT_EQ(met(challenge("realm=\"x\", nonce=\"n\", qop=\"auth-int,auth\"")).at(0).quality, Quality::Auth);
  auto whole = met(challenge("realm=\"x\", nonce=\"n\", qop=\"auth-int, token\""));
  const std::string value = credentials_for(whole.at(0), {"alice", "secret"}, "REGISTER", "sip:x", "c", "body");
  const UserSecrets secrets = secrets_from_password("alice", "x", "secret");
  const DigestInput input{"REGISTER", "sip:x", "n", "auth-int", "00000001", "c", "body"};
  EXPECT_EQ(said(value, "response"), digest_response(DigestAlgorithm::Md5, secrets[0], input));
  EXPECT_THAT(met(challenge("realm=\"x\", nonce=\"n\", qop=\"token\"")), IsEmpty());
}

TEST(DigestClient, AnswersWithHashesOfItsRealmAlone) {
  DigestLogin login{.user = "alice", .secrets = secrets_from_password("alice", "x", "secret"), .realm = "x"};
  login.secrets[static_cast<std::size_t>(DigestAlgorithm::Sha256)].clear();
  const std::string rest = "nonce=\"n\", qop=\"auth\", algorithm=";
  auto own = met(challenge("realm=\"x\", " + rest + "SHA-256") + challenge("realm=\"x\", " + rest + "MD5"), login);
  ASSERT_EQ(own.size(), 1u);
  EXPECT_EQ(own[0].algorithm, DigestAlgorithm::Md5) << "there is no other hash";
  auto by_password = own;
  EXPECT_EQ(credentials_for(own[0], login, "REGISTER", "sip:x", "c", ""),
            credentials_for(by_password[0], {"alice", "secret"}, "REGISTER", "sip:x", "c", ""));
  EXPECT_THAT(met(challenge("realm=\"y\", " + rest + "MD5"), login), IsEmpty());
}

TEST(DigestClient, AnswersNothingThatItCannot) {
  EXPECT_THAT(met("WWW-Authenticate: Basic realm=\"x\"\r\n"), IsEmpty());
  EXPECT_THAT(met(challenge("realm=\"x\", nonce=\"n\", algorithm=MD5-sess, qop=\"auth\"")), IsEmpty());
  EXPECT_THAT(met(challenge("realm=\"x\", qop=\"auth\"")), IsEmpty()) << "no nonce";
  EXPECT_THAT(met(challenge("nonce=\"n\"")), IsEmpty()) << "no realm";
  EXPECT_THAT(met("Proxy-Authenticate: Digest realm=\"x\", nonce=\"n\"\r\n"), IsEmpty())
      << "of a 401, that is nobody's";
  EXPECT_THAT(met(challenge("realm=\"x\", nonce=\"" + std::string(limit::challenge_bytes, 'n') + "\"")), IsEmpty());
}

TEST(DigestClient, AnswersSomeRealmsAtOnce) {
  std::string fields;
  for (const char realm : {'a', 'b', 'c', 'd', 'e'}) {
    fields += challenge(std::string("realm=\"") + realm + "\", nonce=\"n\", stale=TRUE");
  }
  const auto challenges = met(fields);
  ASSERT_EQ(challenges.size(), limit::answered_realms);
  EXPECT_EQ(challenges[3].realm, "d");
  EXPECT_TRUE(challenges[3].stale);
}

// What a registrar says cannot end a quoted string of ours.
TEST(DigestClient, EscapesWhatItSaysAgain) {
  auto challenges = met(challenge("realm=\"a\\\"b\", nonce=\"n\\\\\", qop=\"auth\""));
  const std::string value = credentials_for(challenges.at(0), {"al\"ice", "secret"}, "REGISTER", "sip:x", "c", "");
  EXPECT_EQ(said(value, "realm"), "a\"b");
  EXPECT_EQ(said(value, "nonce"), "n\\");
  EXPECT_EQ(said(value, "username"), "al\"ice");
  EXPECT_THAT(value, Not(HasSubstr("secret")));
}

}  // namespace digest_client
}  // namespace intermediary
