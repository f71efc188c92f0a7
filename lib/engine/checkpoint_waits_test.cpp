// Saves of engines in which something waits, forged a bit at a time: what is loaded of them waits for something that
// comes, and has an end.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/checkpoint.h"
#include "engine/engine.h"
#include "message/date.h"
#include "policy/digest_client.h"
#include "policy/passport.h"
#include "policy/test_stir.h"

namespace intermediary {
namespace waits {

using std::chrono::seconds;

const WallTime new_year = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1).time_since_epoch());

Config base_config() {
  Config config;
  config.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
  config.domains = {"example.com"};
  config.proxy.key = {7, 8};
  return config;
}

Config asking(const std::string& source) {
  Config config = base_config();
  config.route_sources.queries = {{.name = "crm", .url = *HttpUrl::parse("https://routes.example.com/v1")}};
  config.route_sources.zones = {{.name = "public", .suffixes = {"e164.arpa"}}};
  config.route_sources.engines = {{.name = "own"}};
  config.rules = {{"asked", {}, AskAction{.source = source}, std::nullopt}};
  return config;
}

Config verifying() {
  Config config = base_config();
  config.identity.verifier = VerifierConfig{.authorities = test_smime::authority(), .hosts = {"*"}};
  config.rules = {{"in", {}, RejectAction{.status = 486}, std::nullopt}};
  config.rules[0].identity.verify = RuleIdentity::Verify::Require;
  return config;
}

Config storing() {
  Config config = base_config();
  config.store.kind = StoreConfig::Kind::Redis;
  config.rules = {{"registrations", {.methods = {"REGISTER"}}, RegisterAction{}, std::nullopt},
                  {"users", {}, LookupAction{}, std::nullopt}};
  return config;
}

Config registering(const std::string& registrar) {
  Config config = base_config();
  config.groups = {{.kind = PeerGroupConfig::Kind::Trunk,
                    .name = "acme",
                    .peers = {{.name = "gw1", .uri = *Uri::parse("sip:192.0.2.30")}}}};
  TrunkRegistration registration;
  registration.trunk = "acme";
  registration.login = {.user = "490301234", .password = "secret"};
  registration.contact_user = "490301234";
  registration.registrar = *Uri::parse(registrar);
  config.registrations = {registration};
  return config;
}

std::string identity() {
  const Passport passport{.certificate_url = "https://example.com/a",
                          .origin = {true, "12155551212"},
                          .uris = {"sip:bob@example.com"},
                          .issued = std::chrono::duration_cast<seconds>(new_year.time_since_epoch()).count()};
  return "Identity: " + identity_value(passport, StirSigner::open(test_stir::signer())->sign(signing_input(passport))) +
         "\r\n";
}

// The last message that left.
std::string feed(Engine& engine, TimePoint now, Input input) {
  std::string last;
  engine.handle(now, std::move(input));
  while (const auto output = engine.poll()) {
    if (const auto* transmit = std::get_if<Transmit>(&*output)) last = transmit->bytes;
  }
  return last;
}

std::string send(Engine& engine, const std::string& method, const std::string& uri, const std::string& more = "") {
  return feed(engine, at(seconds(1)),
              DatagramReceived{ListenerId{1}, *Endpoint::parse("192.0.2.20:5060"),
                               method + " " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK" + method +
                                   std::to_string(more.size()) +
                                   "\r\nMax-Forwards: 70\r\nFrom: <sip:+12155551212@example.com>;tag=a\r\n" +
                                   "To: <sip:bob@example.com>\r\nCall-ID: " + method + "\r\nCSeq: 1 " + method +
                                   "\r\nDate: " + date_text(new_year) + "\r\n" + more + "Content-Length: 0\r\n\r\n"});
}

Engine started(const Config& config) {
  Engine engine(config, seed_from_number(1));
  feed(engine, at(seconds(0)), WallClock{new_year});
  return engine;
}

using Judge = bool (*)(const Engine& engine);
bool waits_for_nobody(const Engine& engine) { return engine.live().queries == 0; }
bool registers_again(const Engine& engine) { return engine.next_deadline().has_value(); }

// As long as anything has a time, it comes; name servers have no answer. What was asked before the save has the number
// 1.
void let_end(Engine& engine) {
  std::uint64_t answered = 0, asked = 1;
  const auto answer = [&] {
    for (; answered < asked; ++answered) {
      engine.handle(engine.last_time(), DnsAnswered{QueryId{answered + 1}, std::unexpected(DnsFailure{})});
      while (const auto output = engine.poll()) {
        if (const auto* query = std::get_if<DnsQuery>(&*output)) asked = std::max(asked, query->query.value);
      }
    }
  };
  answer();
  for (int i = 0; i < 30; ++i) {
    const auto next = engine.next_deadline();
    if (!next) return;
    engine.handle(std::max(*next, engine.last_time()), DeadlineReached{});
    while (const auto output = engine.poll()) {
      if (const auto* query = std::get_if<DnsQuery>(&*output)) asked = std::max(asked, query->query.value);
    }
    answer();
  }
}

