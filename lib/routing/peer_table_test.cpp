#include "routing/peer_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/archive.h"

namespace intermediary {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TimePoint at(int second) { return TimePoint(seconds(second)); }

PeerConfig peer(const std::string& name, std::uint32_t weight = 1, std::uint32_t priority = 1) {
  return {.name = name, .uri = *Uri::parse("sip:" + name + ".example.net"), .weight = weight, .priority = priority};
}

class PeerTableTest : public ::testing::Test {
 protected:
  void make(std::vector<PeerConfig> peers, Distribution distribution = Distribution::RoundRobin,
            HealthPolicy health = {}) {
    PeerGroupConfig group{.name = "app", .peers = std::move(peers), .distribution = distribution, .health = health};
    table_.emplace(std::vector{group}, HashKey{1, 2});
  }
  std::vector<std::string> chosen(int second = 0, std::string_view hashed = {}) {
    std::vector<std::string> names;
    for (const PeerId id : table_->choose(at(second), 0, hashed, [this](PeerId peer) { return calls_[peer]; }))
      names.push_back(table_->peer(id).name);
    return names;
  }
  std::string first(int second = 0, std::string_view hashed = {}) { return chosen(second, hashed).at(0); }
  PeerId id(const std::string& name) {
    for (const PeerId peer : table_->members(0)) {
      if (table_->peer(peer).name == name) return peer;
    }
    return {};
  }
  std::string fail(const std::string& name, int second, std::optional<seconds> rest = {}) {
    return shown(table_->heard(at(second), id(name), PeerOutcome::Failed, false, rest, "503"));
  }
  std::string live(const std::string& name, int second, bool probe = false) {
    return shown(table_->heard(at(second), id(name), PeerOutcome::Alive, probe, {}, {}));
  }
  static std::string shown(const std::optional<PeerChanged>& change) { return change ? to_line(*change) : ""; }

