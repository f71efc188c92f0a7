#include "message/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/message_samples.h"

namespace intermediary {
namespace {

using samples::invite;
using samples::parse;

TEST(MessageTest, IndexesARequest) {
  const MessagePtr m = parse(invite());
  EXPECT_TRUE(m->is_request());
  EXPECT_EQ(Method::Invite, m->method());
  EXPECT_EQ("INVITE", m->method_text());
  EXPECT_EQ("sip:bob@example.com", m->request_uri());
  EXPECT_EQ("INVITE sip:bob@example.com SIP/2.0", m->start_line());
  EXPECT_EQ(9U, m->fields().size());
  EXPECT_EQ("Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKalice1;rport\r\n", m->line(m->fields()[0]));
  EXPECT_EQ("application/sdp", m->value(FieldName::ContentType));
  EXPECT_EQ("v=0\r\n", m->body());
  EXPECT_EQ(invite(), m->bytes());
}

TEST(MessageTest, ReadsTheQuickValues) {
  const MessagePtr m = parse(invite());
  const TopVia& via = m->top_via();
  EXPECT_EQ(Transport::Udp, via.transport);
  EXPECT_EQ("192.0.2.10", via.host);
  EXPECT_EQ(5060, via.port);
  EXPECT_EQ("z9hG4bKalice1", via.branch);
  EXPECT_TRUE(via.has_cookie());
  EXPECT_TRUE(via.has_rport);
  EXPECT_EQ(std::nullopt, via.rport);
  EXPECT_EQ("rport", m->bytes().substr(via.rport_begin, via.rport_end - via.rport_begin));
  EXPECT_EQ(314159U, m->cseq().number);
  EXPECT_EQ("INVITE", m->cseq().method);
  EXPECT_EQ("a84b4c76e66710@192.0.2.10", m->call_id());
  EXPECT_EQ("1928301774", m->from_tag());
  EXPECT_EQ("", m->to_tag());
  EXPECT_EQ(70, m->max_forwards());
}

}  // namespace
}  // namespace intermediary
