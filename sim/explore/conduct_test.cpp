#include "sim/explore/conduct.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intermediary::sim {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST(Glance, SeesTheTopOfAMessage) {
  const auto seen = Glance::at(
      "INVITE sip:bob@example.com SIP/2.0\r\nv: SIP/2.0/UDP p1:5060;branch=z9hG4bKa, SIP/2.0/UDP "
      "alice;branch=z9hG4bKb\r\n"
      "Max-Forwards: 69\r\nFrom: \"A;tag=no\" <sip:alice@x;tag=no>;tag=fa\r\nTo: <sip:bob@example.com>\r\nCall-ID: "
      "c1\r\n"
      "CSeq: 7 INVITE\r\nRecord-Route: <sip:a,b;lr>, <sip:c;lr>\r\n\r\n");
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->method, "INVITE");
  EXPECT_EQ(seen->vias, 2u);
  EXPECT_EQ(seen->branch, "z9hG4bKa");
  EXPECT_EQ(seen->sent_by, "p1:5060");
  EXPECT_EQ(seen->branch_below, "z9hG4bKb");
  EXPECT_EQ(seen->sent_by_below, "alice");
  EXPECT_EQ(seen->max_forwards, 69u);
  EXPECT_EQ(seen->from_tag, "fa");
  EXPECT_EQ(seen->to_tag, "");
  EXPECT_EQ(seen->cseq, "7");
  EXPECT_EQ(seen->record_routes, 2u);
  EXPECT_FALSE(Glance::at("\r\n\r\n"));
}

// Node 1 between a caller and a callee.
class ConductTest : public testing::Test {
 protected:
  static std::string request(const std::string& method, const std::string& vias, int max_forwards) {
    return method + " sip:bob@192.0.2.20 SIP/2.0\r\n" + vias + "Max-Forwards: " + std::to_string(max_forwards) +
           "\r\nFrom: <sip:a@x>;tag=f\r\nTo: <sip:bob@x>\r\nCall-ID: c1\r\nCSeq: 1 " + method + "\r\n\r\n";
  }
  static std::string answer(int status, const std::string& method, const std::string& vias) {
    return "SIP/2.0 " + std::to_string(status) + " X\r\n" + vias +
           "From: <sip:a@x>;tag=f\r\nTo: <sip:bob@x>;tag=t\r\nCall-ID: c1\r\nCSeq: 1 " + method + "\r\n\r\n";
  }
  void comes(Duration time, const std::string& bytes) {
    testimony_.came(at(time), node_, DatagramReceived{ListenerId{1}, peer_, bytes});
  }
  void goes(Duration time, const std::string& bytes, Transport transport = Transport::Udp) {
    Transmission sent;
    sent.time = at(time);
    sent.transport = transport;
    sent.from = node_;
    sent.destination = peer_;
    sent.bytes = bytes;
    testimony_.went(sent);
  }
  void bounces(Duration time, const std::string& bytes) {
    testimony_.came(at(time), node_, DatagramFailed{ListenerId{1}, peer_, bytes, {}});
  }
  void begins_anew(Duration time) { testimony_.restarted(node_, at(time)); }
  void connects() { testimony_.came(at(0s), node_, FlowOpened{flow_, Transport::Tcp, ListenerId{1}, peer_}); }
  void comes_over_connection(Duration time, const std::string& bytes) {
    testimony_.came(at(time), node_, StreamReceived{flow_, bytes});
  }
  void disconnects(Duration time) { testimony_.came(at(time), node_, FlowClosed{flow_, {}}); }
  void opens(Duration time) {
    Transmission sent;
    sent.kind = Transmission::Kind::Open;
    sent.time = at(time);
    sent.from = node_;
    sent.destination = peer_;
    testimony_.went(sent);
  }
  std::vector<std::string> complaints(ProxyMode mode = ProxyMode::Stateful) const {
    Config config;
    config.proxy.mode = mode;
    return misconduct("p1", testimony_.of(node_), config);
  }
  static std::string with_to_tag(std::string message, const std::string& tag) {
    const std::size_t at = message.find("To: <sip:bob@x>") + 15;
    return message.replace(at, message.find("\r\n", at) - at, ";tag=" + tag);
  }

