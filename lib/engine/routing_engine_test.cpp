// A program that routes by a table of its own: what docs/routing-engines.md describes, whole.
#include "engine/routing_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace intermediary {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

// Extensions of an office, and one whose place somebody else has to find first.
class ExtensionTable final : public RoutingEngine {
 public:
  std::optional<RouteDecision> route(QueryId query, const RouteFacts& facts) override {
    const auto uri = Uri::parse(facts.request_uri);
    if (!uri || uri->user.empty()) return RouteNext{};
    if (uri->user == "900") return RouteReject{403, "Not For You"};
    if (uri->user == "700") {
      searched_.push_back(query);
      return std::nullopt;
    }
    const auto found = desks_.find(uri->user);
    if (found == desks_.end()) return RouteNext{};
    return RouteTo{.targets = {{.uri = Uri::parse(found->second).value()}}, .headers = {{"X-Desk", uri->user}}};
  }
  const std::vector<QueryId>& searched() const { return searched_; }

 private:
  std::map<std::string, std::string> desks_ = {{"101", "sip:101@192.0.2.21"}, {"102", "sip:102@192.0.2.22"}};
  std::vector<QueryId> searched_;
};

// What stands around an engine in a program, without sockets.
class Program {
 public:
  explicit Program(const Config& config) : engine_(config, seed_from_number(1)) { engines_.add("own", table_); }

  void receive(const std::string& user) {
    const std::string uri = "sip:" + user + "@example.com", id = std::to_string(++count_);
    const std::string text = "MESSAGE " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK" + id +
                             "\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=a\r\nTo: <" + uri +
                             ">\r\nCall-ID: " + id + "\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n";
    inputs_.push_back(DatagramReceived{ListenerId{1}, *Endpoint::parse("192.0.2.10:5060"), text});
    run();
  }
  void decide(QueryId query, RouteDecision decision) {
    inputs_.push_back(RouteDecided{query, std::move(decision)});
    run();
  }
  const ExtensionTable& table() const { return table_; }
  const RoutingEngines& engines() const { return engines_; }
  std::vector<std::string> sent;  // first lines

 private:
  void run() {
    for (; !inputs_.empty(); inputs_.pop_front()) {
      engine_.handle(at(seconds(1)), std::move(inputs_.front()));
      while (const auto output = engine_.poll()) carry_out(*output);
    }
  }
  void carry_out(const Output& output) {
    if (const auto* transmit = std::get_if<Transmit>(&output)) {
      sent.push_back(transmit->bytes.substr(0, transmit->bytes.find("\r\n")));
    }
    if (const auto* asked = std::get_if<RouteAsked>(&output)) {
      if (auto decided = engines_.ask(*asked)) inputs_.push_back(*std::move(decided));
    }
  }

  Engine engine_;
  ExtensionTable table_;
  RoutingEngines engines_;
  std::deque<Input> inputs_;
  int count_ = 0;
};

Config office() {
  Config config;
  config.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
  config.domains = {"example.com"};
  config.route_sources.engines = {{.name = "own"}};
  config.rules = {{"extensions", {.ruri = {.domains = {"local"}}}, AskAction{.source = "engine:own"}, std::nullopt},
                  {"others", {}, RejectAction{404}, std::nullopt}};
  return config;
}

TEST(RoutingEngines, AProgramRoutesByItsOwnTable) {
  Program program(office());
  program.receive("101");
  program.receive("900");
  program.receive("555");
  EXPECT_THAT(program.sent,
              ElementsAre("MESSAGE sip:101@192.0.2.21 SIP/2.0", "SIP/2.0 403 Not For You", "SIP/2.0 404 Not Found"));
}

TEST(RoutingEngines, AnEngineMayAnswerLater) {
  Program program(office());
  program.receive("700");
  EXPECT_THAT(program.sent, ElementsAre());
  ASSERT_EQ(program.table().searched().size(), 1u);
  program.decide(program.table().searched()[0], RouteTo{{{Uri::parse("sip:700@192.0.2.23").value()}}});
  EXPECT_THAT(program.sent, ElementsAre("MESSAGE sip:700@192.0.2.23 SIP/2.0"));
}

TEST(RoutingEngines, NamesThatNobodyHasRegisteredAreRefusedByName) {
  Program program(office());
  EXPECT_EQ(program.engines().problem_with(office()), "");
  Config other = office();
  other.route_sources.engines.push_back({.name = "owm"});
  EXPECT_EQ(program.engines().problem_with(other),
            "[engine.owm] is in the configuration, and this program has no routing engine of that name; it has 'own'");
  EXPECT_EQ(RoutingEngines().problem_with(office()),
            "[engine.own] is in the configuration, and this program has no routing engine of that name; it has none");
  const auto decided = RoutingEngines().ask({QueryId{3}, "own", {}});
  ASSERT_TRUE(decided);
  EXPECT_EQ(decided->query, QueryId{3});
  EXPECT_EQ(decided->decision, (RouteDecision(RouteFailed{"this program has no routing engine 'own'"})));
}

}  // namespace
}  // namespace intermediary
