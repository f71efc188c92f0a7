// The sockets alone, on the loopback interface, with a list in the shard's place.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/tcp.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <vector>

#include "runtime/net/net_test.h"
#include "runtime/net/stream_flow.h"
#include "runtime/net/tcp_listener.h"
#include "runtime/net/udp_listener.h"

namespace intermediary {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using boost::asio::ip::udp;
using testing::HasSubstr;

class UdpListenerTest : public NetTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    ASSERT_FALSE(listener.open(*Endpoint::parse(GetParam())));
    listener.start();
  }
  udp::endpoint server() const {
    const Endpoint local = listener.local();
    return {boost::asio::ip::make_address(local.address.to_string()), local.port};
  }
  udp::socket client() { return udp::socket(io, udp::endpoint(server().address(), 0)); }
  static Endpoint endpoint_of(const udp::socket& socket) {
    return {*IpAddress::parse(socket.local_endpoint().address().to_string()), socket.local_endpoint().port()};
  }

  UdpListener listener{io, ListenerId{7}, Limits{}, inbox};
};

INSTANTIATE_TEST_SUITE_P(BothFamilies, UdpListenerTest, testing::Values("127.0.0.1:0", "[::1]:0"),
                         [](const auto& parameter) { return parameter.index == 0 ? "V4" : "V6"; });

TEST_P(UdpListenerTest, HandsUpEachDatagramWithItsSender) {
  udp::socket peer = client();
  peer.send_to(boost::asio::buffer(std::string("one")), server());
  peer.send_to(boost::asio::buffer(std::string("two")), server());
  ASSERT_TRUE(run_until([&] { return inbox.inputs.size() == 2; }));
  const auto received = inbox.all<DatagramReceived>();
  EXPECT_EQ(received[0].bytes, "one");
  EXPECT_EQ(received[1].bytes, "two");
  EXPECT_EQ(received[0].listener, ListenerId{7});
  EXPECT_EQ(received[0].remote, endpoint_of(peer));
}

TEST_P(UdpListenerTest, SendsMoreThanABatchInOrder) {
  udp::socket peer = client();
  for (int i = 0; i < 100; ++i) listener.send(endpoint_of(peer), std::to_string(i));
  listener.flush();
  for (int i = 0; i < 100; ++i) {
    std::array<char, 16> buffer{};
    const std::size_t count = peer.receive(boost::asio::buffer(buffer));
    EXPECT_EQ(std::string(buffer.data(), count), std::to_string(i));
  }
}

TEST_P(UdpListenerTest, LosesNothingOfABurst) {
  udp::socket peer = client();
  const std::string message(400, 'x');
  std::size_t sent = 0;
  const auto all_there = [&] { return inbox.inputs.size() == sent; };
  for (; sent < 200; ++sent) peer.send_to(boost::asio::buffer(message), server());
  EXPECT_TRUE(run_until(all_there));
  for (; sent < 400; ++sent) peer.send_to(boost::asio::buffer(message), server());
  EXPECT_TRUE(run_until(all_there));
}

TEST_P(UdpListenerTest, ShowsThatADatagramWasLongerThanItsLimit) {
  UdpListener narrow{io, ListenerId{8}, Limits{.datagram_bytes = 1024}, inbox};
  ASSERT_FALSE(narrow.open(*Endpoint::parse(GetParam())));
  narrow.start();
  udp::socket peer = client();
  peer.send_to(boost::asio::buffer(std::string(2000, 'x')), {server().address(), narrow.local().port});
  ASSERT_TRUE(run_until([&] { return !inbox.inputs.empty(); }));
  EXPECT_EQ(inbox.all<DatagramReceived>().at(0).bytes.size(), 1025u);
}

// RFC 3261 §18.1.1: 65535 bytes with the headers of IP and UDP.
TEST_P(UdpListenerTest, TakesTheLargestDatagramThatThereIs) {
  UdpListener wide{io, ListenerId{8}, Limits{.datagram_bytes = 65535}, inbox};
  ASSERT_FALSE(wide.open(*Endpoint::parse(GetParam())));
  wide.start();
  const std::size_t largest = server().address().is_v4() ? 65535 - 20 - 8 : 65535 - 8;
  udp::socket peer = client();
  peer.send_to(boost::asio::buffer(std::string(largest, 'x')), {server().address(), wide.local().port});
  ASSERT_TRUE(run_until([&] { return !inbox.inputs.empty(); }));
  EXPECT_EQ(inbox.all<DatagramReceived>().at(0).bytes.size(), largest);
}

TEST_P(UdpListenerTest, TellsOfAPortThatNobodyListensOn) {
  udp::socket peer = client();
  const Endpoint deaf = endpoint_of(peer);
  peer.close();
  listener.send(deaf, "anybody?");
  listener.flush();
  ASSERT_TRUE(run_until([&] { return !inbox.inputs.empty(); }));
  const DatagramFailed failed = inbox.all<DatagramFailed>().at(0);
  EXPECT_EQ(failed.remote, deaf);
  EXPECT_EQ(failed.bytes, "anybody?");
  EXPECT_EQ(failed.reason, "Connection refused");
}

