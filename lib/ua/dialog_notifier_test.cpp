#include "ua/dialog_notifier.h"

#include <gmock/gmock.h>

#include "ua/test_requests.h"

namespace intermediary {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class DialogNotifierTest : public testing::Test, public Wire, public NotifierPort {
 protected:
  DialogNotifierTest() {
    names.add_listener(Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt);
    names.add_domain("example.com");
    limits.subscriptions_per_source = 2;
  }
  void transmit(Hop&, std::string_view bytes) override { sent.emplace_back(bytes); }
  void withdraw(FlowId, std::string_view) override {}
  std::variant<Hop, std::uint64_t, std::string> find_notify_hop(const Uri& uri) override {
    asked.push_back(uri.to_string());
    return Hop{Transport::Udp, *Endpoint::parse("192.0.2.4:5060"), ListenerId{1}, {}};
  }
  bool is_open(FlowId) const override { return true; }
  void emit(Event) override {}

  UaAnswer subscribe(const std::string& lines, std::string_view uri = "sip:bob@example.com", bool trusted = false) {
    const MessagePtr request = request_to(
        uri, "SUBSCRIBE", "To: <sip:bob@example.com>\r\nCall-ID: s" + std::to_string(++calls) + "\r\n" + lines, "1");
    std::string tag;
    UaAnswer answer = notifier.subscribe(at(now), {*request, arrival, "sip:bob@example.com", "r", trusted}, tag);
    notifier.flush(at(now));
    return answer;
  }
  DialogSetId call(int number) {
    DialogSet set;
    set.call_id = "c" + std::to_string(number);
    set.caller_tag = "a";
    set.caller = "sip:alice@example.com";
    set.callee = "sip:bob@example.com";
    const DialogSetId id = dialogs.begin(std::move(set));
    tell(id, nullptr);
    return id;
  }
  void tell(DialogSetId id, const DialogEnding* ending) {
    const DialogSet& set = *dialogs.find(id);
    notifier.changed(at(now), set, *dialogs.find(set.dialogs.front()), ending);
  }
  void end(DialogSetId id) {
    const DialogEnding ending{DialogEnding::Cause::Bye, DialogSide::Caller, 200};
    const DialogId dialog = dialogs.find(id)->dialogs.front();
    dialogs.find(dialog)->state = DialogState::Terminated;
    tell(id, &ending);
    dialogs.close(id);
    dialogs.erase(dialog);
  }
  // The watcher answers, and the time goes on.
  void answer_and_wait(int status = 200) {
    const std::string& notify = sent.back();
    const std::size_t via = notify.find("Via: "), end = notify.find("\r\n\r\n");
    std::string response = "SIP/2.0 " + std::to_string(status) + " OK\r\n" + notify.substr(via, end - via);
    const std::size_t body = response.find("Content-Type");
    auto message = Message::parse(response.substr(0, body) + "Content-Length: 0\r\n\r\n", Framing::Datagram, limits);
    ASSERT_TRUE(message);
    now += seconds(2);
    transactions.receive_response(at(now), *message);
    std::vector<TransactionReport> reports;
    transactions.take_reports(reports);
    for (const TransactionReport& report : reports) notifier.report(at(now), report);
    notifier.flush(at(now));
  }

