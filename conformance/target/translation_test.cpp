#include "conformance/target/translation.h"

#include <gtest/gtest.h>

namespace intermediary::conformance {
namespace {

Endpoint endpoint(std::string_view text) { return *Endpoint::parse(text); }

class TranslationTest : public testing::Test {
 protected:
  TranslationTest() {
    translation.add_node(endpoint("192.0.2.1:5060"), endpoint("127.0.0.1:5070"));
    translation.add(endpoint("192.0.2.10:5060"), endpoint("127.70.0.10:5060"));
    translation.add(endpoint("192.0.2.20:5060"), endpoint("127.70.0.20:25060"));
    translation.add_domain("example.com", "sip.test");
  }
  void same_way_back(const std::string& scenario, const std::string& real) {
    EXPECT_EQ(translation.to_real(scenario), real);
    EXPECT_EQ(translation.to_scenario(real), scenario);
  }
  Translation translation{"k7"};
};

TEST_F(TranslationTest, AddressesWithAndWithoutPorts) {
  same_way_back("Contact: <sip:bob@192.0.2.20:5060>\r\n", "Contact: <sip:bob@127.70.0.20:25060>\r\n");
  same_way_back("From: <sip:alice@192.0.2.10>;tag=1\r\n", "From: <sip:alice@127.70.0.10>;tag=1\r\n");
  same_way_back("Via: SIP/2.0/UDP 192.0.2.10:5060;received=192.0.2.10;rport=5060\r\n",
                "Via: SIP/2.0/UDP 127.70.0.10:5060;received=127.70.0.10;rport=5060\r\n");
}

TEST_F(TranslationTest, WhatIsNobodysStays) {
  same_way_back("X: 192.0.2.100 1192.0.2.10 192.0.2.10.5 v192.0.2.10\r\n",
                "X: 192.0.2.100 1192.0.2.10 192.0.2.10.5 v192.0.2.10\r\n");
}

TEST_F(TranslationTest, TheNodeAloneKeepsThePortOfTheTarget) {
  EXPECT_EQ(translation.to_real("OPTIONS sip:192.0.2.1 SIP/2.0\r\n"), "OPTIONS sip:127.0.0.1:5070 SIP/2.0\r\n");
  same_way_back("Route: <sip:192.0.2.1:5060;lr>\r\n", "Route: <sip:127.0.0.1:5070;lr>\r\n");
  EXPECT_EQ(translation.without_port_of_node("a 192.0.2.1:5060 b 192.0.2.1:50601"), "a 192.0.2.1 b 192.0.2.1:50601");
}

TEST_F(TranslationTest, UsersOfTheDomainAreTheRunsOwn) {
  same_way_back("To: <sip:bob@example.com>\r\n", "To: <sip:bob.k7@sip.test>\r\n");
  same_way_back("REGISTER sip:example.com SIP/2.0\r\n", "REGISTER sip:sip.test SIP/2.0\r\n");
  same_way_back("To: <sip:bob@192.0.2.1:5060>\r\n", "To: <sip:bob.k7@127.0.0.1:5070>\r\n");
  same_way_back("To: <sip:bob@www.example.com>\r\n", "To: <sip:bob@www.example.com>\r\n");
  same_way_back("To: <sip:bob@example.com.au>\r\n", "To: <sip:bob@example.com.au>\r\n");
}

TEST_F(TranslationTest, UsersMayKeepTheirNames) {
  translation.keep_users();
  same_way_back("To: <sip:bob@example.com>\r\n", "To: <sip:bob@sip.test>\r\n");
}

TEST_F(TranslationTest, BranchesOfOursAreTheRunsOwnAndTheirsComeBack) {
  same_way_back("Via: SIP/2.0/UDP a;branch=z9hG4bK-alice-1\r\n", "Via: SIP/2.0/UDP a;branch=z9hG4bKk7-alice-1\r\n");
  same_way_back("Via: SIP/2.0/UDP a;branch=z9hG4bK~77\r\n", "Via: SIP/2.0/UDP a;branch=z9hG4bK77\r\n");
  same_way_back("Via: SIP/2.0/UDP a;branch=z9hG4bK\r\n", "Via: SIP/2.0/UDP a;branch=z9hG4bK\r\n");
}

TEST_F(TranslationTest, CallIdsOfOursAreTheRunsOwnAndTheirsComeBack) {
  same_way_back("Call-ID: alice-1@192.0.2.10\r\n", "Call-ID: alice-1@127.70.0.10.k7\r\n");
  same_way_back("i:  x\r\n", "i:  x.k7\r\n");
  same_way_back("Call-ID: ~theirs\r\n", "Call-ID: theirs\r\n");
  same_way_back("Call-ID:\r\n", "Call-ID:\r\n");
}

TEST_F(TranslationTest, ContentLengthMovesAsTheBodyDoes) {
  same_way_back("A\r\nContent-Length: 10\r\n\r\n192.0.2.10", "A\r\nContent-Length: 11\r\n\r\n127.70.0.10");
  same_way_back("A\r\nl: 99\r\n\r\n192.0.2.10", "A\r\nl: 100\r\n\r\n127.70.0.10");
  same_way_back("A\r\nContent-Length: 3\r\n\r\nabc", "A\r\nContent-Length: 3\r\n\r\nabc");
}

TEST_F(TranslationTest, BytesThatAreNoMessagePass) {
  same_way_back("\r\n\r\n", "\r\n\r\n");
  same_way_back("", "");
  same_way_back(std::string("\0\xff:\r\n:", 7), std::string("\0\xff:\r\n:", 7));
}

}  // namespace
}  // namespace intermediary::conformance
