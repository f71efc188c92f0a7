#include "sim/agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/wire.h"
#include "sim/world.h"

namespace intermediary::sim {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Pair;

// A caller and a callee without anybody between them.
class AgentTest : public testing::Test {
 protected:
  void meet(AgentManners callee) {
    world_.network().change_links({.latency = 10ms});
    caller_ = world_.add_agent({"caller", {socket("192.0.2.10")}, ""}, {});
    callee_ = world_.add_agent({"callee", {socket("192.0.2.20")}, ""}, callee);
  }
  static Socket socket(const std::string& address) {
    return {Transport::Udp, Endpoint::parse(address + ":5060").value()};
  }
  void call(std::optional<Duration> talk = {}) { world_.call(caller_, callee_, "sip:callee@192.0.2.20", talk); }
  // Loses the messages with that label from that host, so many times.
  void lose(HostId from, const std::string& label, int times) {
    world_.network().set_judge([=, left = times](const Transmission& sent) mutable {
      if (sent.from != from || short_label(sent.bytes) != label || left == 0) return Fate::Delivered;
      --left;
      return Fate::Lost;
    });
  }
  std::vector<std::pair<std::int64_t, std::string>> sent_by(HostId host) const {
    std::vector<std::pair<std::int64_t, std::string>> all;
    for (const Transmission& sent : world_.network().transcript()) {
      if (sent.from == host) all.emplace_back(sent.time.time_since_epoch() / 1ms, short_label(sent.bytes));
    }
    return all;
  }
  CallRecord record(HostId host) const { return world_.agent(host).calls().at(0); }

  World world_{1};
  HostId caller_, callee_;
};

TEST_F(AgentTest, ACallRingsIsAnsweredAndHungUp) {
  meet({.rings_after = 100ms, .answers_after = 1s});
  call(10s);
  EXPECT_TRUE(world_.run_until_idle(at(10min)));
  EXPECT_THAT(sent_by(caller_), ElementsAre(Pair(0, "INVITE"), Pair(1020, "ACK"), Pair(11020, "BYE")));
  EXPECT_THAT(sent_by(callee_), ElementsAre(Pair(110, "180"), Pair(1010, "200"), Pair(11030, "200 BYE")));
  EXPECT_EQ(record(caller_).state, CallRecord::State::Ended);
  EXPECT_EQ(record(callee_).state, CallRecord::State::Ended);
}

TEST_F(AgentTest, ALostInviteIsRepeatedAtT1ThenDoubled) {
  meet({.rejects_with = 486});
  lose(caller_, "INVITE", 3);
  call();
  world_.run_until_idle(at(10min));
  EXPECT_THAT(sent_by(caller_), ElementsAre(Pair(0, "INVITE"), Pair(500, "INVITE"), Pair(1500, "INVITE"),
                                            Pair(3500, "INVITE"), Pair(3520, "ACK")));
  EXPECT_EQ(record(caller_).status, 486);
}

TEST_F(AgentTest, ALost2xxIsRepeatedUntilItsAckCame) {
  meet({});
  lose(callee_, "200", 2);
  call();
  world_.run_until(at(20s));
  EXPECT_THAT(sent_by(callee_), ElementsAre(Pair(10, "180"), Pair(10, "200"), Pair(510, "200"), Pair(1510, "200")));
  EXPECT_EQ(record(callee_).state, CallRecord::State::Talking);
}

TEST_F(AgentTest, WhoseAckNeverComesHangsUp) {
  meet({});
  lose(caller_, "ACK", 100);
  call();
  EXPECT_TRUE(world_.run_until_idle(at(10min)));
  EXPECT_EQ(sent_by(callee_).back(), std::pair(std::int64_t{32'010}, std::string("BYE")));
  EXPECT_EQ(record(caller_).state, CallRecord::State::Ended);
}

TEST_F(AgentTest, NobodyThereIs408AfterTimerB) {
  meet({});
  lose(caller_, "INVITE", 100);
  call();
  world_.run_until_idle(at(10min));
  EXPECT_EQ(record(caller_).status, 408);
  EXPECT_EQ(record(caller_).ended, at(32s));
}

TEST_F(AgentTest, ACancelWaitsForAProvisionalAnswer) {
  meet({.rings_after = 1s, .answers_after = 5s});
  call();
  world_.run_until(at(100ms));
  world_.give_up(caller_);
  world_.run_until_idle(at(10min));
  EXPECT_THAT(sent_by(caller_),
              ElementsAre(Pair(0, "INVITE"), Pair(500, "INVITE"), Pair(1020, "CANCEL"), Pair(1040, "ACK")));
  EXPECT_EQ(record(caller_).status, 487);
  EXPECT_EQ(record(callee_).status, 487);
}

TEST_F(AgentTest, AnAnswerThatCrossesTheCancelIsAcknowledgedAndHungUp) {
  meet({.rings_after = 0ms, .answers_after = 1s});
  call();
  world_.run_until(at(1005ms));
  world_.give_up(caller_);
  EXPECT_TRUE(world_.run_until_idle(at(10min)));
  EXPECT_THAT(sent_by(caller_),
              ElementsAre(Pair(0, "INVITE"), Pair(1005, "CANCEL"), Pair(1020, "ACK"), Pair(1020, "BYE")));
  EXPECT_EQ(record(callee_).state, CallRecord::State::Ended);
}

}  // namespace
}  // namespace intermediary::sim
