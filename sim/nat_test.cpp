#include "sim/nat.h"

#include <gtest/gtest.h>

namespace intermediary::sim {
namespace {

using namespace std::chrono_literals;
using Dependence = NatSetup::Dependence;
using enum Nat::Protocol;

Endpoint at(const std::string& text) { return *Endpoint::parse(text); }
TimePoint seconds(int count) { return TimePoint{} + std::chrono::seconds(count); }

const Endpoint inside = at("10.0.0.10:5060");
const Endpoint server = at("192.0.2.1:5060");
const Endpoint server_again = at("192.0.2.1:5070");
const Endpoint stranger = at("192.0.2.9:5060");

Nat nat(Dependence mapping, Dependence filtering) {
  NatSetup setup;
  setup.name = "home";
  setup.outside = *IpAddress::parse("203.0.113.7");
  setup.mapping = mapping;
  setup.filtering = filtering;
  return Nat(std::move(setup));
}
bool lets_in(Nat& nat, const Endpoint& outside, const Endpoint& remote, int second = 1) {
  return nat.enters(seconds(second), Udp, outside, remote) == inside;
}

TEST(Nat, OneMappingServesAllFarEndsUnlessItHangsOnThem) {
  Nat cone = nat(Dependence::None, Dependence::None);
  EXPECT_EQ(cone.leaves(seconds(0), Udp, inside, server), at("203.0.113.7:20000"));
  EXPECT_EQ(cone.leaves(seconds(0), Udp, inside, stranger), at("203.0.113.7:20000"));
  EXPECT_EQ(cone.leaves(seconds(0), Udp, at("10.0.0.11:5060"), server), at("203.0.113.7:20001"));
  Nat by_address = nat(Dependence::Address, Dependence::None);
  EXPECT_EQ(by_address.leaves(seconds(0), Udp, inside, server),
            by_address.leaves(seconds(0), Udp, inside, server_again));
  EXPECT_NE(by_address.leaves(seconds(0), Udp, inside, server), by_address.leaves(seconds(0), Udp, inside, stranger));
  Nat symmetric = nat(Dependence::AddressAndPort, Dependence::AddressAndPort);
  EXPECT_NE(symmetric.leaves(seconds(0), Udp, inside, server), symmetric.leaves(seconds(0), Udp, inside, server_again));
}

TEST(Nat, LetsInWhomItsFilterKnows) {
  struct Case {
    Dependence filtering;
    bool other_port, elsewhere;
  };
  for (const Case& each : {Case{Dependence::None, true, true}, Case{Dependence::Address, true, false},
                           Case{Dependence::AddressAndPort, false, false}}) {
    Nat box = nat(Dependence::None, each.filtering);
    const Endpoint outside = box.leaves(seconds(0), Udp, inside, server);
    EXPECT_TRUE(lets_in(box, outside, server));
    EXPECT_EQ(lets_in(box, outside, server_again), each.other_port);
    EXPECT_EQ(lets_in(box, outside, stranger), each.elsewhere);
  }
}

TEST(Nat, OnlyWhatLeavesKeepsAMappingAlive) {
  Nat box = nat(Dependence::None, Dependence::AddressAndPort);
  const Endpoint outside = box.leaves(seconds(0), Udp, inside, server);
  box.leaves(seconds(20), Udp, inside, stranger);
  EXPECT_TRUE(lets_in(box, outside, server, 29));
  EXPECT_FALSE(lets_in(box, outside, server, 30)) << "nothing has gone to this one for so long";
  EXPECT_TRUE(lets_in(box, outside, stranger, 49));
  EXPECT_FALSE(lets_in(box, outside, stranger, 50));
  EXPECT_NE(box.leaves(seconds(50), Udp, inside, server), outside);
}

TEST(Nat, ProtocolsHaveMappingsOfTheirOwn) {
  Nat box = nat(Dependence::None, Dependence::None);
  const Endpoint outside = box.leaves(seconds(0), Tcp, inside, server);
  EXPECT_NE(outside, box.leaves(seconds(0), Udp, inside, server));
  EXPECT_FALSE(lets_in(box, outside, server));
  EXPECT_TRUE(box.carries(seconds(124 * 60 - 1), outside)) << "either direction keeps a connection (RFC 5382)";
  EXPECT_TRUE(box.carries(seconds(2 * 124 * 60 - 2), outside));
  EXPECT_FALSE(box.carries(seconds(4 * 124 * 60), outside));
}

TEST(Nat, WhatHasLostItsPowerKnowsNobodyButGivesNoPortTwice) {
  Nat box = nat(Dependence::None, Dependence::None);
  const Endpoint outside = box.leaves(seconds(0), Udp, inside, server);
  box.rebind();
  EXPECT_FALSE(lets_in(box, outside, server));
  EXPECT_EQ(box.owner_of(outside), inside);
  EXPECT_NE(box.leaves(seconds(1), Udp, inside, server), outside);
  EXPECT_EQ(box.owner_of(at("192.0.2.9:20000")), std::nullopt);
}

}  // namespace
}  // namespace intermediary::sim