  std::optional<PeerTable> table_;
  std::map<PeerId, std::uint64_t> calls_;
};

TEST_F(PeerTableTest, RoundRobinGivesEachItsTurnAndTheOthersBehindIt) {
  make({peer("a"), peer("b"), peer("c")});
  EXPECT_THAT(chosen(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(chosen(), ElementsAre("b", "c", "a"));
  EXPECT_THAT(chosen(), ElementsAre("c", "a", "b"));
  EXPECT_THAT(chosen(), ElementsAre("a", "b", "c"));
}

TEST_F(PeerTableTest, WeightsAreKeptExactlyAndEvenlySpread) {
  make({peer("a", 5), peer("b", 1), peer("c", 1)}, Distribution::Weighted);
  std::string turns;
  for (int i = 0; i < 14; ++i) turns += first();
  EXPECT_EQ(turns, "aabacaaaabacaa");
}

TEST_F(PeerTableTest, TheLowestPriorityNumberComesFirst) {
  make({peer("spare", 1, 2), peer("a"), peer("b")});
  EXPECT_THAT(chosen(), ElementsAre("a", "b", "spare"));
  EXPECT_THAT(chosen(), ElementsAre("b", "a", "spare"));
  for (const std::string name : {"a", "b"}) {
    for (int i = 0; i < 3; ++i) fail(name, 1);
  }
  EXPECT_THAT(chosen(1), ElementsAre("spare"));
}

TEST_F(PeerTableTest, AHashKeepsItsPeerAndWhoGoesTakesOnlyHisOwn) {
  make({peer("a"), peer("b"), peer("c")}, Distribution::Hash);
  std::map<std::string, std::string> before;
  for (int i = 0; i < 300; ++i) before[std::to_string(i)] = first(0, std::to_string(i));
  for (int i = 0; i < 3; ++i) fail("b", 0);
  int moved = 0;
  for (const auto& [key, name] : before) {
    const std::string now = first(0, key);
    if (name == "b") {
      ++moved;
      EXPECT_NE(now, "b");
    } else {
      EXPECT_EQ(now, name) << key;
    }
  }
  EXPECT_GT(moved, 60);
  EXPECT_LT(moved, 140);
}

TEST_F(PeerTableTest, AHashGoesByWeights) {
  make({peer("a", 3), peer("b", 1)}, Distribution::Hash);
  int to_a = 0;
  for (int i = 0; i < 1000; ++i) to_a += first(0, std::to_string(i)) == "a" ? 1 : 0;
  EXPECT_GT(to_a, 700);
  EXPECT_LT(to_a, 800);
}

TEST_F(PeerTableTest, WithoutStateTheChoiceIsTheSameWhateverHappened) {
  make({peer("a"), peer("b"), peer("c")}, Distribution::Hash);
  const PeerId one = table_->fixed(0, "call");
  for (int i = 0; i < 3; ++i) fail(table_->peer(one).name, 0);
  EXPECT_EQ(table_->fixed(0, "call"), one);
}

TEST_F(PeerTableTest, WhoHasLeastCallsForItsWeightComesFirst) {
  make({peer("a", 2), peer("b", 1)}, Distribution::LeastCalls);
  std::string turns;
  for (int i = 0; i < 6; ++i) {
    turns += first();
    ++calls_[id(turns.substr(turns.size() - 1))];
  }
  EXPECT_EQ(turns, "abaaba");
  --calls_[id("b")];
  EXPECT_EQ(first(), "b");
}

TEST_F(PeerTableTest, ThreeFailuresInARowTakeAPeerDownAndOneAnswerBetweenThemDoesNot) {
  make({peer("a"), peer("b")});
  EXPECT_EQ(fail("a", 0), "");
  EXPECT_EQ(fail("a", 1), "");
  EXPECT_EQ(live("a", 2), "");
  EXPECT_EQ(fail("a", 3), "");
  EXPECT_EQ(fail("a", 4), "");
  EXPECT_EQ(fail("a", 5), "peer-changed change=down group=pool:app peer=a reason=503");
  EXPECT_THAT(chosen(5), ElementsAre("b"));
  EXPECT_EQ(fail("a", 6), "") << "it is down already";
}

TEST_F(PeerTableTest, HalfOpenLetsOneRequestThrough) {
  make({peer("a"), peer("b", 1, 2)});
  for (int i = 0; i < 3; ++i) fail("a", 0);
  EXPECT_THAT(chosen(29), ElementsAre("b"));
  EXPECT_THAT(chosen(30), ElementsAre("a", "b"));
  EXPECT_THAT(chosen(30), ElementsAre("b")) << "the first one is still out";
  fail("a", 31);
  EXPECT_THAT(chosen(59), ElementsAre("b"));
  EXPECT_THAT(chosen(60), ElementsAre("a", "b"));
  EXPECT_EQ(live("a", 61), "peer-changed change=up group=pool:app peer=a");
  EXPECT_THAT(chosen(61), ElementsAre("a", "b"));
}

TEST_F(PeerTableTest, WhereItIsProbedOnlyProbesBringItBack) {
  HealthPolicy health;
  health.probe_every = seconds(30);
  make({peer("a")}, Distribution::RoundRobin, health);
  for (int i = 0; i < 3; ++i) fail("a", 0);
  EXPECT_THAT(chosen(1000), IsEmpty());
  EXPECT_EQ(live("a", 1001), "") << "a late answer";
  EXPECT_EQ(live("a", 1002, true), "");
  fail("a", 1003);
  EXPECT_EQ(live("a", 1004, true), "");
  EXPECT_EQ(live("a", 1005, true), "peer-changed change=up group=pool:app peer=a");
}

TEST_F(PeerTableTest, RetryAfterIsRespectedToTheSecond) {
  make({peer("a"), peer("b")});
  EXPECT_EQ(fail("a", 0, seconds(20)), "peer-changed change=resting group=pool:app peer=a reason=503");
  EXPECT_THAT(chosen(19), ElementsAre("b"));
  EXPECT_THAT(chosen(20), ElementsAre("a", "b"));
  fail("b", 20, seconds(100'000));
  EXPECT_THAT(chosen(319), ElementsAre("a")) << "no longer than limit::longest_rest";
  EXPECT_THAT(chosen(320), ElementsAre("b", "a"));
}

TEST_F(PeerTableTest, WhatIsDrainedGetsNothingNew) {
  PeerConfig drained = peer("a");
  drained.drain = true;
  make({drained, peer("b")});
  EXPECT_THAT(chosen(), ElementsAre("b"));
  EXPECT_THAT(chosen(), ElementsAre("b"));
}

TEST_F(PeerTableTest, SaysHowLongToWaitWhereNobodyIsLeft) {
  make({peer("a"), peer("b")});
  for (int i = 0; i < 3; ++i) fail("a", 0);
  fail("b", 0, seconds(12));
  EXPECT_EQ(table_->wait(at(0), 0), seconds(12));
  for (int i = 0; i < 3; ++i) fail("b", 1);
  EXPECT_EQ(table_->wait(at(10), 0), seconds(20));
}

TEST_F(PeerTableTest, OtherGroupsKeepWhatIsKnownOfPeersThatAreThereAgain) {
  make({peer("a"), peer("b"), peer("c")});
  const PeerId a = id("a"), b = id("b"), c = id("c");
  EXPECT_EQ(first(), "a");
  for (int i = 0; i < 3; ++i) fail("c", 0);
  const PeerGroupConfig other{.name = "other", .peers = {peer("x")}};
  table_->regroup({other, {.name = "app", .peers = {peer("c"), peer("d"), peer("b")}}});
  EXPECT_FALSE(table_->knows(a));
  EXPECT_THAT(table_->members(1), ElementsAre(c, PeerId{5}, b));
  EXPECT_EQ(table_->peer(PeerId{5}).name, "d");
  EXPECT_EQ(table_->peer(PeerId{4}).name, "x");
  const auto names = [&] {
    std::vector<std::string> chosen;
    for (const PeerId each : table_->choose(at(1), 1, {}, {})) chosen.push_back(table_->peer(each).name);
    return chosen;
  };
  EXPECT_THAT(names(), ElementsAre("b", "d")) << "c is down, and it was b's turn";
  EXPECT_THAT(names(), ElementsAre("d", "b"));
}

TEST_F(PeerTableTest, APeerWithAnotherAddressIsAnotherPeer) {
  make({peer("a"), peer("b")});
  const PeerId a = id("a"), b = id("b");
  for (int i = 0; i < 3; ++i) fail("a", 0);
  PeerConfig moved = peer("a");
  moved.uri = *Uri::parse("sip:192.0.2.1");
  moved.drain = true;
  PeerConfig drained = peer("b");
  drained.drain = true;
  table_->regroup({{.name = "app", .peers = {moved, drained}}});
  EXPECT_FALSE(table_->knows(a));
  EXPECT_TRUE(table_->knows(b));
  EXPECT_THAT(chosen(1), IsEmpty());
  table_->regroup({{.name = "app", .peers = {peer("b"), peer("a")}}});
  EXPECT_THAT(chosen(1), ElementsAre("b", "a")) << "its old address is new again";
  EXPECT_THAT(table_->members(0), ElementsAre(b, PeerId{4}));
}

TEST_F(PeerTableTest, CreditsStayAmongTheSamePeersOfTheSameWeights) {
  make({peer("a", 3), peer("b", 1)}, Distribution::Weighted);
  const PeerGroupConfig same = table_->group(0);
  const auto next = [&] {
    table_->regroup({same});
    return first();
  };
  EXPECT_THAT((std::vector{next(), next(), next(), next()}), ElementsAre("a", "a", "b", "a"));
  PeerGroupConfig other = same;
  other.peers[1].weight = 3;
  EXPECT_EQ(first(), "a");
  EXPECT_EQ(first(), "a");
  table_->regroup({other});
  EXPECT_EQ(first(), "a");
  EXPECT_EQ(first(), "b");
}

TEST_F(PeerTableTest, IsSavedWithTheIdsThatItsPeersHave) {
  make({peer("a"), peer("b")});
  const PeerGroupConfig changed{.name = "app", .peers = {peer("b"), peer("c")}};
  table_->regroup({changed});
  ArchiveWriter writer;
  writer(*table_);
  PeerTable again({changed}, HashKey{1, 2});
  ArchiveReader reader(writer.bytes());
  reader(again);
  EXPECT_TRUE(reader.ok()) << reader.error();
  EXPECT_EQ(again.members(0), table_->members(0));
  PeerTable none({{.name = "app", .peers = {peer("b")}}}, HashKey{1, 2});
  ArchiveReader wrong(writer.bytes());
  wrong(none);
  EXPECT_FALSE(wrong.ok());
}

TEST_F(PeerTableTest, FindsGroupsByTheirReference) {
  make({peer("a")});
  EXPECT_EQ(table_->find_group("pool:app"), 0u);
  EXPECT_EQ(table_->find_group("trunk:app"), std::nullopt);
}

}  // namespace
}  // namespace intermediary
