// Certificates of signers that are fetched: which of them are kept, and for how long. What a caller sees is proved by
// scenarios (conformance/scenarios/stir).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/stir_limits.h"
#include "engine/engine.h"
#include "message/date.h"
#include "policy/passport.h"
#include "policy/test_stir.h"

namespace intermediary {
namespace signed_calls {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test_smime::Issuer;
using testing::ElementsAre;
using testing::SizeIs;

const WallTime new_year = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1).time_since_epoch());
const WallTime after_its_time = WallTime(std::chrono::sys_days(std::chrono::year(2040) / 1 / 1).time_since_epoch());

Config verifying(Issuer authority = Issuer::Known) {
  Config config;
  config.listeners = {{"udp", Transport::Udp, *Endpoint::parse("192.0.2.1:5060"), "", std::nullopt}};
  config.identity.verifier = VerifierConfig{.authorities = test_smime::authority(authority), .hosts = {"*"}};
  config.rules = {{"in", {}, RejectAction{.status = 486}, std::nullopt}};
  config.rules[0].identity.verify = RuleIdentity::Verify::Require;
  return config;
}

class SignedCallsTest : public testing::Test {
 protected:
  SignedCallsTest() { feed(WallClock{new_year}); }

  void feed(Input input) {
    engine.handle(now, std::move(input));
    while (auto output = engine.poll()) {
      if (auto* http = std::get_if<HttpRequest>(&*output)) fetches.push_back(std::move(*http));
      const auto* sent = std::get_if<Transmit>(&*output);
      if (sent && !sent->bytes.starts_with("SIP/2.0 100")) answers.push_back(sent->bytes.substr(8, 3));
    }
  }
  // Signed at that time, with the certificate there.
  void call(const std::string& url, WallTime when = new_year) {
    when += seconds(++signed_for[url]);  // the same one would be a replay
    const Passport passport{.certificate_url = url,
                            .origin = {true, "12155551212"},
                            .uris = {"sip:bob@example.com"},
                            .issued = std::chrono::duration_cast<seconds>(when.time_since_epoch()).count()};
    const std::string id = std::to_string(++last);
    feed(DatagramReceived{ListenerId{1}, *Endpoint::parse("192.0.2.10:5060"),
                          "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK" + id +
                              "\r\nMax-Forwards: 70\r\nFrom: <sip:+12155551212@example.com>;tag=a" + id +
                              "\r\nTo: <sip:bob@example.com>\r\nCall-ID: " + id +
                              "\r\nCSeq: 1 INVITE\r\nDate: " + date_text(when) +
                              "\r\nIdentity: " + identity_value(passport, signer.sign(signing_input(passport))) +
                              "\r\nContent-Length: 0\r\n\r\n"});
  }
  void fetched(const std::string& body, std::optional<seconds> age = {}) {
    feed(HttpReplied{fetches.back().query, HttpAnswer{200, "application/pkix-cert", age, body}});
  }
  const IdentityCounters& counted() const { return engine.counters().identities; }

  const StirSigner signer = *StirSigner::open(test_stir::signer());
  const std::string good = test_stir::certificate(), bad = test_stir::certificate({.issuer = Issuer::Stranger});
  TimePoint now = at(seconds(1));
  Engine engine{verifying(), seed_from_number(1)};
  std::vector<HttpRequest> fetches;
  std::vector<std::string> answers;
  int last = 0;
  std::map<std::string, int> signed_for;
};

TEST_F(SignedCallsTest, ACertificateThatCountsIsKept) {
  call("https://example.com/a");
  fetched(good);
  call("https://example.com/a");
  EXPECT_THAT(answers, ElementsAre("486", "486"));
  EXPECT_THAT(fetches, SizeIs(1));
  EXPECT_EQ(counted().fetched, 1u);
}

// Whatever its server says of it, it is not kept for that long.
TEST_F(SignedCallsTest, OneThatDoesNotCountIsKnownForAWhileAlone) {
  call("https://example.com/a");
  fetched(bad, days(1));
  call("https://example.com/a");
  EXPECT_THAT(answers, ElementsAre("437", "437"));
  EXPECT_THAT(fetches, SizeIs(1));
  EXPECT_EQ(counted().fetched, 0u);
  EXPECT_EQ(counted().fetch_failures, 1u);
  now += seconds(31);
  call("https://example.com/a", new_year + seconds(31));
  ASSERT_THAT(fetches, SizeIs(2));
  fetched(good);
  EXPECT_EQ(answers.back(), "486");
}

TEST_F(SignedCallsTest, ThoseThatDoNotCountTakeNoRoomFromOneThatDoes) {
  call("https://example.com/good");
  fetched(good, seconds(10));
  for (std::size_t i = 0; i < limit::cached_certificates + 10; ++i) {
    call("https://example.com/" + std::to_string(i));
    fetched(bad, days(1));
  }
  const std::size_t asked = fetches.size();
  call("https://example.com/good");
  EXPECT_EQ(answers.back(), "486");
  EXPECT_THAT(fetches, SizeIs(asked));
  EXPECT_TRUE(Engine::load(verifying(), engine.save()));
}

TEST_F(SignedCallsTest, OneThatHasEndedIsFetchedAgain) {
  call("https://example.com/a");
  fetched(good, days(1));
  feed(WallClock{after_its_time});
  call("https://example.com/a", after_its_time);
  ASSERT_THAT(fetches, SizeIs(2));
  fetched(good);
  EXPECT_THAT(answers, ElementsAre("486", "437"));
}

TEST_F(SignedCallsTest, OtherAuthoritiesJudgeAnew) {
  call("https://example.com/a");
  fetched(good);
  feed(ConfigurationChanged(verifying(Issuer::Stranger)));
  call("https://example.com/a");
  ASSERT_THAT(fetches, SizeIs(2));
  fetched(good);
  EXPECT_EQ(answers.back(), "437");
  feed(ConfigurationChanged(verifying()));
  call("https://example.com/a");
  ASSERT_THAT(fetches, SizeIs(3)) << "what did not count is asked for again at once";
  fetched(good);
  EXPECT_EQ(answers.back(), "486");
}

TEST_F(SignedCallsTest, NobodyKeepsWhatNobodyJudges) {
  call("https://example.com/a");
  Config next = verifying();
  next.identity.verifier.reset();
  next.rules[0].identity.verify = RuleIdentity::Verify::No;
  feed(ConfigurationChanged(next));
  fetched(good);
  EXPECT_THAT(answers, ElementsAre("436"));
  feed(ConfigurationChanged(verifying()));
  call("https://example.com/a");
  EXPECT_THAT(fetches, SizeIs(2));
}

}  // namespace signed_calls
}  // namespace intermediary
