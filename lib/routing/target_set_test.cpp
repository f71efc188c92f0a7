#include "routing/target_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace intermediary {
namespace {

using testing::ElementsAre;

Target to(std::string_view uri) {
  Target target;
  target.uri = *Uri::parse(uri);
  return target;
}

std::vector<std::string> uris(const TargetSet& set) {
  std::vector<std::string> list;
  for (const Target& target : set.targets()) list.push_back(target.uri.to_string());
  return list;
}

TEST(TargetSetTest, KeepsTheOrderOfAdding) {
  TargetSet set;
  EXPECT_TRUE(set.empty());
  EXPECT_TRUE(set.add(to("sip:b@192.0.2.2")));
  EXPECT_TRUE(set.add(to("sip:a@192.0.2.1")));
  EXPECT_THAT(uris(set), ElementsAre("sip:b@192.0.2.2", "sip:a@192.0.2.1"));
}

TEST(TargetSetTest, HoldsNoUriTwice) {
  TargetSet set;
  EXPECT_TRUE(set.add(to("sip:bob@Host.example.com")));
  EXPECT_FALSE(set.add(to("sip:bob@host.example.com")));
  EXPECT_FALSE(set.add(to("sip:%62ob@host.example.com")));
  EXPECT_TRUE(set.add(to("sip:bob@host.example.com;transport=tcp")));
  EXPECT_EQ(set.size(), 2);
}

// Behind two NATs two phones may have the same private address (RFC 5626 §6).
TEST(TargetSetTest, HoldsAUriTwiceByDifferentWays) {
  TargetSet set;
  Target by_flow = to("sip:bob@10.0.0.1");
  by_flow.hop = Hop{Transport::Udp, *Endpoint::parse("192.0.2.1:40000"), {}, {}};
  Target by_path = to("sip:bob@10.0.0.1");
  by_path.path = {"<sip:edge.example.com;lr>"};
  EXPECT_TRUE(set.add(to("sip:bob@10.0.0.1")));
  EXPECT_TRUE(set.add(Target(by_flow)));
  EXPECT_TRUE(set.add(Target(by_path)));
  EXPECT_FALSE(set.add(Target(by_flow)));
}

TEST(TargetSetTest, ForksNoFurtherThanItsLimit) {
  TargetSet set;
  for (std::size_t i = 0; i < limit::branches_per_request; ++i) {
    EXPECT_TRUE(set.add(to("sip:user" + std::to_string(i) + "@192.0.2.1")));
  }
  EXPECT_FALSE(set.add(to("sip:one-more@192.0.2.1")));
  EXPECT_EQ(set.size(), limit::branches_per_request);
}

}  // namespace
}  // namespace intermediary