TEST_P(UdpListenerTest, GoesOnAfterAPeerThatIsGone) {
  udp::socket gone = client();
  const Endpoint deaf = endpoint_of(gone);
  gone.close();
  udp::socket peer = client();
  for (int i = 0; i < 3; ++i) {
    listener.send(deaf, "anybody?");
    listener.flush();
    listener.send(endpoint_of(peer), std::to_string(i));
    listener.flush();
  }
  for (int i = 0; i < 3; ++i) {
    std::array<char, 16> buffer{};
    const std::size_t count = peer.receive(boost::asio::buffer(buffer));
    EXPECT_EQ(std::string(buffer.data(), count), std::to_string(i));
  }
  EXPECT_TRUE(run_until([&] { return inbox.all<DatagramFailed>().size() == 3; }));
}

TEST_P(UdpListenerTest, TellsOfADatagramThatIsTooLongOnce) {
  udp::socket peer = client();
  listener.send(endpoint_of(peer), std::string(70000, 'x'));
  listener.flush();
  ASSERT_EQ(inbox.inputs.size(), 1u);
  EXPECT_EQ(inbox.all<DatagramFailed>().at(0).reason, "Message too long");
  EXPECT_EQ(inbox.all<DatagramFailed>().at(0).bytes.size(), 70000u);
  // Its trace in the socket's error queue does not keep us awake.
  int wakes = 0;
  while (io.run_one_for(50ms) != 0 && wakes < 100) ++wakes;
  EXPECT_LT(wakes, 3);
}

TEST_P(UdpListenerTest, RefusesAnAddressInUse) {
  UdpListener second(io, ListenerId{8}, Limits{}, inbox);
  EXPECT_EQ(second.open(listener.local()), std::errc::address_in_use);
}

class TcpTest : public NetTest {
 protected:
  void SetUp() override {
    ASSERT_FALSE(listener.open(*Endpoint::parse("127.0.0.1:0")));
    listener.start();
  }

  tcp::socket connected_client() {
    tcp::socket socket(io);
    socket.connect({boost::asio::ip::address_v4::loopback(), listener.local().port});
    EXPECT_TRUE(run_until([&] { return flow != nullptr; }));
    return socket;
  }

  std::shared_ptr<StreamFlow> make_flow(tcp::socket socket, FlowId id, const Endpoint& remote) {
    return std::make_shared<StreamFlow>(std::move(socket), StreamFlow::Identity{id, ListenerId{1}, remote},
                                        StreamFlow::Setup{}, StreamFlow::Surroundings{scratch, inbox, handshakes},
                                        [this](FlowId which) { gone.push_back(which); });
  }

  std::vector<char> scratch = std::vector<char>(4096);
  static bool is_open(int descriptor) { return fcntl(descriptor, F_GETFD) != -1; }

  std::size_t most = 64;
  Handshakes handshakes{[this](const IpAddress&) { return most; }};
  std::shared_ptr<StreamFlow> flow;
  std::vector<FlowId> gone;
  int accepted = -1;
  TcpListener listener{io, ListenerId{1}, inbox, [this](ListenerId, tcp::socket socket, const Endpoint& remote) {
                         accepted = socket.native_handle();
                         flow = make_flow(std::move(socket), FlowId{5}, remote);
                         flow->start();
                       }};
};

TEST_F(TcpTest, TellsOfAConnectionAndWhatItCarries) {
  tcp::socket peer = connected_client();
  boost::asio::write(peer, boost::asio::buffer(std::string("hello")));
  ASSERT_TRUE(run_until([&] { return inbox.inputs.size() == 2; }));
  EXPECT_EQ(inbox.all<FlowOpened>().at(0).remote.port, peer.local_endpoint().port());
  EXPECT_EQ(inbox.all<StreamReceived>().at(0).bytes, "hello");
  peer.close();
  ASSERT_TRUE(run_until([&] { return inbox.inputs.size() == 3; }));
  EXPECT_EQ(inbox.all<FlowClosed>().at(0).reason, "closed by the peer");
  EXPECT_EQ(gone, std::vector{FlowId{5}});
}

// Else a peer that lost its power keeps its connection, and what is registered on it, for ever.
TEST_F(TcpTest, FindsOutThatAPeerIsGone) {
  const tcp::socket peer = connected_client();
  const auto option = [&](int level, int name) {
    int value = 0;
    socklen_t length = sizeof(value);
    EXPECT_EQ(getsockopt(accepted, level, name, &value, &length), 0);
    return value;
  };
  EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_LE(option(IPPROTO_TCP, TCP_KEEPIDLE) + option(IPPROTO_TCP, TCP_KEEPCNT) * option(IPPROTO_TCP, TCP_KEEPINTVL),
            600);
}

TEST_F(TcpTest, WritesWhatItIsGiven) {
  tcp::socket peer = connected_client();
  for (int i = 0; i < 40; ++i) flow->send("0123456789");
  flow->flush();
  std::string received(400, '\0');
  boost::asio::read(peer, boost::asio::buffer(received));
  EXPECT_EQ(received.substr(390), "0123456789");
}

