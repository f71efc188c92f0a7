#include "policy/overload.h"

#include <gtest/gtest.h>

#include "base/archive.h"

namespace intermediary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = LoadVerdict::Kind;

constexpr TimePoint load_time(Duration since) { return TimePoint{} + since; }

// Asked every millisecond from 0 to `whole`.
int admitted(LoadGate& gate, LoadKind kind, bool priority, Duration whole) {
  int count = 0;
  for (Duration now{}; now <= whole; now += milliseconds(1)) {
    if (gate.judge(load_time(now), kind, priority, {}).kind != Verdict::Admitted) continue;
    gate.take(load_time(now), kind, priority);
    ++count;
  }
  return count;
}

TEST(LoadGateTest, LetsInItsBurstAndItsRate) {
  LoadGate gate({.calls_per_second = 100, .burst = 50});
  EXPECT_EQ(admitted(gate, LoadKind::Call, false, seconds(10)), 50 + 1000);
}

TEST(LoadGateTest, PriorityHasTheReserveOnTop) {
  LoadGate gate({.calls_per_second = 100, .burst = 50, .reserve = 10});
  const int count = admitted(gate, LoadKind::Call, true, seconds(10));  // the reserve is full until it is needed
  EXPECT_LE(count, 55 + 1100);
  EXPECT_GE(count, 55 + 1100 - 1);
  EXPECT_EQ(gate.judge(load_time(seconds(10)), LoadKind::Call, false, {}).limit, "calls_per_second");
}

TEST(LoadGateTest, WithoutAReservePriorityIsWorthNothing) {
  LoadGate gate({.calls_per_second = 100, .burst = 50, .reserve = 0});
  EXPECT_EQ(admitted(gate, LoadKind::Call, true, seconds(10)), 50 + 1000);
}

TEST(LoadGateTest, CallsAndOtherRequestsDoNotTakeEachOthersRoom) {
  LoadGate gate({.calls_per_second = 10, .burst = 10, .requests_per_second = 20, .requests_burst = 20});
  EXPECT_EQ(admitted(gate, LoadKind::Call, false, seconds(1)), 20);
  EXPECT_EQ(admitted(gate, LoadKind::Request, false, seconds(1)), 40);
  EXPECT_EQ(gate.judge(load_time(seconds(1)), LoadKind::Dialog, false, {}).limit, "requests_per_second");
}

TEST(LoadGateTest, CallsAtOnceAreThoseThatThereAre) {
  const LoadGate gate({.calls = 100, .reserve = 5});
  const auto verdict = [&](LoadKind kind, bool priority, std::uint64_t calls) {
    return gate.judge({}, kind, priority, {.calls = calls}).kind;
  };
  EXPECT_EQ(verdict(LoadKind::Call, false, 99), Verdict::Admitted);
  EXPECT_EQ(verdict(LoadKind::Call, false, 100), Verdict::Refused);
  EXPECT_EQ(verdict(LoadKind::Request, false, 100), Verdict::Admitted);
  EXPECT_EQ(verdict(LoadKind::Call, true, 104), Verdict::Admitted);
  EXPECT_EQ(verdict(LoadKind::Call, true, 105), Verdict::Refused);
}

TEST(LoadGateTest, OfMemoryDialogsAreRefusedAtFourFifthsAndAllIsDroppedAtNineTenths) {
  const LoadGate gate({.memory = 1000});
  const auto verdict = [&](LoadKind kind, bool priority, std::uint64_t memory) {
    return gate.judge({}, kind, priority, {.memory = memory}).kind;
  };
  EXPECT_EQ(verdict(LoadKind::Call, false, 799), Verdict::Admitted);
  EXPECT_EQ(verdict(LoadKind::Call, false, 800), Verdict::Refused);
  EXPECT_EQ(verdict(LoadKind::Dialog, false, 800), Verdict::Refused);
  EXPECT_EQ(verdict(LoadKind::Call, true, 899), Verdict::Admitted);
  EXPECT_EQ(verdict(LoadKind::Request, false, 899), Verdict::Admitted);
  EXPECT_EQ(verdict(LoadKind::Request, false, 900), Verdict::Dropped);
  EXPECT_EQ(verdict(LoadKind::Call, true, 900), Verdict::Refused);
}