  const std::string caller_ = "Via: SIP/2.0/UDP a;branch=z9hG4bKin\r\n";
  const std::string ours_ = "Via: SIP/2.0/UDP p1;branch=z9hG4bKout\r\n";

 private:
  const HostId node_{1};
  const FlowId flow_{1};
  const Endpoint peer_{IpAddress::v4({192, 0, 2, 10}), 5060};
  Testimony testimony_{{node_}};
};

TEST_F(ConductTest, HasNothingAgainstAPlainCall) {
  comes(0s, request("INVITE", caller_, 70));
  goes(0s, answer(100, "INVITE", caller_));
  goes(0s, request("INVITE", ours_ + caller_, 69));
  goes(500ms, request("INVITE", ours_ + caller_, 69));
  comes(600ms, answer(200, "INVITE", ours_ + caller_));
  goes(600ms, answer(200, "INVITE", caller_));
  EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(ConductTest, MissesARepetitionAndADecrement) {
  comes(0s, request("INVITE", caller_, 70));
  goes(0s, answer(100, "INVITE", caller_));
  goes(0s, request("INVITE", ours_ + caller_, 70));
  comes(600ms, answer(486, "INVITE", ours_ + caller_));
  goes(600ms, answer(486, "INVITE", caller_));
  EXPECT_THAT(complaints(), Contains(StartsWith("decrements-max-forwards")));
  EXPECT_THAT(complaints(), Contains(StartsWith("repeats-INVITE-by-timer-A")));
  EXPECT_THAT(complaints(), Contains(StartsWith("acknowledges-refusals")));
  EXPECT_THAT(complaints(), Contains(StartsWith("repeats-refusals-by-timer-G")));
}

TEST_F(ConductTest, MissesAnAnswer) {
  comes(0s, request("INVITE", caller_, 70));
  goes(0s, answer(100, "INVITE", caller_));
  goes(0s, request("INVITE", ours_ + caller_, 69));
  comes(100ms, answer(200, "INVITE", ours_ + caller_));
  EXPECT_THAT(complaints(), Contains(StartsWith("forwards-every-2xx")));
  EXPECT_THAT(complaints(), Contains(StartsWith("answers-every-INVITE")));
}

// RFC 3261 §17.1.1.2.
TEST_F(ConductTest, OnlyRepetitionsOfARefusalAreAcknowledgedAgain) {
  const auto refusal = [this](const std::string& tag) {
    return with_to_tag(answer(486, "INVITE", ours_ + caller_), tag);
  };
  comes(0s, request("INVITE", caller_, 70));
  goes(0s, answer(100, "INVITE", caller_));
  goes(0s, request("INVITE", ours_ + caller_, 69));
  comes(100ms, refusal("t"));
  goes(100ms, with_to_tag(request("ACK", ours_, 70), "t"));
  goes(100ms, answer(486, "INVITE", caller_));
  comes(101ms, with_to_tag(request("ACK", caller_, 70), "t"));
  comes(110ms, refusal("of a server that began anew"));
  EXPECT_THAT(complaints(), IsEmpty());
  comes(120ms, refusal("t"));
  EXPECT_THAT(complaints(), Contains(StartsWith("acknowledges-refusals")));
}

// RFC 3261 §16.10: a search that its caller has cancelled.
TEST_F(ConductTest, ACancelIsLateUnlessItsConnectionHadToBeOpenedAnew) {
  comes(0s, request("INVITE", caller_, 70));
  goes(0s, answer(100, "INVITE", caller_));
  goes(0s, request("INVITE", ours_ + caller_, 69), Transport::Tcp);
  comes(1s, answer(180, "INVITE", ours_ + caller_));
  goes(1s, answer(180, "INVITE", caller_));
  comes(2s, request("CANCEL", caller_, 70));
  goes(2s, answer(200, "CANCEL", caller_));
  goes(2500ms, request("CANCEL", ours_, 70), Transport::Tcp);
  EXPECT_THAT(complaints(), Contains(StartsWith("cancels-what-is-left")));
  opens(2s);
  EXPECT_THAT(complaints(), Not(Contains(StartsWith("cancels-what-is-left"))));
}

// RFC 3261 §18.2.2: an answer that bounces takes another way, even if who sent it has begun anew in between.
TEST_F(ConductTest, WhatBouncesTakesAnotherWayAfterARestartToo) {
  begins_anew(1s);
  goes(1s, answer(500, "INVITE", caller_));
  EXPECT_THAT(complaints(), Contains(StartsWith("answers-who-asked")));
  begins_anew(2s);
  bounces(2s, answer(500, "INVITE", caller_));
  goes(2s, answer(500, "INVITE", caller_));
  EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(ConductTest, WhoHungUpNeedsNoAnswer) {
  connects();
  comes_over_connection(0s, request("INVITE", caller_, 70));
  EXPECT_THAT(complaints(), Contains(StartsWith("answers-every-INVITE")));
  disconnects(1s);
  EXPECT_THAT(complaints(), Not(Contains(StartsWith("answers-every-INVITE"))));
}

// RFC 3261 §17.2.1: Timer I is T4.
TEST_F(ConductTest, TheAckOfOurRefusalGoesOnAfterTimerI) {
  comes(0s, request("INVITE", caller_, 70));
  goes(0s, answer(486, "INVITE", caller_));
  comes(10ms, request("ACK", caller_, 70));
  comes(6s, request("ACK", caller_, 70));
  goes(6s, request("ACK", ours_ + caller_, 69));
  EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(ConductTest, TheAckOfOurRefusalIsForUsAlone) {
  comes(0s, request("INVITE", caller_, 70));
  goes(0s, answer(486, "INVITE", caller_));
  comes(10ms, request("ACK", caller_, 70));
  comes(1s, request("ACK", caller_, 70));
  goes(1s, request("ACK", ours_ + caller_, 69));
  EXPECT_THAT(complaints(), Contains(StartsWith("forwards-the-ack-of-a-2xx")));
}

// RFC 3261 §8.2.7: without a transaction nothing says that it has been refused.
TEST_F(ConductTest, WhatWasRefusedWithoutStateMayBeTakenWhenItComesAgain) {
  comes(0s, request("INVITE", caller_, 70));
  goes(0s, answer(480, "INVITE", caller_));
  comes(500ms, request("INVITE", caller_, 70));
  goes(500ms, answer(100, "INVITE", caller_));
  goes(500ms, request("INVITE", ours_ + caller_, 69));
  comes(600ms, answer(486, "INVITE", ours_ + caller_));
  goes(600ms, with_to_tag(request("ACK", ours_, 70), "t"));
  goes(600ms, answer(486, "INVITE", caller_));
  comes(650ms, request("ACK", caller_, 70));
  EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(ConductTest, WhatWasForwardedAndRefusedIsNotTakenAgain) {
  comes(0s, request("INVITE", caller_, 70));
  goes(0s, answer(100, "INVITE", caller_));
  goes(0s, request("INVITE", ours_ + caller_, 69));
  comes(100ms, answer(486, "INVITE", ours_ + caller_));
  goes(100ms, with_to_tag(request("ACK", ours_, 70), "t"));
  goes(100ms, answer(486, "INVITE", caller_));
  comes(500ms, request("INVITE", caller_, 70));
  goes(500ms, answer(100, "INVITE", caller_));
  EXPECT_THAT(complaints(), Contains(StartsWith("one-final-answer")));
}

// RFC 3581 §4: a NAT box may send each repetition from another port.
TEST_F(ConductTest, ARepetitionThatCameAnotherWaySaysSoWhereNobodyRemembersTheFirst) {
  const auto from = [](const std::string& port) {
    return "Via: SIP/2.0/UDP a;rport=" + port + ";branch=z9hG4bKin\r\n";
  };
  comes(0s, request("INVITE", caller_, 70));
  goes(0s, request("INVITE", ours_ + from("1"), 69));
  comes(500ms, request("INVITE", caller_, 70));
  goes(500ms, request("INVITE", ours_ + from("2"), 69));
  EXPECT_THAT(complaints(ProxyMode::Stateless), IsEmpty());
  EXPECT_THAT(complaints(), Contains(StartsWith("one-request-a-branch")));
  goes(500ms, request("INVITE", ours_ + from("2"), 68));
  EXPECT_THAT(complaints(ProxyMode::Stateless), Contains(StartsWith("one-request-a-branch")));
}

}  // namespace
}  // namespace intermediary::sim
