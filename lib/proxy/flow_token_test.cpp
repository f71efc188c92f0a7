#include "proxy/flow_token.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

constexpr FlowTokenKey key{{1, 2}, 3};

Hop datagrams(std::string_view remote, std::uint32_t listener = 1) {
  return {Transport::Udp, *Endpoint::parse(remote), ListenerId{listener}, {}};
}
Hop connection(std::uint64_t flow) {
  return {Transport::Tls, *Endpoint::parse("192.0.2.1:40000"), ListenerId{2}, FlowId{flow}};
}

TEST(FlowTokenTest, OfDatagramsLeadsBackToWhereTheyCameFrom) {
  for (const std::string_view remote : {"192.0.2.1:40000", "[2001:db8::1]:5060"}) {
    const std::string token = flow_token(key, datagrams(remote, 7));
    EXPECT_TRUE(is_flow_token(token));
    EXPECT_EQ(read_flow_token(key, token), datagrams(remote, 7));
    EXPECT_EQ(read_flow_token({{1, 2}, 4}, token), datagrams(remote, 7)) << "a restart changes nothing";
  }
}

TEST(FlowTokenTest, OfAConnectionNamesItUntilARestart) {
  const std::string token = flow_token(key, connection(engine_flow_bit | 9));
  EXPECT_EQ(read_flow_token(key, token)->flow, FlowId{engine_flow_bit | 9});
  EXPECT_EQ(read_flow_token({{1, 2}, 4}, token).error(), FlowTokenFault::Outlived);
}

TEST(FlowTokenTest, EveryFlowHasItsOwn) {
  EXPECT_NE(flow_token(key, connection(1)), flow_token(key, connection(2)));
  EXPECT_NE(flow_token(key, datagrams("192.0.2.1:1")), flow_token(key, datagrams("192.0.2.1:2")));
  EXPECT_NE(flow_token(key, datagrams("192.0.2.1:1", 1)), flow_token(key, datagrams("192.0.2.1:1", 2)));
}

TEST(FlowTokenTest, WhoeverChangesACharacterHasForgedIt) {
  for (const Hop& flow : {datagrams("192.0.2.1:40000"), connection(9)}) {
    const std::string token = flow_token(key, flow);
    for (std::size_t i = 3; i < token.size(); ++i) {
      std::string changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      EXPECT_EQ(read_flow_token(key, changed).error(), FlowTokenFault::Forged) << i;
      EXPECT_FALSE(read_flow_token(key, token.substr(0, i))) << i;
    }
    EXPECT_EQ(read_flow_token({{1, 3}, 3}, token).error(), FlowTokenFault::Forged) << "another key";
  }
  EXPECT_EQ(read_flow_token(key, "ft-").error(), FlowTokenFault::Forged);
}

TEST(FlowTokenTest, OtherUsersAreNone) {
  EXPECT_FALSE(is_flow_token("bob"));
  EXPECT_FALSE(is_flow_token(""));
}

}  // namespace
}  // namespace intermediary
