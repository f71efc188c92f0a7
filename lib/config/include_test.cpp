// Configurations in several files.
#include "config/include.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "config/recorded.h"

namespace intermediary {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Files = std::map<std::string, std::string>;

ConfigSurroundings folder_of(const Files& files) {
  ConfigSurroundings world = empty_surroundings();
  world.read_file = [files](const std::string& path) -> std::expected<std::string, std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return std::unexpected("no such file");
    return found->second;
  };
  world.list_files = [files](const std::string& pattern) -> std::expected<std::vector<std::string>, std::string> {
    const std::string folder = pattern.substr(0, pattern.rfind('/') + 1);
    if (folder == "none/") return std::unexpected("no such folder");
    std::vector<std::string> names;
    for (auto file = files.rbegin(); file != files.rend(); ++file) {
      const std::string name = file->first.substr(std::min(folder.size(), file->first.size()));
      const bool is_there = file->first.starts_with(folder) && !name.contains('/');
      if (is_there && is_named(name, pattern.substr(folder.size()))) names.push_back(name);
    }
    return names;
  };
  return world;
}

const std::string listen_here = "listen = [{ on = \"udp:127.0.0.1:5060\" }, { on = \"tcp:127.0.0.1:5060\" }]\n";

std::vector<std::string> problems_in(const std::string& text, const Files& files) {
  const auto loaded = load_config(text, "/etc/sip.toml", folder_of(files));
  std::vector<std::string> lines;
  if (loaded) return lines;
  for (const ConfigProblem& problem : loaded.error()) lines.push_back(problem.to_string());
  return lines;
}

std::string rule(const std::string& name) {
  return "[[rule]]\nname = \"" + name + "\"\nwhen = { method = \"" + name + "\" }\ndo = { reject = 403 }\n";
}

TEST(IncludeTest, TablesAndListsOfTablesJoinInTheOrderOfTheFiles) {
  const Files files = {{"trunks/b.toml", "[trunk.b]\npeer = \"sip:192.0.2.3\"\n" + rule("OPTIONS")},
                       {"trunks/a.toml", "[trunk.a]\npeer = \"sip:192.0.2.2\"\n" + rule("MESSAGE")},
                       {"trunks/.hidden.toml", "wrong"},
                       {"trunks/a.txt", "wrong"},
                       {"users.toml", "domains = [\"example.com\"]\n[proxy]\nrecord_route = true\n"}};
  const std::string text = "include = [\"trunks/*.toml\", \"users.toml\"]\n" + listen_here + rule("INVITE") +
                           "[proxy]\noutbound = true\n[pool.p]\npeers = [\"sip:192.0.2.4\"]\n";
  const auto loaded = load_config(text, "sip.toml", folder_of(files));
  ASSERT_TRUE(loaded) << loaded.error().front().to_string();
  const Config& config = loaded->config;
  EXPECT_EQ(config.domains, std::vector<std::string>{"example.com"});
  EXPECT_TRUE(config.proxy.record_route && config.proxy.outbound);
  std::vector<std::string> rules, groups;
  for (const Rule& each : config.rules) rules.push_back(each.name);
  for (const PeerGroupConfig& each : config.groups) groups.push_back(each.reference());
  EXPECT_THAT(rules, ElementsAre("INVITE", "MESSAGE", "OPTIONS"));
  EXPECT_THAT(groups, testing::UnorderedElementsAre("pool:p", "trunk:a", "trunk:b"));
  EXPECT_THAT(loaded->files, ElementsAre("sip.toml", "trunks/a.toml", "trunks/b.toml", "users.toml"));
}

TEST(IncludeTest, ProblemsStandInTheirOwnFile) {
  EXPECT_THAT(problems_in("include = \"a.toml\"\n" + listen_here, {{"a.toml", "\ndomians = 1\n"}}),
              ElementsAre("/etc/a.toml:2:1: error: unknown key 'domians'; did you mean 'domains'?"));
  EXPECT_THAT(problems_in("include = \"a.toml\"\n" + listen_here, {{"a.toml", "domains = \n"}}),
              ElementsAre(HasSubstr("/etc/a.toml:1:11: error: ")));
}