void expect_an_end(const Config& config, const Engine& engine, Judge has_ended) {
  const std::string saved = engine.save();
  std::size_t loaded_ones = 0;
  for (std::size_t place = 19; place < saved.size(); ++place) {
    std::string forged = saved;
    forged[place] = static_cast<char>(forged[place] ^ 1);
    auto loaded = Engine::load(config, with_checksum(forged));
    if (!loaded) continue;
    ++loaded_ones;
    let_end(*loaded);
    EXPECT_TRUE(has_ended(*loaded)) << "byte " << place << " of " << saved.size();
  }
  EXPECT_GT(loaded_ones, 20u);
}

TEST(ForgedWaits, ForAnHttpServer) {
  const Config config = asking("route_query:crm");
  Engine engine = started(config);
  send(engine, "INVITE", "sip:bob@example.com");
  ASSERT_EQ(engine.live().queries, 1u);
  expect_an_end(config, engine, waits_for_nobody);
}

TEST(ForgedWaits, ForNameServers) {
  const Config config = asking("enum:public");
  Engine engine = started(config);
  send(engine, "MESSAGE", "sip:+31201234567@example.com");
  ASSERT_EQ(engine.live().queries, 1u);
  expect_an_end(config, engine, waits_for_nobody);
}

TEST(ForgedWaits, ForARoutingEngine) {
  const Config config = asking("engine:own");
  Engine engine = started(config);
  send(engine, "MESSAGE", "sip:bob@example.com");
  ASSERT_EQ(engine.live().queries, 1u);
  expect_an_end(config, engine, waits_for_nobody);
}

TEST(ForgedWaits, ForACertificate) {
  const Config config = verifying();
  Engine engine = started(config);
  send(engine, "INVITE", "sip:bob@example.com", identity());
  ASSERT_EQ(engine.live().queries, 2u) << "the call, and the fetch";
  expect_an_end(config, engine, waits_for_nobody);
}

TEST(ForgedWaits, ForTheStore) {
  const Config config = storing();
  Engine engine = started(config);
  send(engine, "REGISTER", "sip:example.com", "Contact: <sip:bob@192.0.2.20>\r\n");
  send(engine, "MESSAGE", "sip:bob@example.com");
  ASSERT_EQ(engine.live().queries, 2u);
  expect_an_end(config, engine, waits_for_nobody);
}

TEST(ForgedWaits, ForAUser) {
  Config config = storing();
  config.store = {};
  config.auth = {{.name = "people", .realm = "example.com", .is_outside = true}};
  config.user_stores = {{.auth = "people", .store = {.kind = StoreConfig::Kind::Redis}}};
  config.rules[0].challenge = "people";
  Engine engine = started(config);
  const auto challenge = Message::parse(send(engine, "REGISTER", "sip:example.com"), Framing::Datagram, {});
  ASSERT_TRUE(challenge);
  const DigestLogin login{"alice", "secret"};
  DigestChallenge answered = answerable(**challenge, login).at(0);
  answered.count = 1;
  send(engine, "REGISTER", "sip:example.com",
       "Authorization: " + credentials_for(answered, login, "REGISTER", "sip:example.com", "c", "") + "\r\n");
  ASSERT_EQ(engine.live().queries, 1u);
  expect_an_end(config, engine, waits_for_nobody);
}

TEST(ForgedWaits, ForTheNextRegistration) {
  const Config config = registering("sip:192.0.2.30");
  expect_an_end(config, started(config), registers_again);
}

TEST(ForgedWaits, ForARegistrar) {
  const Config config = registering("sip:192.0.2.30");
  Engine engine = started(config);
  feed(engine, at(seconds(0)), DeadlineReached{});
  ASSERT_EQ(engine.trunk_registrations().at(0).state, "trying");
  expect_an_end(config, engine, registers_again);
}

TEST(ForgedWaits, ForTheNameOfARegistrar) {
  const Config config = registering("sip:reg.example.net");
  Engine engine = started(config);
  feed(engine, at(seconds(0)), DeadlineReached{});
  ASSERT_EQ(engine.live().queries, 1u);
  expect_an_end(config, engine, registers_again);
}

}  // namespace waits
}  // namespace intermediary
