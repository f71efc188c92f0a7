#include "transport/flow_table.h"

#include <gmock/gmock.h>

#include <set>

#include "base/overloaded.h"

namespace intermediary {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class FlowTableTest : public testing::Test {
 protected:
  FlowTableTest() { limits_.outbound_connections = 2; }

  FlowId send(Duration now, const std::string& remote, const std::string& bytes = "x") {
    return table().send(at(now), Hop{Transport::Tcp, *Endpoint::parse(remote), ListenerId{1}, {}}, bytes);
  }
  FlowId send_to(const std::string& domain, const std::string& bytes) {
    Hop hop{Transport::Tls, *Endpoint::parse(tls_peer), ListenerId{1}, {}, ServerName(domain)};
    return table().send(at(seconds(0)), hop, bytes);
  }
  // The names that the peer's certificate has: "" for none.
  void open_tls(FlowId flow, const std::string& remote, std::vector<std::string> identities) {
    table().opened(at(seconds(0)), flow, Transport::Tls, ListenerId{1}, *Endpoint::parse(remote),
                   std::move(identities));
  }
  void open(Duration now, FlowId flow, const std::string& remote) {
    table().opened(at(now), flow, Transport::Tcp, ListenerId{1}, *Endpoint::parse(remote));
  }
  void receive(Duration now, FlowId flow, std::string_view bytes) {
    table().received(at(now), flow, bytes);
    while (const auto frame = table().take_frame(at(now), flow)) {
      if (std::holds_alternative<Frame>(*frame)) table().proven(flow);
    }
  }
  void run_until(Duration end) {
    while (const auto due = timers_.next_deadline()) {
      if (*due > at(end)) return;
      const auto tag = timers_.pop_due(*due);
      table().timer_fired(*due, FlowId{tag->subject});
    }
  }
  // "open 192.0.2.1:5060", "send x", "close idle", "failed …".
  std::vector<std::string> orders() {
    std::vector<std::string> texts;
    for (const FlowOrder& order : table().take_orders()) {
      texts.push_back(std::visit(Overloaded{[](const FlowSend& out) { return "send " + out.bytes; },
                                            [](const FlowOpenOrder& out) { return "open " + out.remote.to_string(); },
                                            [](const FlowCloseOrder& out) { return "close " + out.reason; },
                                            [](const FlowSendFailed& out) { return "failed " + out.reason; }},
                                 order));
    }
    return texts;
  }
  FlowTable& table() {
    if (!table_) table_.emplace(limits_, timers_, [this](FlowId flow) { return used_.contains(flow); });
    return *table_;
  }

