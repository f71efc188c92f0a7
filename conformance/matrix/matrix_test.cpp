// A small matrix that is as it has to be, and one planted mistake at a time.
#include "conformance/matrix/matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "conformance/matrix/report.h"
#include "conformance/matrix/results.h"
#include "conformance/matrix/rules.h"

namespace intermediary::conformance {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Files = std::map<std::string, std::string>;

const std::string rows_file = "conformance/requirements/rfc9999.toml";
const std::string statements_file = "conformance/requirements/statements.tsv";
const std::string scenario_file = "conformance/scenarios/foxes/greeting.flow";
const std::string document_file = "docs/scenarios.md";

// A scenario that passes: OPTIONS to the proxy itself is answered.
std::string scenario(const std::string& covers) {
  return "# Nobody is there.\nscenario greeting\ncovers " + covers +
         "\nnode p1 proxy stateful 192.0.2.1 domain=example.com\nparty alice 192.0.2.10\n"
         "0 alice -> p1 OPTIONS sip:example.com\n0 p1 -> alice 200\n";
}

const Files clean = {
    {"conformance/requirements/counted.tsv", "rfc\tsections\n9999\t4.1 4.2 5\n"},
    {rows_file, R"([[row]]
id = "RFC9999#4.1a"
level = "must"
binds = ["proxy"]
says = "Foxes are <greeted> & fed."

[[row]]
id = "RFC9999#4.2.1"
level = "should"
binds = ["registrar", "proxy"]
says = "Geese are counted."
tests = ["GooseTest.CountsThem"]

[[row]]
id = "RFC9999#5"
level = "must"
binds = ["transport"]
says = "Owls are heard."
gap = "later: owls"
)"},
    {statements_file, R"(rfc	section	ordinal	keyword	row	why
9999	4.1	1	MUST	RFC9999#4.1a
9999	4.1	2	MUST NOT	-	binds foxes
9999	4.2.1	1	SHOULD	RFC9999#4.2.1
9999	5	1	REQUIRED	RFC9999#5
)"},
    {scenario_file, scenario("RFC9999#4.1a RFC3665#3.2 RFC9999#6.1")},
    {document_file, "covers   RFC9999#4.1a\n---- \ncovers   RFC9999#5\n"},
    {"lib/goose_test.cpp", "#include <x>\nTEST_F(GooseTest,\n       CountsThem) {\n"},
};

class Tree {
 public:
  explicit Tree(const Files& files) {
    std::string pattern = (std::filesystem::temp_directory_path() / "matrix_test_XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    for (const auto& [name, text] : files) {
      const std::filesystem::path path = std::filesystem::path(root_) / name;
      std::filesystem::create_directories(path.parent_path());
      std::ofstream(path) << text;
    }
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  ~Tree() { std::filesystem::remove_all(root_); }

  std::expected<Matrix, std::string> read() const { return read_matrix(root_ + "/conformance"); }

 private:
  std::string root_;
};

Files with(const std::string& file, const std::string& old, const std::string& fresh) {
  Files files = clean;
  std::string& text = files.at(file);
  const std::size_t at = text.find(old);
  EXPECT_NE(at, std::string::npos) << file << " has no " << old;
  if (at != std::string::npos) text.replace(at, old.size(), fresh);
  return files;
}

TEST(MatrixTest, FindsNothingWrongWithACleanOne) {
  const auto matrix = Tree(clean).read();
  ASSERT_TRUE(matrix) << matrix.error();
  EXPECT_THAT(contradictions(*matrix), IsEmpty());
  EXPECT_THAT(matrix->unit_tests, ElementsAre("GooseTest.CountsThem"));
}

struct Planted {
  std::string file, old, fresh, words;
};

TEST(MatrixTest, FindsWhatIsPlanted) {
  const std::vector<Planted> all = {
      {rows_file, "id = \"RFC9999#4.1a\"", "id = \"RFC9999#4.1-a\"", "an id is"},
      {rows_file, "id = \"RFC9999#4.2.1\"", "id = \"RFC9999#4.1a\"", "2 rows have this id"},
      {rows_file, "\"must\"", "\"may\"", "level is must or should"},
      {rows_file, "\"must\"", "\"should\"", "make its level must"},
      {rows_file, "[\"proxy\"]", "[\"foxes\"]", "binds one or several of"},
      {rows_file, "[\"proxy\"]", "[]", "binds one or several of"},
      {rows_file, "says = \"Geese are counted.\"", "says = \"\"", "says nothing"},
      {rows_file, "gap = \"later: owls\"", "gap = \"some day\"", "a gap begins with"},
      {rows_file, "gap = \"later: owls\"", "gap = \"later: \"", "and gives a reason"},
      {rows_file, "gap = \"later: owls\"", "applies = \"perhaps\"", "applies, where it is there"},
      {rows_file, "gap = \"later: owls\"", "applies = \"no:  \"", "applies, where it is there"},
      {rows_file, "gap = \"later: owls\"", "gap = \"later: owls\"\napplies = \"no: owls\"", "and is a gap"},
      {rows_file, "gap = \"later: owls\"", "", "nothing proves it"},
      {rows_file, "GooseTest.CountsThem", "GooseTest.LosesThem", "no test is called"},
      {rows_file, "tests = [\"GooseTest", "gap = \"later: geese\"\ntests = [\"GooseTest", "has a proof"},
      {statements_file, "5\t1\tREQUIRED\tRFC9999#5", "5\t1\tREQUIRED\tRFC9999#6", "no row has the id RFC9999#6"},
      {statements_file, "-\tbinds foxes", "-", "neither a row nor a reason"},
      {statements_file, "SHOULD\tRFC9999#4.2.1", "SHOULD\tRFC9999#4.2.1\tfor fun", "a row and a reason"},
      {statements_file, "9999\t5\t1\tREQUIRED\tRFC9999#5\n", "", "no statement leads here"},
      {scenario_file, "RFC9999#4.1a", "RFC9999#4.1b", "covers RFC9999#4.1b, which is no row"},
      {scenario_file, "RFC9999#4.1a", "RFC9999#4.1", "covers RFC9999#4.1, which is no row"},
      {document_file, "RFC9999#5", "RFC9999#5.1", "docs/scenarios.md: covers RFC9999#5.1, which is no row"},
      {scenario_file, "RFC9999#6.1", "RFC9999#6.1a", "covers RFC9999#6.1a, which is no row"},
      {scenario_file, "RFC9999#6.1", "RFC9999#4", "covers RFC9999#4, which is no row"},
      {scenario_file, "RFC9999#6.1", "RFC9999#4.2", "covers RFC9999#4.2, which is no row"},
      {document_file, "RFC9999#5", "RFC3665", "docs/scenarios.md: covers RFC3665, which is no section of an RFC"},
      {scenario_file, "RFC3665#3.2", "RFC9999#4.1a", "covers RFC9999#4.1a more than once"},
  };
  for (const Planted& planted : all) {
    const auto matrix = Tree(with(planted.file, planted.old, planted.fresh)).read();
    ASSERT_TRUE(matrix) << matrix.error();
    EXPECT_THAT(contradictions(*matrix), Contains(HasSubstr(planted.words))) << planted.fresh;
  }
}

TEST(MatrixTest, NamesTheFileThatItCannotRead) {
  const std::vector<Planted> all = {
      {rows_file, "level = \"must\"", "level = \"must\"\ncolor = \"red\"",
       "rfc9999.toml: RFC9999#4.1a: unknown key 'color'"},
      {rows_file, "level = \"must\"", "level = 1", "rfc9999.toml: RFC9999#4.1a: 'level' is a string"},
      {rows_file, "[\"proxy\"]", "\"proxy\"", "'binds' is a list of strings"},
      {rows_file, "[[row]]\nid = \"RFC9999#4.1a\"", "[[line]]\nid = \"RFC9999#4.1a\"",
       "nothing but [[row]] belongs here"},
      {rows_file, "[[row]]", "[[row]", "rfc9999.toml:1:"},
      {statements_file, "9999\t5\t1\tREQUIRED", "9999\t4.1\t1\tREQUIRED", "statements.tsv:5: the same statement"},
      {statements_file, "9999\t5\t1\tREQUIRED", "9999\t5\tREQUIRED", "statements.tsv:5: 4 cells"},
  };
  for (const Planted& planted : all) {
    const auto matrix = Tree(with(planted.file, planted.old, planted.fresh)).read();
    ASSERT_FALSE(matrix) << planted.fresh;
    EXPECT_THAT(matrix.error(), HasSubstr(planted.words));
  }
  EXPECT_THAT(read_matrix("/nowhere").error(), HasSubstr("cannot read '/nowhere/requirements/statements.tsv'"));
}

TEST(MatrixTest, OrdersSectionsByNumber) {
  EXPECT_EQ(section_of("RFC3261#16.7.5b"), "RFC3261 16");
  EXPECT_EQ(section_of("RFC3261#18b"), "RFC3261 18");
  std::vector<std::string> names = {"RFC3261 16", "RFC7118 5", "RFC3261 9"};
  std::ranges::sort(names, section_goes_before);
  EXPECT_THAT(names, ElementsAre("RFC3261 9", "RFC3261 16", "RFC7118 5"));
}

class JudgeTest : public testing::Test {
 protected:
  Results judge_files(const Files& files, bool run = true) {
    const Tree tree(files);
    matrix_ = tree.read();
    EXPECT_TRUE(matrix_) << matrix_.error();
    return judge(*matrix_, run, [this](std::size_t done, std::size_t) { steps_.push_back(done); });
  }

