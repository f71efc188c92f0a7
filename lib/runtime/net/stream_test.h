// What the tests of connections on the loopback interface share: a listener in the shard's place.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <vector>

#include "runtime/net/net_test.h"
#include "runtime/net/stream_flow.h"
#include "runtime/net/tcp_listener.h"

namespace intermediary {

inline const std::string upgrade_request =
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\nOrigin: https://a.example\r\n\r\n";

// A client's text frame, masked by zeros.
inline std::string text_frame(const std::string& text) {
  return std::string(1, '\x81') + static_cast<char>(0x80 | text.size()) + std::string(4, '\0') + text;
}

class OpeningTest : public NetTest {
 protected:
  void SetUp() override {
    ASSERT_FALSE(listener.open(*Endpoint::parse("127.0.0.1:0")));
    listener.start();
  }
  void TearDown() override {
    for (const auto& flow : flows) flow->close();
    io.restart();
    io.poll();
  }

  std::shared_ptr<StreamFlow> make_flow(boost::asio::ip::tcp::socket socket, FlowId id, const Endpoint& remote,
                                        StreamFlow::Setup with) {
    return std::make_shared<StreamFlow>(std::move(socket), StreamFlow::Identity{id, ListenerId{1}, remote},
                                        std::move(with), StreamFlow::Surroundings{scratch, inbox, handshakes},
                                        [this](FlowId which) { gone.push_back(which); });
  }
  boost::asio::ip::tcp::socket connected() {
    boost::asio::ip::tcp::socket socket(io);
    socket.connect({boost::asio::ip::address_v4::loopback(), listener.local().port});
    return socket;
  }
  static void write(boost::asio::ip::tcp::socket& socket, const std::string& bytes) {
    boost::asio::write(socket, boost::asio::buffer(bytes));
  }
  // All that comes until the end of the connection, or `length` bytes.
  std::string read(boost::asio::ip::tcp::socket& socket, std::size_t length = 100'000) {
    std::string received;
    bool ended = false;
    std::array<char, 4096> buffer{};
    std::function<void()> more = [&] {
      socket.async_read_some(boost::asio::buffer(buffer), [&](const auto& error, std::size_t count) {
        received.append(buffer.data(), count);
        ended = static_cast<bool>(error);
        if (!ended && received.size() < length) more();
      });
    };
    more();
    run_until([&] { return ended || received.size() >= length; });
    return received;
  }
  bool opened(std::size_t count = 1) {
    return run_until([&] { return inbox.all<FlowOpened>().size() == count; });
  }
  std::string failure() {
    run_until([&] { return !inbox.notes.empty(); });
    return inbox.notes;
  }
  std::vector<std::string> received(std::size_t count) {
    run_until([&] { return inbox.all<StreamReceived>().size() >= count; });
    std::vector<std::string> all;
    for (const StreamReceived& each : inbox.all<StreamReceived>()) all.push_back(each.bytes);
    return all;
  }

  std::vector<char> scratch = std::vector<char>(4096);
  std::size_t most = 64;
  Handshakes handshakes{[this](const IpAddress&) { return most; }};
  std::vector<FlowId> gone;
  StreamFlow::Setup setup;  // of connections that are accepted from now on
  std::vector<std::shared_ptr<StreamFlow>> flows;
  int accepted = -1;  // the last one's descriptor
  TcpListener listener{io, ListenerId{1}, inbox,
                       [this](ListenerId, boost::asio::ip::tcp::socket socket, const Endpoint& remote) {
                         accepted = socket.native_handle();
                         flows.push_back(make_flow(std::move(socket), FlowId{flows.size() + 1}, remote, setup));
                         flows.back()->start();
                       }};
};

}  // namespace intermediary
