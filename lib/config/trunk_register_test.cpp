// `register` of [trunk.NAME].
#include <gmock/gmock.h>

#include <ostream>

#include "config/load.h"

namespace intermediary {
namespace trunk_register_config {  // its names are those of other tests, too

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string head =
    "listen = [{ name = \"in\", on = \"udp:127.0.0.1:5060\" }, { on = \"tcp:127.0.0.1:5060\" }]\n[trunk.acme]\npeer = "
    "\"sip:trunk.example.net\"\n";
const std::string rule = "[[rule]]\nname = \"in\"\nwhen = { trunk = \"acme\" }\ndo = { reject = 486 }\n";

std::vector<std::string> texts(const std::vector<ConfigProblem>& problems) {
  std::vector<std::string> result;
  for (const ConfigProblem& problem : problems) {
    result.push_back(std::to_string(problem.at.line) + ':' + std::to_string(problem.at.column) + ' ' + problem.message);
  }
  return result;
}

TrunkRegistration loaded(const std::string& keys) {
  const auto result = load_config(head + "register = { " + keys + " }\n" + rule, "sip.toml", empty_surroundings());
  EXPECT_TRUE(result) << texts(result.error()).at(0);
  EXPECT_THAT(texts(result->warnings), IsEmpty()) << "a trunk without an address is known by its Contact";
  return result->config.registrations.at(0);
}

TEST(TrunkRegisterTest, NeedsNoMoreThanAUserAndAPassword) {
  const TrunkRegistration registration = loaded("user = \"490301234\", password = \"secret\\n\"");
  EXPECT_EQ(registration.trunk, "acme");
  EXPECT_EQ(registration.login, (DigestLogin{.user = "490301234", .password = "secret"})) << "without the line's end";
  EXPECT_EQ(registration.registrar, std::nullopt);
  EXPECT_EQ(registration.address_of_record, std::nullopt);
  EXPECT_EQ(registration.contact_user, "490301234");
  EXPECT_EQ(registration.expires, seconds(3600));
  EXPECT_EQ(registration.retry, (RegistrationRetry{seconds(30), minutes(30)}));
  EXPECT_THAT(registration.gateways, IsEmpty());
}

TEST(TrunkRegisterTest, IsReadWithAllThatItSays) {
  const TrunkRegistration registration =
      loaded("user = \"login\", realm = \"acme\", ha1 = [\"" + std::string(32, 'A') + "\", \"" + std::string(64, 'b') +
             "\"], registrar = \"sip:reg.example.net;transport=udp\", aor = \"sip:490301234@example.net\", "
             "contact_user = \"a b\", "
             "expires = \"5m\", retry = { base = \"10s\", max = \"1h\" }, gateways = [\"198.51.100.0/24\", \"any\"]");
  EXPECT_EQ(registration.login.secrets, (UserSecrets{std::string(32, 'a'), std::string(64, 'b'), ""}));
  EXPECT_EQ(registration.login.realm, "acme");
  EXPECT_EQ(registration.registrar, *Uri::parse("sip:reg.example.net;transport=udp"));
  EXPECT_EQ(registration.address_of_record, *Uri::parse("sip:490301234@example.net"));
  EXPECT_EQ(registration.contact_user, "a%20b");
  EXPECT_EQ(registration.expires, minutes(5));
  EXPECT_EQ(registration.retry, (RegistrationRetry{seconds(10), minutes(60)}));
  EXPECT_EQ(registration.gateways,
            (std::vector<Cidr>{*Cidr::parse("198.51.100.0/24"), *Cidr::parse("0.0.0.0/0"), *Cidr::parse("::/0")}));
}

TEST(TrunkRegisterTest, ALoginWithADomainIsTheAddress) {
  const TrunkRegistration registration = loaded("user = \"490301234@example.net\", password = \"secret\"");
  EXPECT_EQ(registration.address_of_record, *Uri::parse("sip:490301234@example.net"));
  EXPECT_EQ(registration.contact_user, "490301234");
}

struct WrongRegister {
  std::string keys;
  std::string problem;
  friend std::ostream& operator<<(std::ostream& out, const WrongRegister& wrong) { return out << wrong.keys; }
};

class TrunkRegisterMistakes : public testing::TestWithParam<WrongRegister> {};

TEST_P(TrunkRegisterMistakes, AreToldAtTheirPlace) {
  const auto result =
      load_config(head + "register = { " + GetParam().keys + " }\n" + rule, "sip.toml", empty_surroundings());
  ASSERT_FALSE(result);
  EXPECT_THAT(texts(result.error()), ElementsAre(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    All, TrunkRegisterMistakes,
    testing::Values(
        WrongRegister{"password = \"x\"",
                      "4:12 'user' in 'register' of [trunk.acme] is missing: whom the registrar knows us as"},
        WrongRegister{"user = \"a\"",
                      "4:12 'password' in 'register' of [trunk.acme] is missing: password = \"${NAME}\" or "
                      "\"file:PATH\", or its hash as 'ha1'"},
        WrongRegister{"user = \"a:b\", password = \"x\"",
                      "4:21 'user' in 'register' of [trunk.acme] is a name of up to 256 characters, without ':'"},
        WrongRegister{"user = \"a\", password = \"\"",
                      "4:37 'password' in 'register' of [trunk.acme] is empty, too long, or has control characters"},
        WrongRegister{
            "user = \"a\", ha1 = \"00\", realm = \"x\"",
            "4:32 'ha1' in 'register' of [trunk.acme] is neither 32 (MD5) nor 64 (SHA-256) hexadecimal digits"},
        WrongRegister{"user = \"a\", ha1 = \"" + std::string(32, '0') + "\"",
                      "4:26 'ha1' in 'register' of [trunk.acme] needs 'realm', which is part of it"},
        WrongRegister{"user = \"a\", realm = \"x\", password = \"x\", ha1 = \"" + std::string(32, '0') + "\"",
                      "4:55 'ha1' in 'register' of [trunk.acme] and 'password' exclude each other"},
        WrongRegister{
            "user = \"a\", password = \"x\", registrar = \"sip:a@example.net\"",
            "4:54 'registrar' in 'register' of [trunk.acme] is a URI such as \"sip:example.net\": a registrar "
            "is a host, without a user; 'aor' says who registers"},
        WrongRegister{"user = \"a\", password = \"x\", registrar = \"sip:127.0.0.1\"",
                      "4:42 the trunk 'acme' registers to udp:127.0.0.1:5060, where 'in' listens: requests would come "
                      "back to us"},
        WrongRegister{"user = \"a\", password = \"x\", aor = \"example.net\"",
                      "4:48 'aor' in 'register' of [trunk.acme] is an address of record such as "
                      "\"sip:490301234@example.net\""},
        WrongRegister{"user = \"a\", password = \"x\", expires = \"5s\"",
                      "4:52 'expires' in 'register' of [trunk.acme]: '5s' is not from 10s to 7d"},
        WrongRegister{"user = \"a\", password = \"x\", retry = { base = \"2m\", max = \"1m\" }",
                      "4:50 'retry' of 'register' of [trunk.acme] must have base <= max, not 2m and 1m"},
        WrongRegister{
            "user = \"a\", password = \"x\", gateways = [\"any\", \"example.net\"]",
            "4:61 'example.net' in 'gateways' in 'register' of [trunk.acme] is not an address, a prefix such as "
            "'203.0.113.0/24', or 'any'"},
        WrongRegister{"user = \"a\", password = \"x\", gin = true",
                      "4:42 'gin' in 'register' of [trunk.acme] is not available in this version"},
        WrongRegister{"user = \"a\", pasword = \"x\", password = \"x\"",
                      "4:26 unknown key 'pasword' in 'register' of [trunk.acme]; did you mean 'password'?"}));

}  // namespace trunk_register_config
}  // namespace intermediary
