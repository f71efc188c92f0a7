// [signer.NAME], [verifier], and what rules say of both.
#include <gmock/gmock.h>

#include <map>

#include "config/load.h"
#include "policy/test_stir.h"

namespace intermediary {
namespace identity_config {  // its names are those of other tests, too

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;

ConfigSurroundings files() {
  return {[](const std::string&) { return std::optional<std::string>(); },
          [](const std::string& path) -> std::expected<std::string, std::string> {
            static const std::map<std::string, std::string> all = {
                {"calls.pem", test_stir::certificate()},
                {"calls.key", std::string(test_smime::elliptic_key)},
                {"rsa.pem", test_stir::certificate({.key = test_smime::signer_key})},
                {"rsa.key", std::string(test_smime::signer_key)},
                {"authority.pem", test_smime::authority()},
                {"torn.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
            };
            const auto found = all.find(path);
            if (found == all.end()) return std::unexpected("No such file or directory");
            return found->second;
          },
          "/etc/sip"};
}

const std::string bare = "listen = [{ on = \"udp:192.0.2.1:5060\" }, { on = \"tcp:192.0.2.1:5060\" }]\n";
const std::string listen = bare + "[certificate.calls]\nchain = \"calls.pem\"\nkey = \"calls.key\"\n";
const std::string signer = "[signer.acme]\ncertificate = \"calls\"\nurl = \"https://certificates.example.com/a.pem\"\n";
const std::string verifier =
    "[verifier]\nauthorities = \"authority.pem\"\n"
    "certificates = { \"https://certificates.example.com/a.pem\" = \"calls.pem\" }\n";

std::string rule(const std::string& actions) {
  return "[[rule]]\nname = \"r\"\nwhen = { source = \"192.0.2.9\" }\ndo = { " + actions +
         ", relay = \"sip:192.0.2.8\" }\n";
}

std::vector<std::string> texts(const std::vector<ConfigProblem>& problems) {
  std::vector<std::string> result;
  for (const ConfigProblem& problem : problems) {
    result.push_back(std::to_string(problem.at.line) + ':' + std::to_string(problem.at.column) + ' ' + problem.message);
  }
  return result;
}

std::vector<std::string> problems_of(const std::string& text) {
  const auto result = load_config(text, "sip.toml", files());
  return texts(result ? result->warnings : result.error());
}

TEST(IdentityConfigTest, IsReadWithAllThatItSays) {
  const std::string text =
      listen + signer + "caller = \"asserted\"\norigid = \"123e4567-e89b-12d3\"\n" + verifier +
      "freshness = \"30s\"\ncaller = \"asserted\"\n" +
      rule("verify = \"if-signed\", sign = \"acme\", attest = \"B\", require = [\"tls\", \"srtp\"]");
  const auto result = load_config(text, "sip.toml", files());
  ASSERT_TRUE(result) << texts(result.error()).at(0);
  EXPECT_THAT(texts(result->warnings), IsEmpty());
  const IdentityConfig& identity = result->config.identity;
  ASSERT_EQ(identity.signers.size(), 1u);
  EXPECT_EQ(identity.signers[0].url, "https://certificates.example.com/a.pem");
  EXPECT_EQ(identity.signers[0].caller, CallerField::Asserted);
  EXPECT_EQ(identity.signers[0].origid, "123e4567-e89b-12d3");
  EXPECT_TRUE(StirSigner::open(identity.signers[0].keys));
  ASSERT_TRUE(identity.verifier);
  EXPECT_EQ(identity.verifier->freshness, std::chrono::seconds(30));
  EXPECT_EQ(identity.verifier->caller, CallerField::Asserted);
  EXPECT_TRUE(StirAuthorities::open(identity.verifier->authorities));
  ASSERT_EQ(identity.verifier->certificates.size(), 1u);
  EXPECT_EQ(identity.verifier->certificates[0].url, "https://certificates.example.com/a.pem");
  EXPECT_THAT(identity.verifier->certificates[0].chain, HasSubstr("BEGIN CERTIFICATE"));
  const Rule& read = result->config.rules.at(0);
  EXPECT_EQ(read.identity, (RuleIdentity{RuleIdentity::Verify::IfSigned, "acme", "B"}));
  EXPECT_EQ(read.protection, (RuleProtection{true, true}));
}

TEST(IdentityConfigTest, SignersNeedTheirKeysAndAnAddress) {
  EXPECT_THAT(problems_of(listen + "[signer.acme]\n" + rule("sign = \"acme\"")),
              IsSupersetOf({HasSubstr("5:1 'certificate' in [signer.acme] is missing"),
                            HasSubstr("5:1 'url' in [signer.acme] is missing")}));
  EXPECT_THAT(problems_of(listen + "[signer.acme]\ncertificate = \"call\"\nurl = \"https://a\"\n"),
              Contains("6:15 there is no [certificate.call]; did you mean 'calls'?"));
  EXPECT_THAT(problems_of(listen + "[signer.acme]\ncertificate = \"calls\"\nurl = \"http://a\"\norigid = \"a b\"\n"),
              ElementsAre(HasSubstr("7:7 'url' in [signer.acme] must be a URL such as \"https://"),
                          HasSubstr("8:10 'origid' in [signer.acme] must be a UUID such as")));
  EXPECT_THAT(problems_of(bare + "[certificate.rsa]\nchain = \"rsa.pem\"\nkey = \"rsa.key\"\n"
                                 "[signer.acme]\ncertificate = \"rsa\"\nurl = \"https://a\"\n"),
              ElementsAre("6:15 'certificate' in [signer.acme]: the certificate cannot be used: its key is not one of "
                          "ES256, on the curve P-256"));
}

TEST(IdentityConfigTest, VerifiersNeedAuthorities) {
  EXPECT_THAT(problems_of(listen + signer + "[verifier]\n" + rule("sign = \"acme\"")),
              ElementsAre(HasSubstr("8:1 'authorities' in [verifier] is missing: the PEM file of certificate")));
  EXPECT_THAT(problems_of(listen + signer + "[verifier]\nauthorities = \"torn.pem\"\n" + rule("sign = \"acme\"")),
              ElementsAre(HasSubstr("9:1 'authorities' in [verifier]: the authorities cannot be read: ")));
  EXPECT_THAT(problems_of(listen + signer + "[verifier]\nauthorities = \"authority.pem\"\nfreshness = \"1h\"\n" +
                          "certificates = { \"a.pem\" = \"calls.pem\", \"https://a\" = \"none.pem\" }\n" +
                          rule("sign = \"acme\"")),
              ElementsAre(HasSubstr("10:13 'freshness' in [verifier]: '1h' is not from 5s to 10m"),
                          HasSubstr("must be a URL such as \"https://"), HasSubstr("cannot read 'none.pem'")));
}

TEST(IdentityConfigTest, CertificatesAreFetchedFromHostsThatAreNamed) {
  const auto result = load_config(
      bare +
          "[verifier]\nauthorities = \"authority.pem\"\nhosts = [\"CR.example.com\", \"*.example.net:8443\", \"*\"]\n" +
          "inside = true\ntimeout = \"1s\"\nkeep = \"10m\"\n" + rule("verify = \"mark\""),
      "sip.toml", files());
  ASSERT_TRUE(result) << texts(result.error()).at(0);
  const VerifierConfig& read = *result->config.identity.verifier;
  EXPECT_THAT(read.hosts, ElementsAre("cr.example.com", "*.example.net:8443", "*"));
  EXPECT_TRUE(read.inside);
  EXPECT_EQ(read.timeout, std::chrono::seconds(1));
  EXPECT_EQ(read.keep, std::chrono::minutes(10));
  EXPECT_THAT(problems_of(bare + "[verifier]\nauthorities = \"authority.pem\"\nhosts = [\"https://a\", \"a:0\"]\n" +
                          rule("verify = \"mark\"")),
              ElementsAre(HasSubstr("4:10 'https://a' in 'hosts' in [verifier] is no host such as"),
                          HasSubstr("4:23 'a:0' in 'hosts' in [verifier] is no host such as")));
  EXPECT_THAT(
      problems_of(bare + verifier + "inside = true\n" + rule("verify = \"mark\"")),
      ElementsAre(HasSubstr("'inside' in [verifier] is of certificates that are fetched, and 'hosts' is missing")));
}

TEST(IdentityConfigTest, RulesNameWhatThereIs) {
  EXPECT_THAT(problems_of(listen + signer + rule("sign = \"acm\"")),
              ElementsAre(HasSubstr("there is no [signer.acm]; did you mean 'acme'?")));
  EXPECT_THAT(problems_of(listen + signer + rule("sign = \"acme\", verify = \"require\"")),
              ElementsAre(HasSubstr("there is no [verifier], which says whose signatures count")));
  EXPECT_THAT(problems_of(bare + verifier + rule("verify = \"strict\"")),
              ElementsAre(HasSubstr("'mark', 'if-signed'")));
  EXPECT_THAT(problems_of(listen + signer + rule("sign = \"acme\", attest = \"D\"")),
              ElementsAre(HasSubstr("unknown value 'D'")));
  EXPECT_THAT(problems_of(listen + signer + rule("attest = \"A\"")),
              ElementsAre(HasSubstr("'attest' belongs to 'sign', which is missing here")));
  EXPECT_THAT(problems_of(bare + rule("require = \"tsl\"")),
              ElementsAre(HasSubstr("'require' in 'do' takes 'tls' and 'srtp', not 'tsl'; did you mean 'tls'?")));
  EXPECT_THAT(problems_of(listen + signer + "[[rule]]\nname = \"r\"\ndo = { sign = \"acme\", reject = 403 }\n"),
              ElementsAre(HasSubstr("'sign' belongs to 'lookup', 'relay' or 'ask', which are missing here")));
  EXPECT_THAT(problems_of(listen + signer + rule("sign = \"acme\", mode = \"stateless\"")),
              ElementsAre(HasSubstr("'sign' needs state: a repetition would be judged or signed anew")));
}

TEST(IdentityConfigTest, WhatNoRuleNamesIsTold) {
  EXPECT_THAT(problems_of(listen + signer + verifier + rule("require = \"tls\"")),
              ElementsAre(HasSubstr("no rule names [signer.acme]"), HasSubstr("no rule has 'verify'")));
  EXPECT_THAT(problems_of(listen + signer + "[verifier]\nauthorities = \"authority.pem\"\n" +
                          rule("sign = \"acme\", verify = \"mark\"")),
              ElementsAre("8:1 [verifier] has neither 'certificates' nor 'hosts': no signature can be judged"));
}

}  // namespace identity_config
}  // namespace intermediary
