// Runs the program as its users do.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace intermediary {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Result {
  int exit_code = -1;
  std::string output;  // standard output and standard error
};

Result run(std::vector<std::string> arguments) {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    dup2(pipe_ends[1], STDOUT_FILENO);
    dup2(pipe_ends[1], STDERR_FILENO);
    const std::string program = INTERMEDIARY_BINARY_DIR "/bin/intermediary-cli";
    arguments.insert(arguments.begin(), program);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    execv(program.c_str(), argv.data());
    _exit(127);
  }
  close(pipe_ends[1]);
  Result result;
  std::array<char, 4096> buffer{};
  for (ssize_t count; (count = read(pipe_ends[0], buffer.data(), buffer.size())) > 0;) {
    result.output.append(buffer.data(), static_cast<std::size_t>(count));
  }
  close(pipe_ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

class CommandLineTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "cli_test_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

 private:
  std::string folder_;
};

const std::string listen = "listen = [{ on = \"udp:127.0.0.1:5060\" }]\n";

TEST_F(CommandLineTest, ChecksAValidFile) {
  const Result result = run({"check", write("sip.toml", listen)});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("sip.toml: valid"));
}

TEST_F(CommandLineTest, PrintsEveryProblemOfAFile) {
  const Result result = run({"check", write("sip.toml", "domians = 1\nlisten = [{ on = \"udp:127.0.0.1:99999\" }]\n")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("sip.toml:1:1: error: unknown key 'domians'; did you mean 'domains'?\n"),
                    HasSubstr("sip.toml:2:18: error: 'on': '99999' is not a port"), HasSubstr("sip.toml: not valid")));
}

TEST_F(CommandLineTest, PrintsProblemsAsJson) {
  const Result wrong = run({"check", "--json", write("sip.toml", listen + "domains = \"a\\\"b\"")});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.output,
              AllOf(HasSubstr("\"valid\": false"), HasSubstr("\"line\": 2, \"column\": 11, \"severity\": \"error\""),
                    HasSubstr("\"message\": \"'a\\\"b' is neither a host name nor an address\"")));
  EXPECT_THAT(run({"check", "--json", write("sip.toml", listen)}).output,
              HasSubstr("\"valid\": true, \"problems\": []"));
}

TEST_F(CommandLineTest, ReadsVariablesAndFilesBesideTheConfiguration) {
  write("key.txt", "a long enough secret\n");
  setenv("CLI_TEST_DOMAIN", "example.com", 1);
  const std::string text = listen + "domains = \"${CLI_TEST_DOMAIN}\"\n[proxy]\nkey = \"file:key.txt\"\n";
  EXPECT_EQ(run({"check", write("sip.toml", text)}).exit_code, 0);
  const Result missing = run({"check", write("sip.toml", listen + "[proxy]\nkey = \"file:gone.txt\"\n")});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.output, HasSubstr(":3:7: error: cannot read 'gone.txt': No such file or directory"));
}

TEST_F(CommandLineTest, TellsBadUsageFromAFailedCheck) {
  EXPECT_EQ(run({"check", "/nonexistent.toml"}).exit_code, 2);
  EXPECT_EQ(run({"check"}).exit_code, 2);
  EXPECT_EQ(run({"chekc", "sip.toml"}).exit_code, 2);
  EXPECT_EQ(run({}).exit_code, 2);
}

TEST_F(CommandLineTest, RefusesCommandsOfLaterVersionsByName) {
  for (const std::string command : {"explain", "replay", "conformance", "ctl", "schema", "init"}) {
    const Result result = run({command});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.output, HasSubstr("'" + command + "' is not available in this version"));
  }
}

TEST_F(CommandLineTest, HelpsWithAnExample) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"}, {"check", "--help"}}) {
    const Result result = run(arguments);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.output, HasSubstr("Example:\n  intermediary-cli "));
  }
  EXPECT_EQ(run({"--version"}).output, "intermediary-cli 0.1.0\n");
}

const std::string small_scenario =
    "# Nobody is there.\nscenario small\nnode p1 proxy stateful 192.0.2.1 domain=example.com\n"
    "party alice 192.0.2.10\n0 alice -> p1 OPTIONS sip:example.com\n";

TEST_F(CommandLineTest, RunsAScenario) {
  const Result result = run({"test", write("small.flow", small_scenario + "0 p1 -> alice 200\n")});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, AllOf(HasSubstr("ok    "), HasSubstr("small.flow"), HasSubstr("1 scenario, 0 failed")));
}

TEST_F(CommandLineTest, AWrongExpectationFailsAndSaysWhere) {
  const Result result = run({"test", write("small.flow", small_scenario + "0 p1 -> alice 404\n")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("small.flow:6: expected p1 -> alice 404 at 0.000, came 200 OPTIONS"));
  EXPECT_THAT(result.output, HasSubstr("1 scenario, 1 failed"));
}

TEST_F(CommandLineTest, AScenarioThatCannotBeReadFailsAtItsPlace) {
  const Result result = run({"test", write("small.flow", small_scenario + "0 bob -> p1 BYE\n")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("small.flow:6:3: nobody is called 'bob' above"));
}

TEST_F(CommandLineTest, NoScenarioIsBadUsage) {
  EXPECT_EQ(run({"test", "/nowhere.flow"}).exit_code, 2);
  EXPECT_EQ(run({"test"}).exit_code, 2);
}

TEST_F(CommandLineTest, RewritesTheLadderAndThenComparesIt) {
  const std::string file = write("small.flow", small_scenario + "0 p1 -> alice 200\n");
  EXPECT_THAT(run({"test", "--rewrite", file}).output, HasSubstr("ladder rewritten"));
  EXPECT_EQ(run({"test", file}).exit_code, 0);
  std::ofstream(file, std::ios::app) << "0.000  something else\n";
  const Result result = run({"test", file});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("the ladder differs"));
}

TEST_F(CommandLineTest, SpeaksJsonAboutScenarios) {
  const Result result = run({"test", "--json", write("small.flow", small_scenario + "0 p1 -> alice 404\n")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, AllOf(HasSubstr("{\"passed\": 0, \"failed\": 1"), HasSubstr("\"failure\": \"")));
}

}  // namespace
}  // namespace intermediary