TEST(LoadGateTest, SavedAndLoadedItGoesOn) {
  const OverloadConfig config{.calls_per_second = 10, .burst = 5};
  LoadGate gate(config);
  EXPECT_EQ(admitted(gate, LoadKind::Call, true, milliseconds(100)), 5 + 1 + 1);
  ArchiveWriter writer;
  writer(gate);
  const std::string bytes = writer.take();
  LoadGate again(config);
  ArchiveReader reader(bytes);
  reader(again);
  ASSERT_TRUE(reader.ok()) << reader.error();
  EXPECT_EQ(again.judge(load_time(milliseconds(150)), LoadKind::Call, false, {}).kind, Verdict::Refused);
  EXPECT_EQ(again.judge(load_time(milliseconds(200)), LoadKind::Call, false, {}).kind, Verdict::Admitted);
}

// ---- RFC 7339 §5.3: clients that do as they are told, `load` requests a second before they do so.
class LoadFeedbackTest : public ::testing::Test {
 protected:
  static constexpr OverloadConfig config() { return {.calls_per_second = 100, .burst = 10}; }

  // The advice after so long.
  int runs(int load, Duration time) {
    const Duration step = Duration(seconds(1)) / load;
    int told = 0;
    for (const TimePoint end = now_ + time; now_ < end; now_ += step) {
      told = feedback_.advice(now_, 0).reduction;
      if (++turn_ * 37 % 100 < told) continue;  // held back by the client, evenly spread
      const bool room = gate_.judge(now_, LoadKind::Call, false, {}).kind == Verdict::Admitted;
      if (room) gate_.take(now_, LoadKind::Call, false);
      feedback_.came(now_, LoadKind::Call, room);
    }
    return told;
  }

  LoadGate gate_{config()};
  LoadFeedback feedback_{config()};
  TimePoint now_ = load_time(seconds(100));
  int turn_ = 0;
};

TEST_F(LoadFeedbackTest, AsksForWhatIsTooMuchAndKeepsToIt) {
  EXPECT_EQ(runs(90, seconds(5)), 0);
  for (int i = 0; i < 10; ++i) EXPECT_NEAR(runs(200, seconds(2)), 50, 8);
  for (int i = 0; i < 10; ++i) EXPECT_NEAR(runs(1000, seconds(3)), 90, 5);
}

TEST_F(LoadFeedbackTest, ItIsOverWhenThereIsRoomAgain) {
  EXPECT_NEAR(runs(500, seconds(10)), 80, 5);
  EXPECT_EQ(runs(50, seconds(5)), 0);
}

TEST_F(LoadFeedbackTest, SilenceEndsIt) {
  EXPECT_GT(runs(500, seconds(10)), 70);
  now_ += seconds(10);
  EXPECT_EQ(feedback_.advice(now_, 0).reduction, 0);
}

TEST_F(LoadFeedbackTest, ItsBeginRisesWhereItMayDiffer) {
  runs(500, seconds(10));
  const auto first = feedback_.advice(now_, 0);
  const auto again = feedback_.advice(now_ + milliseconds(1), 0);
  EXPECT_EQ(first.since, again.since);
  EXPECT_EQ(first.reduction, again.reduction);
  EXPECT_GT(feedback_.advice(now_ + milliseconds(500), 0).since, first.since);
}

TEST(LoadFeedbackOfMemoryTest, AsksForHalfAndForNearlyAll) {
  LoadFeedback feedback({.memory = 1000});
  EXPECT_EQ(feedback.advice(load_time(seconds(1)), 799).reduction, 0);
  EXPECT_EQ(feedback.advice(load_time(seconds(2)), 800).reduction, 50);
  EXPECT_EQ(feedback.advice(load_time(seconds(3)), 900).reduction, 99);
  EXPECT_EQ(feedback.advice(load_time(seconds(4)), 0).reduction, 0);
}

}  // namespace
}  // namespace intermediary
