// Replays and exports records as users do.
#include "tools/cli/command_line_test.h"

namespace intermediary {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string record = INTERMEDIARY_SOURCE_DIR "/conformance/records/two-calls.record";

TEST_F(CommandLineTest, ReplaysARecord) {
  const Result whole = run({"replay", record});
  EXPECT_EQ(whole.exit_code, 0);
  EXPECT_THAT(whole.output,
              AllOf(HasSubstr("5 Call-IDs, 2 calls in 46.000 s, 1 segment\nthe record is whole: stopped, byte "),
                    HasSubstr("every output equal, hash ")));
  EXPECT_THAT(run({"replay", record, "--json"}).output, HasSubstr("\"equal\": true, \"inputs\": 17, "));
  EXPECT_THAT(run({"replay", record, "--json"}).output, HasSubstr("\"call_ids\": 5, \"calls\": 2, "));
  EXPECT_THAT(run({"replay", record, "--call", "c2", "--ladder"}).output, HasSubstr("--480-"));
}

TEST_F(CommandLineTest, WritesACallOfARecordAsAScenarioThatRuns) {
  const std::string file = write("c1.flow", "");
  EXPECT_EQ(run({"replay", record, "--call", "c1", "--scenario", file}).exit_code, 0);
  EXPECT_EQ(run({"test", file}).exit_code, 0);
}

TEST_F(CommandLineTest, TellsWhichCallsAnotherConfigurationDecidesOtherwise) {
  const Result other = run({"replay", record, "--config", write("sip.toml", listen + "domains = \"example.com\"\n")});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.output, AllOf(HasSubstr("otherwise: INVITE is refused with 404: no rule takes it\n"),
                                  HasSubstr(" of 5 Call-IDs decided otherwise; ")));
  const Result wrong = run({"replay", record, "--config", write("sip.toml", "domians = 1\n")});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.output, HasSubstr(":1:1: error: unknown key 'domians'"));
}

TEST_F(CommandLineTest, SaysWhyARecordCannotBeReplayed) {
  EXPECT_THAT(run({"replay", "/nonexistent"}).output,
              HasSubstr("there is no '/nonexistent', and no '/nonexistent.000001'"));
  EXPECT_THAT(run({"replay", write("sip.toml", listen)}).output, HasSubstr("cannot be replayed: it is no record"));
  EXPECT_EQ(run({"replay", write("sip.toml", listen)}).exit_code, 2);
  EXPECT_THAT(run({"replay", record, "--scenario", "a.flow"}).output, HasSubstr("--scenario is of one call"));
  EXPECT_THAT(run({"replay", record, "--call", "nobody's", "--ladder"}).output, HasSubstr("no message of that call"));
  EXPECT_THAT(run({"run", "--record-keep", "3"}).output, HasSubstr("--record FILE, which is missing"));
  EXPECT_THAT(run({"run", "--record", "a", "--record-segment", "1K"}).output,
              HasSubstr("a size from 64K on is wanted"));
}

TEST_F(CommandLineTest, NothingIsWrittenOverTheRecordOrTwice) {
  namespace fs = std::filesystem;
  const std::string mine = write("mine.record", "");
  fs::copy_file(record, mine, fs::copy_options::overwrite_existing);
  const std::string link = mine + ".link", hard = mine + ".hard";
  fs::create_symlink(mine, link);
  fs::create_hard_link(mine, hard);
  for (const std::string option : {"--pcap", "--html", "--scenario"}) {
    for (const std::string& path : {mine, link, hard, fs::path(mine).parent_path().string() + "/./mine.record"}) {
      const Result refused = run({"replay", mine, "--call", "c1", option, path});
      EXPECT_EQ(refused.exit_code, 2) << option << ' ' << path;
      EXPECT_THAT(refused.output, AllOf(HasSubstr("RECORD"), HasSubstr(option), HasSubstr("the same file")));
      EXPECT_EQ(fs::file_size(mine), fs::file_size(record));
    }
  }
  const std::string one = mine + ".export";
  const Result twice = run({"replay", mine, "--pcap", one, "--html", one});
  EXPECT_EQ(twice.exit_code, 2);
  EXPECT_THAT(twice.output, AllOf(HasSubstr("--pcap"), HasSubstr("--html")));
  EXPECT_FALSE(fs::exists(one));
  EXPECT_EQ(run({"replay", mine, "--pcap", "/dev/null", "--html", "/dev/null"}).exit_code, 0);
}

TEST_F(CommandLineTest, WhatIsExportedIsForItsOwnerAlone) {
  namespace fs = std::filesystem;
  for (const std::string option : {"--pcap", "--html", "--scenario"}) {
    const std::string file = write("there.before", "a longer text than anybody would believe\n");
    fs::permissions(file, fs::perms(0644));
    EXPECT_EQ(run({"replay", record, "--unmasked", "--call", "c1", option, file}).exit_code, 0) << option;
    EXPECT_EQ(fs::status(file).permissions(), fs::perms(0600)) << option;
    const Result unwritable = run({"replay", record, "--call", "c1", option, "/nonexistent/x"});
    EXPECT_EQ(unwritable.exit_code, 2) << option;
    EXPECT_EQ(unwritable.output, "intermediary-cli replay: cannot write '/nonexistent/x': No such file or directory\n");
  }
}

TEST_F(CommandLineTest, AnEmptyValueIsNotOneThatIsLeftOut) {
  const std::string scenarios = INTERMEDIARY_SOURCE_DIR "/conformance/scenarios/rfc3665-3";
  const std::vector<std::vector<std::string>> commands = {{"run", "--record"},
                                                          {"run", "--config"},
                                                          {"replay", record, "--config"},
                                                          {"replay", record, "--call"},
                                                          {"replay", record, "--pcap"},
                                                          {"replay", record, "--html"},
                                                          {"replay", record, "--scenario"},
                                                          {"test", scenarios, "--html"},
                                                          {"test", scenarios, "--config"}};
  for (std::vector<std::string> command : commands) {
    const std::string option = command.back();
    command.emplace_back("");
    const Result refused = run(command);
    EXPECT_EQ(refused.exit_code, 2) << option;
    EXPECT_THAT(refused.output, HasSubstr(option + ": what is given is empty")) << command.front();
  }
}

// Of every option that the help of a command names.
TEST_F(CommandLineTest, AnEqualsSignWithoutAValueTakesNotTheNextWord) {
  std::size_t options = 0;
  for (const std::string command : {"run", "check", "test", "replay", "conformance"}) {
    const std::string help = run({command, "--help"}).output;
    for (std::size_t at = help.find("  --"); at != std::string::npos; at = help.find("  --", at + 1)) {
      const std::string option = help.substr(at + 2, help.find_first_of(" ,\n", at + 2) - at - 2);
      const Result refused = run({command, option + '=', record});
      EXPECT_EQ(refused.exit_code, 2) << command << ' ' << option;
      EXPECT_THAT(refused.output, HasSubstr(option + ": what is given is empty")) << command;
      ++options;
    }
  }
  EXPECT_GT(options, 40u);
  const std::string file = write("a.pcap", "");
  EXPECT_EQ(run({"replay", record, "--pcap=" + file, "--json"}).exit_code, 0);
}

}  // namespace
}  // namespace intermediary
