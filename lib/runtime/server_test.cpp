// A whole server on the loopback interface, asked as a phone asks: with packets.
#include "runtime/server.h"

#include <gmock/gmock.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "config/load.h"
#include "runtime/net/sockaddr.h"

namespace intermediary {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class LinesLog : public Log {
 public:
  void write(LogLevel, std::string_view line) override {
    const std::lock_guard lock(mutex_);
    text_ += std::string(line) + '\n';
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

// A peer's socket: blocking, with a limit on its patience.
class Peer {
 public:
  Peer(int type, const IpAddress& address) : descriptor_(socket(address.is_v4() ? AF_INET : AF_INET6, type, 0)) {
    const timeval patience{5, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const int room = 1024 * 1024;
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    const SocketAddress own = to_socket_address({address, 0});
    EXPECT_EQ(bind(descriptor_, own.data(), own.length), 0);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { close(descriptor_); }

  void connect_to(const Endpoint& remote) {
    const SocketAddress address = to_socket_address(remote);
    ASSERT_EQ(connect(descriptor_, address.data(), address.length), 0);
    const int on = 1;
    setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  void listen_here() { ASSERT_EQ(listen(descriptor_, 1), 0); }
  // From here on this is the connection.
  void accept_one() {
    const int connection = accept(descriptor_, nullptr, nullptr);
    ASSERT_GE(connection, 0);
    close(descriptor_);
    descriptor_ = connection;
  }
  void write(std::string_view bytes) {
    ASSERT_EQ(::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void send_to(const Endpoint& remote, std::string_view bytes) {
    const SocketAddress address = to_socket_address(remote);
    ASSERT_EQ(sendto(descriptor_, bytes.data(), bytes.size(), 0, address.data(), address.length),
              static_cast<ssize_t>(bytes.size()));
  }
  // What comes next; "" when the connection is closed or nothing comes.
  std::string receive() {
    std::string buffer(65536, '\0');
    const ssize_t count = recv(descriptor_, buffer.data(), buffer.size(), 0);
    return buffer.substr(0, count > 0 ? static_cast<std::size_t>(count) : 0);
  }
  // From a stream: one message without a body.
  std::string receive_head() {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      char byte = 0;
      if (recv(descriptor_, &byte, 1, 0) != 1) break;
      head += byte;
    }
    return head;
  }
  Endpoint local() const {
    sockaddr_storage storage{};
    socklen_t length = sizeof(storage);
    getsockname(descriptor_, reinterpret_cast<sockaddr*>(&storage), &length);
    return to_endpoint(storage);
  }

 private:
  int descriptor_;
};

const IpAddress loopback4 = *IpAddress::parse("127.0.0.1");
const IpAddress elsewhere = *IpAddress::parse("127.0.0.2");  // no listener's address, so nobody's domain
const IpAddress loopback6 = *IpAddress::parse("::1");

constexpr std::string_view registrar_and_proxy = R"(
    listen = [{ name = "udp4", on = "udp:127.0.0.1:0" }, { name = "tcp4", on = "tcp:127.0.0.1:0" },
              { name = "udp6", on = "udp:[::1]:0" }, { name = "tcp6", on = "tcp:[::1]:0" }]
    domains = ["localhost"]
    [[rule]]
    name = "registrations"
    when = { method = "REGISTER", ruri_domain = "local" }
    do   = { register = "location" }
    [[rule]]
    name = "to-users"
    when = { ruri_domain = "local" }
    do   = { lookup = "location" }
    [[rule]]
    name = "from-here"
    when = { source = ["127.0.0.1", "::1"] }
    do   = { relay = "request-uri" }
)";

const std::string stopped_at_rest = "stopped reason=\"at rest\"";

class ServerTest : public testing::Test {
 protected:
  void SetUp() override { start(registrar_and_proxy); }
  void TearDown() override { stop(); }

  void start(std::string_view configuration) {
    const auto loaded = load_config(configuration, "test", empty_surroundings());
    ASSERT_TRUE(loaded) << loaded.error().front().to_string();
    auto opened = Server::open(loaded->config, {seed_from_number(1), 300ms}, log);
    ASSERT_TRUE(opened) << opened.error();
    server = std::move(*opened);
    thread = std::thread([this] { server->run(); });
  }
  void stop() {
    if (!thread.joinable()) return;
    server->stop();
    thread.join();
  }

  Endpoint at(std::string_view name) const {
    for (const ListenerConfig& listener : server->config().listeners) {
      if (listener.name == name) return listener.bind;
    }
    ADD_FAILURE() << "no listener " << name;
    return {};
  }

  std::string request(const std::string& method, const std::string& uri, const std::string& transport,
                      const Endpoint& from, const std::string& extra = "", std::string to = "") {
    if (to.empty()) to = uri;
    const std::string number = std::to_string(++requests);
    return method + " " + uri + " SIP/2.0\r\nVia: SIP/2.0/" + transport + " " + from.to_string() +
           ";branch=z9hG4bKtest" + number + "\r\nMax-Forwards: 70\r\nFrom: <sip:alice@localhost>;tag=a" + number +
           "\r\nTo: <" + to + ">\r\nCall-ID: call" + number + "\r\nCSeq: 1 " + method + "\r\n" + extra +
           "Content-Length: 0\r\n\r\n";
  }

  std::string options_to(const Endpoint& to, const std::string& transport, const Endpoint& from) {
    return request("OPTIONS", "sip:" + to.to_string(), transport, from);
  }

  // A 200 to a request that a registered phone got over UDP.
  static std::string ok_for(const std::string& request) {
    return "SIP/2.0 200 OK\r\n" + request.substr(request.find("\r\n") + 2);
  }

  LinesLog log;
  std::unique_ptr<Server> server;
  std::thread thread;
  int requests = 0;
};

TEST_F(ServerTest, AnswersOptionsOverUdp) {
  for (const auto& [listener, address] : {std::pair{"udp4", loopback4}, std::pair{"udp6", loopback6}}) {
    Peer phone(SOCK_DGRAM, address);
    phone.send_to(at(listener), options_to(at(listener), "UDP", phone.local()));
    EXPECT_THAT(phone.receive(), StartsWith("SIP/2.0 200 "));
  }
}

TEST_F(ServerTest, AnswersOptionsOverTcp) {
  for (const auto& [listener, address] : {std::pair{"tcp4", loopback4}, std::pair{"tcp6", loopback6}}) {
    Peer phone(SOCK_STREAM, address);
    phone.connect_to(at(listener));
    phone.write(options_to(at(listener), "TCP", phone.local()));
    EXPECT_THAT(phone.receive_head(), StartsWith("SIP/2.0 200 "));
  }
}

TEST_F(ServerTest, AnswersAMalformedDatagramAndTheNextGoodOne) {
  Peer phone(SOCK_DGRAM, loopback4);
  std::string malformed = options_to(at("udp4"), "UDP", phone.local());
  malformed.replace(malformed.find("CSeq: 1"), 7, "CSeq: x");
  phone.send_to(at("udp4"), malformed);
  EXPECT_THAT(phone.receive(), StartsWith("SIP/2.0 400 "));
  phone.send_to(at("udp4"), std::string(5000, '\xff'));  // deserves silence
  phone.send_to(at("udp4"), options_to(at("udp4"), "UDP", phone.local()));
  EXPECT_THAT(phone.receive(), StartsWith("SIP/2.0 200 "));
  stop();
  EXPECT_THAT(log.text(), HasSubstr("message-rejected"));
}

TEST_F(ServerTest, ClosesAStreamThatLostItsWayAfterTheAnswer) {
  Peer phone(SOCK_STREAM, loopback4);
  phone.connect_to(at("tcp4"));
  std::string malformed = options_to(at("tcp4"), "TCP", phone.local());
  malformed.replace(malformed.find("Content-Length: 0"), 17, "Content-Length: x");
  phone.write(malformed + std::string(50'000, 'x'));
  EXPECT_THAT(phone.receive_head(), StartsWith("SIP/2.0 400 "));
  EXPECT_EQ(phone.receive(), "");
}

TEST_F(ServerTest, UnderstandsAStreamThatIsCutAnywhere) {
  Peer phone(SOCK_STREAM, loopback4);
  phone.connect_to(at("tcp4"));
  const std::size_t length = options_to(at("tcp4"), "TCP", phone.local()).size();
  for (std::size_t cut = 0; cut <= length; ++cut) {
    const std::string message = options_to(at("tcp4"), "TCP", phone.local());
    phone.write(message.substr(0, cut));
    phone.write(message.substr(std::min(cut, message.size())));
    ASSERT_THAT(phone.receive_head(), StartsWith("SIP/2.0 200 ")) << "cut at " << cut;
  }
}

TEST_F(ServerTest, UnderstandsAStreamByteByByte) {
  Peer phone(SOCK_STREAM, loopback6);
  phone.connect_to(at("tcp6"));
  for (const char byte : options_to(at("tcp6"), "TCP", phone.local())) phone.write(std::string_view(&byte, 1));
  EXPECT_THAT(phone.receive_head(), StartsWith("SIP/2.0 200 "));
}

TEST_F(ServerTest, SurvivesPeersThatLeaveAtAnyByte) {
  const std::size_t length = options_to(at("tcp4"), "TCP", at("tcp4")).size();
  for (std::size_t cut = 0; cut <= length; cut += 7) {
    Peer phone(SOCK_STREAM, loopback4);
    phone.connect_to(at("tcp4"));
    phone.write(options_to(at("tcp4"), "TCP", phone.local()).substr(0, cut));
  }
  Peer phone(SOCK_STREAM, loopback4);
  phone.connect_to(at("tcp4"));
  phone.write(options_to(at("tcp4"), "TCP", phone.local()));
  EXPECT_THAT(phone.receive_head(), StartsWith("SIP/2.0 200 "));
}

TEST_F(ServerTest, CarriesARequestFromTcpToARegisteredUdpPhone) {
  Peer bob(SOCK_DGRAM, loopback4);
  const std::string contact = "Contact: <sip:bob@" + bob.local().to_string() + ">\r\n";
  bob.send_to(at("udp4"), request("REGISTER", "sip:localhost", "UDP", bob.local(), contact, "sip:bob@localhost"));
  EXPECT_THAT(bob.receive(), StartsWith("SIP/2.0 200 "));

  Peer alice(SOCK_STREAM, loopback4);
  alice.connect_to(at("tcp4"));
  alice.write(request("MESSAGE", "sip:bob@localhost", "TCP", alice.local()));
  const std::string forwarded = bob.receive();
  EXPECT_THAT(forwarded, StartsWith("MESSAGE sip:bob@" + bob.local().to_string() + " SIP/2.0\r\n"));
  bob.send_to(at("udp4"), ok_for(forwarded));
  EXPECT_THAT(alice.receive_head(), StartsWith("SIP/2.0 200 "));
}

TEST_F(ServerTest, CarriesARequestFromUdpOverAConnectionItOpens) {
  Peer bob(SOCK_STREAM, elsewhere);
  bob.listen_here();
  Peer alice(SOCK_DGRAM, loopback4);
  const std::string uri = "sip:bob@" + bob.local().to_string() + ";transport=tcp";
  alice.send_to(at("udp4"), request("MESSAGE", uri, "UDP", alice.local()));
  bob.accept_one();
  const std::string forwarded = bob.receive_head();
  EXPECT_THAT(forwarded, StartsWith("MESSAGE " + uri + " SIP/2.0\r\nVia: SIP/2.0/TCP "));
  bob.write(ok_for(forwarded));
  EXPECT_THAT(alice.receive(), StartsWith("SIP/2.0 200 "));
}

TEST_F(ServerTest, SaysWhyAConnectionCannotBeOpened) {
  const Endpoint bound_only = Peer(SOCK_STREAM, elsewhere).local();  // nobody listens there: refused at once
  Peer alice(SOCK_DGRAM, loopback4);
  const std::string uri = "sip:bob@" + bound_only.to_string() + ";transport=tcp";
  alice.send_to(at("udp4"), request("MESSAGE", uri, "UDP", alice.local()));
  EXPECT_THAT(alice.receive(), testing::ContainsRegex("^SIP/2.0 (503|500|408) "));
  stop();
  EXPECT_THAT(log.text(), HasSubstr("Connection refused"));
}

TEST_F(ServerTest, SaysWhoseNameLeadsNowhere) {
  Peer alice(SOCK_DGRAM, loopback4);
  alice.send_to(at("udp4"), request("MESSAGE", "sip:bob@gone.example", "UDP", alice.local()));
  EXPECT_THAT(alice.receive(), testing::ContainsRegex("^SIP/2.0 (503|500|404) "));
  stop();
  EXPECT_THAT(log.text(), HasSubstr("uri=sip:bob@gone.example"));
}

TEST_F(ServerTest, HearsFromTheNetworkThatAPhoneIsGone) {
  const Endpoint gone = Peer(SOCK_DGRAM, elsewhere).local();
  Peer alice(SOCK_DGRAM, loopback4);
  alice.send_to(at("udp4"), request("MESSAGE", "sip:bob@" + gone.to_string(), "UDP", alice.local()));
  EXPECT_THAT(alice.receive(), testing::ContainsRegex("^SIP/2.0 (503|500|408) "));
}

TEST_F(ServerTest, AnswersABurst) {
  Peer phone(SOCK_DGRAM, loopback4);
  constexpr int burst = 200;
  for (int i = 0; i < burst; ++i) phone.send_to(at("udp4"), options_to(at("udp4"), "UDP", phone.local()));
  for (int i = 0; i < burst; ++i) ASSERT_THAT(phone.receive(), StartsWith("SIP/2.0 200 ")) << i;
}

TEST_F(ServerTest, StopsAtOnceWhenNothingIsUnderWay) {
  const auto before = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 250ms);
  EXPECT_THAT(log.text(), AllOf(HasSubstr("listening name=udp4 on=udp:127.0.0.1:"), HasSubstr(stopped_at_rest)));
}

TEST_F(ServerTest, DoesNotWaitForWhatOnlyAbsorbsRepetitions) {
  Peer bob(SOCK_DGRAM, elsewhere);
  Peer alice(SOCK_DGRAM, loopback4);
  alice.send_to(at("udp4"), request("MESSAGE", "sip:bob@" + bob.local().to_string(), "UDP", alice.local()));
  bob.send_to(at("udp4"), ok_for(bob.receive()));
  EXPECT_THAT(alice.receive(), StartsWith("SIP/2.0 200 "));
  stop();
  EXPECT_THAT(log.text(), HasSubstr(stopped_at_rest + " server_transactions=1 client_transactions=1 "));
}

TEST_F(ServerTest, DoesNotWaitLongerThanItsGrace) {
  Peer bob(SOCK_DGRAM, elsewhere);
  Peer alice(SOCK_DGRAM, loopback4);
  alice.send_to(at("udp4"), request("MESSAGE", "sip:bob@" + bob.local().to_string(), "UDP", alice.local()));
  EXPECT_THAT(bob.receive(), StartsWith("MESSAGE "));
  stop();
  EXPECT_THAT(log.text(), testing::ContainsRegex("stopped reason=\"the grace is over\" .* waiting=2 "));
}

TEST_F(ServerTest, RefusesNewRequestsWhileItDrains) {
  Peer bob(SOCK_DGRAM, elsewhere);
  Peer alice(SOCK_DGRAM, loopback4);
  alice.send_to(at("udp4"), request("INVITE", "sip:bob@" + bob.local().to_string(), "UDP", alice.local()));
  const std::string invite = bob.receive();
  EXPECT_THAT(alice.receive(), StartsWith("SIP/2.0 100 "));

  server->stop();
  while (log.text().find("draining") == std::string::npos) std::this_thread::sleep_for(1ms);
  Peer carol(SOCK_DGRAM, loopback4);
  carol.send_to(at("udp4"), options_to(at("udp4"), "UDP", carol.local()));
  EXPECT_THAT(carol.receive(), StartsWith("SIP/2.0 503 "));
  bob.send_to(at("udp4"), ok_for(invite));
  EXPECT_THAT(alice.receive(), StartsWith("SIP/2.0 200 "));
  thread.join();
  EXPECT_THAT(log.text(), HasSubstr(stopped_at_rest));
}

TEST_F(ServerTest, NamesTheAddressThatItCannotHave) {
  const auto loaded =
      load_config("listen = [{ on = \"udp:" + at("udp4").to_string() + "\" }]", "test", empty_surroundings());
  ASSERT_TRUE(loaded);
  const auto second = Server::open(loaded->config, {}, log);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), "cannot listen on udp:" + at("udp4").to_string() + ": Address already in use");
  const auto foreign = load_config("listen = [{ on = \"tcp:192.0.2.1:5060\" }]", "test", empty_surroundings());
  EXPECT_EQ(Server::open(foreign->config, {}, log).error(),
            "cannot listen on tcp:192.0.2.1:5060: Cannot assign requested address");
}

}  // namespace
}  // namespace intermediary
