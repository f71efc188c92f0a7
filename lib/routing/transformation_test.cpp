#include "routing/transformation.h"

#include <gtest/gtest.h>

namespace intermediary {
namespace {

using Kind = HeaderChange::Kind;

MessagePtr request() {
  return *Message::parse(
      "INVITE sip:9020@example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nMax-Forwards: 70\r\n"
      "From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\ns: hello\r\nX-One: 1\r\nx-one: 2\r\n"
      "Content-Length: 0\r\n\r\n",
      Framing::Datagram, Limits{});
}

std::string headers(const std::vector<HeaderChange>& changes) {
  const MessagePtr message = changed(*request(), changes, Limits{});
  if (!message) return "none";
  const std::string text(message->bytes());
  return text.substr(text.find("CSeq: 1 INVITE\r\n") + 16);
}

TEST(TransformationTest, RemovesSetsAndAddsWholeLines) {
  EXPECT_EQ(headers({{Kind::Remove, "X-ONE"}}), "s: hello\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(headers({{Kind::Set, "X-One", "3"}}), "s: hello\r\nContent-Length: 0\r\nX-One: 3\r\n\r\n");
  EXPECT_EQ(headers({{Kind::Add, "X-Two", "3"}}),
            "s: hello\r\nX-One: 1\r\nx-one: 2\r\nContent-Length: 0\r\nX-Two: 3\r\n\r\n");
}

TEST(TransformationTest, ACompactNameIsTheSameField) {
  EXPECT_EQ(headers({{Kind::Set, "Subject", "bye"}}),
            "X-One: 1\r\nx-one: 2\r\nContent-Length: 0\r\nSubject: bye\r\n\r\n");
}

TEST(TransformationTest, WhatWouldBeNoMessageIsNone) {
  EXPECT_EQ(headers({{Kind::Add, "X-Two", std::string(20'000, 'a')}}), "none");
}

TEST(TransformationTest, KnowsWhatNoRuleMayTouch) {
  EXPECT_EQ(protected_field("v"), "it is for routing");
  EXPECT_EQ(protected_field("call-id"), "it belongs to the dialog and its transactions");
  EXPECT_EQ(protected_field("l"), "it says what the body is");
  EXPECT_EQ(protected_field("P-Asserted-Identity"), "");
}

std::string with(std::string_view text, const UriChange& change) {
  const auto uri = changed(*Uri::parse(text), change);
  return uri ? uri->to_string() : "none";
}

TEST(TransformationTest, ChangesUserAndDomain) {
  const NumberRewrite strip{*Pattern::compile("^9"), ""}, name{*Pattern::compile("^(.*)\\.old$"), "\\1 new"};
  EXPECT_EQ(with("sip:9020@example.com:5070;transport=tcp", {{strip}, {}}), "sip:020@example.com:5070;transport=tcp");
  EXPECT_EQ(with("sip:9020@example.com:5070;maddr=h", {{}, "example.net"}), "sip:9020@example.net");
  EXPECT_EQ(with("sip:bob.old@example.com", {{strip, name}, {}}), "sip:bob%20new@example.com");
  EXPECT_EQ(with("sip:9@example.com", {{strip}, {}}), "none");
  EXPECT_EQ(with("sip:example.com", {{strip}, "example.net"}), "sip:example.net");
}

}  // namespace
}  // namespace intermediary
