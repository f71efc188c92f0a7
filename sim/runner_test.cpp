#include "sim/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intermediary::sim {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string world =
    "scenario s\n"
    "node  p1    proxy stateful 192.0.2.1:5060 domain=example.com\n"
    "party alice 192.0.2.10:5060\n"
    "party bob   192.0.2.20:5060\n"
    "location sip:bob@example.com = bob\n"
    "link * latency=10ms\n";

Report run(const std::string& lines) {
  auto scenario = parse_scenario("s.flow", world + lines);
  if (!scenario) {
    ADD_FAILURE() << scenario.error().to_string();
    return {};
  }
  return run_scenario(*scenario);
}
std::string failure_of(const std::string& lines) { return run(lines).explanation(); }

const std::string until_ringing =
    "0      alice -> p1    INVITE sip:bob@example.com\n"
    "0.010  p1    -> alice 100\n"
    "0.010  p1    -> bob   INVITE  Via: *;branch=$b\n"
    "0.020  bob   -> p1    180\n";
const std::string refused =
    "0.030  p1    -> alice 180\n"
    "1      bob   -> p1    486\n"
    "1.010  p1    -> bob   ACK\n"
    "1.010  p1    -> alice 486\n"
    "1.020  alice -> p1    ACK\n";

TEST(Runner, AScenarioThatHoldsPasses) {
  Report report = run(until_ringing + refused + "33.010 p1 idle\n");
  EXPECT_TRUE(report.passed) << report.explanation();
  EXPECT_EQ(report.virtual_time, std::chrono::milliseconds(33010));
}

TEST(Runner, WhatComesAtAnotherTimeIsSaidWithBothTimes) {
  EXPECT_THAT(failure_of(until_ringing + "0.040  p1 -> alice 180\n"),
              StartsWith("s.flow:11: expected p1 -> alice 180 at 0.040, came at 0.030\n"));
}

TEST(Runner, AHeaderThatDiffersIsNamedWithBothValues) {
  EXPECT_THAT(failure_of("0 alice -> p1 INVITE sip:bob@example.com\n0.010 p1 -> alice 100\n"
                         "0.010 p1 -> bob INVITE  Max-Forwards: 68\n"),
              StartsWith("s.flow:9: p1 -> bob INVITE at 0.010 differs: Max-Forwards: expected '68', got '69'\n"));
}

TEST(Runner, ABoundNameIsSaidWithWhatItIsBoundTo) {
  EXPECT_THAT(failure_of(until_ringing + "0.030 p1 -> alice 180  Via: *;branch=$b\n"),
              HasSubstr("Via: expected '*;branch=$b' ($b is 'z9hG4bK"));
}

TEST(Runner, AnotherMessageAtTheTimeIsSaid) {
  EXPECT_THAT(failure_of(until_ringing + "0.030  p1 -> alice 183\n"),
              StartsWith("s.flow:11: expected p1 -> alice 183 at 0.030, came 180\n"));
}

TEST(Runner, WhatNoLineNamesIsUnexpectedAndShownWithTheLadder) {
  std::string failure = failure_of("0 alice -> p1 INVITE sip:nobody@example.com\n");
  EXPECT_THAT(failure, StartsWith("s.flow: unexpected: p1 -> alice "));
  EXPECT_THAT(failure, HasSubstr(" at 0.010\n"));
  EXPECT_THAT(failure, HasSubstr("    | SIP/2.0 4"));
  EXPECT_THAT(failure, HasSubstr("  so far:\n"));
  EXPECT_THAT(failure, HasSubstr("|--INVITE-"));
}

TEST(Runner, WhatNeverComesIsSaid) {
  EXPECT_THAT(failure_of(until_ringing + refused + "2 p1 -> alice OPTIONS\n"),
              StartsWith("s.flow:16: never came: p1 -> alice OPTIONS at 2.000 (line 16)\n"));
}

TEST(Runner, WhatIsSentBehindTheLastLineIsUnexpectedToo) {
  EXPECT_THAT(failure_of("0 alice -> p1 INVITE sip:bob@example.com\n0.010 p1 -> alice 100\n0.010 p1 -> bob INVITE\n"),
              StartsWith("s.flow: unexpected: p1 -> bob INVITE at 0.510\n"));
}

TEST(Runner, PartialForgivesWhatIsNotWrittenButNotWhatIsMissing) {
  EXPECT_EQ(failure_of("partial\n0 alice -> p1 INVITE sip:nobody@example.com\n"), "");
  EXPECT_THAT(failure_of("partial\n0 alice -> p1 INVITE sip:nobody@example.com\n0.010 p1 -> alice 200\n"),
              HasSubstr("never came: p1 -> alice 200 at 0.010"));
}

TEST(Runner, APartyThatCannotAnswerSaysSo) {
  EXPECT_THAT(failure_of("0 bob -> p1 200\n"),
              StartsWith("s.flow:7: bob has received no request that it could answer\n  0 bob -> p1 200\n"));
}

