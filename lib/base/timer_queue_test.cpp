#include "base/timer_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <utility>

namespace intermediary {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class TimerQueueTest : public testing::Test {
 protected:
  TimerHandle arm(Duration after, std::uint64_t subject) {
    return timers.arm(now, after, {TimerOwner::Transaction, 0, subject});
  }
  // Goes on to `to` and lists who was due, in order.
  std::vector<std::uint64_t> due_at(Duration to) {
    now = at(to);
    std::vector<std::uint64_t> subjects;
    while (const auto tag = timers.pop_due(now)) subjects.push_back(tag->subject);
    return subjects;
  }

  TimePoint now{};
  TimerQueue timers;
};

TEST_F(TimerQueueTest, IsEmptyAtFirst) {
  EXPECT_TRUE(timers.empty());
  EXPECT_EQ(timers.next_deadline(), std::nullopt);
  EXPECT_THAT(due_at(1h), IsEmpty());
}

TEST_F(TimerQueueTest, FiresInTheOrderOfDeadlines) {
  timers.share(32s);
  arm(32s, 1);
  arm(5s, 2);
  arm(500ms, 3);
  arm(40s, 4);
  EXPECT_EQ(timers.next_deadline(), at(500ms));
  EXPECT_THAT(due_at(499ms), IsEmpty());
  EXPECT_THAT(due_at(500ms), ElementsAre(3));
  EXPECT_THAT(due_at(40s), ElementsAre(2, 1, 4));
  EXPECT_TRUE(timers.empty());
}

TEST_F(TimerQueueTest, EqualDeadlinesKeepTheOrderOfArming) {
  timers.share(10s);
  arm(10s, 1);
  arm(10s, 2);
  due_at(4s);
  timers.share(6s);
  arm(6s, 3);
  due_at(5s);
  arm(5s, 4);
  due_at(6s);
  arm(4s, 5);
  EXPECT_THAT(due_at(10s), ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(TimerQueueTest, HandsBackTheWholeTag) {
  const TimerTag tag{TimerOwner::Proxy, 3, 77};
  timers.arm(now, 1s, tag);
  EXPECT_EQ(timers.pop_due(at(1s)), tag);
}

TEST_F(TimerQueueTest, ACancelledTimerLeavesAtOnce) {
  timers.share(1s);
  TimerHandle shared = arm(1s, 1);
  TimerHandle heaped = arm(2s, 2);
  arm(3s, 3);
  timers.cancel(shared);
  EXPECT_EQ(timers.next_deadline(), at(2s));
  timers.cancel(heaped);
  EXPECT_EQ(timers.next_deadline(), at(3s));
  EXPECT_EQ(timers.size(), 1);
  EXPECT_FALSE(shared);
  EXPECT_THAT(due_at(3s), ElementsAre(3));
}

TEST_F(TimerQueueTest, AHandleStaysHarmlessAfterItsTimer) {
  TimerHandle fired = arm(1s, 1);
  EXPECT_TRUE(timers.is_armed(fired));
  due_at(1s);
  EXPECT_FALSE(timers.is_armed(fired));
  arm(1s, 2);  // takes the same node
  timers.cancel(fired);
  EXPECT_THAT(due_at(2s), ElementsAre(2));
  TimerHandle nothing;
  timers.cancel(nothing);
  EXPECT_FALSE(timers.is_armed(nothing));
}

TEST_F(TimerQueueTest, ATimerOfNoDurationIsDueNow) {
  arm(0s, 1);
  EXPECT_THAT(due_at(0s), ElementsAre(1));
}

// The model: every timer in one map by (deadline, order of arming).
struct Model {
  using Key = std::pair<TimePoint, std::uint64_t>;
  std::map<Key, std::uint64_t> armed;

  std::optional<TimePoint> next_deadline() const {
    if (armed.empty()) return std::nullopt;
    return armed.begin()->first.first;
  }
};

RC_GTEST_PROP(TimerQueueProperty, BehavesLikeAMapByDeadlineAndOrderOfArming, ()) {
  TimerQueue timers;
  for (const Duration shared : {0ms, 3ms, 5ms}) timers.share(shared);
  Model model;
  std::vector<std::pair<TimerHandle, Model::Key>> handles;
  TimePoint now{};
  std::uint64_t next = 0;

  const auto arm = [&] {
    const Duration after = std::chrono::milliseconds(*rc::gen::inRange(0, 8));
    handles.push_back({timers.arm(now, after, {TimerOwner::Proxy, 1, next}), {now + after, next}});
    model.armed[{now + after, next}] = next;
    ++next;
  };
  const auto cancel = [&] {
    if (handles.empty()) return;
    auto& [handle, key] = handles[*rc::gen::inRange<std::size_t>(0, handles.size())];
    RC_ASSERT(timers.is_armed(handle) == (handle && model.armed.contains(key)));
    if (handle) model.armed.erase(key);
    timers.cancel(handle);
    RC_ASSERT(!handle);
  };
  const auto advance = [&] {
    now += std::chrono::milliseconds(*rc::gen::inRange(0, 4));
    while (const auto tag = timers.pop_due(now)) {
      RC_ASSERT(!model.armed.empty());
      RC_ASSERT(model.next_deadline() <= now);
      RC_ASSERT(tag->subject == model.armed.begin()->second);
      model.armed.erase(model.armed.begin());
    }
    RC_ASSERT(model.armed.empty() || *model.next_deadline() > now);
  };

  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 6));
  for (const int step : steps) {
    if (step < 3) {
      arm();
    } else if (step < 5) {
      cancel();
    } else {
      advance();
    }
    RC_ASSERT(timers.size() == model.armed.size());
    RC_ASSERT(timers.next_deadline() == model.next_deadline());
  }
}

}  // namespace
}  // namespace intermediary
