// [overload], and `limits` and `overload_control` of groups.
#include <gmock/gmock.h>

#include "config/load.h"

namespace intermediary {
namespace overload_config {  // its names are those of other tests, too

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string listen =
    "listen = [{ name = \"in\", on = \"udp:127.0.0.1:5060\" }, { on = \"tcp:127.0.0.1:5060\" }]\n";
const std::string follows = listen + "[proxy]\nmode = \"call-stateful\"\n";
const std::string trunk = "[trunk.acme]\npeer = \"sip:127.0.0.2\"\n";
const std::string to_trunk =
    "[[rule]]\nname = \"r\"\nwhen = { source = \"127.0.0.9\" }\ndo = { relay = \"trunk:acme\" ";

std::vector<std::string> texts(const std::vector<ConfigProblem>& problems) {
  std::vector<std::string> result;
  for (const ConfigProblem& problem : problems) {
    result.push_back(std::to_string(problem.at.line) + ':' + std::to_string(problem.at.column) + ' ' + problem.message);
  }
  return result;
}

LoadedConfig loaded(const std::string& text) {
  auto result = load_config(text, "sip.toml", empty_surroundings());
  EXPECT_TRUE(result) << texts(result.error()).at(0);
  return result ? *std::move(result) : LoadedConfig{};
}

std::vector<std::string> problems_of(const std::string& text) {
  const auto result = load_config(text, "sip.toml", empty_surroundings());
  return result ? std::vector<std::string>{"none"} : texts(result.error());
}

TEST(OverloadConfigTest, IsReadWithAllThatItSays) {
  const LoadedConfig result =
      loaded(follows +
             "[list.urgent]\nentries = [\"112\"]\n[trust]\npeers = [\"127.0.0.8\"]\n[overload]\ncalls_per_second = "
             "500\nburst = 700\n"
             "requests_per_second = 900\ncalls = 20000\nmemory = \"512MiB\"\nreserve = 20\nemergency = \"urgent\"\n"
             "resource_priority = [\"ets\", \"wps.0\"]\nneighbours = [\"10.0.0.0/8\", \"127.0.0.8\"]\n");
  EXPECT_THAT(texts(result.warnings), IsEmpty());
  EXPECT_EQ(result.config.overload, (OverloadConfig{500,
                                                    700,
                                                    900,
                                                    900,
                                                    20000,
                                                    std::uint64_t{512} << 20,
                                                    20,
                                                    "urgent",
                                                    {"ets", "wps.0"},
                                                    {*Cidr::parse("10.0.0.0/8"), *Cidr::parse("127.0.0.8")}}));
}

TEST(OverloadConfigTest, WithoutItNothingIsLimited) {
  EXPECT_FALSE(loaded(listen).config.overload.limits_anything());
  EXPECT_EQ(loaded(listen + "[overload]\ncalls_per_second = 5\n").config.overload,
            (OverloadConfig{.calls_per_second = 5, .burst = 5}));
}

struct WrongOverload {
  std::string text;
  std::string problem;
};

TEST(OverloadConfigTest, SaysWhatIsWrong) {
  const std::vector<WrongOverload> cases{
      {"reserve = 5", "2:1 [overload] says no limit: 'calls_per_second', 'requests_per_second', 'calls' or 'memory'"},
      {"calls_per_second = 0", "3:20 'calls_per_second' in [overload]: 0 is not from 1 to 1000000"},
      {"calls_per_second = 1\nrequests_burst = 2",
       "4:1 'requests_burst' in [overload] is of requests_per_second, which is missing here"},
      {"memory = \"512MB\"",
       "3:10 'memory' in [overload] must be a size of 64KiB to 16384GiB, such as \"512MiB\", not '512MB'"},
      {"memory = \"1KiB\"",
       "3:10 'memory' in [overload] must be a size of 64KiB to 16384GiB, such as \"512MiB\", not '1KiB'"},
      {"calls_per_second = 1\nemergency = \"x\"", "4:13 there is no [list.x]"},
      {"calls_per_second = 1\nresource_priority = \"ets\"",
       "4:1 'resource_priority' in [overload] counts from the peers of [trust] alone, and there are none"},
      {"calls_per_second = 1\nneighbours = \"all\"", "4:14 'all' is not an address or a prefix such as '10.0.0.0/8'"},
      {"calls_per_second = 1\nreserve = 101", "4:11 'reserve' in [overload]: 101 is not from 0 to 100"},
  };
  for (const WrongOverload& wrong : cases) {
    EXPECT_THAT(problems_of(listen + "[overload]\n" + wrong.text + "\n"), ElementsAre(wrong.problem)) << wrong.text;
  }
}

TEST(OverloadConfigTest, CallsNeedSomebodyWhoFollowsThem) {
  EXPECT_THAT(
      texts(loaded(listen + "[overload]\ncalls = 5\n").warnings),
      ElementsAre("3:1 'calls' in [overload] is for dialogs, but nothing follows any: mode = \"call-stateful\" is "
                  "nowhere"));
}

TEST(OverloadConfigTest, WarnsOfRulesThatKeepNoState) {
  const std::string rule =
      "[[rule]]\nname = \"r\"\nwhen = { source = \"127.0.0.9\" }\ndo = { relay = \"request-uri\", ";
  EXPECT_THAT(texts(loaded(listen + "[overload]\ncalls_per_second = 5\n" + rule + "mode = \"stateless\" }\n").warnings),
              ElementsAre("7:6 the rule 'r' keeps no state: [overload] does not count what it takes"));
  EXPECT_THAT(texts(loaded(listen + "[overload]\ncalls_per_second = 5\n" + rule + "mode = \"stateful\" }\n").warnings),
              IsEmpty());
}

TEST(OverloadConfigTest, GroupsHaveLimits) {
  const LoadedConfig result = loaded(follows + trunk + "limits = { calls = 200, cps = 20, burst = 40 }\n" +
                                     "overload_control = true\n" + to_trunk + "}\n");
  EXPECT_THAT(texts(result.warnings), IsEmpty());
  EXPECT_EQ(result.config.groups.at(0).limits, (GroupLimits{200, 20, 40}));
  EXPECT_TRUE(result.config.groups.at(0).overload_control);
  EXPECT_EQ(loaded(listen + trunk + "limits = { cps = 7 }\n" + to_trunk + "}\n").config.groups.at(0).limits,
            (GroupLimits{0, 7, 7}));
}

TEST(OverloadConfigTest, LimitsOfGroupsNeedTheState) {
  EXPECT_THAT(
      problems_of(listen + trunk + "limits = { calls = 2 }\n" + to_trunk + "}\n"),
      ElementsAre("8:6 the rule 'r' relays to trunk:acme, which has a limit of calls, and nothing follows them; "
                  "add mode = \"call-stateful\""));
  EXPECT_THAT(problems_of(listen + trunk + "distribution = \"hash\"\nlimits = { cps = 2 }\n" + to_trunk +
                          ", mode = \"stateless\" }\n"),
              ElementsAre(HasSubstr("without state, and its 'limits' and 'overload_control' need some")));
  EXPECT_THAT(problems_of(listen + trunk + "limits = { burst = 2 }\n"),
              ElementsAre(HasSubstr("needs 'calls' or 'cps'"), HasSubstr("is of cps, which is missing here")));
}

}  // namespace overload_config
}  // namespace intermediary
