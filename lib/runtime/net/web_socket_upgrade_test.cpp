#include "runtime/net/web_socket_upgrade.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "base/connection_limits.h"

namespace intermediary {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

UpgradeVerdict check(const std::string& bytes, const std::vector<std::string>& origins = {}) {
  return check_upgrade(bytes, {.origins = origins}, {});
}

// RFC 7118 §4.2's request, in our words; `without` a field and `with` others.
std::string request(const std::string& without = "", const std::string& with = "",
                    const std::string& line = "GET / HTTP/1.1") {
  std::string text = line + "\r\n";
  for (const std::string field : {"Host: sip.example.com", "Upgrade: websocket", "Connection: keep-alive, Upgrade",
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Origin: https://phone.example.com",
                                  "Sec-WebSocket-Protocol: chat, sip", "Sec-WebSocket-Version: 13"}) {
    if (without.empty() || !field.starts_with(without)) text += field + "\r\n";
  }
  return text + with + "\r\n";
}

std::string refusal(const std::string& bytes, const std::vector<std::string>& origins = {}) {
  const UpgradeVerdict verdict = check(bytes, origins);
  EXPECT_EQ(verdict.kind, UpgradeVerdict::Kind::Refused);
  EXPECT_THAT(verdict.response, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(verdict.response, HasSubstr("\r\n\r\n" + verdict.reason + "\n"));
  return verdict.response.substr(0, verdict.response.find("\r\n")) + " | " + verdict.reason;
}

TEST(WebSocketUpgrade, IsAcceptedAsRfc6455Says) {
  const std::string bytes = request();
  const UpgradeVerdict verdict = check(bytes + "frames");
  EXPECT_EQ(verdict.kind, UpgradeVerdict::Kind::Accepted);
  EXPECT_EQ(verdict.consumed, bytes.size());
  EXPECT_EQ(verdict.response,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: sip\r\n\r\n");
}

TEST(WebSocketUpgrade, WaitsForTheWholeRequest) {
  const std::string bytes = request();
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_EQ(check(bytes.substr(0, cut)).kind, UpgradeVerdict::Kind::NeedsMore);
  }
}

TEST(WebSocketUpgrade, IsNotLongerThanItsLimit) {
  const std::string start = "GET / HTTP/1.1\r\nX: ";
  const std::string much(limit::upgrade_request_bytes - start.size(), 'x');
  EXPECT_EQ(check((start + much).substr(1)).kind, UpgradeVerdict::Kind::NeedsMore);
  EXPECT_EQ(refusal(start + much), "HTTP/1.1 431 Request Header Fields Too Large | an HTTP request that is too long");
}

TEST(WebSocketUpgrade, SpeaksSip) {
  EXPECT_EQ(refusal(request("Sec-WebSocket-Protocol")),
            "HTTP/1.1 400 Bad Request | the subprotocol 'sip' is not offered");
  EXPECT_EQ(refusal(request("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: sipx\r\n")),
            "HTTP/1.1 400 Bad Request | the subprotocol 'sip' is not offered");
  EXPECT_EQ(
      check(request("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: sip\r\n")).kind,
      UpgradeVerdict::Kind::Accepted);
}

TEST(WebSocketUpgrade, ComesFromOriginsThatMay) {
  EXPECT_EQ(check(request(), {"https://other.example.com", "HTTPS://phone.example.com"}).kind,
            UpgradeVerdict::Kind::Accepted);
  const std::string forbidden = "HTTP/1.1 403 Forbidden | this Origin may not connect";
  EXPECT_EQ(refusal(request(), {"https://other.example.com"}), forbidden);
  EXPECT_EQ(refusal(request("Origin"), {"https://other.example.com"}), forbidden);
  EXPECT_EQ(refusal(request("", "Origin: https://other.example.com\r\n"), {"https://other.example.com"}), forbidden);
}

// ---- RFC 7118 §7

class AuthenticatedUpgrade : public testing::Test {
 protected:
  AuthenticatedUpgrade() {
    HandshakeAuth& auth = config.handshake_auth.emplace_back();
    auth = {.name = "web", .auth = "users", .cookie = "session", .cookie_key = "0123456789abcdef0123456789abcdef"};
    DigestRealm& users = config.auth.emplace_back();
    users.name = "users";
    users.realm = "example.com";
    users.users["alice"] = secrets_from_password("alice", users.realm, "secret");
    config.listeners = {{"web", Transport::Wss}};
    config.listeners[0].handshake_auth = "web";
  }
  UpgradeVerdict asked(const std::string& fields, std::chrono::seconds now = std::chrono::seconds(1'799'999'999)) {
    return check_upgrade(request("", fields), upgrade_rules(config, config.listeners[0]), WallTime(now));
  }

  Config config;
  const std::string cookie = "Cookie: session=YWxpY2U.1800000000._n4jwdjyXUl4S-20iITImmdzYmdF5dKYXkYCS58mIb4\r\n";
  const std::string basic = "Authorization: Basic YWxpY2U6c2VjcmV0\r\n";
};

TEST_F(AuthenticatedUpgrade, IsAcceptedWithASessionCookie) {
  const UpgradeVerdict verdict = asked(cookie);
  EXPECT_EQ(verdict.kind, UpgradeVerdict::Kind::Accepted);
  EXPECT_EQ(verdict.user.name, "alice");
  EXPECT_EQ(verdict.user.by, "cookie");
  EXPECT_THAT(verdict.response, StartsWith("HTTP/1.1 101 "));
  EXPECT_EQ(asked(cookie, std::chrono::seconds(1'800'000'000)).reason,
            "a session cookie that has expired; no credentials");
  EXPECT_EQ(asked("Cookie: a=b\r\n" + cookie).user.name, "alice");
}

TEST_F(AuthenticatedUpgrade, IsAcceptedWithAPassword) {
  const UpgradeVerdict verdict = asked(basic);
  EXPECT_EQ(verdict.kind, UpgradeVerdict::Kind::Accepted);
  EXPECT_EQ(verdict.user.name, "alice");
  EXPECT_EQ(verdict.user.by, "basic");
  EXPECT_EQ(asked(basic + basic).kind, UpgradeVerdict::Kind::Refused);
}

TEST_F(AuthenticatedUpgrade, IsChallengedWith401) {
  const std::string wrong = "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n";
  for (const std::string& fields : {std::string(), wrong, "Cookie: session=x\r\n" + wrong}) {
    const UpgradeVerdict verdict = asked(fields);
    EXPECT_EQ(verdict.kind, UpgradeVerdict::Kind::Refused);
    EXPECT_THAT(verdict.response,
                AllOf(StartsWith("HTTP/1.1 401 Unauthorized\r\n"),
                      HasSubstr("\r\nWWW-Authenticate: Basic realm=\"example.com\", charset=\"UTF-8\"\r\n")));
  }
  EXPECT_EQ(asked("").reason, "no session cookie; no credentials");
  EXPECT_EQ(asked(wrong).reason, "no session cookie; no such user, or another password");
}

TEST_F(AuthenticatedUpgrade, GetsNoChallengeWhereOnlyACookieCounts) {
  config.handshake_auth[0].auth.clear();
  EXPECT_EQ(asked(cookie).kind, UpgradeVerdict::Kind::Accepted);
  const UpgradeVerdict verdict = asked(basic);
  EXPECT_THAT(verdict.response, StartsWith("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_EQ(verdict.reason, "no session cookie");
  EXPECT_EQ(verdict.response.find("WWW-Authenticate"), std::string::npos);
}

TEST_F(AuthenticatedUpgrade, ComesFromOriginsThatMayFirst) {
  config.listeners[0].origins = {"https://other.example.com"};
  EXPECT_EQ(asked(cookie).reason, "this Origin may not connect");
  EXPECT_EQ(asked("").reason, "this Origin may not connect");
}

TEST_F(AuthenticatedUpgrade, IsOneThatWouldBeAccepted) {
  const UpgradeVerdict verdict =
      check_upgrade(request("Sec-WebSocket-Protocol"), upgrade_rules(config, config.listeners[0]), {});
  EXPECT_EQ(verdict.reason, "the subprotocol 'sip' is not offered");
}

TEST_F(AuthenticatedUpgrade, IsAskedForOnlyWhereTheListenerSaysSo) {
  config.listeners[0].handshake_auth.clear();
  const UpgradeVerdict verdict = asked("Cookie: session=x\r\n");
  EXPECT_EQ(verdict.kind, UpgradeVerdict::Kind::Accepted);
  EXPECT_EQ(verdict.user.by, "");
}

// ---- HTTP

TEST(WebSocketUpgrade, TellsAPlainRequestWhatThisIs) {
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
            "HTTP/1.1 426 Upgrade Required | this is a WebSocket for SIP");
  EXPECT_EQ(refusal(request("Connection")), "HTTP/1.1 426 Upgrade Required | this is a WebSocket for SIP");
  EXPECT_EQ(refusal(request("", "", "POST / HTTP/1.1")),
            "HTTP/1.1 405 Method Not Allowed | only GET, to become a WebSocket");
}

TEST(WebSocketUpgrade, HasWhatRfc6455Requires) {
  EXPECT_EQ(refusal(request("Host")), "HTTP/1.1 400 Bad Request | no Host, or several");
  EXPECT_EQ(refusal(request("", "Host: b\r\n")), "HTTP/1.1 400 Bad Request | no Host, or several");
  EXPECT_EQ(refusal(request("", "", "GET / HTTP/1.0")), "HTTP/1.1 400 Bad Request | HTTP older than 1.1");
  EXPECT_EQ(refusal(request("", "Content-Length: 5\r\n")), "HTTP/1.1 400 Bad Request | a GET with a body");
  EXPECT_EQ(refusal(request("", "Transfer-Encoding: chunked\r\n")), "HTTP/1.1 400 Bad Request | a GET with a body");
  for (const std::string key :
       {"short", "dGhlIHNhbXBsZSBub25jZQ=!", "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: x"}) {
    EXPECT_EQ(refusal(request("Sec-WebSocket-Key", "Sec-WebSocket-Key: " + key + "\r\n")),
              "HTTP/1.1 400 Bad Request | no Sec-WebSocket-Key, or a bad one");
  }
  EXPECT_EQ(refusal(request("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8\r\n")),
            "HTTP/1.1 426 Upgrade Required | a WebSocket version other than 13");
  EXPECT_THAT(check(request("Sec-WebSocket-Version")).response,
              AllOf(StartsWith("HTTP/1.1 426"), HasSubstr("\r\nSec-WebSocket-Version: 13\r\n")));
}

TEST(WebSocketUpgrade, IsHttp) {
  for (const std::string text :
       {"OPTIONS sip:a SIP/2.0\r\n\r\n", "GET\r\n\r\n", "\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n"}) {
    EXPECT_THAT(refusal(text), StartsWith("HTTP/1.1 400 Bad Request | no HTTP request"));
  }
}

TEST(WebSocketUpgrade, NeverAgreesOnExtensions) {
  const UpgradeVerdict verdict = check(request("", "Sec-WebSocket-Extensions: permessage-deflate\r\n"));
  EXPECT_EQ(verdict.kind, UpgradeVerdict::Kind::Accepted);
  EXPECT_EQ(verdict.response.find("Extensions"), std::string::npos);
}

}  // namespace
}  // namespace intermediary
