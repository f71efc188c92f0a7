// Runs the program as its users do.
#include "tools/cli/command_line_test.h"

namespace intermediary {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

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

TEST_F(CommandLineTest, TriesAddressesAndNameServersWhereItIsToldTo) {
  const int taken = socket(AF_INET, SOCK_DGRAM, 0), silent = socket(AF_INET, SOCK_DGRAM, 0);
  const auto bound_port = [](int descriptor) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    bind(descriptor, reinterpret_cast<const sockaddr*>(&address), length);
    getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
    return std::to_string(ntohs(address.sin_port));
  };
  const std::string port = bound_port(taken), server = "127.0.0.1:" + bound_port(silent);
  const std::string file = write("sip.toml", "listen = [{ on = \"udp:127.0.0.1:" + port + "\" }]\n[dns]\nservers = \"" +
                                                 server + "\"\ntimeout = \"100ms\"\n");
  EXPECT_THAT(run({"check", file}).output, HasSubstr("sip.toml: valid"));
  const Result live = run({"check", "--live", file});
  EXPECT_EQ(live.exit_code, 1);
  EXPECT_THAT(live.output, AllOf(HasSubstr("sip.toml:1:18: error: cannot listen on 127.0.0.1:" + port +
                                           " now: Address already in use\n"),
                                 HasSubstr("sip.toml:2:2: error: the name server " + server + ": ")));
  close(taken);
  EXPECT_THAT(
      run({"check", "--live", write("one.toml", "listen = [{ on = \"udp:127.0.0.1:" + port + "\" }]\n")}).output,
      HasSubstr("one.toml: valid"));
  close(silent);
}

TEST_F(CommandLineTest, ReadsWhatAFileIncludes) {
  write("rules.toml", "[[rule]]\nname = \"one\"\nwhen = { method = \"INVITE\" }\ndo = { reject = 403 }\n");
  const std::string file = write("sip.toml", "include = \"ru*.toml\"\n" + listen);
  EXPECT_THAT(run({"check", file}).output, HasSubstr("sip.toml: valid"));
  write("rules.toml", "[[rule]]\nname = 1\n");
  EXPECT_THAT(run({"check", file}).output, HasSubstr("/rules.toml:2:8: error: 'name'"));
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

// None of these is a configuration, and some have no end.
TEST_F(CommandLineTest, ReadsRegularFilesOfABoundedSize) {
  EXPECT_THAT(run({"check", "/dev/zero"}).output, HasSubstr("cannot read '/dev/zero': it is no regular file"));
  EXPECT_THAT(run({"check", "/tmp"}).output, HasSubstr("it is a directory"));
  EXPECT_THAT(run({"check", write("large.toml", std::string((1 << 26) + 1, '#'))}).output,
              HasSubstr("it is larger than 67108864 bytes"));
  const Result memory = run({"check", write("sip.toml", listen + "[proxy]\nkey = \"file:/proc/self/mem\"\n")});
  EXPECT_EQ(memory.exit_code, 1);
  EXPECT_THAT(memory.output, HasSubstr(":3:7: error: cannot read '/proc/self/mem': Input/output error"));
  EXPECT_EQ(run({"check", write("bracket.toml", "[\n")}).exit_code, 1);
}

TEST_F(CommandLineTest, TellsBadUsageFromAFailedCheck) {
  EXPECT_EQ(run({"check", "/nonexistent.toml"}).exit_code, 2);
  EXPECT_EQ(run({"check"}).exit_code, 2);
  const Result misspelt = run({"chekc", "sip.toml"});
  EXPECT_EQ(misspelt.exit_code, 2);
  EXPECT_EQ(misspelt.output, "intermediary-cli: unknown command 'chekc'; did you mean 'check'?\n");
  EXPECT_EQ(run({}).exit_code, 2);
}

TEST_F(CommandLineTest, CtlSaysWhyItCannotAsk) {
  const Result nowhere = run({"ctl", "calls"});
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_THAT(nowhere.output, HasSubstr("--socket PATH or --config FILE is needed"));
  const Result nobody = run({"ctl", "--socket", "/nowhere/ctl.sock", "calls"});
  EXPECT_EQ(nobody.exit_code, 1);
  EXPECT_THAT(nobody.output, HasSubstr("'/nowhere/ctl.sock': No such file or directory; does the server run"));
}

TEST_F(CommandLineTest, PrintsTheSchemaOfTheConfiguration) {
  const Result result = run({"schema"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, StartsWith("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\","));
  EXPECT_THAT(result.output, EndsWith("}\n"));
}

TEST_F(CommandLineTest, HelpsWithAnExample) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--help"}, {"run", "--help"}, {"check", "--help"}}) {
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

TEST_F(CommandLineTest, AScenarioThatIsTooLargeIsNamed) {
  const std::string large = write("large.flow", std::string((1 << 26) + 1, '#'));
  EXPECT_THAT(run({"test", large}).output, HasSubstr("cannot read '" + large + "': it is larger than 67108864 bytes"));
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

TEST_F(CommandLineTest, ScenariosAreChosenByTheirTags) {
  const std::string fine = small_scenario + "0 p1 -> alice 200\n";
  const std::string slow = write("small.flow", fine + "tags slow tls\n");
  EXPECT_THAT(run({"test", "--tag", "tls,other", slow}).output, HasSubstr("1 scenario, 0 failed"));
  const Result none = run({"test", "--not-tag", "slow", slow});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.output, HasSubstr("no scenario has these tags"));
}

TEST_F(CommandLineTest, AConfigurationTakesThePlaceOfTheNode) {
  const std::string file = write("small.flow", small_scenario + "0 p1 -> alice 200  Server: mine\n");
  EXPECT_EQ(run({"test", file}).exit_code, 1);
  const std::string on = "listen = [{ on = \"udp:0.0.0.0:5060\", advertise = \"example.com\" }]\n";
  const std::string mine = write("mine.toml", on + "domains = [\"example.com\"]\nserver_name = \"mine\"\n");
  const Result result = run({"test", "--config", mine, file});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  const Result wrong = run({"test", "--config", write("wrong.toml", on + "domians = 1\n"), file});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.output, HasSubstr("wrong.toml:2:1: error: unknown key 'domians'; did you mean 'domains'?"));
  EXPECT_EQ(run({"test", "--config", "/nowhere.toml", file}).exit_code, 2);
  EXPECT_EQ(run({"test", "--rewrite", "--config", mine, file}).exit_code, 2);
}

TEST_F(CommandLineTest, EachRowOfATableIsAResult) {
  const std::string table = "table status\n  good  200\n  bad   404\n0 p1 -> alice {status}\n";
  const Result result = run({"test", write("small.flow", small_scenario + table)});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, AllOf(HasSubstr("small.flow[good]  ("), HasSubstr("2 scenarios, 1 failed"),
                                   HasSubstr("small.flow:9: row 'bad': expected p1 -> alice 404 at 0.000, came 200")));
}

