#include "sim/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intermediary::sim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string invite =
    "INVITE sip:bob@example.com SIP/2.0\r\n"
    "v: SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/TCP b;branch=z9hG4bK2\r\n"
    "Via: SIP/2.0/UDP c;branch=z9hG4bK3\r\n"
    "f: \"A, B\" <sip:alice@example.com;x=1>;tag=t1\r\n"
    "To: <sip:bob@example.com>\r\n"
    "Call-ID: c1\r\n"
    "CSeq: 7 INVITE\r\n"
    "Subject: folded\r\n here\r\n"
    "\r\n"
    "body";

TEST(Wire, ReadsWhatItIsMadeOf) {
  auto message = WireMessage::read(invite).value();
  EXPECT_TRUE(message.is_request());
  EXPECT_EQ(message.method(), "INVITE");
  EXPECT_EQ(message.uri(), "sip:bob@example.com");
  EXPECT_EQ(message.branch(), "z9hG4bK1");
  EXPECT_EQ(message.from_tag(), "t1");
  EXPECT_EQ(message.to_tag(), "");
  EXPECT_EQ(message.cseq_number(), 7u);
  EXPECT_EQ(message.value("Subject"), "folded here");
  EXPECT_EQ(message.body, "body");
  EXPECT_THAT(message.values("via"), ElementsAre("SIP/2.0/UDP a;branch=z9hG4bK1", "SIP/2.0/TCP b;branch=z9hG4bK2",
                                                 "SIP/2.0/UDP c;branch=z9hG4bK3"));
}

TEST(Wire, WhatIsNoMessageIsNotRead) {
  EXPECT_FALSE(WireMessage::read(""));
  EXPECT_FALSE(WireMessage::read("\r\n\r\n"));
  EXPECT_FALSE(WireMessage::read("INVITE sip:bob SIP/2.0\r\nVia: x\r\n"));
  EXPECT_FALSE(WireMessage::read("GET / HTTP/1.1\r\n\r\n"));
}

TEST(Wire, WritesContentLengthUnlessItIsThere) {
  WireMessage message{"SIP/2.0 200 OK", {{"CSeq", "1 INVITE"}}, "abc"};
  EXPECT_EQ(message.to_bytes(), "SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\nContent-Length: 3\r\n\r\nabc");
  message.add("l", "99");
  EXPECT_EQ(message.to_bytes(), "SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\nl: 99\r\n\r\nabc");
}

TEST(Wire, ReplacedValuesStandWhereTheFirstOneStood) {
  WireMessage message{"SIP/2.0 200 OK", {{"Via", "a"}, {"To", "t"}, {"v", "b"}}, ""};
  message.set_values("Via", {"x", "y"});
  EXPECT_THAT(message.headers, ElementsAre(WireHeader{"Via", "x"}, WireHeader{"Via", "y"}, WireHeader{"To", "t"}));
  message.set_values("Via", {});
  EXPECT_THAT(message.values("Via"), IsEmpty());
}

TEST(Wire, CutsMessagesAndKeepAlivesOffAStream) {
  std::string stream = "\r\n\r\nSIP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nabSIP/2.0 180 R\r\n\r\nSIP/2.0 20";
  EXPECT_THAT(cut_stream(stream),
              ElementsAre("\r\n\r\n", "SIP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nab", "SIP/2.0 180 R\r\n\r\n"));
  EXPECT_EQ(stream, "SIP/2.0 20");
}

TEST(Wire, ShortLabels) {
  EXPECT_EQ(short_label(invite), "INVITE");
  EXPECT_EQ(short_label("SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n"), "200");
  EXPECT_EQ(short_label("SIP/2.0 200 OK\r\nCSeq: 1 CANCEL\r\n\r\n"), "200 CANCEL");
  EXPECT_EQ(short_label("\r\n\r\n"), "ping");
  EXPECT_EQ(short_label("hello"), "raw");
}

TEST(Wire, PartsOfValuesAndUris) {
  EXPECT_EQ(uri_of("\"Bob\" <sip:bob@b;lr>;tag=1"), "sip:bob@b;lr");
  EXPECT_EQ(uri_of("sip:bob@b;tag=1"), "sip:bob@b");
  EXPECT_TRUE(uri_has_parameter("sip:b;LR;x=1", "lr"));
  EXPECT_FALSE(uri_has_parameter("sip:lr@b", "lr"));
  EXPECT_EQ(host_port_of("sip:bob@[2001:db8::1]:5060;lr"), "[2001:db8::1]:5060");
  EXPECT_EQ(with_parameter("<sip:b>;x;tag=1", "tag", "2"), "<sip:b>;x;tag=2");
}

TEST(ShortLabel, IsForATerminalToShowAndNotToObey) {
  EXPECT_EQ(short_label("IN\x1b[2J\xff sip:a SIP/2.0\r\n\r\n"), "IN\\x1b[2J\\xff");
  EXPECT_EQ(short_label("SIP/2.0 200 OK\r\nCSeq: 1 \x07\r\n\r\n"), "200 \\x07");
}

}  // namespace
}  // namespace intermediary::sim
