#include "transaction/transaction_test.h"

namespace intermediary {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Match = TransactionLayer::Match;

using InviteServerTest = TransactionTest;
using NonInviteServerTest = TransactionTest;

// ---- INVITE, RFC 3261 §17.2.1

TEST_F(InviteServerTest, RepeatsTheLastProvisionalWhenTheInviteIsRepeated) {
  const auto id = receive("INVITE");
  EXPECT_EQ(repeat("INVITE"), Match::Repeated);
  EXPECT_THAT(sent_at(), IsEmpty());
  respond(id, 100, "INVITE");
  respond(id, 180, "INVITE");
  EXPECT_EQ(repeat("INVITE"), Match::Repeated);
  ASSERT_EQ(wire_.sent.size(), 3u);
  EXPECT_EQ(wire_.sent[2].bytes, response_text(180, "INVITE"));
}

TEST_F(InviteServerTest, RepeatsAFailureByTimerGUntilTimerH) {
  respond(receive("INVITE"), 486, "INVITE");
  run_until(32s);
  EXPECT_THAT(sent_at(),
              ElementsAre(0ms, 500ms, 1500ms, 3500ms, 7500ms, 11500ms, 15500ms, 19500ms, 23500ms, 27500ms, 31500ms));
  EXPECT_THAT(heard(), ElementsAre("no ACK", "terminated"));
  EXPECT_TRUE(nothing_left());
}

TEST_F(InviteServerTest, TheAckEndsRepetitionAndTimerIAbsorbsMoreAcks) {
  respond(receive("INVITE"), 486, "INVITE");
  run_until(200ms);
  EXPECT_EQ(repeat("ACK", ";tag=b"), Match::Acknowledged);
  EXPECT_EQ(repeat("ACK", ";tag=b"), Match::Repeated);
  run_until(5199ms);
  EXPECT_THAT(sent_at(), ElementsAre(0ms));
  EXPECT_THAT(heard(), IsEmpty());
  run_until(5200ms);
  EXPECT_THAT(heard(), ElementsAre("terminated"));
  EXPECT_TRUE(nothing_left());
}

TEST_F(InviteServerTest, OverTcpItDoesNotRepeatAndEndsWithTheAck) {
  respond(receive("INVITE", Transport::Tcp), 486, "INVITE");
  run_until(31s);
  EXPECT_THAT(sent_at(), ElementsAre(0ms));
  repeat("ACK", ";tag=b");
  EXPECT_THAT(heard(), ElementsAre("terminated"));
  EXPECT_TRUE(nothing_left());
}

// RFC 6026 §8.7.
TEST_F(InviteServerTest, Accepted2xxLetsMore2xxThroughAndAbsorbsInvitesForTimerL) {
  const auto id = receive("INVITE");
  respond(id, 200, "INVITE");
  EXPECT_EQ(repeat("INVITE"), Match::Repeated);
  EXPECT_THAT(sent_at(), ElementsAre(0ms));
  run_until(3s);
  respond(id, 200, "INVITE");
  respond(id, 486, "INVITE");
  EXPECT_THAT(sent_at(), ElementsAre(3s));
  EXPECT_EQ(repeat("ACK", ";tag=b"), Match::AckFor2xx);
  run_until(31999ms);
  EXPECT_EQ(layer_.server_count(), 1u);
  run_until(32s);
  EXPECT_TRUE(nothing_left());
}

// ---- matching, RFC 3261 §17.2.3

TEST_F(InviteServerTest, AnotherSentByIsAnotherTransaction) {
  receive("INVITE");
  EXPECT_EQ(layer_.receive_request(now(), parse(request_text("INVITE", "", branch, "192.0.2.99"))), Match::New);
  EXPECT_EQ(layer_.receive_request(now(), parse(request_text("INVITE", "", "z9hG4bKother"))), Match::New);
}

TEST_F(InviteServerTest, ACancelMeansTheInviteButIsItsOwnTransaction) {
  const auto invite = receive("INVITE");
  EXPECT_EQ(repeat("CANCEL"), Match::New);
  EXPECT_EQ(layer_.find_cancelled(*parse(request_text("CANCEL"))), invite);
}

// §9.2: any request can be meant, though only an INVITE can still be cancelled.
TEST_F(InviteServerTest, ACancelMayMeanAnotherMethod) {
  const auto options = receive("OPTIONS");
  EXPECT_EQ(layer_.find_cancelled(*parse(request_text("CANCEL"))), options);
  EXPECT_FALSE(layer_.find_cancelled(*parse(request_text("CANCEL", "", "z9hG4bKother"))));
}

TEST_F(InviteServerTest, WithoutTheCookieItIsMatchedTheOldWay) {
  const auto text = [&](const std::string& method, const std::string& tag) {
    return parse(request_text(method, tag, "1"));
  };
  const MessagePtr invite = text("INVITE", "");
  ASSERT_EQ(layer_.receive_request(now(), invite), Match::New);
  const Arrival arrival{Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), {}, {}};
  const auto id = layer_.create_server(now(), invite, arrival, {Transport::Udp, arrival.remote, {}, {}});
  EXPECT_EQ(layer_.receive_request(now(), text("INVITE", "")), Match::Repeated);
  EXPECT_EQ(layer_.find_cancelled(*text("CANCEL", "")), id);
  respond(id, 486, "INVITE");
  // §17.2.3: the ACK carries the tag of the answer.
  layer_.receive_request(now(), text("ACK", ";tag=wrong"));
  run_until(500ms);
  EXPECT_THAT(sent_at(), ElementsAre(0ms, 500ms));
  layer_.receive_request(now(), text("ACK", ";tag=b"));
  run_until(20s);
  EXPECT_THAT(sent_at(), IsEmpty());
}

