#include "sim/digest.h"

#include <gmock/gmock.h>

namespace intermediary::sim {
namespace {

using testing::HasSubstr;
using testing::Not;

// RFC 2617 §3.5, RFC 7616 §3.9.1.
TEST(Keyring, AnswersAsTheStandardsSay) {
  Keyring keyring;
  auto challenge = WireMessage::read(
      "SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
      "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"\r\n\r\n");
  keyring.hear(*challenge);
  auto request = WireMessage::read("GET /dir/index.html SIP/2.0\r\nVia: x\r\n\r\n");
  const Login mufasa{"Mufasa", "Circle Of Life"};
  keyring.answer(*request, mufasa, {{"cnonce", "0a4f113b"}});
  EXPECT_THAT(
      request->value("Authorization"),
      HasSubstr("response=\"6629fae49393a05397450978507c4ef1\", cnonce=\"0a4f113b\", qop=auth, nc=00000001, opaque="));
  keyring.answer(*request, mufasa, {{"qop", ""}});
  EXPECT_THAT(request->value("Authorization"), HasSubstr("response=\"670fd8c2df070c60b045671b8b24ff02\""));
  EXPECT_THAT(request->value("Authorization"), Not(HasSubstr("nc=")));

  challenge->set_values("WWW-Authenticate",
                        {"Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, "
                         "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\""});
  Keyring another;
  another.hear(*challenge);
  another.answer(*request, {"Mufasa", "Circle of Life"}, {{"cnonce", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"}});
  EXPECT_THAT(request->value("Authorization"),
              HasSubstr("response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""));
}

TEST(Keyring, CountsTheUsesOfANonceAndTakesTheTopmostChallenge) {
  Keyring keyring;
  keyring.hear(
      *WireMessage::read("SIP/2.0 407 x\r\nProxy-Authenticate: Digest realm=\"a\", nonce=\"n\", qop=\"auth\", "
                         "algorithm=SHA-256\r\nProxy-Authenticate: Digest realm=\"a\", nonce=\"n\", "
                         "qop=\"auth\", algorithm=MD5\r\n\r\n"));
  auto request = WireMessage::read("INVITE sip:b@c SIP/2.0\r\nVia: x\r\n\r\n");
  keyring.answer(*request, {"u", "p"}, {});
  keyring.answer(*request, {"u", "p"}, {});
  ASSERT_EQ(request->values("Proxy-Authorization").size(), 1u);
  EXPECT_THAT(request->value("Proxy-Authorization"), HasSubstr("algorithm=SHA-256"));
  EXPECT_THAT(request->value("Proxy-Authorization"), HasSubstr("nc=00000002"));
  keyring.answer(*request, {"u", "p"}, {{"algorithm", "MD5"}});
  EXPECT_THAT(request->value("Proxy-Authorization"), HasSubstr("algorithm=MD5"));
}

}  // namespace
}  // namespace intermediary::sim
