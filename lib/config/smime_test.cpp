// What the registrar signs with, and whose signatures it takes.
#include <gmock/gmock.h>

#include <map>

#include "config/load.h"
#include "policy/test_smime.h"

namespace intermediary {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const SmimeKeys& good_keys() {
  static const SmimeKeys keys = test_smime::registrar_keys();
  return keys;
}

ConfigSurroundings world() {
  return {[](const std::string&) { return std::optional<std::string>(); },
          [](const std::string& path) -> std::expected<std::string, std::string> {
            std::string torn = good_keys().authorities;
            torn.erase(200, 4);
            const std::map<std::string, std::string> files = {
                {"home.pem", good_keys().chain},
                {"home.key", good_keys().key},
                {"ec.key", std::string(test_smime::elliptic_key)},
                {"users.pem", good_keys().authorities},
                {"torn.pem", torn},
                {"empty.pem", ""},
            };
            const auto found = files.find(path);
            if (found == files.end()) return std::unexpected("No such file or directory");
            return found->second;
          },
          "/etc/sip"};
}

const std::string head =
    "listen = [{ on = \"udp:192.0.2.1:5060\" }, { on = \"tcp:192.0.2.1:5060\" }]\n"
    "[certificate.home]\nchain = \"home.pem\"\nkey = \"home.key\"\n";

std::vector<std::string> problems(const std::string& text) {
  const auto loaded = load_config(text, "sip.toml", world());
  std::vector<std::string> result;
  for (const ConfigProblem& problem : loaded ? loaded->warnings : loaded.error()) {
    result.push_back(std::to_string(problem.at.line) + ':' + std::to_string(problem.at.column) + ' ' + problem.message);
  }
  return result;
}

std::string registrar(const std::string& certificate, const std::string& authorities) {
  return "[registrar]\nsmime_certificate = \"" + certificate + "\"\nsmime_authorities = \"" + authorities + "\"\n";
}

TEST(SmimeConfigTest, ReadsTheFilesThemselves) {
  const std::string text = head + registrar("home", "users.pem");
  const auto loaded = load_config(text, "sip.toml", world());
  ASSERT_TRUE(loaded) << loaded.error().front().to_string();
  EXPECT_EQ(loaded->config.smime, good_keys());
  EXPECT_THAT(problems(text), IsEmpty()) << "a certificate that signs need not be shown by a listener";
  EXPECT_EQ(load_config(head, "sip.toml", world())->config.smime, std::nullopt);
}

TEST(SmimeConfigTest, BothOrNone) {
  EXPECT_THAT(problems(head + "[registrar]\nsmime_certificate = \"home\"\n"),
              testing::Contains(HasSubstr("6:21 'smime_authorities' in [registrar] is missing")));
  EXPECT_THAT(problems(head + "[registrar]\nsmime_authorities = \"users.pem\"\n"),
              testing::Contains("6:21 'smime_certificate' in [registrar] is missing: what answers are signed with"));
}

TEST(SmimeConfigTest, WhatCannotBeUsedIsRefusedAtItsPlace) {
  EXPECT_THAT(problems(head + registrar("hom", "users.pem")),
              testing::Contains("6:21 there is no [certificate.hom]; did you mean 'home'?"));
  EXPECT_THAT(
      problems(head + registrar("home", "gone.pem")),
      ElementsAre("7:21 'smime_authorities' in [registrar]: cannot read 'gone.pem': No such file or directory"));
  EXPECT_THAT(problems(head + registrar("home", "empty.pem")),
              ElementsAre(HasSubstr("7:21 'smime_authorities' in [registrar]: 'empty.pem' holds no certificate")));
  EXPECT_THAT(problems(head + registrar("home", "torn.pem")),
              ElementsAre(HasSubstr("7:21 'smime_authorities' in [registrar]: the authorities cannot be read: ")));
  const std::string ec =
      "listen = [{ on = \"udp:192.0.2.1:5060\" }, { on = \"tcp:192.0.2.1:5060\" }]\n"
      "[certificate.home]\nchain = \"home.pem\"\nkey = \"ec.key\"\n";
  EXPECT_THAT(
      problems(ec + registrar("home", "users.pem")),
      ElementsAre("6:21 'smime_certificate' in [registrar]: the key cannot be used: it is EC, and signatures need "
                  "an RSA key"));
}

}  // namespace
}  // namespace intermediary
