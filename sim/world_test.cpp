#include "sim/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/node_options.h"
#include "sim/wire.h"

namespace intermediary::sim {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class WorldTest : public testing::Test {
 protected:
  WorldTest() {
    world_.network().change_links({.latency = 10ms});
    NodeOptions options;
    for (const char* word : {"192.0.2.1:5060", "192.0.2.1:5060;transport=tcp", "domain=example.com", "relay=any"}) {
      options.apply({word, {}});
    }
    options.config.rules = usual_rules(options);
    node_ = world_.add_node({"p1", options.config});
    alice_ = world_.add_party({"alice", {socket("192.0.2.10", Transport::Udp)}, ""});
    bob_ = world_.add_party({"bob", {socket("192.0.2.20", Transport::Tcp)}, ""});
  }
  static Socket socket(const std::string& address, Transport transport) {
    return {transport, Endpoint::parse(address + ":5060").value()};
  }
  std::string options_to(HostId party, const std::string& uri) {
    return world_.party(party).outside_dialogs("OPTIONS", uri).to_bytes();
  }
  std::vector<std::string> heard_by(HostId party) {
    std::vector<std::string> labels;
    for (const Heard& heard : world_.party(party).heard()) labels.push_back(short_label(heard.bytes));
    return labels;
  }

  World world_{1};
  HostId node_, alice_, bob_;
};

TEST_F(WorldTest, ANodeAnswersWhatIsForItself) {
  ASSERT_TRUE(world_.send(alice_, node_, options_to(alice_, "sip:example.com")));
  EXPECT_TRUE(world_.run_until_idle(at(1min)));
  EXPECT_THAT(heard_by(alice_), ElementsAre("200 OPTIONS"));
}

TEST_F(WorldTest, ARestartResetsConnectionsAndEmptiesEveryTable) {
  ASSERT_TRUE(world_.send(bob_, node_, options_to(bob_, "sip:example.com")));
  world_.engine(node_).add_binding(world_.now(), "sip:bob@example.com", "sip:bob@192.0.2.20", 1h);
  EXPECT_TRUE(world_.run_until_idle(at(1min)));
  world_.restart(node_);
  EXPECT_EQ(world_.engine(node_).live(), LiveObjects{});
  EXPECT_EQ(world_.restarts(node_), 1u);
  EXPECT_EQ(world_.network().open_connections(bob_), 1u);  // it has not heard of it yet
  EXPECT_TRUE(world_.run_until_idle(at(2min)));
  EXPECT_EQ(world_.network().open_connections(bob_), 0u);
  EXPECT_THAT(world_.leftovers(), IsEmpty());
  ASSERT_TRUE(world_.send(alice_, node_, options_to(alice_, "sip:example.com")));
  EXPECT_TRUE(world_.run_until_idle(at(3min)));
  EXPECT_THAT(heard_by(alice_), ElementsAre("200 OPTIONS"));
}

// Holds back whatever reaches one host, and counts what enters nodes.
struct Delayer : Observer {
  explicit Delayer(HostId whom) : host(whom) {}
  using Observer::arriving;
  Held arriving(HostId to, const Arrived&) override { return to == host ? Held(at(1s)) : Held(); }
  void entering(HostId, const Input&) override { ++inputs; }
  HostId host;
  int inputs = 0;
};

TEST_F(WorldTest, AnObserverMayHoldBackWhatArrives) {
  Delayer delayer(node_);
  world_.set_observer(&delayer);
  ASSERT_TRUE(world_.send(bob_, node_, options_to(bob_, "sip:example.com")));
  world_.run_until(at(999ms));
  EXPECT_EQ(delayer.inputs, 0);
  world_.run_until(at(1s));
  EXPECT_GE(delayer.inputs, 2);  // the connection, then what came over it
  world_.set_observer(nullptr);
  EXPECT_TRUE(world_.run_until_idle(at(1min)));
  EXPECT_THAT(heard_by(bob_), ElementsAre("200 OPTIONS"));
}

TEST_F(WorldTest, AnswersGoBackOnTheConnectionOfTheirRequest) {
  ASSERT_TRUE(world_.send(bob_, node_, options_to(bob_, "sip:example.com")));
  EXPECT_TRUE(world_.run_until_idle(at(1min)));
  EXPECT_THAT(heard_by(bob_), ElementsAre("200 OPTIONS"));
  EXPECT_EQ(world_.engine(node_).live().flows, 1u);
  ASSERT_TRUE(world_.close(bob_, node_));
  EXPECT_TRUE(world_.run_until_idle(at(2min)));
  EXPECT_EQ(world_.engine(node_).live().flows, 0u);
  EXPECT_THAT(world_.leftovers(), IsEmpty());
}

TEST_F(WorldTest, ANodeOpensConnectionsAndAsksForNames) {
  world_.zone().add_host("Bob.example.net", {{IpAddress::parse("192.0.2.20").value(), {}, Transport::Tcp}});
  ASSERT_TRUE(world_.send(alice_, node_, options_to(alice_, "sip:bob.example.net")));
  world_.run_until(at(100ms));
  EXPECT_THAT(heard_by(bob_), ElementsAre("OPTIONS"));
}

TEST_F(WorldTest, ANameOfNobodyIsAnAnswerToo) {
  ASSERT_TRUE(world_.send(alice_, node_, options_to(alice_, "sip:nowhere.example.net")));
  EXPECT_TRUE(world_.run_until_idle(at(1min)));
  EXPECT_THAT(heard_by(alice_), ElementsAre(HasSubstr("5")));
}

TEST_F(WorldTest, WhoCannotReachAnotherSaysWhy) {
  EXPECT_EQ(world_.send(alice_, bob_, options_to(alice_, "sip:bob")).error(), "bob has no IPv4 address for UDP");
  EXPECT_EQ(world_.open(bob_, alice_).error(), "alice has no IPv4 address for TCP");
  EXPECT_EQ(world_.close(bob_, alice_).error(), "there is no connection between bob and alice");
}

// A node that listens in both families, and a party of each; the other family's listener stands first for one of them.
class TwoFamilies : public testing::TestWithParam<Transport> {
 protected:
  TwoFamilies() {
    NodeOptions options;
    for (const char* address : {"[2001:db8::1]:5060", "192.0.2.1:5060"}) {
      options.apply({address, {}});
      options.apply({address + std::string(";transport=tcp"), {}});
    }
    options.apply({"domain=example.com", {}});
    options.config.rules = usual_rules(options);
    node_ = world_.add_node({"p1", options.config});
  }
  HostId party(const std::string& name, const std::vector<std::string>& addresses) {
    PartySetup setup{name, {}, ""};
    for (const std::string& address : addresses)
      setup.sockets.push_back({GetParam(), Endpoint::parse(address).value()});
    return world_.add_party(setup);
  }
  std::string ask(HostId from, HostId to) {
    auto sent = world_.send(from, to, world_.party(from).outside_dialogs("OPTIONS", "sip:example.com").to_bytes());
    return sent ? "" : sent.error();
  }
  std::string reached() const { return world_.network().transcript().front().destination.to_string(); }
  std::vector<std::string> heard_by(HostId party) {
    std::vector<std::string> labels;
    for (const Heard& heard : world_.party(party).heard()) labels.push_back(short_label(heard.bytes));
    return labels;
  }

