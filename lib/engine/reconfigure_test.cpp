// Another configuration while the engine runs: what it keeps, and what stands in the way. What a caller sees of it is
// proved by scenarios (conformance/scenarios/reload).
#include "engine/reconfigure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine.h"

namespace intermediary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

PeerConfig peer(const std::string& name, const std::string& uri) { return {.name = name, .uri = *Uri::parse(uri)}; }

Config before() {
  Config config;
  config.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
  config.domains = {"example.com"};
  config.groups = {{.name = "app", .peers = {peer("a", "sip:192.0.2.30"), peer("b", "sip:192.0.2.31")}}};
  config.rate_limits = {{.name = "calls", .count = 1, .period = seconds(60), .burst = 1}};
  config.rules = {{"limited", {.methods = {"MESSAGE"}}, RelayAction{.groups = {"pool:app"}}, {}, {}, {"calls"}},
                  {"watchers", {.methods = {"SUBSCRIBE"}}, NotifyAction{}, std::nullopt},
                  {"followed", {.methods = {"INVITE"}}, RelayAction{.groups = {"pool:app"}}, ProxyMode::CallStateful},
                  {"users", {.ruri = {.domains = {"local"}}}, LookupAction{}, std::nullopt}};
  return config;
}

class ReconfigureTest : public testing::Test {
 protected:
  // What left, and what was told.
  std::vector<std::string> handle(Duration time, Input input) {
    engine.handle(at(time), std::move(input));
    std::vector<std::string> out;
    while (auto output = engine.poll()) {
      if (const auto* transmit = std::get_if<Transmit>(&*output)) {
        out.push_back(transmit->hop.remote.to_string() + ' ' + transmit->bytes.substr(0, transmit->bytes.find('\r')));
      } else if (const auto* event = std::get_if<Event>(&*output)) {
        out.push_back(to_line(*event));
      } else if (auto* store = std::get_if<StoreRequest>(&*output)) {
        asked = store->query;
      }
    }
    return out;
  }
  std::vector<std::string> reload(Duration time, const Config& next) {
    EXPECT_EQ(problem_with(next), "");
    return handle(time, ConfigurationChanged(next));
  }
  std::vector<std::string> request(Duration time, const std::string& method, const std::string& uri,
                                   const std::string& id, const std::string& more = "") {
    return handle(
        time, DatagramReceived{ListenerId{1}, *Endpoint::parse("192.0.2.10:5060"),
                               method + ' ' + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK" + id +
                                   "\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=a1\r\n" + "To: <" + uri +
                                   ">\r\nCall-ID: " + id + "\r\nCSeq: 1 " + method +
                                   "\r\nContact: <sip:alice@192.0.2.10>\r\n" + more + "Content-Length: 0\r\n\r\n"});
  }

  Engine engine{before(), seed_from_number(1)};
  QueryId asked{};
};

TEST_F(ReconfigureTest, TheNextRequestIsUnderTheNewConfiguration) {
  EXPECT_THAT(request(seconds(1), "OPTIONS", "sip:x@192.0.2.9", "1"), Contains(HasSubstr("404 Not Found")));
  Config next = before();
  next.rules.push_back({"out", {}, RelayAction{}, std::nullopt});
  next.domains = {"example.net"};
  EXPECT_THAT(reload(seconds(2), next), ElementsAre("configuration-reloaded changed=\"domains, rule\""));
  EXPECT_THAT(request(seconds(3), "OPTIONS", "sip:x@192.0.2.9", "2"), Contains(StartsWith("192.0.2.9:5060 OPTIONS")));
  EXPECT_EQ(engine.config(), next);
  EXPECT_EQ(engine.counters().reloads, 1u);
  EXPECT_THAT(reload(seconds(4), next), Contains("configuration-reloaded changed=nothing"));
}

TEST_F(ReconfigureTest, WhatNeedsARestartIsRefusedWhole) {
  Config next = before();
  next.rules.clear();
  next.limits.dialogs = 7;
  EXPECT_THAT(reload(seconds(1), next),
              ElementsAre("configuration-refused reason=\"[limits] is another, which needs a restart\""));
  EXPECT_EQ(engine.config(), before());
  EXPECT_EQ(engine.counters().reloads_refused, 1u);
}

TEST(ProblemWithChange, NamesWhatNeedsARestart) {
  const auto problem = [](auto change) {
    Config next = before();
    change(next);
    return problem_with_change(before(), next);
  };
  EXPECT_EQ(problem([](Config&) {}), "");
  EXPECT_EQ(problem([](Config& c) { c.listeners.push_back(c.listeners[0]); }),
            "'listen' has another number of listeners, which needs a restart");
  EXPECT_EQ(problem([](Config& c) { c.listeners[0].bind.port = 5070; }),
            "listener 'udp' in 'listen' is new or another, which needs a restart");
  EXPECT_EQ(problem([](Config& c) { c.dns.timeout = seconds(1); }), "[dns] is another, which needs a restart");
  EXPECT_EQ(problem([](Config& c) { c.store.kind = StoreConfig::Kind::Redis; }),
            "[location] is another, which needs a restart");
  EXPECT_EQ(problem([](Config& c) {
              c.auth = {{.name = "users", .realm = "example.com", .is_outside = true}};
              c.user_stores = {{.auth = "users", .store = {}}};
            }),
            "the store of users in [auth] is another, which needs a restart");
  EXPECT_EQ(problem([](Config& c) { c.timings.t1 = milliseconds(100); }),
            "[timings] is another, which needs a restart");
  EXPECT_EQ(problem([](Config& c) { c.proxy.key = {1, 2}; }), "'key' in [proxy] is another, which needs a restart");
  EXPECT_EQ(problem([](Config& c) { c.smime.emplace(); }), "[registrar.smime] is another, which needs a restart");
  EXPECT_EQ(problem([](Config& c) { c.proxy.mode = ProxyMode::Stateless; }), "");
}

