#include <gmock/gmock.h>

#include "config/load.h"
#include "config/policy_words.h"
#include "config/recorded.h"

namespace intermediary {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::year;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string head =
    "domains = [\"example.com\"]\nlisten = [{ on = \"udp:127.0.0.1:5060\" }, { on = \"tcp:127.0.0.1:5060\" }]\n";

ConfigSurroundings world_of_policies(const std::string& file) {
  ConfigSurroundings world = empty_surroundings();
  world.read_file = [file](const std::string&) -> std::expected<std::string, std::string> { return file; };
  world.zone = [](const std::string& name) -> std::expected<ZoneTable, std::string> {
    if (name == "Here") return ZoneTable{.name = "Here", .first = hours(1)};
    return std::unexpected("there is no time zone '" + name + "'");
  };
  return world;
}

std::vector<std::string> problems_of(const std::string& text, const std::string& file = "") {
  const auto result = load_config(head + text, "sip.toml", world_of_policies(file));
  std::vector<std::string> texts;
  for (const ConfigProblem& problem : result ? result->warnings : result.error()) {
    texts.push_back(std::to_string(problem.at.line) + ':' + std::to_string(problem.at.column) + ' ' + problem.message);
  }
  return texts;
}

Config config_of(const std::string& text, const std::string& file = "") {
  auto result = load_config(head + text, "sip.toml", world_of_policies(file));
  if (!result) {
    ADD_FAILURE() << result.error().front().to_string();
    return {};
  }
  return result->config;
}

std::string rule_with(const std::string& when, const std::string& action = "lookup = \"location\"") {
  return "[[rule]]\nname = \"r\"\nwhen = { " + when + " }\ndo = { " + action + " }\n";
}

TEST(TimesConfig, AreWindowsOfAZone) {
  const Config config = config_of(
      "[times.office]\nzone = \"Here\"\ndays = [\"mon-fri\", \"sun\"]\nfrom = \"09:00\"\nto = \"17:30\"\n"
      "[times.off]\nzone = \"Here\"\nwindows = [{ from = \"22:00\", to = \"06:00\" }, { dates = \"2026-12-25\" }]\n" +
      rule_with("time = [\"office\", \"off\"]"));
  ASSERT_EQ(config.times.size(), 2u);
  EXPECT_EQ(config.times[0].name, "office");
  EXPECT_EQ(config.times[0].zone.first, hours(1));
  EXPECT_EQ(config.times[0].windows,
            (std::vector<TimeWindow>{{.days = 0x5f, .from = hours(9), .to = hours(17) + minutes(30)}}));
  EXPECT_EQ(config.times[1].windows,
            (std::vector<TimeWindow>{{.from = hours(22), .to = hours(6)},
                                     {.dates = {{year(2026) / 12 / 25, year(2026) / 12 / 25}}}}));
  EXPECT_THAT(config.rules.front().when.times, ElementsAre("office", "off"));
}

TEST(TimesConfig, SayWhatIsWrong) {
  EXPECT_THAT(problems_of("[times.t]\ndays = \"mon\"\n"),
              ElementsAre("3:1 'zone' in [times.t] is missing, such as \"Europe/Amsterdam\""));
  EXPECT_THAT(problems_of("[times.t]\nzone = \"Nowhere\"\n"),
              ElementsAre("4:8 'zone' in [times.t]: there is no time zone 'Nowhere'"));
  EXPECT_THAT(
      problems_of(
          "[times.t]\nzone = \"Here\"\ndays = \"monday\"\nfrom = \"9:00\"\nto = \"24:01\"\ndates = \"2026-02-29\"\n"),
      ElementsAre(
          "5:8 'days' in [times.t]: 'monday' is no day of the week, such as 'mon' or 'mon-fri'",
          "6:8 'from' in [times.t]: '9:00' is no time of day, from '00:00' to '24:00'",
          "7:6 'to' in [times.t]: '24:01' is no time of day, from '00:00' to '24:00'",
          "8:9 'dates' in [times.t]: '2026-02-29' is no date, such as '2026-12-25' or '2026-12-24..2027-01-01'"));
  EXPECT_THAT(problems_of("[times.t]\nzone = \"Here\"\nfrom = \"09:00\"\nto = \"09:00\"\n"),
              ElementsAre("3:1 'from' and 'to' are one time: a whole day has neither"));
  EXPECT_THAT(problems_of(rule_with("time = \"office\"")), ElementsAre("5:17 there is no [times.office]"));
}

TEST(TimesConfig, MayNotChooseForAStatelessProxy) {
  EXPECT_THAT(
      problems_of("[times.t]\nzone = \"Here\"\ndays = \"mon\"\n" + rule_with("time = \"t\"", "reject = 480") +
                  "[[rule]]\nname = \"s\"\ndo = { relay = \"sip:192.0.2.9\", mode = \"stateless\" }\n"),
      ElementsAre("6:1 the rule 'r' looks at 'header', 'dialog', 'time' or 'identity', in which a CANCEL or ACK may "
                  "differ from its INVITE, before 's' relays without state, which must choose alike for all of them "
                  "(RFC 3261 §16.11); add mode = \"stateful\" there"));
}

TEST(PolicyWords, ReadDaysTimesAndDates) {
  EXPECT_EQ(parse_days("mon"), 1);
  EXPECT_EQ(parse_days("mon-fri"), 0x1f);
  EXPECT_EQ(parse_days("fri-mon"), 0x71);
  EXPECT_FALSE(parse_days("mon-"));
  EXPECT_EQ(parse_time_of_day("24:00"), minutes(1440));
  for (const char* wrong : {"", "24:01", "12:60", "1200", "12:0", "-1:00", "12:00:00"}) {
    EXPECT_FALSE(parse_time_of_day(wrong)) << wrong;
  }
  EXPECT_EQ(parse_dates("2026-12-31..2027-01-01"), (DateRange{year(2026) / 12 / 31, year(2027) / 1 / 1}));
  for (const char* wrong : {"", "2026-12", "2027-01-01..2026-12-31", "2026-12-25..", "20261225"}) {
    EXPECT_FALSE(parse_dates(wrong)) << wrong;
  }
}

TEST(PolicyWords, ReadRates) {
  RateLimit limit;
  EXPECT_EQ(read_rate("20/s", limit), "");
  EXPECT_EQ(limit.count, 20);
  EXPECT_EQ(limit.period, seconds(1));
  EXPECT_EQ(read_rate("5/10s", limit), "");
  EXPECT_EQ(limit.period, seconds(10));
  for (const char* wrong : {"", "20", "/s", "20/", "0/s", "1000001/s", "1/2d", "1.5/s", "20/x", "20/0s"}) {
    EXPECT_NE(read_rate(wrong, limit), "") << wrong;
  }
}

TEST(AccessConfig, IsReadFromPrefixesAndFiles) {
  const std::string text = "[acl.inside]\nallow = [\"10.0.0.0/8\", \"file:inside.txt\"]\ndeny = \"10.1.0.0/16\"\n" +
                           rule_with("source = [\"acl:inside\", \"192.0.2.1\", \"!acl:inside\"]");
  const Config config = config_of(text, "# ours\n192.0.2.0/24\r\n\n  2001:db8::/32  \n10.0.0.0/8\n");
  ASSERT_EQ(config.access_lists.size(), 1u);
  EXPECT_EQ(config.access_lists[0].allow.size(), 3u);
  EXPECT_FALSE(config.access_lists[0].otherwise);
  EXPECT_EQ(config.rules[0].when.access, (std::vector<AccessMatch>{{"inside", true}, {"inside", false}}));
  EXPECT_EQ(config.rules[0].when.sources.size(), 1u);
}

TEST(AccessConfig, SaysWhatIsWrong) {
  EXPECT_THAT(
      problems_of("[acl.a]\nallow = [\"file:x\"]\n", "10.0.0.0/8\nten\n10.0.0.1/8\n"),
      ElementsAre("4:10 'allow' in [acl.a], its line 2: 'ten' is not an address or a prefix such as '10.0.0.0/8'",
                  "4:10 'allow' in [acl.a], its line 3: '10.0.0.1/8' is not an address or a prefix such as "
                  "'10.0.0.0/8'"));
  EXPECT_THAT(problems_of("[acl.a]\nallow = \"10.0.0.0/8\"\ndeny = [\"10.0.0.0/8\"]\n"),
              ElementsAre("3:1 [acl.a]: '10.0.0.0/8' stands in 'allow' and in 'deny'"));
  EXPECT_THAT(problems_of("[acl.a]\notherwise = \"deny\"\n"), ElementsAre("3:1 [acl.a] needs 'allow' or 'deny'"));
  EXPECT_THAT(problems_of("[acl.inside]\nallow = \"10.0.0.0/8\"\n" + rule_with("source = \"acl:insid\"")),
              ElementsAre("7:19 there is no [acl.insid]; did you mean 'inside'?"));
}

const std::string users = "[auth.users]\nrealm = \"example.com\"\nusers = { alice = \"secret\" }\n";

TEST(IdentityConfig, AsksTheOneRealmThatThereIs) {
  const Config config = config_of("[list.vip]\nentries = \"alice@example.com\"\n" + users +
                                  rule_with("identity = [\"^a\", \"list:vip\"]"));
  const Rule& rule = config.rules.front();
  EXPECT_EQ(rule.challenge, "users");
  EXPECT_EQ(rule.when.identity->realm, "users");
  EXPECT_TRUE(rule.when.identity->known);
  EXPECT_EQ(rule.when.identity->users.size(), 1u);
  EXPECT_THAT(rule.when.identity->lists, ElementsAre("vip"));
  EXPECT_EQ(config_of(users + rule_with("identity = false")).rules.front().challenge, "");
}

TEST(IdentityConfig, SaysWhatIsWrong) {
  const std::string more = "[auth.more]\nrealm = \"b\"\nusers = { bob = \"secret\" }\n";
  EXPECT_THAT(problems_of(users + more + rule_with("identity = true")),
              ElementsAre("11:10 'identity' needs 'auth' beside it: whose users, of several [auth.NAME]"));
  EXPECT_THAT(
      problems_of(users + more +
                  rule_with("identity = true, auth = \"more\"", "challenge = \"users\", lookup = \"location\"")),
      ElementsAre("12:20 'challenge' asks for users of 'users', and 'identity' for those of 'more'"));
  EXPECT_THAT(problems_of(users + rule_with("auth = \"users\"")), ElementsAre("8:10 'auth' belongs to 'identity'"));
  EXPECT_THAT(problems_of(users + rule_with("identity = true") +
                          "[[rule]]\nname = \"b\"\nwhen = { identity = false }\ndo = { reject = 403 }\n"),
              ElementsAre("10:1 the rule 'b' can never match: 'r' above takes everything that it would"));
  EXPECT_THAT(problems_of(users + rule_with("identity = true", "drop = true")),
              ElementsAre("9:6 the rule 'r' drops: there is nobody to challenge"));
}

TEST(ListConfig, IsReadFromEntriesAndFiles) {
  const Config config = config_of("[list.vip]\nentries = [\"sip:bob@EXAMPLE.com\", \"file:vip.txt\"]\n" +
                                      rule_with("from_list = \"vip\", to_list = \"vip\", ruri_list = \"vip\""),
                                  "# a comment\n@example.net\nalice\n");
  EXPECT_THAT(config.lists[0].entries, ElementsAre("@example.net", "alice", "bob@example.com"));
  const RuleMatch& when = config.rules[0].when;
  for (const UriMatch* uri : {&when.from, &when.to, &when.ruri}) EXPECT_THAT(uri->lists, ElementsAre("vip"));
}

TEST(ListConfig, SaysWhatIsWrong) {
  EXPECT_THAT(problems_of("[list.vip]\nentries = \"file:x\"\n", "alice\n\na b\n"),
              ElementsAre("4:11 'entries' in [list.vip], its line 3: 'a b' is neither 'user@domain' nor '@domain' nor "
                          "'user'"));
  EXPECT_THAT(problems_of("[list.vip]\n"),
              ElementsAre("3:1 [list.vip] needs 'entries', such as [\"alice@example.com\"]"));
}

TEST(FromConfig, IsBoundByTheRealm) {
  const Config config =
      config_of("[list.also]\nentries = \"+31\"\n" + users + "from = \"own\"\nfrom_also = \"also\"\n" +
                rule_with("method = \"INVITE\"", "challenge = \"users\", lookup = \"location\""));
  EXPECT_TRUE(config.auth.front().binds_from);
  EXPECT_EQ(config.auth.front().from_also, "also");
  EXPECT_FALSE(config_of(users).auth.front().binds_from);
}

TEST(LimitConfig, IsNamedByRules) {
  const Config config = config_of("[limit.calls]\nper = \"source\"\nrate = \"20/s\"\nburst = 40\nstatus = 480\n" +
                                  rule_with("method = \"INVITE\"", "lookup = \"location\", limit = \"calls\""));
  EXPECT_EQ(config.rate_limits.front(),
            (RateLimit{.name = "calls", .per = RateLimit::Per::Source, .count = 20, .burst = 40, .status = 480}));
  EXPECT_THAT(config.rules.front().limits, ElementsAre("calls"));
  EXPECT_EQ(config_of("[limit.l]\nper = \"global\"\nrate = \"7/m\"\n").rate_limits.front().burst, 7);
}

TEST(LimitConfig, SaysWhatIsWrong) {
  EXPECT_THAT(problems_of("[limit.l]\n"),
              ElementsAre("3:1 'per' in [limit.l] is missing: \"global\", \"source\", \"user\" or \"trunk\"",
                          "3:1 'rate' in [limit.l] is missing, such as \"20/s\""));
  const std::string per_user = "[limit.l]\nper = \"user\"\nrate = \"1/s\"\n";
  EXPECT_THAT(problems_of(per_user + rule_with("method = \"INVITE\"", "lookup = \"location\", limit = \"l\"")),
              ElementsAre("9:37 [limit.l] is per user, and the rule asks nobody who he is: it needs 'challenge'"));
  const std::string global = "[limit.l]\nper = \"global\"\nrate = \"1/s\"\n";
  EXPECT_THAT(problems_of(global + rule_with("method = \"INVITE\"", "reject = 403, limit = \"l\"")),
              ElementsAre("9:30 the rule 'r' lets nothing through that 'limit' could count"));
  EXPECT_THAT(
      problems_of(global +
                  rule_with("method = \"INVITE\"", "relay = \"sip:192.0.2.9\", mode = \"stateless\", limit = \"l\"")),
      ElementsAre("9:61 the rule 'r' counts in a stateless proxy, to which a repetition is another request; add mode = "
                  "\"stateful\""));
}

TEST(TrustConfig, NamesPeersAndListeners) {
  EXPECT_FALSE(config_of("").trust.applies);
  const TrustConfig trust =
      config_of("[trust]\npeers = [\"10.0.0.0/8\", \"192.0.2.7\"]\nlisteners = \"udp:127.0.0.1:5060\"\n").trust;
  EXPECT_TRUE(trust.applies);
  EXPECT_EQ(trust.peers.size(), 2u);
  EXPECT_THAT(trust.listeners, ElementsAre("udp:127.0.0.1:5060"));
  EXPECT_TRUE(config_of("[trust]\n").trust.applies) << "nobody is in it";
  EXPECT_THAT(problems_of("[trust]\npeers = \"ten\"\n"),
              ElementsAre("4:9 'peers' in [trust]: 'ten' is not an address or a prefix such as '10.0.0.0/8'"));
  EXPECT_THAT(problems_of("[trust]\nlisteners = \"udp:127.0.0.1:506\"\n"),
              ElementsAre("4:13 there is no listener named 'udp:127.0.0.1:506'; did you mean 'udp:127.0.0.1:5060'?"));
}

TEST(PolicyConfig, WhatNoRuleNamesIsAWarning) {
  EXPECT_THAT(problems_of("[limit.l]\nper = \"global\"\nrate = \"1/s\"\n[list.also]\nentries = \"+31\"\n"
                          "[acl.a]\nallow = \"10.0.0.0/8\"\n[times.t]\nzone = \"Here\"\n" +
                          users + "from = \"own\"\nfrom_also = \"also\"\n" + rule_with("identity = true")),
              ElementsAre("3:1 no rule names [limit.l]", "8:1 no rule names [acl.a]", "10:1 no rule names [times.t]"));
}

// A record has the zones that its configuration had, whatever the system of whoever replays it knows.
TEST(RecordedZones, AreThoseOfTheRecord) {
  const std::string text = head + "[times.t]\nzone = \"Here\"\n" + rule_with("time = \"t\"");
  ConfigWitness witness(world_of_policies(""));
  const auto loaded = load_config(text, "sip.toml", witness.surroundings());
  ASSERT_TRUE(loaded);
  RecordHeader header;
  header.config = witness.recorded("sip.toml", text, loaded->config);
  header.listeners = loaded->config.listeners;
  const auto again = load_recorded(header);
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(again->times, loaded->config.times);
  header.config.zones.clear();
  EXPECT_FALSE(load_recorded(header));
}

}  // namespace
}  // namespace intermediary
