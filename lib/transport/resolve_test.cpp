#include "transport/resolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intermediary {
namespace {

using testing::HasSubstr;

// "TCP 192.0.2.1:5060", "? example.com:5060 TCP sips", "416 …".
std::string selected(std::string_view text) {
  const auto uri = Uri::parse(text);
  if (!uri) return "not a URI";
  const auto result = select_hop(*uri);
  if (const auto* hop = std::get_if<Hop>(&result)) {
    return std::string(via_name(hop->transport)) + " " + hop->remote.to_string();
  }
  if (const auto* target = std::get_if<ResolveTarget>(&result)) {
    std::string line = "? " + target->host;
    if (target->port) line += ":" + std::to_string(*target->port);
    if (target->transport) line += " " + std::string(via_name(*target->transport));
    if (target->sips) line += " sips";
    return line;
  }
  const auto& none = std::get<NoHop>(result);
  return std::to_string(none.status) + " " + none.reason;
}

TEST(SelectHopTest, TakesALiteralAddressOverUdp) {
  EXPECT_EQ(selected("sip:bob@192.0.2.1"), "UDP 192.0.2.1:5060");
  EXPECT_EQ(selected("sip:bob@192.0.2.1:5070"), "UDP 192.0.2.1:5070");
  EXPECT_EQ(selected("sip:bob@[2001:db8::1]"), "UDP [2001:db8::1]:5060");
}

TEST(SelectHopTest, TakesTheTransportThatTheUriNames) {
  EXPECT_EQ(selected("sip:192.0.2.1;transport=tcp"), "TCP 192.0.2.1:5060");
  EXPECT_EQ(selected("sip:192.0.2.1;Transport=TLS"), "TLS 192.0.2.1:5061");
  EXPECT_EQ(selected("sip:192.0.2.1;transport=ws"), "WS 192.0.2.1:80");
  EXPECT_EQ(selected("sip:192.0.2.1:5070;transport=tcp"), "TCP 192.0.2.1:5070");
}

TEST(SelectHopTest, SipsGoesOverTls) {
  EXPECT_EQ(selected("sips:bob@192.0.2.1"), "TLS 192.0.2.1:5061");
  EXPECT_EQ(selected("sips:bob@192.0.2.1;transport=tcp"), "TLS 192.0.2.1:5061");
  EXPECT_EQ(selected("sips:bob@192.0.2.1;transport=ws"), "WSS 192.0.2.1:443");
  EXPECT_EQ(selected("sips:bob@192.0.2.1:5070;transport=tls"), "TLS 192.0.2.1:5070");
  EXPECT_THAT(selected("sips:bob@192.0.2.1;transport=udp"), HasSubstr("500 no way to 192.0.2.1: a SIPS URI"));
}

TEST(SelectHopTest, MaddrTakesThePlaceOfTheHost) {
  EXPECT_EQ(selected("sip:bob@example.com;maddr=192.0.2.9"), "UDP 192.0.2.9:5060");
  EXPECT_EQ(selected("sip:bob@example.com:5070;maddr=192.0.2.9;transport=tcp"), "TCP 192.0.2.9:5070");
  EXPECT_EQ(selected("sip:bob@192.0.2.1;maddr=edge.example.com"), "? edge.example.com");
}

TEST(SelectHopTest, LocalhostNeedsNoQuestion) {
  EXPECT_EQ(selected("sip:bob@localhost"), "UDP 127.0.0.1:5060");
  EXPECT_EQ(selected("sip:LOCALHOST:5080;transport=tcp"), "TCP 127.0.0.1:5080");
  EXPECT_EQ(selected("sip:bob@localhost.example.com"), "? localhost.example.com");
}

TEST(SelectHopTest, AsksForNames) {
  EXPECT_EQ(selected("sip:bob@example.com"), "? example.com");
  EXPECT_EQ(selected("sip:bob@example.com:5070;transport=tcp"), "? example.com:5070 TCP");
  EXPECT_EQ(selected("sips:bob@example.com"), "? example.com sips");
  EXPECT_EQ(selected("sips:bob@example.com;transport=tcp"), "? example.com TLS sips");
}

TEST(SelectHopTest, OtherSchemesHaveNoHop) {
  EXPECT_THAT(selected("tel:+31201234567"), HasSubstr("416 'tel'"));
  EXPECT_THAT(selected("mailto:bob@example.com"), HasSubstr("416 'mailto'"));
}

TEST(SelectHopTest, NamesWhatCannotBeReached) {
  EXPECT_EQ(selected("sip:bob@192.0.2.1;transport=sctp"), "500 no way to 192.0.2.1: unknown transport 'sctp'");
  EXPECT_THAT(selected("sip:bob@example.com;transport=carrier-pigeon"),
              HasSubstr("500 no way to example.com: unknown"));
  EXPECT_THAT(selected("sip:bob@192.0.2.1;transport"), HasSubstr("unknown transport ''"));
  EXPECT_THAT(selected("sip:bob@0.0.0.0"), HasSubstr("500 no way to 0.0.0.0"));
  EXPECT_THAT(selected("sip:bob@example.com;maddr=[::]"), HasSubstr("500 no way to example.com"));
}

TEST(SelectHopTest, PortZeroIsNoPort) {
  Uri uri = *Uri::parse("sip:192.0.2.1");
  uri.port = 0;
  EXPECT_EQ(std::get<NoHop>(select_hop(uri)).status, 500);
}

}  // namespace
}  // namespace intermediary
