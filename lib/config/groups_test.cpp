// [pool.NAME] and [trunk.NAME], and rules that have to do with them.
#include <gmock/gmock.h>

#include <ostream>

#include "config/load.h"

namespace intermediary {
namespace groups_config {  // its names are those of other tests, too

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string listen =
    "listen = [{ name = \"in\", on = \"udp:127.0.0.1:5060\" }, { on = \"tcp:127.0.0.1:5060\" }]\n";
const std::string pool = listen + "[pool.app]\npeers = [\"sip:127.0.0.2\"]\n";
const std::string trunk = listen + "[trunk.acme]\npeer = \"sip:127.0.0.2\"\n";
const std::string to_pool = "[[rule]]\nname = \"r\"\ndo = { relay = \"pool:app\" }\n";

std::vector<std::string> texts(const std::vector<ConfigProblem>& problems) {
  std::vector<std::string> result;
  for (const ConfigProblem& problem : problems) {
    result.push_back(std::to_string(problem.at.line) + ':' + std::to_string(problem.at.column) + ' ' + problem.message);
  }
  return result;
}

TEST(GroupsTest, AreReadWithAllThatTheySay) {
  const auto result = load_config(listen +
                                      "[pool.app]\n"
                                      "peers = [{ uri = \"sip:127.0.0.2;transport=udp\", name = \"a\", weight = 3 },\n"
                                      "         { uri = \"sip:127.0.0.3\", priority = 2, drain = true }]\n"
                                      "distribution = \"hash\"\n"
                                      "hash = \"from\"\n"
                                      "health = { options = \"30s\", timeout = \"2s\", down_after = 4, up_after = 1 }\n"
                                      "failover = { on = [500, 503], after = \"1s\" }\n"
                                      "[trunk.acme]\n"
                                      "peer = \"sip:127.0.0.4\"\n"
                                      "accept_from = [\"203.0.113.0/24\"]\n"
                                      "[[rule]]\n"
                                      "name = \"in\"\n"
                                      "when = { trunk = \"acme\" }\n"
                                      "do = { relay = [\"pool:app\", \"trunk:acme\"] }\n",
                                  "sip.toml", empty_surroundings());
  ASSERT_TRUE(result) << texts(result.error()).at(0);
  EXPECT_THAT(texts(result->warnings), IsEmpty());
  const PeerGroupConfig& app = result->config.groups.at(0);
  EXPECT_EQ(app.reference(), "pool:app");
  EXPECT_EQ(app.peers.at(0), (PeerConfig{"a", *Uri::parse("sip:127.0.0.2;transport=udp"), 3, 1, false}));
  EXPECT_EQ(app.peers.at(1), (PeerConfig{"127.0.0.3", *Uri::parse("sip:127.0.0.3"), 1, 2, true}));
  EXPECT_EQ(app.distribution, Distribution::Hash);
  EXPECT_EQ(app.hashed_on, HashedOn::From);
  EXPECT_EQ(app.health, (HealthPolicy{seconds(30), seconds(2), 4, 1, seconds(30)}));
  EXPECT_EQ(app.failover, (FailoverPolicy{{500, 503}, seconds(1)}));
  EXPECT_EQ(result->config.groups.at(1).reference(), "trunk:acme");
  const Rule& rule = result->config.rules.at(0);
  EXPECT_THAT(rule.when.trunks, ElementsAre(TrunkMatch{"acme", {*Cidr::parse("203.0.113.0/24")}}));
  EXPECT_THAT(std::get<RelayAction>(rule.action).groups, ElementsAre("pool:app", "trunk:acme"));
}

TEST(GroupsTest, ATrunkTakesWhatComesFromTheAddressesOfItsPeers) {
  const auto result =
      load_config(trunk + "[[rule]]\nname = \"r\"\nwhen = { trunk = \"acme\" }\ndo = { reject = 403 }\n", "sip.toml",
                  empty_surroundings());
  ASSERT_TRUE(result) << texts(result.error()).at(0);
  EXPECT_THAT(result->config.groups.at(0).accept_from, ElementsAre(*Cidr::parse("127.0.0.2/32")));
}

struct WrongGroup {
  std::string text;
  std::string problem;
};
void PrintTo(const WrongGroup& wrong, std::ostream* out) { *out << wrong.text; }

class WrongGroupTest : public testing::TestWithParam<WrongGroup> {};

TEST_P(WrongGroupTest, IsRefusedAtItsPlace) {
  const auto result = load_config(GetParam().text, "sip.toml", empty_surroundings());
  ASSERT_FALSE(result);
  EXPECT_THAT(texts(result.error()), ElementsAre(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongGroupTest,
    testing::Values(
        WrongGroup{listen + "[pool.app]\n", "2:1 'peers' in [pool.app] is missing: whom it consists of"},
        WrongGroup{listen + "[trunk.acme]\n", "2:1 'peer' in [trunk.acme] is missing: whom it consists of"},
        WrongGroup{listen + "[pool.app]\npeers = [\"127.0.0.2\"]",
                   "3:10 a peer is a URI such as 'sip:10.0.0.11;transport=tcp': URI: no scheme: "
                   "'127.0.0.2'"},
        WrongGroup{listen + "[pool.app]\npeers = [\"sip:bob@127.0.0.2\"]",
                   "3:10 a peer is a URI such as 'sip:10.0.0.11;transport=tcp': a peer is a host, without a user"},
        WrongGroup{listen + "[pool.app]\npeers = [\"sip:127.0.0.2\", \"sip:127.0.0.2\"]",
                   "3:27 two peers of pool:app are named '127.0.0.2'; give them a 'name'"},
        WrongGroup{listen + "[pool.app]\npeers = [{ weight = 2 }]",
                   "3:10 'uri' in a peer of pool:app is missing: where the peer is"},
        WrongGroup{listen + "[pool.app]\npeers = [{ uri = \"sip:127.0.0.2\", weight = 0 }]",
                   "3:44 'weight' in a peer of pool:app: 0 is not from 1 to 100"},
        WrongGroup{listen + "[pool.app]\npeers = [{ uri = \"sip:127.0.0.2\", weight = 2 }]",
                   "2:1 the peers of pool:app have weights, which round-robin does not look at; add distribution = "
                   "\"weighted\""},
        WrongGroup{listen + "[pool.app]\npeers = [{ uri = \"sip:127.0.0.2\", wieght = 2 }]",
                   "3:35 unknown key 'wieght' in a peer of pool:app; did you mean 'weight'?"},
        WrongGroup{pool + "distribution = \"random\"",
                   "4:16 'distribution' in [pool.app]: unknown value 'random'; there is 'round-robin', 'weighted', "
                   "'hash', 'least-calls'"},
        WrongGroup{pool + "hash = \"from\"", "4:1 'hash' in [pool.app] needs distribution = \"hash\""},
        WrongGroup{pool + "health = { timeout = \"1s\" }",
                   "4:12 'timeout' in 'health' of [pool.app] is of probes: it needs options = \"30s\""},
        WrongGroup{pool + "health = { options = \"4s\" }",
                   "4:10 'health' of [pool.app] must have timeout < options, not 4s and 4s"},
        WrongGroup{pool + "health = { options = \"30s\", half_open = \"30s\" }",
                   "4:29 'half_open' in 'health' of [pool.app] is for peers that are not probed: leave it or 'options' "
                   "out"},
        WrongGroup{pool + "failover = { on = [] }",
                   "4:19 'on' in 'failover' of [pool.app] is empty: leave it out, or name at least one"},
        WrongGroup{pool + "failover = { on = [200] }",
                   "4:20 'on' in 'failover' of [pool.app]: 200 is not from 400 to 599"},
        WrongGroup{pool + "failover = { on = [503, 503] }", "4:25 503 stands here twice"},
        WrongGroup{pool + "failover = { on = [407] }",
                   "4:20 407 is for the caller: no other peer can answer it in his place"},
        WrongGroup{pool + "accept_from = [\"10.0.0.0/8\"]",
                   "4:1 unknown key 'accept_from' in [pool.app]; there is 'peers', 'distribution', 'hash', 'health', "
                   "'failover', 'limits', 'overload_control'"},
        WrongGroup{trunk + "accept_from = [\"all\"]",
                   "4:16 'all' is not an address or a prefix such as '203.0.113.0/24'"},
        WrongGroup{trunk + "peers = [\"sip:127.0.0.3\"]", "3:1 'peer' in [trunk.acme] and 'peers' exclude each other"},
        WrongGroup{listen + "[trunk.acme]\npeer = \"sip:acme.example\"\n[[rule]]\nname = \"r\"\nwhen = { trunk = "
                            "\"acme\" }\ndo = { reject = 403 }",
                   "6:18 [trunk.acme] has no 'accept_from' and no 'register', so nothing is known to come from it"},
        WrongGroup{trunk + "[[rule]]\nname = \"r\"\nwhen = { trunk = \"acne\" }\ndo = { reject = 403 }",
                   "6:18 there is no [trunk.acne]; did you mean 'acme'?"},
        WrongGroup{pool + "[[rule]]\nname = \"r\"\ndo = { relay = \"pool:ap\" }",
                   "6:16 there is no [pool.ap] to relay to; did you mean 'pool:app'?"},
        WrongGroup{pool + "[[rule]]\nname = \"r\"\ndo = { relay = [\"pool:app\", \"pool:app\"] }",
                   "6:29 'pool:app' stands here twice"},
        WrongGroup{pool + "[[rule]]\nname = \"r\"\ndo = { relay = [\"pool:app\", \"sip:127.0.0.9\"] }",
                   "6:29 'relay' names several, so each must be a pool, a trunk or rates, such as 'pool:app', not "
                   "'sip:127.0.0.9'"},
        WrongGroup{pool + "[[rule]]\nname = \"r\"\ndo = { relay = \"pool:app\", mode = \"stateless\" }",
                   "6:6 the rule 'r' relays to pool:app without state, where the choice must be the same every time "
                   "(RFC 3261 §16.11); give it distribution = \"hash\", or the rule mode = \"stateful\""},
        WrongGroup{
            pool + "distribution = \"least-calls\"\n" + to_pool,
            "7:6 the rule 'r' relays to pool:app, whose distribution is \"least-calls\", and nothing follows its "
            "calls; add mode = \"call-stateful\""},
        WrongGroup{
            listen + "[pool.app]\npeers = [\"sip:127.0.0.1\"]\n" + to_pool,
            "2:7 a peer of pool:app leads to udp:127.0.0.1:5060, where 'in' listens: requests would come back to "
            "us"},
        WrongGroup{listen + "[pool.app]\npeers = [\"sip:127.0.0.2;transport=tls\"]\n" + to_pool,
                   "2:7 a peer of pool:app leads to tls:127.0.0.2:5061, but no listener is there for tls over IPv4: "
                   "answers would have no way back"}));

TEST(GroupsTest, WarnsOfWhatNobodyUses) {
  const auto result =
      load_config(pool + "[[rule]]\nname = \"r\"\ndo = { reject = 403 }\n", "sip.toml", empty_surroundings());
  ASSERT_TRUE(result);
  EXPECT_THAT(texts(result->warnings), ElementsAre("2:7 no rule has to do with pool:app"));
}

TEST(GroupsTest, WarnsWhereEveryPeerIsDrained) {
  const auto result =
      load_config(listen + "[pool.app]\npeers = [{ uri = \"sip:127.0.0.2\", drain = true }]\n" + to_pool, "sip.toml",
                  empty_surroundings());
  ASSERT_TRUE(result);
  EXPECT_THAT(texts(result->warnings), ElementsAre("2:7 every peer of pool:app is drained: nobody takes requests"));
}

}  // namespace groups_config
}  // namespace intermediary
