#include "conformance/target/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/target/needs.h"

namespace intermediary::conformance {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::string_view world =
    "scenario s\n"
    "node  p1    proxy stateful 192.0.2.1:5060 domain=example.com\n"
    "party alice 192.0.2.10:5060\n"
    "party bob   192.0.2.20:5060\n";

std::string request(std::string_view method, std::string_view more = "") {
  return std::string(method) + " sip:bob@192.0.2.20:5060 SIP/2.0\r\nCSeq: 1 " + std::string(method) + "\r\n" +
         std::string(more) + "\r\n";
}
std::string response(int status, std::string_view method) {
  return "SIP/2.0 " + std::to_string(status) + " Any\r\nCSeq: 1 " + std::string(method) + "\r\n\r\n";
}

class JudgeTest : public testing::Test {
 protected:
  void play(std::string_view lines, std::string_view demanded = "") {
    scripts = *scripts_of("s.flow", std::string(world) + std::string(lines), sim::nothing_around());
    demands.clear();
    if (!demanded.empty()) demands = read_demands("demands.txt", "s\n" + std::string(demanded))->at("s");
    judge.emplace(scripts.front().scenario, demands, 100ms);
    while (const auto act = judge->next_act()) {
      if (!judge->may_happen(*act, 0ms)) break;
      judge->act_happens(*act, 0ms);
    }
  }
  void hear(Duration when, const std::string& receiver, const std::string& bytes) {
    judge->hear(when, receiver, bytes, bytes);
  }
  std::string verdict() const {
    if (!judge->finding()) return "";
    return (judge->finding()->kind == Finding::Kind::Violates ? "violates: " : "differs: ") + judge->finding()->text;
  }

