#include "routing/target_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intermediary {
namespace {

using testing::ElementsAre;

Target to(std::string_view uri, int q = 1000) {
  Target target;
  target.uri = *Uri::parse(uri);
  target.q_thousandths = q;
  return target;
}

TargetSet set_of(std::vector<Target> targets) {
  TargetSet set;
  for (Target& target : targets) set.add(std::move(target));
  return set;
}

TargetSet desk_mobile_and_mailbox() {
  return set_of({to("sip:mailbox@h", 100), to("sip:desk@h", 800), to("sip:mobile@h", 800)});
}

std::vector<std::string> users(const std::vector<Target>& targets) {
  std::vector<std::string> list;
  for (const Target& target : targets) list.push_back(target.uri.user);
  return list;
}

TEST(TargetQueueTest, ParallelTakesAllAtOnceInTheirOrder) {
  TargetQueue queue(desk_mobile_and_mailbox(), ForkMode::Parallel);
  EXPECT_THAT(users(queue.take_group()), ElementsAre("mailbox", "desk", "mobile"));
  EXPECT_TRUE(queue.empty());
}

TEST(TargetQueueTest, SerialTakesOneByOneTheHighestQFirst) {
  TargetQueue queue(desk_mobile_and_mailbox(), ForkMode::Serial);
  EXPECT_THAT(users(queue.take_group()), ElementsAre("desk"));
  EXPECT_THAT(users(queue.take_group()), ElementsAre("mobile"));
  EXPECT_THAT(users(queue.take_group()), ElementsAre("mailbox"));
  EXPECT_TRUE(queue.empty());
}

TEST(TargetQueueTest, ByQTakesThoseOfEqualQTogether) {
  TargetQueue queue(desk_mobile_and_mailbox(), ForkMode::ByQ);
  EXPECT_THAT(users(queue.take_group()), ElementsAre("desk", "mobile"));
  EXPECT_EQ(queue.size(), 1);
  EXPECT_THAT(users(queue.take_group()), ElementsAre("mailbox"));
  EXPECT_TRUE(queue.empty());
}

TEST(TargetQueueTest, WhatIsClearedIsNotTried) {
  TargetQueue queue(desk_mobile_and_mailbox(), ForkMode::Serial);
  queue.take_group();
  queue.clear();
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace intermediary