  World world_{1};
  HostId node_;
};
INSTANTIATE_TEST_SUITE_P(OverEachTransport, TwoFamilies, testing::Values(Transport::Udp, Transport::Tcp),
                         [](const auto& transport) { return std::string(via_name(transport.param)); });

TEST_P(TwoFamilies, ASenderReachesTheAddressOfItsOwn) {
  HostId six = party("six", {"[2001:db8::10]:5060"});
  EXPECT_EQ(ask(six, node_), "");
  EXPECT_EQ(reached(), "[2001:db8::1]:5060");
  EXPECT_TRUE(world_.run_until_idle(at(1min)));
  EXPECT_THAT(heard_by(six), ElementsAre("200 OPTIONS"));
}

TEST_P(TwoFamilies, TheOrderOfAddressesDoesNotMatter) {
  HostId four = party("four", {"192.0.2.10:5060"});
  EXPECT_EQ(ask(four, node_), "");
  EXPECT_EQ(reached(), "192.0.2.1:5060");
  EXPECT_TRUE(world_.run_until_idle(at(1min)));
  EXPECT_THAT(heard_by(four), ElementsAre("200 OPTIONS"));
}

TEST_P(TwoFamilies, NobodyIsReachedInAFamilyThatItHasNot) {
  HostId six = party("six", {"[2001:db8::10]:5060"});
  HostId four = party("four", {"192.0.2.10:5060"});
  EXPECT_EQ(ask(six, four), "four has no IPv6 address for " + std::string(via_name(GetParam())));
  EXPECT_EQ(ask(four, six), "six has no IPv4 address for " + std::string(via_name(GetParam())));
}

TEST_P(TwoFamilies, AnAnswerLeavesFromTheAddressThatWasAsked) {
  HostId six = party("six", {"[2001:db8::10]:5060"});
  HostId both = party("both", {"192.0.2.20:5060", "[2001:db8::20]:5060"});
  EXPECT_EQ(ask(six, both), "");
  world_.run_until(at(1s));
  const Heard& question = world_.party(both).heard().front();
  ASSERT_TRUE(world_.send(both, six, world_.party(both).answer(question.message, 200).to_bytes()));
  const Transmission& answer = world_.network().transcript().back();
  EXPECT_EQ(answer.source.to_string(), "[2001:db8::20]:5060");
  world_.run_until(at(2s));
  EXPECT_THAT(heard_by(six), ElementsAre("200 OPTIONS"));
}

TEST_F(WorldTest, NobodyIsCalledThat) { EXPECT_FALSE(world_.find("carol")); }

TEST_F(WorldTest, WhatStandsInATableIsALeftover) {
  ASSERT_TRUE(world_.send(alice_, node_, options_to(alice_, "sip:x@192.0.2.20;transport=tcp")));
  world_.run_until(at(100ms));
  EXPECT_THAT(world_.leftovers(), ElementsAre(HasSubstr("p1 still has 1 server transaction(s), 1 client")));
}

TEST(LeftoversOf, ATimerThatBelongsToNothingIsOneWhateverElseStands) {
  const std::string one = "still has 1 timer(s) that belong to nothing";
  EXPECT_THAT(leftovers_of({.timers = 1}, 0), ElementsAre(one));
  EXPECT_THAT(leftovers_of({.bindings = 3, .timers = 1}, 0), ElementsAre(one));
  EXPECT_THAT(leftovers_of({.flows = 2, .bindings = 3, .timers = 3}, 2), ElementsAre(one));
}

TEST(LeftoversOf, FlowsHaveTimersAndBindingsStay) {
  EXPECT_THAT(leftovers_of({.flows = 2, .bindings = 3, .timers = 2}, 2), IsEmpty());
}

TEST(LeftoversOf, EveryFlowIsAConnectionAndEveryConnectionAFlow) {
  EXPECT_THAT(leftovers_of({.flows = 1}, 0), ElementsAre("counts 1 flow(s), but has 0 open connection(s)"));
  EXPECT_THAT(leftovers_of({}, 1), ElementsAre("counts 0 flow(s), but has 1 open connection(s)"));
}

TEST(LeftoversOf, WhoeverWaitsIsThere) {
  EXPECT_THAT(leftovers_of({.waiting = 1}, 0), ElementsAre("counts 1 transaction(s) that wait, but has none"));
}

// While a call stands, its timers are its own.
TEST(LeftoversOf, WhatStandsIsSaidByKind) {
  EXPECT_THAT(leftovers_of({.server_transactions = 1, .response_contexts = 1, .queries = 2, .timers = 5}, 0),
              ElementsAre("still has 1 server transaction(s), 1 response context(s), 2 query(s)"));
}

}  // namespace
}  // namespace intermediary::sim