TEST_F(CommandLineTest, TwoScenariosOfOneNameAreRefused) {
  const std::string file = write("small.flow", small_scenario + "0 p1 -> alice 200\n");
  const std::string folder = file.substr(0, file.rfind('/')) + "/deeper";
  std::filesystem::create_directory(folder);
  std::filesystem::copy(file, folder);
  const Result result = run({"test", file, folder});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.output,
              HasSubstr("two scenarios are called 'small': " + file + " and " + folder + "/small.flow\n"));
  EXPECT_EQ(run({"test", file, file}).exit_code, 0);
}

TEST_F(CommandLineTest, NoScenarioIsBadUsage) {
  EXPECT_EQ(run({"test", "/nowhere.flow"}).exit_code, 2);
  EXPECT_EQ(run({"test"}).exit_code, 2);
}

TEST_F(CommandLineTest, ExploresFaults) {
  const std::string file = write("small.flow", small_scenario + "0 p1 -> alice 200\n");
  const Result result = run({"test", "--faults", "1", "--jobs", "2", file});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, AllOf(HasSubstr("1 scenarios under up to 1 fault: "), HasSubstr("0 scenarios failed")));
  EXPECT_THAT(run({"test", "--faults", "2", "--json", file}).output, HasSubstr("{\"scenarios\": 1, \"failed\": 0"));
  EXPECT_EQ(run({"test", "--faults", "0", file}).exit_code, 2);
  EXPECT_EQ(run({"test", "--faults", "1", "--rewrite", file}).exit_code, 2);
  EXPECT_THAT(run({"test", "--faults", "1", "--html", "page.html", file}).output,
              HasSubstr("--html excludes --faults"));
}

