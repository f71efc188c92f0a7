#include "dialog/session_timer.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace intermediary {
namespace {

using std::chrono::seconds;

MessagePtr parsed(const std::string& first, const std::string& lines) {
  std::string bytes = first + "\r\nVia: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bKt1\r\nMax-Forwards: 70\r\n";
  bytes += "From: <sip:a@example.com>;tag=a\r\nTo: <sip:b@example.com>;tag=b\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n";
  bytes += lines + "Content-Length: 0\r\n\r\n";
  auto message = Message::parse(std::move(bytes), Framing::Datagram, Limits{});
  if (!message) throw std::logic_error("the test's own message is wrong");
  return *message;
}
MessagePtr invite(const std::string& lines) { return parsed("INVITE sip:b@example.com SIP/2.0", lines); }
MessagePtr ok(const std::string& lines) { return parsed("SIP/2.0 200 OK", lines); }

// "Session-Expires/Min-SE" as the request goes on, or "422 Min-SE".
std::string outcome(const std::string& lines, SessionTimerPolicy policy) {
  const MessagePtr request = invite(lines);
  const auto result = adjust_request(request, policy, Limits{});
  if (const auto* small = std::get_if<IntervalTooSmall>(&result)) return "422 " + std::to_string(small->min_se);
  const auto& adjusted = std::get<Adjusted>(result);
  const Message& out = adjusted.request ? *adjusted.request : *request;
  const auto min = min_se(out);
  return std::string(out.value(FieldName::SessionExpires)) + (min ? "/" + std::to_string(*min) : "");
}

constexpr SessionTimerPolicy none{};
constexpr SessionTimerPolicy asks{seconds(1800), seconds(0)};
constexpr SessionTimerPolicy strict{seconds(1800), seconds(600)};

TEST(SessionTimerRequest, GoesOnUntouchedWithoutAPolicy) {
  EXPECT_EQ(outcome("", none), "");
  EXPECT_EQ(outcome("Session-Expires: 90;refresher=uac\r\n", none), "90;refresher=uac");
}

TEST(SessionTimerRequest, GetsAnIntervalWhereNobodyAsks) {
  EXPECT_EQ(outcome("", asks), "1800");
  EXPECT_EQ(outcome("Min-SE: 3600\r\n", asks), "3600/3600");
}

TEST(SessionTimerRequest, IsLoweredButNotBelowItsMinSe) {
  EXPECT_EQ(outcome("Session-Expires: 7200;refresher=uas\r\n", asks), "1800;refresher=uas");
  EXPECT_EQ(outcome("x: 7200\r\nMin-SE: 3600\r\n", asks), "3600/3600");
  EXPECT_EQ(outcome("Session-Expires: 7200\r\nMin-SE: 9000\r\nSupported: timer\r\n", asks), "9000/9000");
}

TEST(SessionTimerRequest, IsNeverRaisedWhereItIsAtItsMinSe) {
  EXPECT_EQ(outcome("Session-Expires: 100\r\n", asks), "100");
  EXPECT_EQ(outcome("Session-Expires: 900\r\nMin-SE: 900\r\n", strict), "900/900");
}

TEST(SessionTimerRequest, IsRefusedWhenTooSmallFromWhoKnowsTimers) {
  EXPECT_EQ(outcome("Supported: 100rel, Timer\r\nSession-Expires: 599\r\n", strict), "422 600");
  EXPECT_EQ(outcome("Supported: timer\r\nSession-Expires: 600\r\n", strict), "600");
}

TEST(SessionTimerRequest, IsRaisedWhenTooSmallFromWhoDoesNot) {
  EXPECT_EQ(outcome("Session-Expires: 100;refresher=uas\r\n", strict), "600;refresher=uas/600");
  EXPECT_EQ(outcome("Session-Expires: 100\r\nMin-SE: 90\r\n", strict), "600/600");
}

TEST(SessionTimerRequest, ThatCannotBeReadIsTheCalleesToRefuse) {
  EXPECT_EQ(outcome("Session-Expires: soon\r\n", strict), "soon");
}

TEST(SessionTimerAnswer, BringsItsOwnInterval) {
  const auto answer = adjust_answer(ok("Session-Expires: 300 ;refresher=uas\r\n"), {true, 1800}, Limits{});
  EXPECT_EQ(answer.interval, 300u);
  EXPECT_EQ(answer.response, nullptr);
}

TEST(SessionTimerAnswer, OfACalleeWithoutTimersMakesTheCallerRefresh) {
  const auto answer = adjust_answer(ok("Require: 100rel\r\n"), {true, 1800}, Limits{});
  EXPECT_EQ(answer.interval, 1800u);
  ASSERT_NE(answer.response, nullptr);
  EXPECT_EQ(answer.response->value(FieldName::SessionExpires), "1800;refresher=uac");
  EXPECT_NE(answer.response->bytes().find("Require: 100rel\r\nRequire: timer\r\n"), std::string_view::npos);
}

TEST(SessionTimerAnswer, WhereNeitherKnowsTimersThereIsNone) {
  const auto answer = adjust_answer(ok(""), {false, 1800}, Limits{});
  EXPECT_EQ(answer.interval, 0u);
  EXPECT_EQ(answer.response, nullptr);
}

}  // namespace
}  // namespace intermediary
