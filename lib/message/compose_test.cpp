#include "message/compose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/test_messages.h"

namespace intermediary {
namespace {

using samples::invite;
using samples::parse;
using samples::refusal;
using samples::replaced;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ComposeTest, CopiesWhatAResponseMustCarry) {
  const MessagePtr m = parse(invite());
  EXPECT_EQ(
      "SIP/2.0 486 Busy Here\r\n"
      "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKalice1;rport\r\n"
      "From: \"Alice\" <sip:alice@example.com>;tag=1928301774\r\n"
      "To: Bob <sip:bob@example.com>;tag=ours\r\n"
      "Call-ID: a84b4c76e66710@192.0.2.10\r\n"
      "CSeq: 314159 INVITE\r\n"
      "Retry-After: 5\r\n"
      "Content-Length: 0\r\n"
      "\r\n",
      make_response(*m, {.status = 486, .to_tag = "ours", .fields = {{"Retry-After", "5"}}}));
}

TEST(ComposeTest, KeepsFoldsAndForeignSpellingByteForByte) {
  const MessagePtr m = parse(replaced(invite(), "To: Bob <", "t  :  Bob\r\n\t<"));
  EXPECT_THAT(make_response(*m, {.status = 404, .to_tag = "x"}),
              HasSubstr("\r\nt  :  Bob\r\n\t<sip:bob@example.com>;tag=x\r\n"));
}

TEST(ComposeTest, LeavesATagThatIsThere) {
  const MessagePtr m = parse(replaced(invite(), "To: Bob <sip:bob@example.com>", "To: sip:bob@example.com;tag=old"));
  EXPECT_THAT(make_response(*m, {.status = 481, .to_tag = "new"}), HasSubstr("To: sip:bob@example.com;tag=old\r\n"));
}

TEST(ComposeTest, SaysBehindTheTimestampHowLongTheRequestWaited) {
  using std::chrono::milliseconds;
  const MessagePtr m = parse(replaced(invite(), "Contact:", "Timestamp: 54.21\r\nContact:"));
  const auto trying = [&](milliseconds delay) { return make_response(*m, {.status = 100, .delay = delay}); };
  EXPECT_THAT(trying(milliseconds(0)), HasSubstr("\r\nTimestamp: 54.21\r\n"));
  EXPECT_THAT(trying(milliseconds(3500)), HasSubstr("\r\nTimestamp: 54.21 3.5\r\n"));
  EXPECT_THAT(trying(milliseconds(2000)), HasSubstr("\r\nTimestamp: 54.21 2\r\n"));
  EXPECT_THAT(trying(milliseconds(5)), HasSubstr("\r\nTimestamp: 54.21 0.005\r\n"));
}

TEST(ComposeTest, CopiesTimestampInto100Only) {
  const MessagePtr m = parse(replaced(invite(), "Contact:", "timestamp: 54\r\nContact:"));
  EXPECT_THAT(make_response(*m, {.status = 100}), HasSubstr("\r\ntimestamp: 54\r\n"));
  EXPECT_THAT(make_response(*m, {.status = 100}), HasSubstr("\r\nTo: Bob <sip:bob@example.com>\r\n"));
  EXPECT_THAT(make_response(*m, {.status = 180}), Not(HasSubstr("timestamp")));
}

TEST(ComposeTest, CopiesRecordRouteWhereADialogIsMade) {
  const std::string routes = "Record-Route: <sip:p2;lr>\r\nRecord-Route: <sip:p1;lr>\r\n";
  const MessagePtr m = parse(replaced(invite(), "Contact:", routes + "Contact:"));
  EXPECT_THAT(make_response(*m, {.status = 180, .to_tag = "x"}), HasSubstr(routes));
  EXPECT_THAT(make_response(*m, {.status = 200, .to_tag = "x"}), HasSubstr(routes));
  EXPECT_THAT(make_response(*m, {.status = 100}), Not(HasSubstr("Record-Route")));
  EXPECT_THAT(make_response(*m, {.status = 302, .to_tag = "x"}), Not(HasSubstr("Record-Route")));
}

TEST(ComposeTest, WritesTheBodyWithItsTypeAndLength) {
  const MessagePtr m = parse(invite());
  EXPECT_THAT(make_response(*m, {.to_tag = "x", .content_type = "text/plain", .body = "hello"}),
              HasSubstr("\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"));
}

TEST(ComposeTest, TakesAnotherReason) {
  const MessagePtr m = parse(invite());
  EXPECT_THAT(make_response(*m, {.status = 400, .reason = "Missing Call-ID"}),
              HasSubstr("SIP/2.0 400 Missing Call-ID\r\n"));
}

TEST(ComposeTest, AnswersARefusedRequestWithWhatItShowed) {
  const Refused r = refusal(
      "INVITE sip:bob@example.com SIP/2.0\r\n"
      "Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1\r\n"
      "To: \"Bob <sip:bob@example.com>\r\n"
      "Subject: a\nVia: SIP/2.0/UDP 203.0.113.66\r\n"
      "CSeq: 1 INVITE\r\n"
      "CSeq: 2 INVITE\r\n"
      "\r\n");
  ASSERT_NE(nullptr, r.partial);
  EXPECT_EQ(
      "SIP/2.0 400 Bad Request\r\n"
      "Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1\r\n"
      "To: \"Bob <sip:bob@example.com>\r\n"
      "CSeq: 1 INVITE\r\n"
      "Content-Length: 0\r\n"
      "\r\n",
      make_response(*r.partial, {.status = 400, .to_tag = "x"}));
}

TEST(ComposeTest, ItsResponsesParse) {
  const MessagePtr m = parse(invite());
  const MessagePtr response = parse(make_response(*m, {.status = 200, .to_tag = "x"}));
  EXPECT_EQ(200, response->status());
  EXPECT_EQ("OK", response->reason());
  EXPECT_EQ("x", response->to_tag());
}

TEST(ComposeTest, KnowsAPhraseForEveryClass) {
  EXPECT_EQ("Trying", default_reason(100));
  EXPECT_EQ("Max-Breadth Exceeded", default_reason(440));
  EXPECT_EQ("Client Error", default_reason(499));
  EXPECT_EQ("Provisional", default_reason(150));
  EXPECT_EQ("Global Failure", default_reason(699));
  EXPECT_EQ("", default_reason(700));
  EXPECT_EQ("", default_reason(99));
}

TEST(RequestWriterTest, WritesFieldsInOrderThenTheBody) {
  EXPECT_EQ(
      "OPTIONS sip:192.0.2.1 SIP/2.0\r\n"
      "Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1\r\n"
      "Max-Forwards: 70\r\n"
      "Content-Length: 2\r\n"
      "\r\n"
      "hi",
      RequestWriter("OPTIONS", "sip:192.0.2.1")
          .field("Via", "SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1")
          .field("Max-Forwards", "70")
          .finish("hi"));
}

}  // namespace
}  // namespace intermediary
