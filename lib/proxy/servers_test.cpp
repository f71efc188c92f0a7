#include "proxy/servers.h"

#include <gmock/gmock.h>

#include "base/limits.h"
#include "message/test_messages.h"

namespace intermediary {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

Hop server(const std::string& address) { return {Transport::Udp, Endpoint::parse(address).value(), {}, {}, {}}; }

MessagePtr unavailable(const std::string& line) {
  const std::string bytes =
      "SIP/2.0 503 Service Unavailable\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\nFrom: "
      "<sip:a@example.com>;tag=1\r\n"
      "To: <sip:b@example.com>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n" +
      line + "Content-Length: 0\r\n\r\n";
  return Message::parse(bytes, Framing::Datagram, Limits{}).value();
}

TEST(ServersTest, AreTakenOneAfterTheOther) {
  Servers servers({server("192.0.2.1:5060"), server("192.0.2.2:5060")});
  EXPECT_EQ(servers.take().remote.to_string(), "192.0.2.1:5060");
  EXPECT_FALSE(servers.empty());
  EXPECT_EQ(servers.take().remote.to_string(), "192.0.2.2:5060");
  EXPECT_TRUE(servers.empty());
  EXPECT_TRUE(Servers().empty());
}

TEST(ServersTest, OnlyA503OrSilenceIsAFailureOfTheServer) {
  const MessagePtr response = unavailable("");
  EXPECT_TRUE(is_servers_failure({503, response, {}}, true));
  EXPECT_TRUE(is_servers_failure({503, nullptr, "refused"}, false));
  EXPECT_TRUE(is_servers_failure({408, nullptr, "no answer"}, false));
  EXPECT_FALSE(is_servers_failure({408, nullptr, "no answer"}, true));
  EXPECT_FALSE(is_servers_failure({408, response, {}}, false));
  EXPECT_FALSE(is_servers_failure({500, response, {}}, false));
  EXPECT_FALSE(is_servers_failure({486, response, {}}, false));
}

TEST(ServersTest, ReadsRetryAfter) {
  EXPECT_EQ(retry_after(*unavailable("Retry-After: 120\r\n")), seconds(120));
  EXPECT_EQ(retry_after(*unavailable("Retry-After: 120 (I'm in a meeting)\r\n")), seconds(120));
  EXPECT_EQ(retry_after(*unavailable("Retry-After: 18000;duration=3600\r\n")), seconds(18000));
  EXPECT_EQ(retry_after(*unavailable("")), std::nullopt);
  EXPECT_EQ(retry_after(*unavailable("Retry-After: soon\r\n")), std::nullopt);
}

class RestingServersTest : public testing::Test {
 protected:
  std::vector<std::string> awake(seconds now) {
    std::vector<std::string> names;
    for (const Hop& hop : resting.awake(at(now), {server("192.0.2.1:5060"), server("192.0.2.2:5060")})) {
      names.push_back(hop.remote.address.to_string());
    }
    return names;
  }
  RestingServers resting;
};

TEST_F(RestingServersTest, AreLeftAloneForAsLongAsTheySaid) {
  resting.rest(at(seconds(0)), server("192.0.2.1:5060"), seconds(60));
  EXPECT_THAT(awake(seconds(59)), ElementsAre("192.0.2.2"));
  EXPECT_THAT(awake(seconds(60)), ElementsAre("192.0.2.1", "192.0.2.2"));
}

TEST_F(RestingServersTest, AreTriedAllTheSameWhereNobodyElseIsLeft) {
  resting.rest(at(seconds(0)), server("192.0.2.1:5060"), seconds(60));
  resting.rest(at(seconds(0)), server("192.0.2.2:5060"), seconds(60));
  EXPECT_THAT(awake(seconds(1)), ElementsAre("192.0.2.1", "192.0.2.2"));
}

TEST_F(RestingServersTest, DoNotRestForEver) {
  resting.rest(at(seconds(0)), server("192.0.2.1:5060"), seconds(1'000'000));
  EXPECT_THAT(awake(limit::longest_rest), ElementsAre("192.0.2.1", "192.0.2.2"));
}

TEST_F(RestingServersTest, AreNoMoreThanTheirLimit) {
  resting.rest(at(seconds(0)), server("192.0.2.1:5060"), seconds(5));
  for (std::size_t i = 0; i < limit::resting_servers; ++i) {
    resting.rest(at(seconds(0)), server("198.51.100.1:" + std::to_string(i + 1)), seconds(60));
  }
  EXPECT_THAT(awake(seconds(1)), ElementsAre("192.0.2.1", "192.0.2.2"));
}

}  // namespace
}  // namespace intermediary
