// Trunks that register: what only an engine shows. What a registrar sees is proved by scenarios
// (conformance/scenarios/registration).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine.h"
#include "message/message.h"

namespace intermediary {
namespace trunks {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

Config trunk_config(const std::string& password = "secret") {
  Config config;
  config.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
  config.proxy.key = {7, 8};
  config.groups = {{.kind = PeerGroupConfig::Kind::Trunk,
                    .name = "acme",
                    .peers = {{.name = "gw1", .uri = *Uri::parse("sip:192.0.2.30")},
                              {.name = "gw2", .uri = *Uri::parse("sip:192.0.2.31")}}}};
  TrunkRegistration registration;
  registration.trunk = "acme";
  registration.login = {.user = "490301234", .password = password};
  registration.contact_user = "490301234";
  config.registrations = {registration};
  return config;
}

class TrunksTest : public testing::Test {
 protected:
  TrunksTest() { handle(seconds(0), WallClock{WallTime(seconds(1'767'225'600))}); }

  // What left and what was told; the last request is kept.
  std::vector<std::string> handle(Duration time, Input input) {
    engine.handle(at(time), std::move(input));
    std::vector<std::string> out;
    while (auto output = engine.poll()) {
      if (const auto* transmit = std::get_if<Transmit>(&*output)) {
        last = transmit->bytes;
        out.push_back(transmit->hop.remote.to_string() + ' ' + transmit->bytes.substr(0, transmit->bytes.find('\r')));
      } else if (const auto* event = std::get_if<Event>(&*output)) {
        out.push_back(to_line(*event));
      }
    }
    return out;
  }
  std::vector<std::string> wait(Duration time) { return handle(time, DeadlineReached{}); }
  std::string field(const std::string& name) const {
    const std::size_t begin = last.find("\r\n" + name + ": ") + name.size() + 4;
    return last.substr(begin, last.find('\r', begin) - begin);
  }
  // An answer to the last request, from where it went.
  std::vector<std::string> answer(Duration time, int status, const std::string& from, const std::string& more = "") {
    return handle(time, DatagramReceived{ListenerId{1}, *Endpoint::parse(from),
                                         "SIP/2.0 " + std::to_string(status) + " x\r\nVia: " + field("Via") +
                                             "\r\nFrom: " + field("From") + "\r\nTo: " + field("To") +
                                             ";tag=r\r\nCall-ID: " + field("Call-ID") + "\r\nCSeq: " + field("CSeq") +
                                             "\r\n" + more + "Content-Length: 0\r\n\r\n"});
  }
  void register_at_once() {
    ASSERT_THAT(wait(seconds(0)), ElementsAre(StartsWith("192.0.2.30:5060 REGISTER sip:192.0.2.30 SIP/2.0")));
    ASSERT_THAT(
        answer(milliseconds(10), 200, "192.0.2.30:5060", "Expires: 600\r\nService-Route: <sip:192.0.2.40;lr>\r\n"),
        ElementsAre(HasSubstr("trunk-registration change=registered trunk=acme")));
    ASSERT_EQ(state(), "registered");
  }
  TrunkRegistrationView view() const { return engine.trunk_registrations().at(0); }
  std::string state() const { return std::string(view().state); }

  Engine engine{trunk_config(), seed_from_number(1)};
  std::string last;
};

TEST_F(TrunksTest, NothingRegistersBeforeThereIsTime) {
  Engine fresh{trunk_config(), seed_from_number(1)};
  EXPECT_EQ(fresh.next_deadline(), std::nullopt);
  EXPECT_EQ(fresh.live().trunk_registrations, 0u);
  EXPECT_EQ(engine.live().trunk_registrations, 1u);
}

TEST_F(TrunksTest, ShowsHowItStands) {
  EXPECT_EQ(state(), "unregistered");
  wait(seconds(0));
  EXPECT_EQ(state(), "trying");
  answer(milliseconds(10), 403, "192.0.2.30:5060");
  EXPECT_EQ(state(), "failed");
  EXPECT_EQ(view().reason, "403 to REGISTER");
  EXPECT_EQ(view().failures, 1u);
  EXPECT_EQ(engine.counters().trunk_register_failures, 1u);
}

TEST_F(TrunksTest, ShowsWhatTheRegistrarSaid) {
  register_at_once();
  EXPECT_EQ(view().registrar, "udp:192.0.2.30:5060");
  EXPECT_EQ(view().address_of_record, "sip:490301234@192.0.2.30");
  EXPECT_EQ(view().expires_in, seconds(600));
  EXPECT_THAT(view().service_route, ElementsAre("<sip:192.0.2.40;lr>"));
}

TEST_F(TrunksTest, ADrainRemovesAndResumingRegistersAgain) {
  register_at_once();
  EXPECT_THAT(handle(seconds(1), Command{Command::Kind::Drain, {}}),
              ElementsAre(StartsWith("192.0.2.30:5060 REGISTER")));
  EXPECT_EQ(field("Expires"), "0");
  EXPECT_FALSE(engine.live().at_rest()) << "whoever stops waits for the answer";
  EXPECT_THAT(answer(milliseconds(1010), 200, "192.0.2.30:5060"),
              ElementsAre(HasSubstr("trunk-registration change=removed trunk=acme")));
  EXPECT_EQ(state(), "unregistered");
  EXPECT_TRUE(engine.live().at_rest());
  EXPECT_THAT(wait(seconds(900)), IsEmpty()) << "no refresh while it drains";
  handle(seconds(901), Command{Command::Kind::Resume, {}});
  EXPECT_THAT(wait(seconds(901)), ElementsAre(StartsWith("192.0.2.30:5060 REGISTER")));
  EXPECT_EQ(field("Expires"), "3600");
}

TEST_F(TrunksTest, WhoeverResumesWhileItLeavesRegistersBehindIt) {
  register_at_once();
  handle(seconds(1), Command{Command::Kind::Drain, {}});
  EXPECT_THAT(handle(milliseconds(1001), Command{Command::Kind::Resume, {}}), IsEmpty());
  EXPECT_THAT(answer(milliseconds(1010), 200, "192.0.2.30:5060"), Contains(HasSubstr("change=removed")));
  EXPECT_THAT(wait(milliseconds(1010)), ElementsAre(StartsWith("192.0.2.30:5060 REGISTER")));
  EXPECT_EQ(field("Expires"), "3600");
}

TEST_F(TrunksTest, ADrainThatNobodyAnswersEnds) {
  register_at_once();
  handle(seconds(1), Command{Command::Kind::Drain, {}});
  for (int second = 2; second < 40; ++second) wait(seconds(second));
  EXPECT_TRUE(engine.live().at_rest());
  EXPECT_EQ(state(), "unregistered");
}

TEST_F(TrunksTest, TheContactIsTheSameInEveryRunWithThatKey) {
  wait(seconds(0));
  const std::string contact = field("Contact");
  engine = Engine(trunk_config(), seed_from_number(2));
  handle(seconds(0), WallClock{WallTime(seconds(1'767'225'600))});
  wait(seconds(0));
  EXPECT_EQ(field("Contact"), contact);
  Config other = trunk_config();
  other.proxy.key = {8, 8};
  engine = Engine(other, seed_from_number(2));
  handle(seconds(0), WallClock{WallTime(seconds(1'767'225'600))});
  wait(seconds(0));
  EXPECT_NE(field("Contact"), contact);
}

// Of what was registered with a peer that is no more, nobody refreshes anything: the others are asked at once.
TEST_F(TrunksTest, APeerThatIsGoneIsNotARegistrar) {
  register_at_once();
  Config next = trunk_config();
  next.groups[0].peers.erase(next.groups[0].peers.begin());
  EXPECT_THAT(handle(seconds(1), ConfigurationChanged(next)),
              Contains(StartsWith("192.0.2.31:5060 REGISTER sip:192.0.2.31 SIP/2.0")));
}

TEST_F(TrunksTest, ATrunkMayCeaseToRegisterAndBeginAgain) {
  register_at_once();
  Config next = trunk_config();
  next.registrations.clear();
  EXPECT_THAT(handle(seconds(1), ConfigurationChanged(next)), Contains(StartsWith("192.0.2.30:5060 REGISTER")));
  EXPECT_EQ(field("Expires"), "0");
  EXPECT_THAT(Engine::load(next, engine.save())->save(), engine.save());
  answer(milliseconds(1010), 200, "192.0.2.30:5060");
  EXPECT_EQ(engine.live().trunk_registrations, 0u);
  handle(seconds(2), ConfigurationChanged(trunk_config()));
  EXPECT_THAT(wait(seconds(2)), ElementsAre(StartsWith("192.0.2.30:5060 REGISTER")));
}

// Saved at any moment, it goes on as it would have: the same Call-ID, the next CSeq, the count of its nonce, its waits.
TEST_F(TrunksTest, GoesOnWhereItWasSaved) {
  const auto save_and_load = [&] {
    const std::string saved = engine.save();
    auto loaded = Engine::load(trunk_config(), saved);
    ASSERT_TRUE(loaded) << loaded.error();
    EXPECT_EQ(loaded->save(), saved);
    engine = *std::move(loaded);
  };
  save_and_load();
  wait(seconds(0));
  const std::string call_id = field("Call-ID");
  save_and_load();
  answer(milliseconds(10), 401, "192.0.2.30:5060",
         "WWW-Authenticate: Digest realm=\"acme\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256\r\n");
  EXPECT_THAT(field("Authorization"), HasSubstr("nc=00000001"));
  save_and_load();
  answer(milliseconds(20), 200, "192.0.2.30:5060", "Expires: 600\r\n");
  save_and_load();
  EXPECT_EQ(state(), "registered");
  EXPECT_THAT(wait(seconds(479)), IsEmpty());
  EXPECT_THAT(wait(seconds(541)), ElementsAre(StartsWith("192.0.2.30:5060 REGISTER")));
  EXPECT_EQ(field("Call-ID"), call_id);
  EXPECT_EQ(field("CSeq"), "3 REGISTER");
  EXPECT_THAT(field("Authorization"), HasSubstr("nc=00000002"));
}

TEST_F(TrunksTest, NothingThatIsToldHasThePassword) {
  EXPECT_THAT(wait(seconds(0)), Each(Not(HasSubstr("secret"))));
  const std::string challenge = "WWW-Authenticate: Digest realm=\"acme\", nonce=\"n\", qop=\"auth\"\r\n";
  EXPECT_THAT(answer(milliseconds(10), 401, "192.0.2.30:5060", challenge), SizeIs(1));
  EXPECT_THAT(last, Not(HasSubstr("secret")));
  EXPECT_THAT(answer(milliseconds(20), 401, "192.0.2.30:5060", challenge), Each(Not(HasSubstr("secret"))));
}

TEST(TrunksProblem, ARegistrationOfNoTrunkIsRefused) {
  Config config = trunk_config();
  config.registrations[0].trunk = "other";
  EXPECT_EQ(problem_with(config), "trunk:other registers, and there is none");
}

}  // namespace trunks
}  // namespace intermediary