  Duration now{0};
  int calls = 0;
  Limits limits;
  LocalNames names;
  TimerQueue timers;
  RandomSource random{seed_from_number(1)};
  TransactionLayer transactions{TransactionTimings{}, HashKey{1, 2}, timers, *this};
  DialogTable dialogs{HashKey{1, 2}, true};
  NotifierSettings settings;
  DialogNotifier notifier{settings, limits, names, dialogs, transactions, timers, random, *this};
  Arrival arrival{Transport::Udp, *Endpoint::parse("192.0.2.4:5060"), ListenerId{1}, {}};
  std::vector<std::string> sent, asked;
};

constexpr auto usual = "Event: dialog\r\nContact: <sip:w@192.0.2.4>\r\n";

TEST_F(DialogNotifierTest, ASecureSubscriptionHasASecureContact) {
  const UaAnswer answer = subscribe(usual, "sips:bob@example.com");
  EXPECT_THAT(field_values(answer, "Contact"), ElementsAre("<sips:192.0.2.1:5060>"));
  EXPECT_THAT(sent, ElementsAre(HasSubstr("\r\nContact: <sips:192.0.2.1:5060>\r\n")));
}

TEST_F(DialogNotifierTest, AWatcherWithoutATagGetsNone) {
  const MessagePtr request = [] {
    auto message = Message::parse(
        "SUBSCRIBE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n"
        "From: <sip:w@example.com>\r\nTo: <sip:bob@example.com>\r\nCall-ID: s\r\nCSeq: 1 SUBSCRIBE\r\n"
        "Event: dialog\r\nContact: <sip:w@192.0.2.4>\r\nContent-Length: 0\r\n\r\n",
        Framing::Datagram, Limits{});
    return *message;
  }();
  std::string tag;
  notifier.subscribe(at(now), {*request, arrival, "sip:bob@example.com", "r", false}, tag);
  notifier.flush(at(now));
  EXPECT_THAT(sent, ElementsAre(AllOf(HasSubstr("\r\nTo: <sip:w@example.com>\r\n"),
                                      HasSubstr("\r\nFrom: <sip:bob@example.com>;tag=" + tag + "\r\n"))));
}

TEST_F(DialogNotifierTest, WhatDoesNotFitADatagramFollowsAsPartialState) {
  for (int i = 0; i < 6; ++i) call(i);
  subscribe(usual);
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_THAT(sent[0], AllOf(HasSubstr("version=\"0\" state=\"full\""), HasSubstr("call-id=\"c0\"")));
  EXPECT_THAT(sent[0], Not(HasSubstr("call-id=\"c5\"")));
  EXPECT_LE(sent[0].size() + 200, limits.path_mtu);
  std::string told = sent[0];
  while (sent.size() < 6 && told.find("call-id=\"c5\"") == std::string::npos) {
    answer_and_wait();
    EXPECT_LE(sent.back().size() + 200, limits.path_mtu);
    EXPECT_THAT(sent.back(), HasSubstr("state=\"partial\""));
    told += sent.back();
  }
  for (int i = 0; i < 6; ++i) EXPECT_THAT(told, HasSubstr("call-id=\"c" + std::to_string(i) + "\""));
}

TEST_F(DialogNotifierTest, HoweverManyDialogsThereAreEachIsToldOf) {
  const int many = 2 * static_cast<int>(limit::remembered_changes);
  for (int i = 0; i < many; ++i) call(i);
  subscribe(usual);
  std::string told = sent[0];
  for (int i = 0; i < many && told.find("\"c" + std::to_string(many - 1) + "\"") == std::string::npos; ++i) {
    answer_and_wait();
    EXPECT_THAT(sent.back(), HasSubstr("version=\"" + std::to_string(i + 1) + "\" state=\"partial\""));
    told += sent.back();
  }
  for (int i = 0; i < many; ++i) EXPECT_THAT(told, HasSubstr("call-id=\"c" + std::to_string(i) + "\""));
  const std::size_t documents = sent.size();
  answer_and_wait();
  EXPECT_THAT(sent, SizeIs(documents));
}

TEST_F(DialogNotifierTest, TheFilterChoosesAmongAllDialogs) {
  const int last = 2 * static_cast<int>(limit::remembered_changes);
  for (int i = 0; i <= last; ++i) call(i);
  subscribe("Event: dialog;call-id=\"c" + std::to_string(last) + "\"\r\nContact: <sip:w@192.0.2.4>\r\n");
  EXPECT_THAT(sent, ElementsAre(AllOf(HasSubstr("call-id=\"c" + std::to_string(last) + "\""), HasSubstr("\"full\""),
                                      Not(HasSubstr("call-id=\"c1\"")))));
}

TEST_F(DialogNotifierTest, TheLastDocumentIsFullOnlyWhereItHasAll) {
  const auto once = "Event: dialog\r\nExpires: 0\r\nContact: <sip:w@192.0.2.4>\r\n";
  for (std::size_t i = 0; i < limit::remembered_changes; ++i) call(static_cast<int>(i));
  subscribe(once);
  call(1000);
  subscribe(once);
  EXPECT_THAT(sent, ElementsAre(HasSubstr("state=\"full\""), HasSubstr("state=\"partial\"")));
}

TEST_F(DialogNotifierTest, TellsOfACallThatWasThereForAMoment) {
  subscribe(usual);
  const DialogSetId id = call(1);
  end(id);
  answer_and_wait();
  EXPECT_THAT(sent, ElementsAre(testing::_, AllOf(HasSubstr("<state event=\"remote-bye\">terminated</state>"),
                                                  Not(HasSubstr("trying")))));
}

TEST_F(DialogNotifierTest, MoreThanItCanRememberBecomesFullState) {
  subscribe(usual);
  for (int i = 0; i <= static_cast<int>(limit::remembered_changes); ++i) end(call(i));
  const DialogSetId standing = call(1000);
  answer_and_wait();
  ASSERT_THAT(sent, SizeIs(2));
  EXPECT_THAT(sent[1], AllOf(HasSubstr("version=\"1\" state=\"full\""), HasSubstr("call-id=\"c1000\""),
                             Not(HasSubstr("terminated"))));
  EXPECT_TRUE(dialogs.find(standing));
}

TEST_F(DialogNotifierTest, ANotifyThatIsRefusedForTheMomentIsMadeUpForByFullState) {
  subscribe(usual);
  answer_and_wait(500);
  EXPECT_THAT(sent, SizeIs(1));
  call(1);
  notifier.flush(at(now));
  ASSERT_THAT(sent, SizeIs(2));
  EXPECT_THAT(sent[1], HasSubstr("version=\"1\" state=\"full\""));
}

TEST_F(DialogNotifierTest, AFilterChoosesOneDialog) {
  const DialogSetId one = call(1);
  call(2);
  subscribe("Event: dialog;call-id=\"c1\";from-tag=a\r\nContact: <sip:w@192.0.2.4>\r\n");
  EXPECT_THAT(sent, ElementsAre(AllOf(HasSubstr("call-id=\"c1\""), Not(HasSubstr("call-id=\"c2\"")))));
  end(one);
  call(3);
  answer_and_wait();
  EXPECT_THAT(sent, ElementsAre(testing::_, AllOf(HasSubstr("terminated"), Not(HasSubstr("call-id=\"c3\"")))));
}

TEST_F(DialogNotifierTest, BoundsTheSubscriptionsOfAStranger) {
  EXPECT_EQ(subscribe(usual).status, 200);
  EXPECT_EQ(subscribe(usual).status, 200);
  EXPECT_EQ(subscribe(usual).status, 503);
  EXPECT_EQ(subscribe(usual, "sip:bob@example.com", true).status, 200);
  EXPECT_EQ(notifier.size(), 3u);
}

TEST_F(DialogNotifierTest, TheSameRequestByAnotherWayIsMerged) {
  EXPECT_EQ(subscribe(usual).status, 200);
  --calls;
  EXPECT_EQ(subscribe(usual).status, 482);
}

TEST_F(DialogNotifierTest, LeavesNothingBehind) {
  subscribe("Event: dialog\r\nExpires: 0\r\nContact: <sip:w@192.0.2.4>\r\n");
  answer_and_wait();
  EXPECT_EQ(notifier.size(), 0u);
  EXPECT_THAT(sent, ElementsAre(HasSubstr("Subscription-State: terminated;reason=timeout")));
}

}  // namespace
}  // namespace intermediary
