// What an engine makes of replies that a store should not give: conformance/scenarios/location has the ones that it
// should.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/engine.h"

namespace intermediary {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::SizeIs;

class StoringTest : public testing::Test {
 protected:
  static Config shared() {
    Config config;
    config.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
    config.domains = {"example.com"};
    config.store.kind = StoreConfig::Kind::Redis;
    config.rules = {{"registrations", {.methods = {"REGISTER"}}, RegisterAction{}, std::nullopt},
                    {"users", {.ruri = {.domains = {"local"}}}, LookupAction{}, std::nullopt}};
    return config;
  }

  void feed(Input input) {
    engine_.handle(now_, std::move(input));
    while (auto output = engine_.poll()) {
      if (const auto* asked = std::get_if<StoreRequest>(&*output)) asked_.push_back(*asked);
      const auto* sent = std::get_if<Transmit>(&*output);
      if (sent) answers_.push_back(sent->bytes.substr(8, 3));
    }
  }
  void send_register(const std::string& id) {
    const std::string text =
        "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK" + id +
        "\r\nMax-Forwards: 70\r\nFrom: <sip:bob@example.com>;tag=a\r\nTo: <sip:bob@example.com>\r\n"
        "Call-ID: " +
        id +
        "\r\nCSeq: 1 REGISTER\r\nContact: <sip:bob@192.0.2.20>\r\n"
        "Content-Length: 0\r\n\r\n";
    feed(DatagramReceived{ListenerId{1}, *Endpoint::parse("192.0.2.20:5060"), text});
  }
  void reply(StoreReply reply) { feed(StoreReplied{asked_.back().query, std::move(reply)}); }
  static StoredRecord bob(std::uint64_t version, const std::string& bindings = {}) {
    return {"sip:bob@example.com", version, bindings, WallTime(seconds(1))};
  }

  TimePoint now_{};
  Engine engine_{shared(), seed_from_number(1)};
  std::vector<StoreRequest> asked_;
  std::vector<std::string> answers_;
};

TEST_F(StoringTest, NothingIsStoredThatWasNotToBe) {
  send_register("one");
  reply(RecordReplaced{});
  EXPECT_THAT(answers_, ElementsAre("503"));
  EXPECT_EQ(engine_.live().bindings, 0u);
}

TEST_F(StoringTest, ARecordOfSomebodyElseIsNoAnswer) {
  send_register("one");
  reply(RecordFound{{"sip:eve@example.com", 1, {}, {}}});
  EXPECT_THAT(answers_, ElementsAre("503"));
}

TEST_F(StoringTest, WhatCannotBeReadIsWrittenAnew) {
  send_register("one");
  reply(RecordFound{bob(7, "\x7f nonsense")});
  ASSERT_THAT(asked_, SizeIs(2));
  EXPECT_EQ(std::get<ReplaceRecord>(asked_.back().operation).expected, 7u);
  reply(RecordReplaced{});
  EXPECT_THAT(answers_, ElementsAre("200"));
  EXPECT_EQ(engine_.live().bindings, 1u);
  EXPECT_EQ(engine_.counters().store_failures, 1u);
}

TEST_F(StoringTest, AReplyThatComesTooLateChangesNothing) {
  send_register("one");
  reply(RecordFound{bob(0)});
  now_ += seconds(2);
  feed(DeadlineReached{});
  EXPECT_THAT(answers_, ElementsAre("503"));
  reply(RecordReplaced{});
  EXPECT_THAT(answers_, SizeIs(1));
  EXPECT_EQ(engine_.live().bindings, 0u);
  EXPECT_EQ(engine_.live().queries, 0u);
}

TEST_F(StoringTest, WhoeverConflictsWithoutEndIsRefused) {
  send_register("one");
  reply(RecordFound{bob(0)});
  for (std::uint64_t version = 1; answers_.empty() && version < 100; ++version) reply(RecordConflict{bob(version)});
  EXPECT_THAT(answers_, ElementsAre("503"));
  EXPECT_EQ(engine_.counters().store_conflicts, 4u);
}

TEST_F(StoringTest, NoMoreWaitForOneAddressOfRecordThanThereIsRoomFor) {
  for (int i = 0; i < 20; ++i) send_register("id" + std::to_string(i));
  EXPECT_THAT(answers_, SizeIs(4));
  EXPECT_EQ(engine_.live().queries, 16u);
  EXPECT_THAT(asked_, SizeIs(1));  // the others have their turn after it
}

TEST_F(StoringTest, AnEngineThatWasLoadedGoesOnWaiting) {
  send_register("one");
  auto loaded = Engine::load(shared(), engine_.save());
  ASSERT_TRUE(loaded) << loaded.error();
  engine_ = *std::move(loaded);
  reply(RecordFound{bob(0)});
  reply(RecordReplaced{});
  EXPECT_THAT(answers_, ElementsAre("200"));
}

}  // namespace
}  // namespace intermediary
