#include "sim/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace intermediary::sim {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct Arrival {
  std::int64_t milliseconds;
  std::string what;
  friend bool operator==(const Arrival&, const Arrival&) = default;
  friend void PrintTo(const Arrival& arrival, std::ostream* out) {
    *out << arrival.milliseconds << ' ' << arrival.what;
  }
};

std::string describe(const Network& network, const Arrived& arrived) {
  if (const auto* d = std::get_if<DatagramArrived>(&arrived)) return network.name(d->host) + " gets " + d->bytes;
  if (const auto* r = std::get_if<DatagramRefused>(&arrived)) return network.name(r->host) + " bounced";
  if (const auto* b = std::get_if<BytesArrived>(&arrived)) return network.name(b->host) + " reads " + b->bytes;
  if (const auto* c = std::get_if<ConnectionClosed>(&arrived)) return network.name(c->host) + " closed";
  const auto& opened = std::get<ConnectionOpened>(arrived);
  return network.name(opened.host) + (opened.accepted ? " accepted" : " connected");
}

class NetworkTest : public testing::Test {
 protected:
  NetworkTest() { use(LinkChange{.latency = 10ms}); }

  void use(const LinkChange& change) { network_.change_links(change); }
  void send(Duration when, const std::string& bytes) { network_.send_datagram(at(when), a_, 0, b_udp_, bytes); }
  std::vector<Arrival> arrivals() {
    std::vector<Arrival> all;
    while (auto next = network_.next_time()) {
      auto arrived = network_.pop_due(*next);
      if (!arrived) break;
      all.push_back({next->time_since_epoch() / 1ms, describe(network_, *arrived)});
    }
    return all;
  }

  Endpoint a_udp_ = Endpoint::parse("192.0.2.1:5060").value();
  Endpoint b_udp_ = Endpoint::parse("192.0.2.2:5060").value();
  Network network_{seed_from_number(1)};
  HostId a_ = network_.add_host("a", {{Transport::Udp, a_udp_}, {Transport::Tcp, a_udp_}});
  HostId b_ = network_.add_host("b", {{Transport::Udp, b_udp_}, {Transport::Tcp, b_udp_}});
};

TEST_F(NetworkTest, DatagramsArriveOneLatencyLaterInOrder) {
  send(0ms, "one");
  send(0ms, "two");
  send(1ms, "three");
  EXPECT_THAT(arrivals(),
              ElementsAre(Arrival{10, "b gets one"}, Arrival{10, "b gets two"}, Arrival{11, "b gets three"}));
}

TEST_F(NetworkTest, CertainLossLosesAndCertainDuplicationDoubles) {
  use({.loss = 1'000'000});
  send(0ms, "lost");
  use({.loss = 0, .duplicate = 1'000'000});
  send(0ms, "twice");
  EXPECT_THAT(arrivals(), ElementsAre(Arrival{10, "b gets twice"}, Arrival{10, "b gets twice"}));
  EXPECT_EQ(network_.transcript()[0].fate, Fate::Lost);
}

TEST_F(NetworkTest, AJudgeMayDoubleADatagram) {
  network_.set_judge([](const Transmission& sent) {
    Judgement judgement;
    judgement.doubled = sent.bytes == "one";
    return judgement;
  });
  send(0ms, "one");
  send(0ms, "two");
  EXPECT_THAT(arrivals(), ElementsAre(Arrival{10, "b gets one"}, Arrival{10, "b gets one"}, Arrival{10, "b gets two"}));
}

TEST_F(NetworkTest, WhatAJudgeBreaksIsLostAndBothEndsHearOfIt) {
  network_.set_judge([](const Transmission& sent) {
    Judgement judgement;
    judgement.breaks = sent.bytes == "two";
    return judgement;
  });
  const EndId end = network_.open(at(0ms), a_, 1, b_udp_);
  network_.send_stream(at(0ms), end, "one");
  network_.send_stream(at(0ms), end, "two");
  network_.send_stream(at(0ms), end, "three");
  EXPECT_THAT(arrivals(), ElementsAre(Arrival{10, "b accepted"}, Arrival{10, "b reads one"}, Arrival{10, "b closed"},
                                      Arrival{20, "a connected"}, Arrival{20, "a closed"}));
  EXPECT_EQ(network_.open_connections(a_) + network_.open_connections(b_), 0u);
}

TEST_F(NetworkTest, TheJudgeTakesWhatItWants) {
  network_.set_judge([](const Transmission& sent) { return sent.bytes == "bad" ? Fate::Lost : Fate::Delivered; });
  send(0ms, "bad");
  send(0ms, "good");
  EXPECT_THAT(arrivals(), ElementsAre(Arrival{10, "b gets good"}));
}