TEST_F(TcpTest, WritesTheRestWhenThePeerReadsAgain) {
  tcp::socket peer = connected_client();
  const std::string block(64 * 1024, 'x');
  std::size_t given = 0;
  for (; given < 64 * 1024 * 100 && gone.empty(); given += block.size()) {
    flow->send(block);
    flow->flush();
    std::string received(block.size(), '\0');
    if (given > 8 * block.size()) boost::asio::read(peer, boost::asio::buffer(received));
    io.restart();
    io.poll();
  }
  EXPECT_TRUE(gone.empty());
}

TEST_F(TcpTest, KnowsWhetherAllIsWithTheKernel) {
  tcp::socket peer = connected_client();
  EXPECT_FALSE(flow->has_unsent());
  const std::string block(64 * 1024, 'x');
  std::size_t given = 0;
  while (!flow->has_unsent() && given < 1000 * block.size()) {
    flow->send(block);
    flow->flush();
    given += block.size();
  }
  ASSERT_TRUE(flow->has_unsent());
  std::string received(given, '\0');
  boost::asio::async_read(peer, boost::asio::buffer(received), [](const auto&, std::size_t) {});
  EXPECT_TRUE(run_until([&] { return !flow->has_unsent(); }));
  peer.close();
  io.restart();
  io.poll();
}

TEST_F(TcpTest, DropsAPeerThatDoesNotRead) {
  tcp::socket peer = connected_client();
  const std::string block(64 * 1024, 'x');
  for (int i = 0; i < 1000 && gone.empty(); ++i) {
    flow->send(block);
    flow->flush();
  }
  ASSERT_EQ(inbox.all<FlowClosed>().size(), 1u);
  EXPECT_THAT(inbox.all<FlowClosed>().at(0).reason, HasSubstr("the peer does not read"));
}

TEST_F(TcpTest, ClosesOnlyWhenAllIsWrittenAndTakesNoResetForIt) {
  tcp::socket peer = connected_client();
  boost::asio::write(peer, boost::asio::buffer(std::string(100'000, 'x')));  // nobody will read all of this
  flow->send("last words");
  flow->close();
  std::string received(10, '\0');
  boost::asio::read(peer, boost::asio::buffer(received));
  EXPECT_EQ(received, "last words");
  boost::system::error_code error;
  peer.read_some(boost::asio::buffer(received), error);
  EXPECT_EQ(error, boost::asio::error::eof);
  EXPECT_TRUE(inbox.all<FlowClosed>().empty());
}

// Else whoever is refused for having too many would hold a descriptor for each a while longer.
TEST_F(TcpTest, ClosesAtOnceWhatWasNeverToldAnything) {
  tcp::socket peer = connected_client();
  flow->close();
  EXPECT_FALSE(is_open(accepted));
}

TEST_F(TcpTest, CountsWhatIsReadToItsEnd) {
  tcp::socket peer = connected_client();
  flow->send("last words");
  flow->close();
  EXPECT_TRUE(is_open(accepted));
  EXPECT_EQ(handshakes.under_way(), 1u);
  peer.close();
  EXPECT_TRUE(run_until([&] { return handshakes.under_way() == 0; }));
  EXPECT_FALSE(is_open(accepted));
}

TEST_F(TcpTest, ReadsNothingToItsEndWhereNoPlaceIsLeft) {
  most = 0;
  tcp::socket peer = connected_client();
  flow->send("last words");
  flow->close();
  EXPECT_FALSE(is_open(accepted));
  EXPECT_EQ(handshakes.refused, 0u);
  std::string received(10, '\0');
  boost::asio::read(peer, boost::asio::buffer(received));
  EXPECT_EQ(received, "last words");
}

TEST_F(TcpTest, Connects) {
  const auto own = make_flow(tcp::socket(io), FlowId{engine_flow_bit | 1}, listener.local());
  own->connect(*IpAddress::parse("127.0.0.1"));
  ASSERT_TRUE(run_until([&] { return inbox.all<FlowOpened>().size() == 2; }));
  own->send("to ourselves");
  own->flush();
  ASSERT_TRUE(run_until([&] { return !inbox.all<StreamReceived>().empty(); }));
  EXPECT_EQ(inbox.all<StreamReceived>().at(0).bytes, "to ourselves");
}

TEST_F(TcpTest, SaysWhyItCannotConnect) {
  const Endpoint local = listener.local();
  listener.close();
  const auto own = make_flow(tcp::socket(io), FlowId{engine_flow_bit | 1}, local);
  own->connect(IpAddress());
  ASSERT_TRUE(run_until([&] { return !inbox.inputs.empty(); }));
  EXPECT_EQ(inbox.all<FlowClosed>().at(0).reason, "Connection refused");
  EXPECT_EQ(gone, std::vector{FlowId{engine_flow_bit | 1}});
}

TEST_F(TcpTest, RefusesAnAddressInUse) {
  TcpListener second(io, ListenerId{2}, inbox, [](ListenerId, tcp::socket, const Endpoint&) {});
  EXPECT_EQ(second.open(listener.local()), std::errc::address_in_use);
}

}  // namespace
}  // namespace intermediary
