// WebSocket connections on the loopback interface, from their upgrade to their end.
#include <sys/socket.h>

#include "base/connection_limits.h"
#include "runtime/net/stream_test.h"

namespace intermediary {
namespace {

using namespace std::string_literals;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class WebSocketTest : public OpeningTest {
 protected:
  WebSocketTest() { setup.transport = Transport::Ws; }
  tcp::socket upgraded() {
    tcp::socket peer = connected();
    write(peer, upgrade_request);
    EXPECT_THAT(read(peer, 129), AllOf(StartsWith("HTTP/1.1 101 "), HasSubstr("\r\nSec-WebSocket-Protocol: sip\r\n")));
    return peer;
  }
};

TEST_F(WebSocketTest, OpensWithItsUpgradeAndCarriesMessages) {
  tcp::socket peer = upgraded();
  ASSERT_TRUE(opened());
  EXPECT_EQ(inbox.all<FlowOpened>().at(0).transport, Transport::Ws);
  write(peer, text_frame("one") + text_frame("two").substr(0, 4));
  write(peer, text_frame("two").substr(4));
  EXPECT_THAT(received(2), testing::ElementsAre("one", "two"));
  flows[0]->send("hello");
  flows[0]->send("\xff");
  flows[0]->flush();
  EXPECT_EQ(read(peer, 10), "\x81\x05hello\x82\x01\xff");
}

TEST_F(WebSocketTest, AnswersPingsAndACloseAndGoes) {
  tcp::socket peer = upgraded();
  write(peer, "\x89\x81\0\0\0\0?\x88\x82\0\0\0\0\x03\xe9"s);
  EXPECT_EQ(read(peer), "\x8a\x01?\x88\x02\x03\xe9");
  EXPECT_EQ(inbox.all<FlowClosed>().at(0).reason, "closed by the peer: 1001");
  EXPECT_EQ(gone.size(), 1u);
}

// RFC 6455 §5.5.3: of several Pings that wait, the newest alone may be answered.
TEST_F(WebSocketTest, KeepsNoMorePongsForAPeerThatDoesNotRead) {
  constexpr int pings = 20'000;
  tcp::socket peer = upgraded();
  const int small = 4096;
  ASSERT_EQ(setsockopt(accepted, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
  peer.set_option(boost::asio::socket_base::receive_buffer_size(small));
  for (int i = 0; i < pings; ++i) {
    const std::string number = std::to_string(i);
    write(peer, "\x89\xe4\0\0\0\0"s + std::string(100 - number.size(), '.') + number);
    io.restart();
    io.poll();
  }
  const std::string last = ".19999";
  std::string answers;
  while (!answers.ends_with(last)) {
    const std::string more = read(peer, 1);
    ASSERT_NE(more, "") << answers.size();
    answers += more;
  }
  EXPECT_LT(answers.size(), std::size_t{102} * pings / 2);
}

// Else the engine would take a connection for idle whose keep-alives are Pings.
TEST_F(WebSocketTest, TellsThatPingsAndPongsCame) {
  tcp::socket peer = upgraded();
  for (const std::string& frame : {"\x89\x80\0\0\0\0"s, "\x8a\x80\0\0\0\0"s}) {
    inbox.inputs.clear();
    write(peer, frame);
    EXPECT_THAT(received(1), testing::ElementsAre(""));
  }
  inbox.inputs.clear();
  write(peer, "\x8a\x80\0\0\0\0"s + text_frame("hello"));
  EXPECT_THAT(received(1), testing::ElementsAre("hello"));
}

class WebSocketDeadlineTest : public WebSocketTest {
 protected:
  WebSocketDeadlineTest() { setup.message_deadline = 1s; }
  // Writes `bytes` ten times a second, for longer than a message may take; whether the connection lives.
  bool lives_with(tcp::socket& peer, const std::string& bytes) {
    const auto end = std::chrono::steady_clock::now() + 2 * setup.message_deadline;
    while (std::chrono::steady_clock::now() < end && inbox.all<FlowClosed>().empty()) {
      write(peer, bytes);
      io.restart();
      io.run_for(100ms);
    }
    return inbox.all<FlowClosed>().empty();
  }
};

TEST_F(WebSocketDeadlineTest, IsOfOneMessageAndNotOfThoseBehindIt) {
  tcp::socket peer = upgraded();
  const std::string message = text_frame("hello");
  write(peer, message.substr(0, 4));
  EXPECT_TRUE(lives_with(peer, message.substr(4) + message.substr(0, 4)));
}

TEST_F(WebSocketDeadlineTest, EndsAMessageThatDoesNotEndWhateverPingsAreWithinIt) {
  tcp::socket peer = upgraded();
  write(peer, "\x01\x83\0\0\0\0hel"s);
  EXPECT_FALSE(lives_with(peer, "\x89\x81\0\0\0\0?"s));
  EXPECT_EQ(inbox.all<FlowClosed>().at(0).reason, "a WebSocket message that does not end");
}

TEST_F(WebSocketTest, EndsWithACodeWhereThePeerIsWrong) {
  tcp::socket peer = upgraded();
  write(peer, "\x81\x05hello");
  EXPECT_EQ(read(peer), "\x88\x02\x03\xea");
  EXPECT_EQ(inbox.all<FlowClosed>().at(0).reason, "a WebSocket frame without a mask");
  tcp::socket large = upgraded();
  write(large, "\x81\xff\0\0\0\0\0\x01\0\x01"s);
  EXPECT_EQ(read(large), "\x88\x02\x03\xf1");
}

TEST_F(WebSocketTest, SaysGoodbyeWhenTheEngineCloses) {
  tcp::socket peer = upgraded();
  ASSERT_TRUE(opened());
  flows[0]->send("bye");
  flows[0]->close();
  EXPECT_EQ(read(peer),
            "\x81\x03"
            "bye\x88\x02\x03\xe8");
  EXPECT_THAT(inbox.all<FlowClosed>(), IsEmpty());
}

TEST_F(WebSocketTest, RefusesOtherOriginsAndSaysSo) {
  const std::vector<std::string> origins = {"https://phone.example.com"};
  setup.upgrade.origins = origins;
  tcp::socket peer = connected();
  write(peer, upgrade_request);
  EXPECT_THAT(read(peer), StartsWith("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_THAT(failure(), HasSubstr("reason=\"this Origin may not connect\""));
  EXPECT_THAT(inbox.inputs, IsEmpty());
  EXPECT_EQ(handshakes.failed, 1u);
}

TEST_F(WebSocketTest, IsCountedUntilItIsGoneWhereItIsRefused) {
  tcp::socket peer = connected();
  write(peer, "GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(read(peer), StartsWith("HTTP/1.1 4"));
  EXPECT_EQ(handshakes.under_way(), 1u);
  peer.close();
  EXPECT_TRUE(run_until([&] { return handshakes.under_way() == 0; }));
}

TEST_F(WebSocketTest, AsksWhoOpensItAndSaysWhoDid) {
  DigestRealm users;
  users.realm = "example.com";
  users.users["alice"] = secrets_from_password("alice", "example.com", "secret");
  const HandshakeAuth auth{.name = "web", .auth = "users"};
  setup.upgrade = {.auth = &auth, .users = &users};
  tcp::socket peer = connected();
  write(peer, upgrade_request);
  EXPECT_THAT(read(peer), StartsWith("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"example.com\""));
  EXPECT_THAT(failure(), AllOf(HasSubstr("handshake-failed"), HasSubstr("reason=\"no credentials\"")));
  EXPECT_THAT(inbox.inputs, IsEmpty());
  EXPECT_EQ(handshakes.failed, 1u);
  inbox.notes.clear();
  tcp::socket again = connected();
  std::string request = upgrade_request;
  request.insert(request.size() - 2, "Authorization: Basic YWxpY2U6c2VjcmV0\r\n");
  write(again, request);
  ASSERT_TRUE(opened());
  EXPECT_THAT(inbox.notes, HasSubstr("handshake-authenticated flow=2 remote=127.0.0.1:"));
  EXPECT_THAT(inbox.notes, HasSubstr(" user=alice by=basic"));
}

TEST_F(WebSocketTest, MayShareAListenerWithSip) {
  setup.transport = Transport::Tcp;
  setup.web_socket = true;
  setup.silence = 5s;
  const tcp::socket web = upgraded();
  ASSERT_TRUE(opened(1));
  tcp::socket phone = connected();
  write(phone, "GE");
  write(phone, "TAWAY sip:a SIP/2.0\r\n");
  ASSERT_TRUE(opened(2));
  tcp::socket pinging = connected();
  write(pinging, "\r\n\r\n");
  ASSERT_TRUE(opened(3));
  EXPECT_EQ(inbox.all<FlowOpened>().at(0).transport, Transport::Ws);
  EXPECT_EQ(inbox.all<FlowOpened>().at(1).transport, Transport::Tcp);
  EXPECT_THAT(received(2).at(1), "\r\n\r\n");
}

TEST_F(WebSocketTest, IsNotWaitedForLongerThanSilenceMayLast) {
  setup.transport = Transport::Tcp;
  setup.web_socket = true;
  setup.silence = 1ms;
  const tcp::socket peer = connected();
  EXPECT_THAT(failure(), HasSubstr("reason=\"no message on a new connection\""));
}

TEST_F(WebSocketTest, IsCountedWhileItOpens) {
  most = 2;
  const tcp::socket first = connected();
  tcp::socket second = connected();
  ASSERT_TRUE(run_until([&] { return handshakes.under_way() == 2; }));
  tcp::socket third = connected();
  EXPECT_EQ(read(third), "");
  EXPECT_THAT(failure(), HasSubstr("reason=\"too many handshakes under way\""));
  EXPECT_EQ(handshakes.refused, 1u);
  second.close();
  EXPECT_TRUE(run_until([&] { return handshakes.under_way() == 1; }));
}

TEST_F(WebSocketTest, HasADeadline) {
  tcp::socket peer = connected();
  const auto before = std::chrono::steady_clock::now();
  write(peer, "GET / HTTP/1.1\r\n");
  ASSERT_TRUE(run_until([&] { return !flows.empty(); }));
  while (inbox.notes.empty() && std::chrono::steady_clock::now() < before + 2 * limit::handshake_deadline) {
    write(peer, "X");  // a byte now and then does not help
    io.restart();
    io.run_for(200ms);
    boost::system::error_code error;
    if (peer.available(error); error) break;
  }
  EXPECT_THAT(failure(), HasSubstr("reason=\"no handshake within 5 s\""));
  EXPECT_GE(std::chrono::steady_clock::now() - before, limit::handshake_deadline);
}

}  // namespace
}  // namespace intermediary
