// What a save says of itself and what is said of a wrong one. That a loaded engine goes on as the saved one would have,
// conformance/checkpoint_test.cpp proves, with every scenario.
#include "engine/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "message/compose.h"
#include "message/message.h"

namespace intermediary {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

Config config() {
  Config config;
  config.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt},
                      {"tcp", Transport::Tcp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
  config.domains = {"example.com"};
  config.proxy.mode = ProxyMode::CallStateful;
  config.rules = {
      {"watchers", {.methods = {"SUBSCRIBE"}, .ruri = {.domains = {"local"}}}, NotifyAction{}, std::nullopt},
      {"users", {.ruri = {.domains = {"local"}}}, LookupAction{}, std::nullopt},
      {"others", {}, RelayAction{}, std::nullopt}};
  return config;
}

std::string request(const std::string& method, const std::string& uri, const std::string& id) {
  return method + " " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK" + id +
         "\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=a1\r\nTo: <" + uri + ">\r\nCall-ID: " + id +
         "\r\nCSeq: 1 " + method + "\r\nContact: <sip:alice@192.0.2.10>\r\nEvent: dialog\r\nContent-Length: 0\r\n\r\n";
}

void drain(Engine& engine, std::vector<std::string>* sent = nullptr) {
  while (const auto output = engine.poll()) {
    const Transmit* transmit = std::get_if<Transmit>(&*output);
    if (sent && transmit) sent->push_back(transmit->bytes);
  }
}

// An answer to the last INVITE among them, with that status.
std::string answer_to(const std::vector<std::string>& sent, int status) {
  const auto is_invite = [](const std::string& bytes) { return bytes.starts_with("INVITE"); };
  const auto invite = std::ranges::find_if(sent, is_invite);
  if (invite == sent.end()) return {};
  return make_response(**Message::parse(*invite, Framing::Whole, Limits{}),
                       {.status = status, .to_tag = "b", .fields = {{"Contact", "<sip:bob@192.0.2.20>"}}});
}

// With calls, one of them answered, a lookup, a subscription, connections of both kinds, half a message on one of them,
// bindings, and a NOTIFY under way.
Engine busy_engine() {
  Engine engine(config(), seed_from_number(7));
  const Endpoint alice = *Endpoint::parse("192.0.2.10:5060"), bob = *Endpoint::parse("192.0.2.20:5060");
  engine.add_binding(at(seconds(0)), "sip:bob@example.com", "sip:bob@192.0.2.20", seconds(3600));
  engine.add_binding(at(seconds(0)), "sip:carol@example.com", "sip:carol@192.0.2.21;transport=tcp", seconds(60), 500);
  engine.add_binding(at(seconds(0)), "sip:carol@example.com", "sip:carol@192.0.2.22", seconds(60), 500);
  std::vector<std::string> sent;
  const auto take = [&](seconds when, Input input) {
    engine.handle(at(when), std::move(input));
    drain(engine, &sent);
  };
  const auto from_alice = [&](seconds when, const std::string& bytes) {
    take(when, DatagramReceived{ListenerId{1}, alice, bytes});
  };
  take(seconds(0), WallClock{WallTime(seconds(1'767'225'600))});
  from_alice(seconds(1), request("SUBSCRIBE", "sip:bob@example.com", "s"));
  from_alice(seconds(1), request("INVITE", "sip:bob@example.com", "i"));
  for (const int status : {180, 200}) take(seconds(1), DatagramReceived{ListenerId{1}, bob, answer_to(sent, status)});
  from_alice(seconds(2), request("INVITE", "sip:carol@example.com", "j"));
  from_alice(seconds(2), request("OPTIONS", "sip:x@name.example.org", "o"));
  take(seconds(2), FlowOpened{FlowId{1}, Transport::Tcp, ListenerId{2}, alice});
  take(seconds(3), StreamReceived{FlowId{1}, request("OPTIONS", "sip:example.com", "p") + "INVITE sip:"});
  return engine;
}

TEST(CheckpointTest, TheEngineOfTheseTestsHasSomethingInEveryTable) {
  const LiveObjects live = busy_engine().live();
  for (const std::size_t count : {live.server_transactions, live.client_transactions, live.response_contexts,
                                  live.queries, live.flows, live.bindings, live.dialogs, live.subscriptions}) {
    EXPECT_GT(count, 0u);
  }
}

TEST(CheckpointTest, ALoadedEngineStandsWhereTheSavedOneStood) {
  const Engine engine = busy_engine();
  const auto loaded = Engine::load(config(), engine.save());
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_EQ(loaded->live(), engine.live());
  EXPECT_EQ(loaded->counters(), engine.counters());
  EXPECT_EQ(loaded->next_deadline(), engine.next_deadline());
  EXPECT_EQ(loaded->last_time(), engine.last_time());
  EXPECT_EQ(loaded->save(), engine.save());
}

// A save of another version is refused. If this fails because something is saved that was not, or otherwise, raise
// checkpoint_version; if only the engine's messages have changed, this number alone.
TEST(CheckpointTest, TheFormatIsThatOfItsVersion) {
  EXPECT_EQ(checkpoint_version, 6u);
  EXPECT_EQ(busy_engine().save().size(), 7192u);
}

std::string error_of(const Config& with, std::string_view saved) {
  const auto loaded = Engine::load(with, saved);
  return loaded ? "" : loaded.error();
}

TEST(CheckpointTest, SaysWhatIsWrong) {
  const std::string saved = busy_engine().save();
  EXPECT_EQ(error_of(config(), ""), "no save of an engine begins here");
  EXPECT_EQ(error_of(config(), "Intermediary save\n"), "the save is damaged or cut off: its checksum does not fit");
  EXPECT_EQ(error_of(config(), saved.substr(0, saved.size() - 1)),
            "the save is damaged or cut off: its checksum does not fit");
  std::string newer = saved;
  newer[18] = 0x7f;
  EXPECT_EQ(error_of(config(), newer), "the save is of version 127, and this program reads version 6");
  Config other = config();
  other.limits.dialogs = 1;
  EXPECT_EQ(error_of(other, saved), "the save was made under another configuration");
  std::string error;
  for (std::size_t place = 18 + 1 + 16 + 100; error.empty(); ++place) {
    std::string wrong = saved;
    wrong[place] = '\xff';
    error = error_of(config(), with_checksum(wrong));
  }
  EXPECT_THAT(error, HasSubstr("the save cannot be read: "));
}

RC_GTEST_PROP(CheckpointProperty, ADamagedSaveIsRefused, (std::uint16_t where, std::uint8_t what)) {
  static const std::string saved = busy_engine().save();
  std::string damaged = saved;
  damaged[where % saved.size()] = static_cast<char>(what);
  if (damaged != saved) RC_ASSERT(!error_of(config(), damaged).empty());
  RC_ASSERT(!error_of(config(), saved.substr(0, where % saved.size())).empty());
}

// One whose checksum fits is refused, or is what its engine saves: nothing else was read into it.
TEST(CheckpointTest, AForgedSaveIsRefusedOrWhatItsEngineSaves) {
  const std::string saved = busy_engine().save();
  std::size_t taken = 0;
  for (std::size_t place = 0; place < saved.size(); place += 5) {
    for (const int change : {1, 0x20}) {
      std::string forged = saved;
      forged[place] = static_cast<char>(forged[place] ^ change);
      forged = with_checksum(forged);
      auto loaded = Engine::load(config(), forged);
      if (!loaded) continue;
      ++taken;
      ASSERT_EQ(loaded->save(), forged) << "byte " << place;
      EXPECT_GT(loaded->live().timers, 0u);
    }
  }
  EXPECT_GT(taken, 50u);
}

TEST(CheckpointTest, EveryTruncationIsRefusedWhereverItIsAndWhateverItsChecksum) {
  const std::string saved = busy_engine().save();
  for (std::size_t size = 0; size < saved.size(); size += 7) {
    ASSERT_NE(error_of(config(), with_checksum(saved.substr(0, size))), "") << size;
  }
}

}  // namespace
}  // namespace intermediary