TEST(IncludeTest, AKeyStandsInOnePlace) {
  EXPECT_THAT(problems_in("include = \"a.toml\"\n" + listen_here + "domains = [\"x.org\"]\n",
                          {{"a.toml", "domains = [\"y.org\"]\n"}}),
              ElementsAre("/etc/a.toml:1:1: error: 'domains' is set already, at /etc/sip.toml:3:1"));
}

TEST(IncludeTest, PathsBeginWhereTheFileThatNamesThemLies) {
  const Files files = {{"a/one.toml", "include = \"b/two.toml\"\n"},
                       {"a/b/two.toml", "include = [\"../../three.toml\"]\n"},
                       {"a/b/../../three.toml", "domains = [\"example.com\"]\n"}};
  EXPECT_THAT(problems_in("include = \"a/one.toml\"\n" + listen_here, files), ElementsAre());
}

TEST(IncludeTest, SaysWhatCannotBeIncluded) {
  const auto problem = [](const std::string& include, const Files& files = {}) {
    const auto all = problems_in("include = " + include + "\n" + listen_here, files);
    return all.size() == 1 ? all.front() : "not one problem";
  };
  EXPECT_EQ(problem("\"a.toml\""), "/etc/sip.toml:1:11: error: 'include': cannot read 'a.toml': no such file");
  EXPECT_EQ(problem("[\"none/*\"]"), "/etc/sip.toml:1:12: error: 'include': cannot look into 'none/': no such folder");
  EXPECT_EQ(problem("\"*/a.toml\""),
            "/etc/sip.toml:1:11: error: 'include': '*' may stand in the name of a file, not of a folder");
  EXPECT_EQ(problem("3"),
            "/etc/sip.toml:1:11: error: 'include' must be a string or an array of strings, such as \"trunks/*.toml\"");
  EXPECT_EQ(problem("\"sip.toml\""), "/etc/sip.toml:1:11: error: 'sip.toml' includes itself");
  EXPECT_EQ(problem("\"a.toml\"", {{"a.toml", "include = \"b.toml\""}, {"b.toml", "include = \"a.toml\""}}),
            "/etc/b.toml:1:11: error: 'a.toml' includes itself");
  EXPECT_EQ(problem("[\"a.toml\", \"*\"]", {{"a.toml", ""}}),
            "/etc/sip.toml:1:22: error: 'a.toml' is included already, at /etc/sip.toml:1:12");
  EXPECT_EQ(problem("\"1\"", {{"1", "include = \"2\""},
                              {"2", "include = \"3\""},
                              {"3", "include = \"4\""},
                              {"4", "include = \"5\""},
                              {"5", ""}}),
            "/etc/4:1:11: error: '5' is included by files that are included, more than 4 deep");
}

TEST(IncludeTest, ARecordHoldsWhatWasIncluded) {
  const Files files = {{"trunks/a.toml", "domains = [\"example.com\"]\n"}, {"trunks/b.toml", ""}};
  const std::string text = "include = \"trunks/*\"\n" + listen_here;
  ConfigWitness witness(folder_of(files));
  const auto loaded = load_config(text, "sip.toml", witness.surroundings());
  ASSERT_TRUE(loaded);
  RecordHeader header;
  header.config = witness.recorded("sip.toml", text, loaded->config);
  header.listeners = loaded->config.listeners;
  const auto again = load_recorded(header);
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(*again, loaded->config);
}

TEST(IncludeTest, AStarStandsForAnything) {
  for (const auto& [file, pattern] : std::map<std::string, std::string>{
           {"a.toml", "*.toml"}, {"b.toml", "b*"}, {"abc", "a*c"}, {"abcabc", "a*b*c"}, {"x", "*"}, {".x", ".*"}}) {
    EXPECT_TRUE(is_named(file, pattern)) << file << ' ' << pattern;
  }
  for (const auto& [file, pattern] : std::map<std::string, std::string>{
           {"a.txt", "*.toml"}, {".a.toml", "*.toml"}, {"ab", "a*bb"}, {"abd", "a*b*c"}, {"y", "x"}}) {
    EXPECT_FALSE(is_named(file, pattern)) << file << ' ' << pattern;
  }
}

}  // namespace
}  // namespace intermediary