// ---- other methods, RFC 3261 §17.2.2

TEST_F(NonInviteServerTest, RepeatsItsAnswerForTimerJ) {
  const auto id = receive("OPTIONS");
  EXPECT_EQ(repeat("OPTIONS"), Match::Repeated);
  EXPECT_THAT(sent_at(), IsEmpty());
  run_until(100ms);
  respond(id, 200, "OPTIONS");
  run_until(32099ms);
  EXPECT_EQ(repeat("OPTIONS"), Match::Repeated);
  EXPECT_THAT(sent_at(), ElementsAre(100ms, 32099ms));
  run_until(32100ms);
  EXPECT_THAT(heard(), ElementsAre("terminated"));
  EXPECT_TRUE(nothing_left());
}

TEST_F(NonInviteServerTest, OverTcpItsAnswerEndsIt) {
  respond(receive("OPTIONS", Transport::Tcp), 200, "OPTIONS");
  EXPECT_TRUE(nothing_left());
}

// RFC 4320 §4.1.
TEST_F(NonInviteServerTest, SaysWhenTheAnswerIsOverdueAt3500ms) {
  receive("OPTIONS");
  run_until(3499ms);
  EXPECT_THAT(heard(), IsEmpty());
  run_until(3500ms);
  EXPECT_THAT(heard(), ElementsAre("overdue"));
}

// RFC 4320 §4.2.
TEST_F(NonInviteServerTest, AnAbandonedOneAbsorbsRepetitionsInSilence) {
  layer_.abandon(now(), receive("OPTIONS"));
  EXPECT_EQ(repeat("OPTIONS"), Match::Repeated);
  EXPECT_THAT(sent_at(), IsEmpty());
  run_until(32s);
  EXPECT_TRUE(nothing_left());
}

// ---- counts

TEST_F(NonInviteServerTest, CountsWhatIsUnfinishedByItsSource) {
  const IpAddress source = *IpAddress::parse("192.0.2.1");
  const auto id = receive("OPTIONS");
  EXPECT_EQ(layer_.held_by(source).unfinished, 1u);
  respond(id, 200, "OPTIONS");
  EXPECT_EQ(layer_.held_by(source).unfinished, 0u);
  EXPECT_EQ(layer_.server_count(), 1u);
}

}  // namespace
}  // namespace intermediary