TEST(Runner, IdleAndBusyAreExact) {
  EXPECT_THAT(failure_of(until_ringing + refused + "33.009 p1 idle\n"), HasSubstr("p1 is not idle: "));
  EXPECT_THAT(failure_of(until_ringing + refused + "33.010 p1 busy\n"), StartsWith("s.flow:16: p1 is idle\n"));
}

TEST(Runner, FiguresAreCompared) {
  EXPECT_THAT(failure_of("1 p1 live bindings=2\n"), StartsWith("s.flow:7: p1: expected bindings=2, got 1\n"));
}

TEST(Runner, ARepetitionMustBeTheSameBytes) {
  const std::string lost = "0 alice -> p1 INVITE sip:bob@example.com\n0.010 p1 -> alice 100\n0.010 p1 -x bob INVITE\n";
  EXPECT_THAT(failure_of(lost + "0.510 p1 -> bob INVITE again\n0.520 bob -> p1 486\n0.530 p1 -> bob ACK\n"
                                "0.530 p1 -> alice 486\n0.540 alice -> p1 ACK\n"),
              "");
  EXPECT_THAT(failure_of("0 alice -> p1 OPTIONS sip:bob@example.com\n0.010 p1 -> bob OPTIONS again\n"),
              HasSubstr("differs: expected a repetition, but this is the first"));
}

TEST(Runner, NamesThatMustDifferAreCompared) {
  const std::string both = until_ringing + "0.030 p1 -> alice 180  Via: *;branch=$a  To: *;tag=$t\n";
  EXPECT_THAT(failure_of("partial\n" + both + "distinct $a $b\n40 alice -> p1 ACK sip:bob@example.com\n"),
              HasSubstr("alice has received no final response"));
  EXPECT_EQ(failure_of("partial\nseed 3\n0 alice -> p1 OPTIONS sip:bob@example.com  Via: *;branch=$a\n"
                       "0.010 p1 -> bob OPTIONS  Via: *;branch=$b\n0.020 bob -> p1 200\ndistinct $a $b\n"),
            "");
  EXPECT_THAT(failure_of("partial\n0 alice -> p1 OPTIONS sip:bob@example.com  Via: *;branch=$a\n"
                         "0.010 p1 -> bob OPTIONS  Via: *  Via: *;branch=$b\n0.020 bob -> p1 200\ndistinct $a $b\n"),
              HasSubstr("$a and $b are both 'z9hG4bK-alice-1'"));
}

TEST(Runner, TimesMayHangOnTheLineAbove) {
  EXPECT_EQ(failure_of("0 alice -> p1 OPTIONS sip:bob@example.com\n0~1 p1 -> bob OPTIONS\n+0.4 bob -> p1 200\n"
                       "0.420 p1 -> alice 200\n"),
            "");
}

TEST(Runner, WhatHasNoAckGoesOnBeingRepeated) {
  std::string without_ack = refused.substr(0, refused.find("1.020"));
  EXPECT_THAT(failure_of(until_ringing + without_ack), StartsWith("s.flow: unexpected: p1 -> alice 486 at 1.510\n"));
}

TEST(Runner, TheSameSeedGivesTheSameHash) {
  auto scenario = parse_scenario("s.flow", world + until_ringing + refused).value();
  EXPECT_EQ(run_scenario(scenario).trace_hash, run_scenario(scenario).trace_hash);
  EXPECT_NE(run_scenario(scenario, 5).trace_hash, run_scenario(scenario, 6).trace_hash);
}

TEST(Runner, TheLadderIsComparedByteForByte) {
  auto scenario = parse_scenario("s.flow", world + until_ringing + refused).value();
  std::string ladder = run_scenario(scenario).ladder;
  EXPECT_EQ(ladder_difference(scenario, ladder), "");  // there is none in the file yet
  auto golden = parse_scenario("s.flow", with_ladder(scenario, ladder)).value();
  EXPECT_EQ(ladder_difference(golden, ladder), "");
  EXPECT_EQ(with_ladder(golden, ladder), with_ladder(scenario, ladder));
  std::string other = ladder;
  other.replace(other.find("486"), 3, "487");
  EXPECT_THAT(ladder_difference(golden, other), StartsWith("s.flow:23: the ladder differs\n  expected  "));
}

TEST(Ladder, ReadsFromLeftToRight) {
  EXPECT_EQ(run("partial\n0 alice -> p1 OPTIONS sip:bob@example.com\n0.010 p1 -x bob OPTIONS\n"
                "0.510 p1 -> bob OPTIONS again\n0.520 bob -> p1 200\n0.530 p1 -> alice 200\n")
                .ladder,
            "        alice                  p1                    bob\n"
            "0.000     |--OPTIONS----------->|                     |\n"
            "0.010     |                     |--OPTIONS---------x  |\n"
            "0.510     |                     |--OPTIONS (again)--->|\n"
            "0.520     |                     |<--200 OPTIONS-------|\n"
            "0.530     |<--200 OPTIONS-------|                     |\n");
}

}  // namespace
}  // namespace intermediary::sim
