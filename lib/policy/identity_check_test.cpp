#include "policy/identity_check.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "message/date.h"
#include "policy/passports_seen.h"
#include "policy/test_stir.h"

namespace intermediary {
namespace {

using std::chrono::seconds;

constexpr std::string_view url = "https://certificates.example.com/a.pem";
const WallTime moment = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1).time_since_epoch());

CallerFacts facts() {
  CallerFacts facts;
  facts.caller = {true, "12155551212"};
  facts.caller_domain = "example.com";
  facts.callee = {false, "sip:bob@example.com"};
  facts.date = date_text(moment);
  facts.now = moment;
  facts.freshness = seconds(60);
  return facts;
}

Passport passport() {
  return {.certificate_url = std::string(url),
          .origin = {true, "12155551212"},
          .uris = {"sip:bob@example.com"},
          .issued = std::chrono::duration_cast<seconds>(moment.time_since_epoch()).count()};
}

const StirSigner& own() {
  static const StirSigner signer = *StirSigner::open(test_stir::signer({.alternative_names = "DNS:example.com"}));
  return signer;
}

IdentityField field_of(const Passport& signed_one) {
  return *read_identity_field(identity_value(signed_one, own().sign(signing_input(signed_one))));
}

// The status and why, "" where it counts.
std::string said(const IdentityField& field, const CallerFacts& request, const StirSigner& signer = own()) {
  const auto claim = read_claim(field, request);
  if (!claim) return std::to_string(claim.error().status) + " " + claim.error().reason;
  const auto fault = judge_claim(*claim, request, signer.certificate());
  return fault ? std::to_string(fault->status) + " " + fault->reason : "";
}

std::string said(const Passport& signed_one, const CallerFacts& request = facts()) {
  return said(field_of(signed_one), request);
}

TEST(IdentityCheck, BelievesWhatIsSigned) {
  EXPECT_EQ(said(passport()), "");
  Passport shaken = passport();
  shaken.extension = "shaken";
  shaken.attest = "A";
  shaken.origid = "x";
  EXPECT_EQ(said(shaken), "");
}

TEST(IdentityCheck, BelievesACompactFormThatTheRequestWritesOut) {
  const std::string token = ".." + field_of(passport()).token.substr(field_of(passport()).token.rfind('.') + 1);
  EXPECT_EQ(said(IdentityField{token, std::string(url)}, facts()), "");
  CallerFacts other = facts();
  other.callee.name = "sip:carol@example.com";
  EXPECT_EQ(said(IdentityField{token, std::string(url)}, other), "438 its signature is not that of its certificate");
  other = facts();
  other.date.reset();
  EXPECT_EQ(said(IdentityField{token, std::string(url)}, other),
            "438 it is compact, and there is no Date that it could be of");
  EXPECT_EQ(said(IdentityField{token, std::string(url), "ES256", "shaken"}, facts()),
            "438 it is compact, and \"shaken\" has to be in full");
  EXPECT_EQ(said(IdentityField{"..x", std::string(url)}, facts()), "438 its signature is not one of ES256");
}

TEST(IdentityCheck, TakesWhoCallsFromTheRequest) {
  CallerFacts other = facts();
  other.caller.name = "12155551213";
  EXPECT_EQ(said(passport(), other), "438 it is of the caller 12155551212, and the call is from 12155551213");
  other = facts();
  other.callee.name = "sip:carol@example.com";
  EXPECT_EQ(said(passport(), other), "438 it is for somebody else than sip:carol@example.com");
}

TEST(IdentityCheck, WantsItToBeFromNow) {
  Passport old = passport();
  old.issued -= 61;
  EXPECT_EQ(said(old), "403 it was made at another time than now ('iat')");
  old.issued += 2 * 61;
  EXPECT_EQ(said(old), "403 it was made at another time than now ('iat')");
  old.issued -= 1;
  EXPECT_EQ(said(old), "");
  CallerFacts other = facts();
  other.date = date_text(moment - seconds(61));
  EXPECT_EQ(said(passport(), other), "403 its Date is of another time than now");
  other.date = "yesterday";
  EXPECT_EQ(said(passport(), other), "403 its Date cannot be read");
  other.date.reset();
  EXPECT_EQ(said(passport(), other), "");
}