TEST_F(ReconfigureTest, BucketsStayWhereTheLimitLetsThroughAsMuch) {
  request(seconds(1), "MESSAGE", "sip:x@example.com", "1");
  Config next = before();
  next.rate_limits[0].status = 486;
  reload(seconds(2), next);
  EXPECT_THAT(request(seconds(3), "MESSAGE", "sip:x@example.com", "2"), Contains(HasSubstr("486 Busy Here")));
  next.rate_limits[0].burst = 2;
  reload(seconds(4), next);
  EXPECT_THAT(request(seconds(5), "MESSAGE", "sip:x@example.com", "3"), Contains(HasSubstr(":5060 MESSAGE")));
}

// A save has what no rule asks for any more: the subscription, the call, and the peer that it went to.
TEST_F(ReconfigureTest, IsSavedAndLoadedUnderTheConfigurationThatCounts) {
  handle(seconds(1), WallClock{WallTime(seconds(1'767'225'600))});
  request(seconds(1), "SUBSCRIBE", "sip:bob@example.com", "s", "Event: dialog\r\n");
  request(seconds(2), "INVITE", "sip:bob@example.com", "i");
  ASSERT_EQ(engine.live().subscriptions, 1u);
  ASSERT_EQ(engine.live().dialogs, 1u);
  Config next = before();
  next.rules = {{"users", {.ruri = {.domains = {"local"}}}, LookupAction{}, std::nullopt}};
  next.rate_limits.clear();
  next.groups = {{.name = "other", .peers = {peer("c", "sip:192.0.2.32")}}, before().groups[0]};
  next.groups[1].peers.erase(next.groups[1].peers.begin());
  reload(seconds(3), next);
  EXPECT_EQ(Engine::load(before(), engine.save()).error(), "the save was made under another configuration");
  const auto loaded = Engine::load(next, engine.save());
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_EQ(loaded->live(), engine.live());
  EXPECT_EQ(loaded->save(), engine.save());
  EXPECT_EQ(loaded->live().subscriptions, 1u);
}

TEST_F(ReconfigureTest, ARequestThatWaitsForTheStoreGoesWhereItsRuleSaid) {
  Config shared = before();
  shared.store.kind = StoreConfig::Kind::Redis;
  shared.rules = {{"users", {.ruri = {.domains = {"local"}}}, LookupAction{}, std::nullopt}};
  shared.rules[0].changes.numbers = "nl";
  shared.numbering = {{.name = "nl"}};
  shared.numbering[0].country = "31";
  shared.numbering[0].national = "0";
  engine = Engine(shared, seed_from_number(1));
  handle(seconds(0), WallClock{WallTime(seconds(1'767'225'600))});
  engine.add_binding(at(seconds(0)), "sip:+31201234567@example.com", "sip:bob@192.0.2.20", seconds(3600));
  EXPECT_THAT(request(seconds(1), "MESSAGE", "sip:0201234567@example.com", "1"), IsEmpty());
  Config next = shared;
  next.rules = {{"nobody", {}, RejectAction{}, std::nullopt}};
  next.numbering.clear();
  reload(milliseconds(1100), next);
  const auto reloaded = Engine::load(next, engine.save());
  ASSERT_TRUE(reloaded) << reloaded.error();
  EXPECT_EQ(reloaded->save(), engine.save());
  EXPECT_THAT(handle(milliseconds(1200), StoreReplied{asked, StoreUnavailable{"down"}}),
              Contains(StartsWith("192.0.2.20:5060 MESSAGE sip:bob@192.0.2.20")));
  EXPECT_THAT(request(seconds(2), "MESSAGE", "sip:0201234567@example.com", "2"), Contains(HasSubstr("403 Forbidden")));
}

TEST_F(ReconfigureTest, PeersAreProbedFromNowOnOrNoMore) {
  handle(seconds(1), WallClock{WallTime(seconds(1'767'225'600))});
  Config next = before();
  next.groups[0].health.probe_every = seconds(30);
  reload(seconds(2), next);
  EXPECT_EQ(engine.live().probed_peers, 2u);
  EXPECT_THAT(handle(seconds(2), DeadlineReached{}), ElementsAre("192.0.2.30:5060 OPTIONS sip:192.0.2.30 SIP/2.0"));
  next.groups[0].peers[1] = peer("c", "sip:192.0.2.32");
  reload(seconds(3), next);
  EXPECT_EQ(engine.live().probed_peers, 2u);
  EXPECT_THAT(handle(seconds(18), DeadlineReached{}), Contains(StartsWith("192.0.2.32:5060 OPTIONS")));
  reload(seconds(19), before());
  EXPECT_EQ(engine.live().probed_peers, 0u);
  EXPECT_EQ(Engine::load(before(), engine.save())->save(), engine.save());
}

TEST(ConfigurationChangedInput, IsAValue) {
  const ConfigurationChanged one{before()};
  ConfigurationChanged other = one;
  EXPECT_EQ(other.take().config, before());
  EXPECT_EQ(one.config(), before());
  other = one;
  EXPECT_EQ(other.config(), before());
}

}  // namespace
}  // namespace intermediary