  std::vector<Script> scripts;
  std::vector<Demand> demands;
  std::optional<Judge> judge;
};

constexpr std::string_view forwarded =
    "0 alice -> p1 MESSAGE sip:bob@example.com\n0.010 p1 -> bob MESSAGE  Max-Forwards: 69\n";

TEST_F(JudgeTest, WhatComesWithinTheToleranceIsAsWritten) {
  play(forwarded);
  hear(109ms, "bob", request("MESSAGE", "Max-Forwards: 69\r\n"));
  EXPECT_TRUE(judge->all_happened());
  EXPECT_EQ(verdict(), "");
}

TEST_F(JudgeTest, WhatIsNotDemandedOnlyDiffers) {
  play(forwarded);
  hear(10ms, "bob", request("MESSAGE", "Max-Forwards: 70\r\n"));
  EXPECT_THAT(verdict(), HasSubstr("differs: p1 -> bob MESSAGE at 0.010 differs from line 6: Max-Forwards: expected"));
  play(forwarded);
  judge->look(111ms);
  EXPECT_THAT(verdict(), HasSubstr("differs: never came: p1 -> bob MESSAGE at 0.010 (line 6)"));
}

TEST_F(JudgeTest, WhatIsDemandedIsViolated) {
  play(forwarded, "  RFC3261#16.6.3a must p1 -> bob MESSAGE  Max-Forwards: 69\n");
  hear(10ms, "bob", request("MESSAGE", "Max-Forwards: 70\r\n"));
  EXPECT_THAT(verdict(), HasSubstr("violates: Max-Forwards: expected '69', got '70'"));
  EXPECT_THAT(judge->finding()->rows, testing::ElementsAre("RFC3261#16.6.3a"));
}

TEST_F(JudgeTest, ADemandAsksForNoMoreThanItSays) {
  play(forwarded, "  RFC3261#16.6.1b must p1 -> bob MESSAGE\n");
  hear(10ms, "bob", request("MESSAGE", "Max-Forwards: 70\r\n"));
  EXPECT_THAT(verdict(), HasSubstr("differs: "));
}

TEST_F(JudgeTest, WhatIsDemandedAndNeverComesIsWaitedForLonger) {
  play(forwarded, "  RFC3261#16.6.1b must p1 -> bob MESSAGE\n");
  judge->look(4s);
  EXPECT_EQ(verdict(), "");
  judge->look(4111ms);
  EXPECT_THAT(verdict(), HasSubstr("violates: never came: p1 -> bob MESSAGE"));
}

TEST_F(JudgeTest, NobodyIsAccusedOfWhatHangsOnALineThatNeverCame) {
  play("0 alice -> p1 MESSAGE sip:bob@example.com\n0 p1 -> bob MESSAGE\n0.010 p1 -> alice 200\n",
       "  RFC3261#16.6.1b must p1 -> alice 200\n");
  judge->look(10s);
  EXPECT_THAT(verdict(), HasSubstr("differs: never came: p1 -> bob MESSAGE"));
}

TEST_F(JudgeTest, AnotherStatusContradictsADemandButARefusalDoesNot) {
  constexpr std::string_view refused = "0 alice -> p1 MESSAGE sip:bob@example.com\n0.010 p1 -> alice 420\n";
  constexpr std::string_view demanded = "  RFC3261#16.3.5a must p1 -> alice 420\n";
  play(refused, demanded);
  hear(10ms, "alice", response(404, "MESSAGE"));
  EXPECT_THAT(verdict(), HasSubstr("violates: expected 420, got 404"));
  for (const int refusal : {401, 403, 407, 480, 503}) {
    play(refused, demanded);
    hear(10ms, "alice", response(refusal, "MESSAGE"));
    EXPECT_THAT(verdict(), HasSubstr("differs: expected p1 -> alice 420")) << refusal;
  }
}

TEST_F(JudgeTest, WhatMustNeverComeMayComeWhereALineWaitsForIt) {
  constexpr std::string_view cancelled = "0 alice -> p1 INVITE sip:bob@example.com\n1.5 p1 -> bob CANCEL\n";
  constexpr std::string_view demanded = "  RFC3261#9.1h never-before=1s p1 -> bob CANCEL\n";
  play(cancelled, demanded);
  hear(1450ms, "bob", request("CANCEL"));
  EXPECT_EQ(verdict(), "");
  play(cancelled, demanded);
  hear(100ms, "bob", request("CANCEL"));
  EXPECT_THAT(verdict(), HasSubstr("violates: this must not come"));
  play(cancelled, demanded);
  hear(1200ms, "bob", request("CANCEL"));
  EXPECT_THAT(verdict(), HasSubstr("differs: expected p1 -> bob CANCEL at 1.500 (line 6), came at 1.200"));
}

TEST_F(JudgeTest, TryingAndRepetitionsAreNoDifference) {
  play("0 alice -> p1 INVITE sip:bob@example.com\n0 p1 -> alice 100\n0.010 p1 -> bob INVITE\n");
  hear(10ms, "bob", request("INVITE"));
  hear(300ms, "bob", request("INVITE"));
  hear(400ms, "alice", response(100, "INVITE"));
  judge->look(500ms);
  EXPECT_EQ(verdict(), "");
  EXPECT_TRUE(judge->all_happened());
  EXPECT_TRUE(judge->lacks_trying());
}

TEST_F(JudgeTest, ARepetitionAtAnotherTimeIsNotSaidToBeMissing) {
  play("0 alice -> p1 INVITE sip:bob@example.com\n0 p1 -> bob INVITE\n0.5 p1 -> bob INVITE again\n",
       "  RFC3261#17.1.1.2e each p1 -> bob INVITE\n");
  hear(10ms, "bob", request("INVITE"));
  hear(1s, "bob", request("INVITE"));
  judge->look(1s);
  EXPECT_THAT(verdict(), HasSubstr("differs: p1 -> bob INVITE again at 0.500 (line 7) came at 1.000"));
}

// A late answer to one request is not taken for a punctual one to the next, which has not been sent yet.
TEST_F(JudgeTest, WhatIsLateIsNotTakenForWhatIsToCome) {
  play(
      "0 alice -> p1 MESSAGE sip:bob@example.com\n0.010 p1 -> alice 483\n0.2 alice -> p1 MESSAGE sip:bob@example.com\n"
      "0.210 p1 -> alice 483\n",
      "  RFC3261#16.3.3b must p1 -> alice 483\n");
  hear(200ms, "alice", response(483, "MESSAGE"));
  EXPECT_THAT(verdict(), HasSubstr("differs: expected p1 -> alice 483 at 0.010 (line 6), came at 0.200"));
}

TEST_F(JudgeTest, WhoIsBusyHimselfAccusesNobody) {
  play(forwarded, "  RFC3261#16.6.3a must p1 -> bob MESSAGE  Max-Forwards: 69\n");
  judge->woke_late(150ms);
  hear(200ms, "bob", request("MESSAGE", "Max-Forwards: 70\r\n"));
  EXPECT_THAT(verdict(), HasSubstr("differs: too busy here to be sure: Max-Forwards"));
  EXPECT_THAT(verdict(), HasSubstr(" [this machine was late by 0.150 s in all]\n"));
}

TEST_F(JudgeTest, OurSideWaitsForWhatIsExpectedAndEverythingElseWithIt) {
  play("0 alice -> p1 INVITE sip:bob@example.com\n0 p1 -> bob INVITE\n0.020 bob -> p1 486\n0.030 p1 -> alice 486\n");
  const auto answer = judge->next_act();
  ASSERT_TRUE(answer);
  EXPECT_FALSE(judge->may_happen(*answer, 90ms));
  hear(90ms, "bob", request("INVITE"));
  EXPECT_TRUE(judge->may_happen(*answer, 90ms));
  judge->act_happens(*answer, 90ms);
  hear(195ms, "alice", response(486, "INVITE"));
  EXPECT_EQ(verdict(), "");
}

}  // namespace
}  // namespace intermediary::conformance