TEST(IdentityCheck, WantsTheSameTwice) {
  IdentityField field = field_of(passport());
  field.certificate_url = "https://elsewhere.example.com";
  EXPECT_EQ(said(field, facts()), "438 its 'x5u' and its 'info' differ");
  field = field_of(passport());
  field.extension = "shaken";
  EXPECT_EQ(said(field, facts()), "438 its 'ppt' is another in its header");
  field.algorithm = "none";
  EXPECT_EQ(said(field, facts()), "438 its algorithm is 'none', and ES256 is the only one");
}

TEST(IdentityCheck, WantsTheMediaKeysOfTheRequest) {
  Passport keyed = passport();
  keyed.media = {{"sha-256", "AB"}};
  CallerFacts request = facts();
  EXPECT_EQ(said(keyed, request), "438 its media keys are not those of the session description");
  request.media = keyed.media;
  EXPECT_EQ(said(keyed, request), "");
  EXPECT_EQ(said(passport(), request), "438 its media keys are not those of the session description");
  Passport shaken = passport();
  shaken.extension = "shaken";
  shaken.attest = "A";
  shaken.origid = "x";
  EXPECT_EQ(said(shaken, request), "");
}

TEST(IdentityCheck, WantsACertificateThatMaySaySo) {
  Passport other = passport();
  other.origin.name = "12155551299";
  CallerFacts request = facts();
  request.caller.name = "12155551299";
  EXPECT_EQ(said(other, request), "437 its certificate does not cover the number 12155551299");
  other.origin = request.caller = {false, "sip:alice@example.com"};
  EXPECT_EQ(said(other, request), "");
  request.caller_domain = "example.net";
  EXPECT_EQ(said(other, request), "437 its certificate does not name the domain example.net");
}

TEST(IdentityCheck, RefusesAForgedOne) {
  IdentityField field = field_of(passport());
  field.token.back() = field.token.back() == 'A' ? 'Q' : 'A';
  EXPECT_EQ(said(field, facts()).substr(0, 4), "438 ");
  field.token = "nonsense";
  EXPECT_EQ(said(field, facts()), "438 it has not the three parts of a PASSporT");
  EXPECT_EQ(read_claim(field, facts()).error().phrase, "Invalid PASSporT");
}

TEST(IdentityCheck, IgnoresOtherExtensions) {
  EXPECT_TRUE(is_supported({"a.b.c", "https://a"}));
  EXPECT_TRUE(is_supported({"a.b.c", "https://a", "ES256", "shaken"}));
  EXPECT_FALSE(is_supported({"a.b.c", "https://a", "ES256", "div"}));
}

TEST(IdentityCheck, SaysWhatIsWrongWithAll) {
  const IdentityFault gone = no_credential("gone"), strange = unsupported_credential("strange");
  EXPECT_EQ(combined({gone, gone}).status, 436);
  EXPECT_EQ(combined({strange}), strange);
  EXPECT_EQ(combined({gone, strange}).status, 438);
  EXPECT_EQ(no_identity(false).phrase, "Use Identity Header");
  EXPECT_EQ(no_identity(true).phrase, "Use Supported PASSporT Format");
}

TEST(PassportsSeen, AreGoodForOneCall) {
  PassportsSeen seen;
  const TimePoint start{};
  EXPECT_TRUE(seen.take(start, 1, 7, start + seconds(120)));
  EXPECT_TRUE(seen.take(start + seconds(9), 1, 7, start + seconds(129)));
  EXPECT_FALSE(seen.take(start + seconds(120), 1, 8, start + seconds(240)));
  EXPECT_TRUE(seen.take(start + seconds(120), 2, 8, start + seconds(240)));
  EXPECT_TRUE(seen.take(start + seconds(121), 1, 8, start + seconds(241)));  // stale by now, and forgotten
  EXPECT_EQ(seen.size(), 2U);
}

TEST(PassportsSeen, ForgetTheOldestWhereThereAreTooMany) {
  PassportsSeen seen;
  const TimePoint start{};
  for (std::uint64_t i = 0; i < limit::passports_seen + 10; ++i) seen.take(start, i, 1, start + seconds(120));
  EXPECT_LE(seen.size(), limit::passports_seen + 1);
  EXPECT_TRUE(seen.take(start, 0, 2, start + seconds(120)));
  EXPECT_FALSE(seen.take(start, 1000, 2, start + seconds(120)));
}

}  // namespace
}  // namespace intermediary
