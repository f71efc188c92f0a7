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
  EXPECT_THAT(users(queue.take_group(60)), ElementsAre("mailbox", "desk", "mobile"));
  EXPECT_TRUE(queue.empty());
}

TEST(TargetQueueTest, SerialTakesOneByOneTheHighestQFirst) {
  TargetQueue queue(desk_mobile_and_mailbox(), ForkMode::Serial);
  EXPECT_THAT(users(queue.take_group(60)), ElementsAre("desk"));
  EXPECT_THAT(users(queue.take_group(60)), ElementsAre("mobile"));
  EXPECT_THAT(users(queue.take_group(60)), ElementsAre("mailbox"));
  EXPECT_TRUE(queue.empty());
}

TEST(TargetQueueTest, ByQTakesThoseOfEqualQTogether) {
  TargetQueue queue(desk_mobile_and_mailbox(), ForkMode::ByQ);
  EXPECT_THAT(users(queue.take_group(60)), ElementsAre("desk", "mobile"));
  EXPECT_EQ(queue.size(), 1);
  EXPECT_THAT(users(queue.take_group(60)), ElementsAre("mailbox"));
  EXPECT_TRUE(queue.empty());
}

TEST(TargetQueueTest, TakesNoMoreThanItMay) {
  TargetQueue parallel(desk_mobile_and_mailbox(), ForkMode::Parallel);
  EXPECT_THAT(users(parallel.take_group(2)), ElementsAre("mailbox", "desk"));
  EXPECT_THAT(users(parallel.take_group(2)), ElementsAre("mobile"));
  TargetQueue by_q(desk_mobile_and_mailbox(), ForkMode::ByQ);
  EXPECT_THAT(users(by_q.take_group(1)), ElementsAre("desk"));
  EXPECT_THAT(users(by_q.take_group(1)), ElementsAre("mobile"));
}

TEST(TargetQueueTest, ARedirectionComesFirstAndALateTargetByItsQ) {
  TargetQueue queue(desk_mobile_and_mailbox(), ForkMode::Serial);
  queue.take_group(1);
  queue.put_first(set_of({to("sip:office@h", 300), to("sip:home@h", 200)}));
  queue.add(to("sip:late@h", 500));
  EXPECT_TRUE(queue.contains(*Uri::parse("sip:home@h")));
  EXPECT_FALSE(queue.contains(*Uri::parse("sip:desk@h")));
  EXPECT_THAT(users(queue.take_group(1)), ElementsAre("late"));
  EXPECT_THAT(users(queue.take_group(1)), ElementsAre("office"));
  EXPECT_THAT(users(queue.take_group(1)), ElementsAre("home"));
  EXPECT_THAT(users(queue.take_group(1)), ElementsAre("mobile"));
}

TEST(TargetQueueTest, WhatIsClearedIsNotTried) {
  TargetQueue queue(desk_mobile_and_mailbox(), ForkMode::Serial);
  queue.take_group(60);
  queue.clear();
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace intermediary
