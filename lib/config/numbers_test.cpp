// [numbering.NAME], [rates.NAME], how numbers leave on a trunk, and what rules change.
#include <gmock/gmock.h>

#include <ostream>

#include "config/load.h"

namespace intermediary {
namespace numbers_config {  // its names are those of other tests, too

using testing::ElementsAre;
using testing::IsEmpty;

const std::string listen =
    "listen = [{ name = \"in\", on = \"udp:127.0.0.1:5060\" }, { on = \"tcp:127.0.0.1:5060\" }]\n";
const std::string trunk = listen + "[trunk.acme]\npeer = \"sip:127.0.0.2\"\n";
const std::string rule = trunk + "[[rule]]\nname = \"r\"\n";
const std::string table = trunk + "[rates.main]\ntable = ";

std::vector<std::string> texts(const std::vector<ConfigProblem>& problems) {
  std::vector<std::string> result;
  for (const ConfigProblem& problem : problems) {
    result.push_back(std::to_string(problem.at.line) + ':' + std::to_string(problem.at.column) + ' ' + problem.message);
  }
  return result;
}

TEST(NumbersConfigTest, ReadsAllThatThereIs) {
  const auto result = load_config(
      listen +
          "[numbering.nl]\ncountry = \"31\"\nnational = \"0\"\ninternational = \"00\"\narea = \"20\"\n"
          "keep = [\"^112$\"]\nrewrite = [{ match = '^9(.*)', with = '\\1' }]\n"
          "[trunk.acme]\npeer = \"sip:127.0.0.2\"\n"
          "numbers = { plan = \"nl\", format = \"national\", prefix = \"88\", rewrite = { match = '$', with = '#' } }\n"
          "[rates.main]\ntable = \"\"\"\n# EUR a minute\nprefix, trunk, cost, quality\n+31,acme,0.01,90\n,acme,1,0\n"
          "\"\"\"\n"
          "[[rule]]\nname = \"out\"\n"
          "do = { relay = \"rates:main\", numbers = \"nl\", remove_header = \"X-In\", set_header = { X-Gate = \"a\" }, "
          "add_header = { X-More = \"b\" }, request_uri = { user = { match = 'a', with = 'b' }, domain = \"d.e\" } }\n",
      "sip.toml", empty_surroundings());
  ASSERT_TRUE(result) << texts(result.error()).at(0);
  EXPECT_THAT(
      texts(result->warnings),
      ElementsAre("21:6 open relay: the rule 'out' sends whatever anybody asks to trunk:acme, at your cost; name "
                  "the 'source' it is for, or a 'challenge'"));
  const Config& config = result->config;
  const NumberPlan& plan = config.numbering.at(0);
  EXPECT_EQ(plan.area, "20");
  EXPECT_EQ(plan.keep.at(0).text(), "^112$");
  EXPECT_EQ(plan.rewrite.at(0).with, "\\1");
  const PeerGroupConfig& acme = config.groups.at(0);
  EXPECT_EQ(acme.number_plan, "nl");
  EXPECT_EQ(acme.number_format.kind, NumberFormat::Kind::National);
  EXPECT_EQ(acme.number_format.prefix, "88");
  EXPECT_EQ(acme.number_format.rewrite.at(0).with, "#");
  EXPECT_THAT(config.rates.at(0).carriers, ElementsAre("trunk:acme"));
  EXPECT_THAT(config.rates.at(0).rates, ElementsAre(Rate{"31", 0, 0, 90, 10'000}, Rate{"", 0, 0, 0, 1'000'000}));
  using Kind = HeaderChange::Kind;
  const RuleChanges& changes = config.rules.at(0).changes;
  EXPECT_THAT(changes.headers, ElementsAre(HeaderChange{Kind::Remove, "X-In"}, HeaderChange{Kind::Set, "X-Gate", "a"},
                                           HeaderChange{Kind::Add, "X-More", "b"}));
  EXPECT_EQ(changes.request_uri.domain, "d.e");
  EXPECT_EQ(changes.numbers, "nl");
  EXPECT_THAT(std::get<RelayAction>(config.rules.at(0).action).groups, ElementsAre("rates:main"));
}

struct WrongNumbers {
  std::string text;
  std::string problem;
};
void PrintTo(const WrongNumbers& wrong, std::ostream* out) { *out << wrong.text; }

class WrongNumbersTest : public testing::TestWithParam<WrongNumbers> {};

TEST_P(WrongNumbersTest, AreRefusedAtTheirPlace) {
  const auto result = load_config(GetParam().text, "sip.toml", empty_surroundings());
  ASSERT_FALSE(result);
  EXPECT_THAT(texts(result.error()), ElementsAre(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongNumbersTest,
    testing::Values(
        WrongNumbers{listen + "[numbering.nl]\ncountry = \"+31\"",
                     "3:11 'country' in [numbering.nl] must be at most 15 digits, not '+31'"},
        WrongNumbers{listen + "[numbering.nl]\nnational = \"0\"",
                     "2:1 'country' in [numbering.nl] is missing: national numbers belong to one"},
        WrongNumbers{listen + "[numbering.nl]\nkeep = \"(\"",
                     "3:8 'keep': '(' is no regular expression (RE2): missing ): ("},
        WrongNumbers{
            listen + "[numbering.nl]\nrewrite = { match = \"^9\", with = '\\1' }",
            "3:34 'with' in 'rewrite' of [numbering.nl]: Rewrite schema requests 1 matches, but the regexp only "
            "has 0 parenthesized subexpressions."},
        WrongNumbers{listen + "[numbering.nl]\nrewrite = { match = \"^9\" }",
                     "3:11 'with' in 'rewrite' of [numbering.nl] is missing"},
        WrongNumbers{trunk + "numbers = { plan = \"nl\" }", "4:20 there is no [numbering.nl]"},
        WrongNumbers{trunk + "numbers = { format = \"national\" }",
                     "4:11 'plan' in 'numbers' of [trunk.acme] is missing: by whose prefixes numbers leave"},
        WrongNumbers{trunk + "[rates.main]\n", "4:1 'table' in [rates.main] is missing: \"file:rates.csv\""},
        WrongNumbers{table + "\"prefix,trunk\\n\"",
                     "5:9 'table' in [rates.main], its line 1: the first line must name the columns, and 'cost' is "
                     "missing"},
        WrongNumbers{table + "\"prefix,trunk,cost,price\\n\"",
                     "5:9 'table' in [rates.main], its line 1: unknown column 'price'; there is 'prefix', 'trunk', "
                     "'cost', 'quality', 'time'"},
        WrongNumbers{table + "\"prefix,trunk,cost,time\\n31,acme,1,night\\n\"",
                     "5:9 'table' in [rates.main], its line 2: there is no [times.night]"},
        WrongNumbers{table + "\"prefix,trunk,cost\\n31,acme\\n\"",
                     "5:9 'table' in [rates.main], its line 2: 2 cells, and there are 3 columns"},
        WrongNumbers{table + "\"prefix,trunk,cost\\n31x,acme,1\\n\"",
                     "5:9 'table' in [rates.main], its line 2: '31x' is no prefix: at most 15 digits"},
        WrongNumbers{table + "\"prefix,trunk,cost\\n31,acne,1\\n\"",
                     "5:9 'table' in [rates.main], its line 2: there is no [trunk.acne]"},
        WrongNumbers{
            table + "\"prefix,trunk,cost\\n31,acme,1\\n31,acme,1.2345678\\n\"",
            "5:9 'table' in [rates.main], its line 3: '1.2345678' is no cost: a decimal number with at most six "
            "decimals"},
        WrongNumbers{table + "\"prefix,trunk,cost\\n31,acme,1\\n31,acme,2\\n\"",
                     "5:9 'table' in [rates.main], its line 3: there is a rate of 'acme' for '31' above"},
        WrongNumbers{table + "\"prefix,trunk,cost,quality\\n31,acme,1,101\\n\"",
                     "5:9 'table' in [rates.main], its line 2: '101' is no quality: 0 to 100"},
        WrongNumbers{rule + "do = { relay = \"trunk:acme\", numbers = \"nl\" }", "6:40 there is no [numbering.nl]"},
        WrongNumbers{rule + "do = { relay = \"trunk:acme\", set_header = { Via = \"a\" } }",
                     "6:45 'Via' in 'set_header' may not be changed: it is for routing"},
        WrongNumbers{rule + "do = { relay = \"trunk:acme\", remove_header = [\"t\"] }",
                     "6:47 't' in 'remove_header' may not be changed: it belongs to the dialog and its transactions"},
        WrongNumbers{rule + "do = { relay = \"trunk:acme\", add_header = { X-A = \"a\\nb\" } }",
                     "6:45 the value of 'X-A' must be at most 1024 bytes without control characters"},
        WrongNumbers{rule + "do = { relay = \"trunk:acme\", request_uri = { domain = \"a b\" } }",
                     "6:55 'a b' is neither a host name nor an address"},
        WrongNumbers{rule + "do = { relay = \"trunk:acme\", request_uri = {} }",
                     "6:44 'request_uri' changes nothing: it takes 'user' and 'domain'"},
        WrongNumbers{rule + "do = { reject = 403, set_header = { X-A = \"a\" } }",
                     "6:22 'set_header' belongs to 'lookup' or 'relay', which are missing here"},
        WrongNumbers{rule + "do = { relay = \"rates:main\" }",
                     "6:16 there is no [rates.main] to relay to; there is "
                     "'trunk:acme'"}));

}  // namespace numbers_config
}  // namespace intermediary