  std::expected<Matrix, std::string> matrix_;
  std::vector<std::size_t> steps_;
};

TEST_F(JudgeTest, CountsWhatIsProvedInEachSection) {
  const Results results = judge_files(clean);
  EXPECT_TRUE(results.passed());
  ASSERT_EQ(results.sections.size(), 2u);
  const Figures& four = results.sections[0].figures;
  EXPECT_EQ(results.sections[0].name, "RFC9999 4");
  EXPECT_EQ(four.statements, 3u);
  EXPECT_EQ(four.bind_nobody, 1u);
  EXPECT_EQ(four.proved, 1u);
  EXPECT_EQ(four.by_unit_test, 1u);
  EXPECT_EQ(four.share(), 100u);
  EXPECT_EQ(results.sections[1].figures.gaps, 1u);
  EXPECT_EQ(results.total.share(), 66u);
  EXPECT_THAT(steps_, ElementsAre(0u));
}

TEST_F(JudgeTest, AFailingProofFailsItsRowAndTheRun) {
  const Results results = judge_files(with(scenario_file, "p1 -> alice 200", "p1 -> alice 404"));
  EXPECT_FALSE(results.passed());
  EXPECT_EQ(results.sections[0].figures.failed, 1u);
  EXPECT_EQ(results.sections[0].rows[0].status, RowStatus::Failed);
  const std::string text = text_report(results, false);
  EXPECT_THAT(text, AllOf(HasSubstr("greeting.flow fails"), HasSubstr("expected p1 -> alice 404")));
  EXPECT_THAT(junit_report(results), HasSubstr("<failure message=\"conformance/scenarios/foxes/greeting.flow fails\""));
  EXPECT_THAT(html_report(results), HasSubstr("This run failed"));
}

TEST_F(JudgeTest, AScenarioThatIsNoneFailsTheRun) {
  const Results results = judge_files(with(scenario_file, "party alice", "patry alice"));
  EXPECT_EQ(results.failed_scenarios(), 1u);
  EXPECT_FALSE(results.passed());
}

TEST_F(JudgeTest, WithoutARunRowsCountAsTheFilesSay) {
  const Results results = judge_files(with(scenario_file, "p1 -> alice 200", "p1 -> alice 404"), false);
  EXPECT_TRUE(results.passed());
  EXPECT_THAT(steps_, IsEmpty());
  EXPECT_THAT(text_report(results, false), HasSubstr("1 scenarios, none was run"));
}

TEST_F(JudgeTest, TheTextNamesGapsWhereAsked) {
  const Results results = judge_files(clean);
  EXPECT_THAT(text_report(results, false), Not(HasSubstr("later: owls")));
  EXPECT_THAT(text_report(results, true), HasSubstr("RFC9999#5 [must] Owls are heard.\n    later: owls\n"));
  EXPECT_THAT(text_report(results, true),
              HasSubstr("2 of 3 rows that apply are proved (1 by unit test, not run here), 1 are gaps, 0 failed; "
                        "1 scenarios, 0 failed"));
}

// Its elements in order, and whether each is closed where it belongs.
std::vector<std::string> elements(const std::string& xml) {
  std::vector<std::string> names;
  std::vector<std::string> open;
  for (std::size_t at = xml.find('<', 1); at != std::string::npos; at = xml.find('<', at + 1)) {
    const std::size_t end = xml.find('>', at);
    const std::string tag = xml.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
    if (tag[0] == '/') {
      EXPECT_TRUE(!open.empty() && "/" + open.back() == tag) << tag;
      if (!open.empty()) open.pop_back();
      continue;
    }
    names.push_back(name);
    if (tag.back() != '/') open.push_back(name);
  }
  EXPECT_THAT(open, IsEmpty());
  return names;
}

TEST_F(JudgeTest, JunitHasASuiteForEachSection) {
  const std::string xml = junit_report(judge_files(clean));
  EXPECT_TRUE(
      xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"conformance\" tests=\"5\" "
                      "failures=\"0\" skipped=\"2\">"))
      << xml;
  EXPECT_THAT(elements(xml), ElementsAre("testsuites", "testsuite", "testcase", "testcase", "skipped", "testsuite",
                                         "testcase", "skipped", "testsuite", "testcase", "testsuite", "testcase"));
  EXPECT_THAT(xml, AllOf(HasSubstr("name=\"RFC9999#4.1a Foxes are &lt;greeted&gt; &amp; fed.\""),
                         HasSubstr("<skipped message=\"later: owls\"/>"),
                         HasSubstr("<skipped message=\"proved by unit test, not run here\"/>")));
}

TEST_F(JudgeTest, WhatIsNotUtf8IsReplacedInEveryReport) {
  const Results results = judge_files(with(scenario_file, "greeting", "gr\xff\xc3\xbc"));
  EXPECT_THAT(json_report(results), AllOf(HasSubstr("gr\\ufffd\xc3\xbc"), Not(HasSubstr("\xff"))));
  EXPECT_THAT(junit_report(results), AllOf(HasSubstr("gr&#xFFFD;\xc3\xbc"), Not(HasSubstr("\xff"))));
  EXPECT_THAT(html_report(results), Not(HasSubstr("\xff")));
}

TEST_F(JudgeTest, HtmlNeedsNothingElseAndEscapesWhatItShows) {
  const std::string html = html_report(judge_files(clean));
  EXPECT_THAT(html,
              AllOf(HasSubstr("66 % of what applies is proved"), HasSubstr("Foxes are &lt;greeted&gt; &amp; fed."),
                    HasSubstr("RFC 9999 §4"), HasSubstr("later: owls")));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("http://")), Not(HasSubstr("https://")), Not(HasSubstr("src="))));
}

TEST_F(JudgeTest, JsonHasTheRowsAndWhatContradicts) {
  const std::string json = json_report(judge_files(with(scenario_file, "RFC9999#6.1", "RFC9999#4")));
  EXPECT_THAT(json,
              AllOf(HasSubstr("{\"passed\": false, \"total\": {\"statements\": 4, \"bind_nobody\": 1, \"rows\": 3"),
                    HasSubstr("\"id\": \"RFC9999#4.2.1\", \"level\": \"should\", \"binds\": [\"registrar\", "
                              "\"proxy\"], \"says\": \"Geese are counted.\", \"status\": \"proved by unit test, "
                              "not run here\", \"scenarios\": [], \"unit_tests\": [\"GooseTest.CountsThem\"]"),
                    HasSubstr("\"gap\": \"later: owls\""), HasSubstr("covers RFC9999#4, which is no row\"]}")));
}

}  // namespace
}  // namespace intermediary::conformance