  const std::string tls_peer = "192.0.2.20:5061";
  Limits limits_;
  TimerQueue timers_;
  std::set<FlowId> used_;
  std::optional<FlowTable> table_;
};

const std::string message = "OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n";
const std::string peer = "192.0.2.10:40000";

TEST_F(FlowTableTest, EachMessageHasTheHeaderDeadlineForItself) {
  const FlowId flow{1};
  open(seconds(0), flow, peer);
  receive(seconds(0), flow, message.substr(0, 5));
  for (int i = 1; i <= 5; ++i) {
    run_until(seconds(4 * i));
    receive(seconds(4 * i), flow, message.substr(5) + message.substr(0, 5));
  }
  EXPECT_THAT(orders(), IsEmpty());
  run_until(seconds(24));
  receive(seconds(24), flow, message.substr(5, 5));  // more of the same message
  run_until(seconds(25));
  EXPECT_THAT(orders(), ElementsAre("close header section not complete within the limit"));
}

// What is no message does not make a stranger one who may stay.
TEST_F(FlowTableTest, KeepAlivesDoNotHoldAConnectionWithoutAMessage) {
  const FlowId flow{1};
  open(seconds(0), flow, peer);
  receive(seconds(20), flow, "\r\n\r\n");
  run_until(seconds(30) - Duration(1));
  EXPECT_THAT(orders(), IsEmpty());
  run_until(seconds(30));
  EXPECT_THAT(orders(), ElementsAre("close no message within the limit"));
}

TEST_F(FlowTableTest, AnInboundConnectionEndsWhenNobodyUsesIt) {
  const FlowId flow{1};
  open(seconds(0), flow, peer);
  receive(seconds(1), flow, message);
  receive(minutes(50), flow, "\r\n\r\n");
  used_.insert(flow);
  run_until(minutes(200));
  EXPECT_THAT(orders(), IsEmpty());
  used_.clear();
  run_until(minutes(300));
  EXPECT_THAT(orders(), ElementsAre("close idle"));
  EXPECT_TRUE(timers_.empty());
}

TEST_F(FlowTableTest, SendingIsUseToo) {
  const FlowId flow = send(seconds(0), peer);
  open(seconds(1), flow, peer);
  run_until(minutes(9));
  send(minutes(9), peer, "y");
  run_until(minutes(19) - Duration(1));
  EXPECT_THAT(orders(), ElementsAre("open " + peer, "send x", "send y"));
  run_until(minutes(19));
  EXPECT_THAT(orders(), ElementsAre("close idle"));
}

TEST_F(FlowTableTest, TheLeastRecentlyUsedMakesRoom) {
  const FlowId first = send(seconds(0), "192.0.2.1:5060");
  const FlowId second = send(seconds(1), "192.0.2.2:5060");
  open(seconds(2), first, "192.0.2.1:5060");
  open(seconds(2), second, "192.0.2.2:5060");
  send(seconds(3), "192.0.2.1:5060", "again");
  orders();
  send(seconds(4), "192.0.2.3:5060");
  EXPECT_THAT(orders(), ElementsAre("close idle, and another connection is needed", "open 192.0.2.3:5060"));
  EXPECT_EQ(table().find(second), nullptr);
}

TEST_F(FlowTableTest, NoneMakesRoomThatIsInUseOrBeingOpened) {
  const FlowId first = send(seconds(0), "192.0.2.1:5060");
  send(seconds(0), "192.0.2.2:5060");
  open(seconds(0), first, "192.0.2.1:5060");
  used_.insert(first);
  orders();
  const FlowId none = send(seconds(1), "192.0.2.3:5060");
  EXPECT_THAT(orders(), ElementsAre("failed as many connections as we may open are open and in use"));
  EXPECT_TRUE(none);
  EXPECT_EQ(table().find(none), nullptr);
  EXPECT_EQ(table().size(), 2u);
}

// RFC 5923 §9.3.
TEST_F(FlowTableTest, ADomainUsesAnothersConnectionOnlyWhereTheCertificateNamesIt) {
  limits_.outbound_connections = 9;
  const FlowId one = send_to("one.example", "1");
  EXPECT_FALSE(table().is_expected(one, {}));
  EXPECT_FALSE(table().is_expected(one, {"two.example"}));
  EXPECT_TRUE(table().is_expected(one, {"two.example", "one.example"}));
  open_tls(one, tls_peer, {"two.example", "one.example"});
  EXPECT_EQ(send_to("two.example", "2"), one);
  const FlowId three = send_to("three.example", "3");
  EXPECT_NE(three, one);
  const FlowId nobody = send_to("", "4");
  EXPECT_NE(nobody, one);
  EXPECT_TRUE(table().is_expected(nobody, {}));
  EXPECT_EQ(send_to("one.example", "5"), one);
  table().closed(one);
  EXPECT_NE(send_to("two.example", "6"), one);
  table().closed(three);
  table().closed(nobody);
}

// RFC 5923 §8.2, §9.2.
TEST_F(FlowTableTest, AnAliasIsOfAPeerThatHasShownWhoItIs) {
  limits_.outbound_connections = 9;
  const FlowId known{1}, unknown{2}, second{3};
  open_tls(unknown, "192.0.2.20:40001", {});
  table().alias(unknown, *Endpoint::parse(tls_peer));
  EXPECT_NE(send_to("one.example", "1"), unknown);
  open_tls(known, "192.0.2.20:40002", {"two.example"});
  EXPECT_NE(send_to("two.example", "2"), known);
  table().alias(known, *Endpoint::parse("192.0.2.20:5070"));
  table().alias(known, *Endpoint::parse(tls_peer));  // one place for each connection
  EXPECT_NE(send_to("two.example", "3"), known);
  open_tls(second, "192.0.2.20:40003", {"three.example", "two.example"});
  table().alias(second, *Endpoint::parse(tls_peer));
  EXPECT_EQ(send_to("three.example", "4"), second);
  EXPECT_NE(send_to("two.example", "5"), second);  // there was one before
  table().closed(second);
  EXPECT_NE(send_to("three.example", "6"), second);
}

TEST_F(FlowTableTest, NoWebSocketConnectionIsOpened) {
  const Hop hop{Transport::Ws, *Endpoint::parse(peer), ListenerId{1}, FlowId{7}};
  EXPECT_TRUE(table().send(at(seconds(0)), hop, "x"));
  EXPECT_THAT(orders(), ElementsAre("failed the WebSocket connection is gone, and only the client can open another"));
}

// RFC 7118 §5: what came is one message, whatever its Content-Length says or does not say; §6: CRLFs keep it alive.
TEST_F(FlowTableTest, APieceOfWebSocketIsOneMessage) {
  const FlowId flow{1};
  table().opened(at(seconds(0)), flow, Transport::Wss, ListenerId{1}, *Endpoint::parse(peer));
  const auto take = [&](std::string_view piece) {
    table().received(at(seconds(1)), flow, piece);
    std::vector<std::string> frames;
    while (const auto frame = table().take_frame(at(seconds(1)), flow)) {
      const Frame* message = std::get_if<Frame>(&*frame);
      frames.push_back(message ? message->bytes : "ping");
    }
    return frames;
  };
  EXPECT_THAT(take("OPTIONS sip:a SIP/2.0\r\n\r\n"), ElementsAre("OPTIONS sip:a SIP/2.0\r\n\r\n"));
  EXPECT_THAT(take(message + message), ElementsAre(message + message));
  EXPECT_THAT(take(""), IsEmpty());
  EXPECT_THAT(take("\r\n\r\n"), ElementsAre("ping"));
  EXPECT_THAT(take("\r\n"), IsEmpty());
}

// RFC 6455 §5.5.2: Pings keep a connection alive, once it has carried a message.
TEST_F(FlowTableTest, WhatHoldsNothingIsAUseOfAWebSocket) {
  const FlowId flow{1}, mute{2};
  for (const FlowId each : {flow, mute}) {
    table().opened(at(seconds(0)), each, Transport::Wss, ListenerId{1}, *Endpoint::parse(peer));
  }
  receive(seconds(1), flow, message);
  receive(seconds(2), mute, "");
  run_until(minutes(59));
  EXPECT_THAT(orders(), ElementsAre("close no message within the limit"));
  receive(minutes(59), flow, "");
  run_until(minutes(119) - Duration(1));
  EXPECT_THAT(orders(), IsEmpty());
  run_until(minutes(119));
  EXPECT_THAT(orders(), ElementsAre("close idle"));
}

TEST_F(FlowTableTest, WhatIsWithdrawnDoesNotLeaveWhenItsConnectionIsThere) {
  const FlowId flow = send(seconds(0), peer, "late");
  send(seconds(20), peer, "in time");
  table().withdraw(flow, "late");
  table().withdraw(flow, "nobody's");
  open(seconds(40), flow, peer);
  EXPECT_THAT(orders(), ElementsAre("open " + peer, "failed its transaction ended before its connection was there",
                                    "send in time"));
}

TEST_F(FlowTableTest, WhatDoesNotFitTheQueueFails) {
  const std::string half(limit::queued_bytes_per_flow / 2 + 1, 'x');
  const FlowId flow = send(seconds(0), peer, half);
  EXPECT_NE(send(seconds(0), peer, half), flow);
  EXPECT_THAT(orders(), ElementsAre("open " + peer, "failed the queue of a connection that is being opened is full"));
}

}  // namespace
}  // namespace intermediary
