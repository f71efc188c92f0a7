#include "proxy/breadth.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace intermediary {
namespace {

MessagePtr request(const std::string& line) {
  return *Message::parse(
      "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP h.example;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
      "To: <sip:bob@example.com>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n" +
          line + "\r\n",
      Framing::Datagram, Limits{});
}

TargetSet targets(std::initializer_list<int> qs) {
  TargetSet set;
  int number = 0;
  for (const int q : qs) {
    Target target;
    target.uri = *Uri::parse("sip:" + std::to_string(++number) + "@192.0.2.1");
    target.q_thousandths = q;
    set.add(std::move(target));
  }
  return set;
}

TEST(BreadthTest, IsSixtyWhereNothingIsSaid) {
  EXPECT_EQ(*breadth_of(*request(""), 60), (Breadth{60, std::nullopt}));
  EXPECT_EQ(*breadth_of(*request(""), 100), (Breadth{60, std::nullopt}));
  EXPECT_EQ(*breadth_of(*request(""), 8), (Breadth{8, std::nullopt}));
}

TEST(BreadthTest, IsAtMostOurs) {
  EXPECT_EQ(*breadth_of(*request("Max-Breadth: 7\r\n"), 60), (Breadth{7, 7}));
  EXPECT_EQ(*breadth_of(*request("Max-Breadth: 61\r\n"), 60), (Breadth{60, 61}));
  EXPECT_EQ(breadth_of(*request("Max-Breadth: 99999999999999999999\r\n"), 60)->incoming, 60);
}

TEST(BreadthTest, IsAPositiveNumber) {
  for (const std::string wrong : {"0", "-1", "many", "1;a=b", ""}) {
    const auto breadth = breadth_of(*request("Max-Breadth: " + wrong + "\r\n"), 60);
    ASSERT_FALSE(breadth) << wrong;
    EXPECT_EQ(breadth.error().status, 400);
  }
}

TEST(BreadthTest, RefusesAForkThatIsTooWide) {
  EXPECT_FALSE(refuse_for_breadth(targets({1000, 1000, 500}), ForkMode::Parallel, 3));
  EXPECT_EQ(refuse_for_breadth(targets({1000, 1000, 500}), ForkMode::Parallel, 2)->status, 440);
  EXPECT_FALSE(refuse_for_breadth(targets({1000, 1000, 500}), ForkMode::ByQ, 2));
  EXPECT_EQ(refuse_for_breadth(targets({1000, 500, 500}), ForkMode::ByQ, 1)->status, 440);
  EXPECT_FALSE(refuse_for_breadth(targets({1000, 1000, 500}), ForkMode::Serial, 1));
}

TEST(BreadthTest, IsSharedOutWhole) {
  std::uint32_t available = 60;
  std::vector<std::uint32_t> shares;
  for (std::size_t left = 7; left > 0; --left) {
    shares.push_back(share_of(available, left));
    available -= shares.back();
  }
  EXPECT_EQ(available, 0);
  EXPECT_EQ(shares, (std::vector<std::uint32_t>{9, 9, 9, 9, 8, 8, 8}));
}

}  // namespace
}  // namespace intermediary