TEST_F(NetworkTest, WhoRefusesBouncesAfterARoundTrip) {
  network_.set_refusing(b_, true);
  send(0ms, "hello");
  network_.open(at(0ms), a_, 1, b_udp_);
  EXPECT_THAT(arrivals(), ElementsAre(Arrival{20, "a bounced"}, Arrival{20, "a closed"}));
}

TEST_F(NetworkTest, AnAddressOfNobodySwallowsDatagrams) {
  network_.send_datagram(at(0ms), a_, 0, Endpoint::parse("192.0.2.9:5060").value(), "hello");
  EXPECT_THAT(arrivals(), IsEmpty());
  EXPECT_EQ(network_.transcript()[0].fate, Fate::NoSuchHost);
}

TEST_F(NetworkTest, ConnectionsOpenCarryInOrderAndClose) {
  use({.jitter = 20ms, .loss = 1'000'000});
  EndId end = network_.open(at(0ms), a_, 1, b_udp_);
  for (int i = 0; i < 9; ++i) network_.send_stream(at(1ms * i), end, std::to_string(i));
  std::string read;
  std::vector<std::string> others;
  for (const Arrival& arrival : arrivals()) {
    if (arrival.what.starts_with("b reads ")) {
      read += arrival.what.substr(8);
    } else {
      others.push_back(arrival.what);
    }
  }
  EXPECT_EQ(read, "012345678");
  EXPECT_THAT(others, ElementsAre("b accepted", "a connected"));
  network_.close(at(100ms), end, "done");
  EXPECT_THAT(arrivals(), SizeIs(1));
  EXPECT_EQ(network_.open_connections(a_) + network_.open_connections(b_), 0u);
}

TEST_F(NetworkTest, AHostMayBeConnectedToItself) {
  EndId end = network_.open(at(0ms), a_, 1, a_udp_);
  network_.send_stream(at(0ms), end, "hi");
  EXPECT_THAT(arrivals(),
              ElementsAre(Arrival{10, "a accepted"}, Arrival{10, "a reads hi"}, Arrival{20, "a connected"}));
  EXPECT_EQ(network_.open_connections(a_), 2u);
}

TEST_F(NetworkTest, HealingAPartitionOpensNoNatBox) {
  NatSetup home;
  home.outside = *IpAddress::parse("203.0.113.7");
  const Endpoint inside = *Endpoint::parse("10.0.0.3:5060");
  const HostId c = network_.add_host("c", {{Transport::Tcp, inside}});
  network_.add_nat(std::move(home), {c});
  network_.partition(at(0ms), {{a_}, {b_, c}});
  network_.open(at(0ms), a_, 1, inside);
  network_.open(at(0ms), a_, 1, b_udp_);
  network_.partition(at(1000ms), {});
  EXPECT_THAT(arrivals(),
              ElementsAre(Arrival{1010, "b accepted"}, Arrival{1020, "a connected"}, Arrival{127'000, "a closed"}));
}

TEST_F(NetworkTest, ASecondCloseIsNoEvent) {
  EndId end = network_.open(at(0ms), a_, 1, b_udp_);
  EXPECT_THAT(arrivals(), SizeIs(2));
  network_.close(at(50ms), end, "done");
  network_.close(at(60ms), end, "done");
  network_.close(at(60ms), network_.peer(end), "done");
  EXPECT_THAT(arrivals(), IsEmpty());
  EXPECT_EQ(network_.transcript().size(), 2u);
}

RC_GTEST_PROP(NetworkProperty, TheSameSeedGivesTheSameHashAndAnotherSeedHardlyEver, (std::uint64_t seed)) {
  auto run = [](std::uint64_t number) {
    Network network(seed_from_number(number));
    Endpoint here = Endpoint::parse("192.0.2.1:5060").value();
    HostId a = network.add_host("a", {{Transport::Udp, here}});
    network.change_links({.latency = 5ms, .jitter = 5ms, .loss = 300'000, .duplicate = 300'000, .reorder = 300'000});
    // Each arrival is answered, so that the faults decide what is sent.
    network.send_datagram(at(0ms), a, 0, here, "0");
    for (int i = 0; i < 40; ++i) {
      auto next = network.next_time();
      if (!next) {
        network.send_datagram(at(1s * i), a, 0, here, "again");
        continue;
      }
      network.pop_due(*next);
      network.send_datagram(*next, a, 0, here, std::to_string(i));
    }
    return network.trace_hash();
  };
  RC_ASSERT(run(seed) == run(seed));
  RC_ASSERT(run(seed) != run(seed + 1));
}

}  // namespace
}  // namespace intermediary::sim
