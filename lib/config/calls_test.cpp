// The call-stateful mode, session timers and the notifier, in a configuration file.
#include <gmock/gmock.h>

#include <ostream>

#include "config/load.h"

namespace intermediary {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

const std::string listen = "listen = [{ on = \"udp:127.0.0.1:5060\" }]\n";
const std::string calls = listen + "[proxy]\nmode = \"call-stateful\"\n[[rule]]\nname = \"r\"\n";

std::vector<std::string> texts(const std::vector<ConfigProblem>& problems) {
  std::vector<std::string> result;
  for (const ConfigProblem& problem : problems) {
    result.push_back(std::to_string(problem.at.line) + ':' + std::to_string(problem.at.column) + ' ' + problem.message);
  }
  return result;
}

struct WrongCalls {
  std::string text;
  std::string problem;
};
void PrintTo(const WrongCalls& wrong, std::ostream* out) { *out << wrong.text; }

class WrongCallsTest : public testing::TestWithParam<WrongCalls> {};

TEST_P(WrongCallsTest, AreRefusedAtTheirPlace) {
  const auto result = load_config(GetParam().text, "sip.toml", empty_surroundings());
  ASSERT_FALSE(result);
  EXPECT_THAT(texts(result.error()), ElementsAre(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongCallsTest,
    testing::Values(
        WrongCalls{listen + "[proxy]\ndialog_lifetime = \"10s\"",
                   "3:19 'dialog_lifetime' in [proxy]: '10s' is not from 1m to 30d"},
        WrongCalls{listen + "[proxy]\nsession_expires = \"60s\"",
                   "3:19 'session_expires' in [proxy]: '60s' is not from 90s to 1d"},
        WrongCalls{listen + "[proxy]\nsession_expires = \"10m\"\nmin_se = \"20m\"",
                   "2:1 [proxy] must have min_se <= session_expires, not 20m and 10m"},
        WrongCalls{listen + "[[rule]]\nname = \"r\"\n" + "do = { notify = \"presence\" }",
                   "4:17 'notify' in 'do': 'presence' is not available in this version"},
        WrongCalls{calls + "when = { source = \"::/0\" }\ndo = { notify = \"dialog\" }",
                   "7:6 the rule 'r' notifies: its 'when' needs method = \"SUBSCRIBE\", for it takes nothing else"},
        WrongCalls{calls + "when = { method = \"SUBSCRIBE\", source = \"::/0\" }\ndo = { notify = \"dialog\", mode = "
                           "\"stateful\" }",
                   "7:6 the rule 'r' notifies: 'mode' is for what is forwarded"},
        WrongCalls{
            listen + "[[rule]]\nname = \"r\"\nwhen = { method = \"SUBSCRIBE\", source = \"::/0\" }\ndo = { "
                     "notify = \"dialog\" }",
            "5:6 the rule 'r' notifies of dialogs, but nothing follows any: mode = \"call-stateful\" is nowhere"}));

TEST(CallsConfigTest, ReadsTheCallStatefulMode) {
  const auto result = load_config(listen + R"(
[proxy]
mode = "call-stateful"
dialog_lifetime = "12h"
session_expires = "30m"
min_se = "120s"

[limits]
dialogs = 5000
subscriptions = 40
subscriptions_per_source = 3

[[rule]]
name = "consoles"
when = { method = "SUBSCRIBE", source = "192.0.2.64/28" }
do = { notify = "dialog" }

[[rule]]
name = "plain"
do = { relay = "sip:127.0.0.1:5070", mode = "stateful" }
)",
                                  "sip.toml", empty_surroundings());
  ASSERT_TRUE(result);
  const Config& config = result->config;
  EXPECT_EQ(config.proxy.mode, ProxyMode::CallStateful);
  EXPECT_EQ(config.proxy.dialog_lifetime, hours(12));
  EXPECT_EQ(config.proxy.session_timer, (SessionTimerPolicy{seconds(1800), seconds(120)}));
  EXPECT_EQ(config.limits.dialogs, 5000u);
  EXPECT_EQ(config.limits.subscriptions, 40u);
  EXPECT_EQ(config.limits.subscriptions_per_source, 3u);
  ASSERT_EQ(config.rules.size(), 2u);
  EXPECT_EQ(config.rules[1].mode, ProxyMode::Stateful);
  EXPECT_EQ(config.rules[0].action, RuleAction(NotifyAction{}));
}

TEST(CallsConfigTest, NamesKeysOfDialogsWhereNothingFollowsAny) {
  const std::string proxy = listen + "[proxy]\nsession_expires = \"30m\"\n";
  const auto warnings = [](const std::string& text) {
    return texts(load_config(text, "sip.toml", empty_surroundings())->warnings);
  };
  const std::string about_it =
      "3:1 'session_expires' in [proxy] is for dialogs, but nothing follows any: mode = \"call-stateful\" is nowhere";
  EXPECT_THAT(warnings(proxy), Contains(about_it));
  EXPECT_THAT(warnings(proxy + "mode = \"call-stateful\"\n"), Not(Contains(about_it)));
}

TEST(CallsConfigTest, NamesARuleThatTellsAnybodyWhoCallsWhom) {
  const auto result = load_config(calls + "when = { method = \"SUBSCRIBE\" }\ndo = { notify = \"dialog\" }", "sip.toml",
                                  empty_surroundings());
  ASSERT_TRUE(result);
  EXPECT_THAT(texts(result->warnings),
              Contains("7:6 the rule 'r' notifies whoever asks of who talks to whom; name the 'source' it is for"));
}

}  // namespace
}  // namespace intermediary
