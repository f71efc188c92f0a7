#include "sim/node_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "sim/runner.h"
#include "sim/scenario.h"

namespace intermediary::sim {
namespace {

using testing::SizeIs;
using testing::StartsWith;

const std::string registrar =
    "listen  = [{ name = \"udp\", on = \"udp:0.0.0.0:5060\", advertise = \"example.com\" }]\n"
    "domains = [\"${DOMAIN}\"]\n"
    "[[rule]]\n"
    "name = \"registrations\"\n"
    "when = { method = \"REGISTER\" }\n"
    "do   = { register = \"location\" }\n";

Surroundings holding(std::map<std::string, std::string> files) {
  Surroundings surroundings;
  surroundings.read_file = [files =
                                std::move(files)](const std::string& path) -> std::expected<std::string, std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return std::unexpected("there is no such file");
    return found->second;
  };
  surroundings.variable = [](const std::string& name) {
    return name == "DOMAIN" ? std::optional<std::string>("example.com") : std::nullopt;
  };
  return surroundings;
}

const Surroundings usual =
    holding({{"here/deep/sip.toml", registrar},
             {"here/two.toml", "domians = 1\nlisten = [{ on = \"udp:192.0.2.1:5060\" }]\nx = 2\n"},
             {"here/key.toml", "listen = [{ on = \"udp:192.0.2.1:5060\" }]\n[proxy]\nkey = \"file:k\"\n"},
             {"here/stored.toml",
              "listen = [{ on = \"udp:192.0.2.1:5060\" }]\n[auth.r]\nrealm = \"x\"\nusers = \"redis://192.0.2.5\"\n"},
             {"here/k", "a long enough secret\n"}});

std::expected<Scenario, ScenarioError> parse(const std::string& lines, const Surroundings& surroundings = usual) {
  return parse_scenario("here/s.flow", "scenario s\n" + lines, surroundings);
}
std::string error_of(const std::string& lines, const Surroundings& surroundings = usual) {
  const auto scenario = parse(lines, surroundings);
  return scenario ? "" : scenario.error().to_string();
}
const Config& config_of(const std::expected<Scenario, ScenarioError>& scenario) {
  return std::get<NodeSetup>(scenario.value().inhabitants.at(0)).config;
}

TEST(NodeConfig, AFileStandsBesideTheScenario) {
  const auto scenario = parse("node p1 config deep/sip.toml address=2001:db8::1,192.0.2.7\n");
  ASSERT_TRUE(scenario) << scenario.error().to_string();
  EXPECT_EQ(config_of(scenario).listeners.at(0).bind.to_string(), "192.0.2.7:5060");
  EXPECT_EQ(config_of(scenario).domains, std::vector<std::string>{"example.com"});
  EXPECT_THAT(config_of(scenario).rules, SizeIs(1));
}

TEST(NodeConfig, ABlockIsOneToo) {
  const auto scenario = parse("node p1 config key=7 \"\"\"\n  listen = [{ on = \"udp:192.0.2.1:5060\" }]\n  \"\"\"\n");
  ASSERT_TRUE(scenario) << scenario.error().to_string();
  EXPECT_EQ(config_of(scenario).listeners.at(0).bind.to_string(), "192.0.2.1:5060");
  EXPECT_EQ(config_of(scenario).proxy.key, (HashKey{7, 7}));
}

TEST(NodeConfig, ItsOwnFilesLieBesideIt) { EXPECT_EQ(error_of("node p1 config key.toml\n"), ""); }

TEST(NodeConfig, ANodeThatRunsByOneMayReadAnother) {
  const auto scenario = parse(
      "node p1 config deep/sip.toml address=192.0.2.7 key=7\n1 p1 reloads deep/sip.toml\n"
      "2 p1 reloads \"\"\"\n  listen = [{ on = \"udp:192.0.2.7:5060\" }]\n  \"\"\"\n");
  ASSERT_TRUE(scenario) << scenario.error().to_string();
  const auto& first = std::get<ReloadLine>(scenario->lines.at(0));
  EXPECT_EQ(first.config, config_of(scenario));
  const auto& second = std::get<ReloadLine>(scenario->lines.at(1));
  EXPECT_EQ(second.node, "p1");
  EXPECT_THAT(second.config.rules, SizeIs(0));
  EXPECT_EQ(second.config.proxy.key, (HashKey{7, 7}));
}

TEST(NodeConfig, WhatIsWrongWithAReloadIsSaid) {
  const std::string node = "node p1 config deep/sip.toml address=192.0.2.7\n";
  EXPECT_THAT(error_of(node + "1 p1 reloads two.toml\n"), StartsWith("here/two.toml:1:1: unknown key 'domians'"));
  EXPECT_THAT(error_of(node + "1 p1 reloads \"\"\"\n  listen = 3\n  \"\"\"\n"),
              StartsWith("here/s.flow:4:12: 'listen'"));
  EXPECT_THAT(error_of(node + "1 p1 reloads\n"), StartsWith("here/s.flow:3:13: expected a file beside this one"));
  EXPECT_THAT(error_of(node + "1 bob reloads two.toml\n"), StartsWith("here/s.flow:3:3: expected a node's name"));
  EXPECT_THAT(error_of("node p1 proxy stateful 192.0.2.1:5060\n1 p1 reloads two.toml\n"),
              StartsWith("here/s.flow:3:3: 'p1' has no configuration that it could read again"));
}

TEST(NodeConfig, EveryProblemIsSaidAtItsPlace) {
  EXPECT_THAT(error_of("node p1 config two.toml\n"),
              StartsWith("here/two.toml:1:1: unknown key 'domians'; did you mean 'domains'?\n  domians = 1\n  ^\n"
                         "here/two.toml:3:1: unknown key 'x'; there is 'include', 'listen'"));
}

TEST(NodeConfig, AProblemInABlockIsSaidAtTheScenariosLine) {
  EXPECT_THAT(
      error_of("node p1 config \"\"\"\n    listen = [{ on = \"udp:192.0.2.1:5060\" }]\n    domians = 1\n    \"\"\"\n"),
      StartsWith("here/s.flow:4:5: unknown key 'domians'; did you mean 'domains'?\n      domians = 1\n      ^"));
}

TEST(NodeConfig, OneFromOutsideTakesThePlaceOfTheOneNodes) {
  Surroundings outside = usual;
  outside.node_config = Surroundings::NodeConfig{"prod/sip.toml", registrar};
  const std::string lines = "node p1 proxy stateful 192.0.2.9 domain=example.com\nparty a 192.0.2.10\n";
  const auto scenario = parse(lines, outside);
  ASSERT_TRUE(scenario) << scenario.error().to_string();
  EXPECT_EQ(config_of(scenario).listeners.at(0).bind.to_string(), "192.0.2.9:5060");
  EXPECT_EQ(config_of(scenario).rules.at(0).name, "registrations");
  EXPECT_THAT(
      error_of(lines + "node p2 proxy stateful 192.0.2.8\n", outside),
      StartsWith("here/s.flow:4:1: a configuration from outside is for a scenario of one node, and this has 2"));
}

TEST(NodeConfig, UsersOfTheScenarioAreInTheStoreOfTheOneFromOutside) {
  Surroundings outside = usual;
  outside.node_config =
      Surroundings::NodeConfig{"prod/sip.toml",
                               "listen = [{ on = \"udp:192.0.2.1:5060\" }]\n[auth.people]\nrealm = \"example.com\"\n"
                               "users = \"redis://192.0.2.5\"\n"};
  const auto scenario =
      parse("node p1 proxy stateful 192.0.2.1\nusers p1 example.com a:b\nusers p1 example.net c:d\n", outside);
  ASSERT_TRUE(scenario) << scenario.error().to_string();
  const auto& users = std::get<NodeSetup>(scenario->inhabitants.at(0)).users;
  ASSERT_THAT(users, SizeIs(1));
  EXPECT_EQ(users[0].auth, "people");
  EXPECT_EQ(users[0].store, "people");
  EXPECT_EQ(users[0].users.at("a"), secrets_from_password("a", "example.com", "b"));
  const auto stored = parse("node p1 proxy stateful 192.0.2.1\nusers p1 example.com store=db a:b\n", outside);
  ASSERT_TRUE(stored) << stored.error().to_string();
  const auto& of_store = std::get<NodeSetup>(stored->inhabitants.at(0)).users;
  ASSERT_THAT(of_store, SizeIs(1));
  EXPECT_EQ(of_store[0].store, "db");
}

struct Mistake {
  std::string lines;
  std::string said;
};
class NodeConfigMistake : public testing::TestWithParam<Mistake> {};
TEST_P(NodeConfigMistake, IsRefusedAtItsPlace) { EXPECT_THAT(error_of(GetParam().lines), StartsWith(GetParam().said)); }

INSTANTIATE_TEST_SUITE_P(
    All, NodeConfigMistake,
    testing::Values(
        Mistake{"node p1 config\n", "here/s.flow:2:15: expected a file beside this one, or a block"},
        Mistake{"node p1 config gone.toml\n", "here/s.flow:2:16: cannot read 'gone.toml': there is no such file"},
        Mistake{"node p1 config /etc/sip.toml\n", "here/s.flow:2:16: expected a path relative to this file"},
        Mistake{"node p1 config key.toml two.toml\n", "here/s.flow:2:25: expected address=, cert=, !trusted, key="},
        Mistake{"node p1 config key.toml domain=x\n", "here/s.flow:2:25: expected address=, cert=, !trusted, key="},
        Mistake{"node p1 config key.toml address=x\n", "here/s.flow:2:25: expected address= with addresses"},
        Mistake{
            "node p1 config deep/sip.toml\n",
            "here/s.flow:2:1: listener 'udp' listens on every address: say which there is, as in address=192.0.2.1"},
        Mistake{"node p1 config \"\"\"\nlisten = [{ name = \"a\", on = \"udp:192.0.2.1:0\" }]\n\"\"\"\n",
                "here/s.flow:2:1: listener 'a' lets the system choose its port"},
        Mistake{"node p1 config key.toml\nparty a 192.0.2.1:5060\n",
                "here/s.flow:3:1: 192.0.2.1:5060 over UDP belongs to"},
        Mistake{"node p1 config key.toml\nrule p1 lookup\n", "here/s.flow:3:6: 'p1' has a whole configuration"},
        Mistake{"node p1 config key.toml\nusers p1 r a:b\n",
                "here/s.flow:3:10: the configuration has no [auth.r] whose users are in a store"},
        Mistake{"node p1 config stored.toml\nusers p1 r\n", "here/s.flow:3:11: expected a user: NAME:PASSWORD"},
        Mistake{"node p1 config stored.toml\nusers p1 r a:b c\n", "here/s.flow:3:16: expected NAME:PASSWORD, got 'c'"},
        Mistake{"node p1 server 192.0.2.1\n", "here/s.flow:2:9: expected 'proxy' or 'config', got 'server'"}));

}  // namespace
}  // namespace intermediary::sim
