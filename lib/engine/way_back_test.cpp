// Which socket an answer leaves from, and what a request keeps of where it came from: no scenario shows either.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "engine/engine.h"

namespace intermediary {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr ListenerId other_listener{2};

class WayBackTest : public testing::TestWithParam<ProxyMode> {
 protected:
  static Config config(ProxyMode mode) {
    Config config;
    config.listeners = {{"one", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt},
                        {"two", Transport::Udp, *Endpoint::parse("192.0.2.1:5070"), "", std::nullopt}};
    config.proxy.mode = mode;
    config.rules = {{"relay", {}, RelayAction{}, std::nullopt}};
    return config;
  }
  static std::string request(const std::string& method, const std::string& uri) {
    return method + " " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9:5060;rport;branch=z9hG4bK1\r\n" +
           "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: c\r\nCSeq: 1 " + method + "\r\n\r\n";
  }
  std::vector<Transmit> receive(ListenerId listener, const char* from, std::string bytes) {
    engine_.handle(at(seconds(1)), DatagramReceived{listener, *Endpoint::parse(from), std::move(bytes)});
    std::vector<Transmit> sent;
    while (auto output = engine_.poll()) {
      if (auto* transmit = std::get_if<Transmit>(&*output)) sent.push_back(std::move(*transmit));
    }
    return sent;
  }

  Engine engine_{config(GetParam()), seed_from_number(1)};
};

INSTANTIATE_TEST_SUITE_P(Modes, WayBackTest, testing::Values(ProxyMode::Stateful, ProxyMode::Stateless));

// RFC 3581 §4: a NAT lets nothing else in.
TEST_P(WayBackTest, AnAnswerLeavesFromWhereItsRequestCameIn) {
  const auto own = receive(other_listener, "192.0.2.9:40000", request("OPTIONS", "sip:192.0.2.1:5070"));
  ASSERT_EQ(own.size(), 1u);
  EXPECT_EQ(own[0].hop.listener, other_listener);
  EXPECT_EQ(own[0].hop.remote, *Endpoint::parse("192.0.2.9:40000"));

  const auto forwarded = receive(other_listener, "192.0.2.9:40000", request("MESSAGE", "sip:c@192.0.2.20"));
  ASSERT_EQ(forwarded.size(), 1u);
  std::string answer = forwarded[0].bytes;
  answer.replace(0, answer.find("\r\n"), "SIP/2.0 200 OK");
  const auto back = receive(forwarded[0].hop.listener, "192.0.2.20:5060", answer);
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].hop.listener, other_listener);
  EXPECT_EQ(back[0].hop.remote, *Endpoint::parse("192.0.2.9:40000"));
}

TEST_P(WayBackTest, ADatagramWithoutAContentLengthKeepsItsSource) {
  const auto forwarded = receive(other_listener, "192.0.2.9:40000", request("MESSAGE", "sip:c@192.0.2.20"));
  ASSERT_EQ(forwarded.size(), 1u);
  EXPECT_THAT(forwarded[0].bytes, HasSubstr(";received=192.0.2.9"));
  EXPECT_THAT(forwarded[0].bytes, HasSubstr(";rport=40000;"));
}

}  // namespace
}  // namespace intermediary
