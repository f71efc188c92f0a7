#include "transaction/transaction_test.h"

namespace intermediary {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

using InviteClientTest = TransactionTest;
using NonInviteClientTest = TransactionTest;

// ---- INVITE, RFC 3261 §17.1.1

TEST_F(InviteClientTest, RepeatsTheRequestAtT1DoublingUntilTimerB) {
  send(Method::Invite);
  run_until(31999ms);
  EXPECT_THAT(sent_at(), ElementsAre(0ms, 500ms, 1500ms, 3500ms, 7500ms, 15500ms, 31500ms));
  EXPECT_THAT(heard(), IsEmpty());
  run_until(32s);
  EXPECT_THAT(sent_at(), IsEmpty());
  EXPECT_THAT(heard(), ElementsAre("timeout", "terminated"));
  EXPECT_TRUE(nothing_left());
}

TEST_F(InviteClientTest, DoesNotRepeatOverTcpAndStillTimesOut) {
  send(Method::Invite, Transport::Tcp);
  run_until(32s - 1us);
  EXPECT_THAT(sent_at(), ElementsAre(0ms));
  EXPECT_THAT(wire_.withdrawn, IsEmpty());
  run_until(32s);
  EXPECT_THAT(heard(), ElementsAre("timeout", "terminated"));
  EXPECT_THAT(wire_.withdrawn, ElementsAre(StartsWith("INVITE ")));  // its connection may come about at last
}

TEST_F(InviteClientTest, AProvisionalEndsRepetitionAndTimerB) {
  send(Method::Invite);
  run_until(100ms);
  answer(100, "INVITE");
  run_until(10min);
  EXPECT_THAT(sent_at(), ElementsAre(0ms));
  EXPECT_THAT(heard(), ElementsAre("100"));
  answer(180, "INVITE");
  EXPECT_THAT(heard(), ElementsAre("180"));
}

TEST_F(InviteClientTest, AcknowledgesAFailureAndItsRepetitionsForTimerD) {
  send(Method::Invite);
  run_until(100ms);
  answer(486, "INVITE");
  answer(486, "INVITE");
  run_until(32100ms - 1ms);
  answer(486, "INVITE");
  EXPECT_THAT(heard(), ElementsAre("486"));
  EXPECT_THAT(sent_at(), ElementsAre(0ms, 100ms, 100ms, 32099ms));
  run_until(32100ms);
  EXPECT_THAT(heard(), ElementsAre("terminated"));
  EXPECT_TRUE(nothing_left());
}

TEST_F(InviteClientTest, OverTcpAFailureEndsItAtOnce) {
  send(Method::Invite, Transport::Tcp);
  answer(486, "INVITE");
  EXPECT_THAT(heard(), ElementsAre("486", "terminated"));
  EXPECT_TRUE(nothing_left());
}

// §17.1.1.3: same Request-URI, branch, Call-ID, From and Route, the To of the answer, CSeq with ACK.
TEST_F(InviteClientTest, BuildsTheAckOfAFailureFromRequestAndAnswer) {
  send(Method::Invite);
  answer(486, "INVITE", "bob-tag");
  const std::string& ack = wire_.sent.back().bytes;
  EXPECT_THAT(ack,
              testing::StartsWith("ACK sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKb1\r\n"));
  EXPECT_THAT(ack, HasSubstr("\r\nRoute: <sip:192.0.2.2;lr>\r\n"));
  EXPECT_THAT(ack, HasSubstr("\r\nFrom: <sip:alice@example.com>;tag=a\r\n"));
  EXPECT_THAT(ack, HasSubstr("\r\nTo: <sip:bob@example.com>;tag=bob-tag\r\n"));
  EXPECT_THAT(ack, HasSubstr("\r\nCSeq: 1 ACK\r\n"));
}

// RFC 6026 §7.2, §8.4.
TEST_F(InviteClientTest, PassesEvery2xxUpForTimerMAndAcknowledgesNone) {
  send(Method::Invite);
  run_until(100ms);
  answer(200, "INVITE", "one");
  answer(200, "INVITE", "two");
  answer(486, "INVITE");
  run_until(32099ms);
  answer(200, "INVITE", "one");
  EXPECT_THAT(heard(), ElementsAre("200", "200", "200"));
  EXPECT_THAT(sent_at(), ElementsAre(0ms));
  run_until(32100ms);
  EXPECT_THAT(heard(), ElementsAre("terminated"));
  EXPECT_FALSE(answer(200, "INVITE", "one"));
}

TEST_F(InviteClientTest, ALostConnectionFailsItWhileItWaitsForAFirstAnswer) {
  send(Method::Invite, Transport::Tcp);
  layer_.flow_lost(now(), FlowId{7}, "reset by peer");
  EXPECT_THAT(heard(), ElementsAre("failed: reset by peer", "terminated"));
  EXPECT_TRUE(nothing_left());
}

TEST_F(InviteClientTest, ALostConnectionLeavesARingingCallAlone) {
  send(Method::Invite, Transport::Tcp);
  answer(180, "INVITE");
  layer_.flow_lost(now(), FlowId{7}, "reset by peer");
  EXPECT_THAT(heard(), ElementsAre("180"));
  EXPECT_TRUE(answer(200, "INVITE"));
}

TEST_F(InviteClientTest, CancelHasTheSameBranchAndATransactionOfItsOwn) {
  const ClientTransactionId invite = send(Method::Invite);
  answer(180, "INVITE");
  wire_.sent.clear();
  layer_.cancel(now(), invite);
  ASSERT_EQ(wire_.sent.size(), 1u);
  EXPECT_THAT(
      wire_.sent[0].bytes,
      testing::StartsWith("CANCEL sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKb1\r\n"));
  EXPECT_THAT(wire_.sent[0].bytes, HasSubstr("\r\nCSeq: 1 CANCEL\r\n"));
  EXPECT_THAT(wire_.sent[0].bytes, HasSubstr("\r\nTo: <sip:bob@example.com>\r\n"));
  EXPECT_EQ(layer_.client_count(), 2u);
  answer(200, "CANCEL");
  answer(487, "INVITE");
  EXPECT_THAT(heard(), ElementsAre("180", "200", "487"));
  run_until(5s);  // Timer K of the CANCEL
  EXPECT_EQ(layer_.client_count(), 1u);
}

// ---- other methods, RFC 3261 §17.1.2

TEST_F(NonInviteClientTest, RepeatsTheRequestAtT1ThenDoublesUpToT2UntilTimerF) {
  send(Method::Options);
  run_until(32s);
  EXPECT_THAT(sent_at(),
              ElementsAre(0ms, 500ms, 1500ms, 3500ms, 7500ms, 11500ms, 15500ms, 19500ms, 23500ms, 27500ms, 31500ms));
  EXPECT_THAT(heard(), ElementsAre("timeout", "terminated"));
  EXPECT_TRUE(nothing_left());
}

TEST_F(NonInviteClientTest, RepeatsEveryT2OnceAProvisionalCame) {
  send(Method::Options);
  run_until(600ms);
  answer(100, "OPTIONS");
  run_until(12s);
  EXPECT_THAT(sent_at(), ElementsAre(0ms, 500ms, 1500ms, 5500ms, 9500ms));
  run_until(32s);
  EXPECT_THAT(heard(), ElementsAre("100", "timeout", "terminated"));
}

TEST_F(NonInviteClientTest, AbsorbsRepeatedAnswersForTimerK) {
  send(Method::Options);
  run_until(100ms);
  answer(200, "OPTIONS");
  answer(200, "OPTIONS");
  EXPECT_THAT(heard(), ElementsAre("200"));
  run_until(5099ms);
  EXPECT_EQ(layer_.client_count(), 1u);
  run_until(5100ms);
  EXPECT_THAT(heard(), ElementsAre("terminated"));
  EXPECT_TRUE(nothing_left());
}

TEST_F(NonInviteClientTest, AnotherMethodsAnswerIsNotItsAnswer) {
  send(Method::Options);
  EXPECT_FALSE(answer(200, "INVITE"));
  EXPECT_THAT(heard(), IsEmpty());
}

// Any white space may stand between number and method (RFC 3261 §25.1, LWS).
TEST_F(InviteClientTest, TheCancelHasTheNumberOfTheInvite) {
  std::string invite = request_text("INVITE");
  invite.replace(invite.find("1 INVITE"), 8, "1\tINVITE");
  const ClientTransactionId id =
      layer_.create_client(now(), Method::Invite, branch, invite, {.transport = Transport::Tcp}, {});
  layer_.cancel(now(), id);
  EXPECT_THAT(wire_.sent.back().bytes, HasSubstr("\r\nCSeq: 1 CANCEL\r\n"));
}

TEST_F(NonInviteClientTest, ItsDatagramThatCannotBeSentFailsIt) {
  send(Method::Options);
  const std::string sent = wire_.sent.back().bytes;
  layer_.datagram_failed(now(), sent.substr(0, sent.find("From:")), "unreachable");  // as ICMP quotes it
  EXPECT_THAT(heard(), ElementsAre("failed: unreachable", "terminated"));
}

TEST_F(NonInviteClientTest, NobodyElsesDatagramFailsIt) {
  send(Method::Options);
  for (const std::string& other :
       {request_text("OPTIONS", "", "z9hG4bKother"), request_text("MESSAGE"), response_text(200, "OPTIONS"),
        wire_.sent.back().bytes.substr(0, 40), std::string("hello"), std::string()}) {
    layer_.datagram_failed(now(), other, "unreachable");
  }
  EXPECT_THAT(heard(), IsEmpty());
}

}  // namespace
}  // namespace intermediary