// What a saved scenario names lies where it lay, and the command says all that the run was told.
TEST_F(CommandLineTest, WhatFaultsBreakRunsAgainFromWhereItIsSaved) {
  write("people.inc", "auto ann 192.0.2.11:5060\nauto ben 192.0.2.12:5060\n");
  const std::string config = write("sip.toml",
                                   "listen = [{ name = \"udp\", on = \"udp:192.0.2.1:5060\" }]\n"
                                   "domains = [\"example.com\"]\n[[rule]]\nname = \"users\"\n"
                                   "when = { ruri_domain = \"local\" }\ndo = { lookup = \"location\" }\n");
  const std::string file = write("lonely.flow",
                                 "scenario lonely\npromises\n"
                                 "node p1 proxy stateful 192.0.2.1:5060 record-route domain=example.com\n"
                                 "include people.inc\nlocation sip:ben@example.com = ben\n"
                                 "0 ann calls sip:ben@example.com via p1 for 1s\n");
  const std::string saved = std::filesystem::path(file).parent_path() / "saved";
  std::filesystem::create_directory(saved);
  const Result broken = run({"test", "--faults", "1", "--config", config, "--save", saved, file});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_THAT(broken.output,
              HasSubstr("again: intermediary-cli test --config " + config + ' ' + saved + "/lonely-fault-1.flow"));
  const Result again = run({"test", "--config", config, saved + "/lonely-fault-1.flow"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.output, HasSubstr("nothing-fails-where-nothing-is-wrong"));
}

TEST_F(CommandLineTest, AFaultThatNeverComesFails) {
  const std::string world = small_scenario.substr(0, small_scenario.rfind("0 alice"));
  const Result result =
      run({"test", write("small.flow", world + "fault drop 9 p1 -> alice\n0 alice -> p1 OPTIONS sip:example.com\n")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("there is no drop 9 p1 -> alice in this run"));
}

TEST_F(CommandLineTest, RunsRandomWorlds) {
  const Result result = run({"test", "--seed", "1", "--runs", "20"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("20 random worlds from seed 1, 0 failed; "));
  EXPECT_THAT(run({"test", "--json", "--runs", "1"}).output, HasSubstr("{\"seed\": 1, \"worlds\": 1, \"failed\": 0"));
  EXPECT_EQ(run({"test", "--runs", "1", write("small.flow", small_scenario)}).exit_code, 2);
  EXPECT_EQ(run({"test", "--runs", "0"}).exit_code, 2);
  EXPECT_THAT(run({"test"}).output,
              HasSubstr("expected PATH, --config with [[test]] blocks, or --runs for random worlds"));
  const Result both = run({"test", "--runs", "1", "--faults", "1"});
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_THAT(both.output, HasSubstr("--faults excludes --runs"));
}

TEST_F(CommandLineTest, ASeedIsAWholeNumber) {
  const std::string file = write("small.flow", small_scenario + "0 p1 -> alice 200\n");
  EXPECT_EQ(run({"test", "--seed", "18446744073709551615", file}).exit_code, 0);
  for (const std::string wrong : {"-1", "1.5", "18446744073709551616", "x"}) {
    const Result result = run({"test", "--seed", wrong, file});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.output, HasSubstr("'" + wrong + "' is no whole number from 0"));
  }
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

TEST_F(CommandLineTest, ShowsLaddersAsTheyAreWanted) {
  const std::string file = write("small.flow", small_scenario + "0 p1 -> alice 200\n");
  EXPECT_THAT(run({"test", file}).output, Not(HasSubstr("--200")));
  EXPECT_THAT(run({"test", "--ladder", file}).output, HasSubstr("|<--200"));
  EXPECT_THAT(run({"test", "--ladder", "--color", "always", file}).output, HasSubstr("\x1b[32m<--200"));
  const std::string page = write("page.html", "");
  EXPECT_EQ(run({"test", "--html", page, file}).exit_code, 0);
  EXPECT_THAT(run({"test", "--html", "/nowhere/page.html", file}).output,
              HasSubstr("--html: cannot write '/nowhere/page.html': No such file or directory"));
  EXPECT_EQ(run({"test", "--html", "/dev/full", file}).exit_code, 2);
  EXPECT_EQ(run({"test", "--color", "purple", file}).exit_code, 2);
}

TEST_F(CommandLineTest, SpeaksJsonAboutScenarios) {
  const Result result = run({"test", "--json", write("small.flow", small_scenario + "0 p1 -> alice 404\n")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, AllOf(HasSubstr("{\"passed\": 0, \"failed\": 1"), HasSubstr("\"failure\": \"")));
}

// A matrix of one row with a proof, and what else is in it.
class ConformanceCommandTest : public CommandLineTest {
 protected:
  std::string matrix(const std::string& covers, const std::string& answer) {
    const std::string folder = std::filesystem::path(write("README", "")).parent_path() / "conformance";
    std::filesystem::create_directories(folder + "/requirements");
    std::filesystem::create_directories(folder + "/scenarios");
    write("conformance/requirements/counted.tsv", "rfc\tsections\n9999\tall\n");
    write("conformance/requirements/statements.tsv",
          "rfc\tsection\tordinal\tkeyword\trow\twhy\n9999\t4\t1\tMUST\tRFC9999#4\n");
    write("conformance/requirements/rfc9999.toml",
          "[[row]]\nid = \"RFC9999#4\"\nlevel = \"must\"\nbinds = [\"proxy\"]\nsays = \"Foxes are greeted.\"\n");
    std::string text = small_scenario;
    text.insert(text.find("node"), "covers " + covers + "\n");
    write("conformance/scenarios/small.flow", text + "0 p1 -> alice " + answer + "\n");
    return folder;
  }
};

TEST_F(ConformanceCommandTest, PrintsTheMatrix) {
  const Result result = run({"conformance", "--matrix", matrix("RFC9999#4", "200")});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, AllOf(HasSubstr("RFC9999 4"), HasSubstr("1 of 1 rows that apply are proved"),
                                   HasSubstr("1 scenarios, 0 failed")));
}

TEST_F(ConformanceCommandTest, AFailingProofFailsTheRun) {
  const Result result = run({"conformance", "--matrix", matrix("RFC9999#4", "404")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("RFC9999#4 [must] Foxes are greeted.\n    conformance/scenarios/small.flow"),
                    HasSubstr("expected p1 -> alice 404")));
}

TEST_F(ConformanceCommandTest, AnUnknownIdFailsTheRun) {
  const Result result = run({"conformance", "--matrix", matrix("RFC9999#5", "200")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, AllOf(HasSubstr("conformance/scenarios/small.flow: covers RFC9999#5, which is no row"),
                                   HasSubstr("rfc9999.toml: RFC9999#4: nothing proves it, and no gap says why")));
}

TEST_F(ConformanceCommandTest, WritesTheReportToAFile) {
  const std::string folder = matrix("RFC9999#4", "200");
  const std::string file = folder + "/matrix.html";
  EXPECT_EQ(run({"conformance", "--matrix", folder, "--report", "html", "--output", file}).output, "");
  EXPECT_GT(std::filesystem::file_size(file), 1000u);
  const Result nowhere = run({"conformance", "--matrix", folder, "--output", "/nowhere/matrix.txt"});
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_THAT(nowhere.output, HasSubstr("cannot write '/nowhere/matrix.txt'"));
}

TEST_F(ConformanceCommandTest, RefusesWhatItCannotDoByName) {
  const Result nowhere = run({"conformance", "--matrix", "/nowhere"});
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_THAT(nowhere.output, HasSubstr("'/nowhere' holds no requirements/statements.tsv and scenarios/"));
  const Result target = run({"conformance", "--target", "udp:192.0.2.1"});
  EXPECT_EQ(target.exit_code, 2);
  EXPECT_THAT(target.output, HasSubstr("--target 'udp:192.0.2.1' is not HOST:PORT"));
  EXPECT_THAT(run({"conformance", "--target", "nowhere.invalid:5060"}).output,
              HasSubstr("'nowhere.invalid' has no IPv4"));
  EXPECT_THAT(run({"conformance", "--target", "127.0.0.1", "no-such-scenario"}).output,
              HasSubstr("no scenario of that name or in that folder"));
  const Result empty = run({"conformance", "--target", ""});
  EXPECT_EQ(empty.exit_code, 2);
  EXPECT_THAT(empty.output, HasSubstr("'' is not HOST:PORT"));
  EXPECT_EQ(run({"conformance", "--report", "pdf"}).exit_code, 2);
}

TEST_F(ConformanceCommandTest, NothingIsLeftOutInSilence) {
  const std::string folder = matrix("RFC9999#4", "200");
  const auto refused = [&](std::vector<std::string> arguments, const std::string& why) {
    arguments.insert(arguments.begin(), {"conformance", "--matrix", folder});
    const Result result = run(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments[3];
    EXPECT_EQ(result.output, "intermediary-cli conformance: " + why + '\n');
  };
  for (const std::vector<std::string>& choosing : std::vector<std::vector<std::string>>{
           {"--fast"}, {"--profile", "proxy"}, {"--transport", "udp"}, {"--have", "registrar"}}) {
    refused(choosing, choosing.front() + " goes with --target or --requirements");
  }
  refused({"forking"}, "PATH goes with --target or --requirements");
  for (const std::vector<std::string>& playing :
       std::vector<std::vector<std::string>>{{"--tolerance", "1s"}, {"--parallel", "3"}, {"--local", "127.0.0.1"}}) {
    refused(playing, playing.front() + " goes with --target");
    refused({playing[0], playing[1], "--requirements"}, playing.front() + " goes with --target");
  }
  refused({"--files", "--target", "127.0.0.1:9"}, "--files goes without --target and --requirements");
  refused({"--gaps", "--requirements"}, "--gaps goes without --target and --requirements");
  refused({"--report", "json", "--requirements"}, "--report goes without --requirements");
}

std::uint16_t port_in(const std::string& log, const std::string& before) {
  const std::size_t begin = log.find(before);
  return begin == std::string::npos ? 0 : static_cast<std::uint16_t>(std::stoi(log.substr(begin + before.size())));
}

TEST_F(CommandLineTest, ServesUntilItIsTold) {
  for (const int number : {SIGTERM, SIGINT}) {
    Program server({"run", "--listen", "udp:127.0.0.1:0", "--listen", "tcp:127.0.0.1:0", "--grace", "100ms"});
    const std::string log = server.read_until("on=tcp:127.0.0.1:");
    EXPECT_EQ(ask_options(port_in(log, "on=udp:127.0.0.1:")), "SIP/2.0 200 OK");
    server.signal(number);
    const Result result = server.wait();
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.output, AllOf(HasSubstr(number == SIGTERM ? "SIGTERM" : "SIGINT"), HasSubstr("stopped")));
  }
}

TEST_F(CommandLineTest, OutlivesWhoReadsItsLog) {
  Program server({"run", "--listen", "udp:127.0.0.1:0", "--grace", "100ms"});
  const std::uint16_t port = port_in(server.read_until("\n"), "on=udp:127.0.0.1:");
  server.stop_reading();
  for (int i = 0; i < 3; ++i) send_datagram(port, "no SIP at all");  // each is a line of the log
  EXPECT_EQ(ask_options(port), "SIP/2.0 200 OK");
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait().exit_code, 0);
}

TEST_F(CommandLineTest, SaysWhichAddressItCannotHave) {
  const Result result = run({"run", "--listen", "udp:192.0.2.1:5060"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("cannot listen on udp:192.0.2.1:5060: Cannot assign requested address"));
}

TEST_F(CommandLineTest, RunsNoConfigurationThatItWouldRefuse) {
  const Result result = run({"run", "--config", write("sip.toml", "domians = 1")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("sip.toml:1:1: error: "));
  EXPECT_EQ(run({"run", "--listen", "udp:127.0.0.1:99999"}).exit_code, 2);
  EXPECT_EQ(run({"run", "--listen", "udp:0.0.0.0:5060"}).exit_code, 2);
  EXPECT_EQ(run({"run", "--grace", "5"}).exit_code, 2);
  EXPECT_EQ(run({"run", "--log", "loud"}).exit_code, 2);
}

TEST_F(CommandLineTest, HasADefaultThatIsValidAndRelaysForNobody) {
  const Result printed = run({"run", "--print-default"});
  EXPECT_EQ(printed.exit_code, 0);
  EXPECT_THAT(printed.output, Not(HasSubstr("relay =")));
  const Result checked = run({"check", "--json", write("default.toml", printed.output)});
  EXPECT_THAT(checked.output, HasSubstr("\"valid\": true, \"problems\": []"));
}

}  // namespace
}  // namespace intermediary
