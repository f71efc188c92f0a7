#include "sim/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "sim/golden.h"
#include "sim/scenario.h"

namespace intermediary::sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

const std::string world =
    "scenario s\n"
    "node  p1    proxy stateful 192.0.2.1:5060 domain=example.com\n"
    "party alice 192.0.2.10:5060\n";

using Files = std::map<std::string, std::string>;

Surroundings holding(Files files) {
  return {[files = std::move(files)](const std::string& path) -> std::expected<std::string, std::string> {
    std::string plain = path;
    while (plain.find("/./") != std::string::npos) plain.erase(plain.find("/./"), 2);
    const auto found = files.find(plain);
    if (found == files.end()) return std::unexpected("there is no such file");
    return found->second;
  }};
}

std::vector<Written> written(const std::string& text, const Files& files = {}) {
  auto result = write_out("here/s.flow", text, holding(files));
  if (!result) ADD_FAILURE() << result.error().to_string();
  return result ? *result : std::vector<Written>(1);
}
std::string text_of(const std::string& text, const Files& files = {}) { return written(text, files).front().text; }
std::string error_of(const std::string& text, const Files& files = {}) {
  auto scenarios = parse_scenarios("here/s.flow", text, holding(files));
  return scenarios ? "" : scenarios.error().to_string();
}

TEST(Source, AFileWithoutSuchLinesStaysAsItIs) {
  const auto rows = written("a\n  {b}\n\n# {c}\n");
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].text, "a\n  {b}\n\n# {c}\n");
  EXPECT_EQ(rows[0].origins.at(4), "here/s.flow:4");
}

// ---- include

TEST(Source, AnIncludedFileStandsWhereItIsNamed) {
  const auto rows = written("one\ninclude deep/world.inc  # the world\nfour\n",
                            {{"here/deep/world.inc", "two\ninclude more.inc"}, {"here/deep/more.inc", "three\r\n"}});
  EXPECT_EQ(rows[0].text, "one\ntwo\nthree\nfour\n");
  EXPECT_EQ(rows[0].origins.at(1), "here/s.flow:1");
  EXPECT_EQ(rows[0].origins.at(2), "here/deep/world.inc:1");
  EXPECT_EQ(rows[0].origins.at(3), "here/deep/more.inc:1");
  EXPECT_EQ(rows[0].origins.at(4), "here/s.flow:3");
}

TEST(Source, AMistakeInAnIncludedFileIsSaidThere) {
  EXPECT_EQ(error_of(world + "include w.inc\n", {{"here/w.inc", "# Bob\nparty bob 192.0.2.300\n"}}),
            "here/w.inc:2:11: expected an address such as 192.0.2.1:5060, got '192.0.2.300'\n"
            "  party bob 192.0.2.300\n            ^");
}

TEST(Source, ARunThatFailsNamesTheIncludedLine) {
  const auto scenario = parse_scenario("here/s.flow", world + "include lines.inc\n",
                                       holding({{"here/lines.inc", "\n0 alice -> p1 OPTIONS sip:example.com\n"}}));
  ASSERT_TRUE(scenario);
  EXPECT_EQ(scenario->at(head_of(scenario->lines.front()).place), "here/lines.inc:2");
}

TEST(Source, WhatStandsInABlockIsNoWordOfTheLanguage) {
  const std::string text = "0 alice -> p1 raw \"\"\"\ninclude x\nrepeat 3\ntable a\nend\n\"\"\"\n";
  EXPECT_EQ(text_of(text), text);
}

// ---- repeat

TEST(Source, LinesAreRepeatedWithTheirNumber) {
  EXPECT_EQ(text_of("repeat 3 as i\n{i}.010 x{i}\nend\nlast {i}\n"), "1.010 x1\n2.010 x2\n3.010 x3\nlast {i}\n");
  EXPECT_EQ(text_of("repeat 2 as i\nrepeat 2 as j\n{i}{j}\nend\nend\n"), "11\n12\n21\n22\n");
  EXPECT_EQ(written("repeat 2 as i\nx\nend\ny\n")[0].origins.at(3), "here/s.flow:4");
}

TEST(Source, ABackslashKeepsABrace) { EXPECT_EQ(text_of("repeat 1 as i\n\\{i} {i}\nend\n"), "\\{i} 1\n"); }

// ---- table

TEST(Source, EachRowOfATableIsAScenario) {
  const auto rows = written(
      "table  code  reason\n"
      "  busy    486   Busy Here  # when it rings elsewhere\n"
      "\n"
      "  silent  480   \"\"\n"
      "x {code} [{reason}] {row}\n");
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].row, "busy");
  EXPECT_EQ(rows[0].text, "x 486 [Busy Here] busy\n");
  EXPECT_EQ(rows[0].origins.at(1), "here/s.flow:5");
  EXPECT_EQ(rows[1].text, "x 480 [] silent\n");
}

TEST(Source, ARepetitionMayHangOnARow) {
  const auto rows = written("table  times\n  once   1\n  twice  2\nrepeat {times} as i\n{i}\nend\n");
  EXPECT_EQ(rows[0].text, "1\n");
  EXPECT_EQ(rows[1].text, "1\n2\n");
}

TEST(Source, AMistakeNamesItsRow) {
  EXPECT_EQ(error_of(world + "table  code\n  good  100\n  bad   99\n0 p1 -> alice {code}\n"),
            "here/s.flow:7:15: row 'bad': expected a status from 100 to 699, or 4xx, got '99'\n"
            "  0 p1 -> alice 99\n                ^");
}

TEST(Source, EachRowHasItsLadderAndEqualOnesStandOnce) {
  const std::string text = world + "table  code\n  a  1\n  b  2\n  c  3\n";
  const auto scenarios = parse_scenarios("s.flow", text).value();
  const std::string golden = with_ladders(scenarios, {"first\n", "second\n", "first\n"});
  EXPECT_EQ(golden, text + "---- a c\nfirst\n---- b\nsecond\n");
  const auto again = parse_scenarios("s.flow", golden).value();
  EXPECT_EQ(ladder_difference(again[0], "first\n"), "");
  EXPECT_EQ(ladder_difference(again[1], "second\n"), "");
  EXPECT_THAT(ladder_difference(again[2], "third\n"), StartsWith("s.flow:9: the ladder differs\n  expected  first\n"));
  EXPECT_EQ(with_ladders(again, {"first\n", "second\n", "first\n"}), golden);
}

TEST(Source, ALadderOfNoRowIsStale) {
  const auto scenarios = parse_scenarios("s.flow", world + "table  code\n  a  1\n---- a b\nx\n").value();
  EXPECT_THAT(ladder_difference(scenarios[0], "x\n"), StartsWith("s.flow[a]: there is a ladder for a row 'b'"));
  const auto without = parse_scenarios("s.flow", world + "table  code\n  a  1\n  b  2\n---- a\nx\n").value();
  EXPECT_THAT(ladder_difference(without[1], "x\n"), StartsWith("s.flow[b]: the ladder differs"));
}

TEST(Source, ALadderOfARowNeedsATable) {
  const auto scenarios = parse_scenarios("s.flow", world + "---- norow\nx\n").value();
  EXPECT_THAT(ladder_difference(scenarios[0], "x\n"),
              StartsWith("s.flow: there is a ladder for a row 'norow', which is in no table\n"));
}

// ---- how much

std::string table_of(std::size_t rows) {
  std::string text = "table  code\n";
  for (std::size_t i = 0; i < rows; ++i) text += "  r" + std::to_string(i) + "  1\n";
  return text;
}

// Each row writes out the other lines and no lines of the table: else the work would grow with the square of the rows.
TEST(Source, RowsWriteOutNoOtherRows) {
  std::size_t written_out = 0;
  for (const Written& row : written(table_of(10'000) + "x {code}\n")) written_out += row.text.size();
  EXPECT_EQ(written_out, 10'000u * 4);
}

TEST(Source, ATableHasSoManyRows) {
  EXPECT_THAT(error_of(table_of(10'001)), StartsWith("here/s.flow:10002:3: a table has no more than 10000 rows\n"));
}

TEST(Source, RowsTogetherWriteOutSoManyLines) {
  const std::string text = table_of(201) + "repeat 1000 as i\nx\nend\n";
  EXPECT_THAT(error_of(text), HasSubstr("row 'r200': the rows together write out more than 200000 lines\n"));
}

// Seven files that each name the next twenty times are 20^7 readings.
TEST(Source, FilesThatIncludeManyAreReadSoOften) {
  std::size_t read = 0;
  const Surroundings wide{[&](const std::string& path) -> std::expected<std::string, std::string> {
    ++read;
    std::string text;
    const char next = static_cast<char>(path[path.size() - 5] + 1);
    for (int i = 0; next < 'h' && i < 20; ++i) text += std::string("include ") + next + ".inc\n";
    return text;
  }};
  const auto scenarios = parse_scenarios("s.flow", "include a.inc\n", wide);
  ASSERT_FALSE(scenarios);
  EXPECT_THAT(scenarios.error().to_string(), HasSubstr(".inc:"));
  EXPECT_THAT(scenarios.error().to_string(), HasSubstr(":9: no more than 1000 files are included in all\n"));
  EXPECT_EQ(read, 1000u);
}

TEST(Source, IncludedLinesAreCounted) {
  const std::string many(60'000, '\n');
  EXPECT_THAT(error_of("include a.inc\ninclude a.inc\n", {{"here/a.inc", many}}),
              StartsWith("here/a.inc:40001:1: more than 100000 lines are written out\n"));
}

// ---- mistakes

struct Mistake {
  std::string text;
  std::string said;
};

class SourceMistake : public testing::TestWithParam<Mistake> {};

TEST_P(SourceMistake, IsRefusedAtItsPlace) {
  const Files files{{"here/self.inc", "include self.inc\n"},
                    {"here/again.inc", "include ./again.inc\n"},
                    {"here/named.inc", "scenario t\n"},
                    {"here/drawn.inc", "\n----\n"}};
  EXPECT_THAT(error_of(GetParam().text, files), StartsWith(GetParam().said + "\n"));
}

INSTANTIATE_TEST_SUITE_P(
    All, SourceMistake,
    testing::Values(
        Mistake{"include\n", "here/s.flow:1:8: expected a file beside this one"},
        Mistake{"include a.inc b.inc\n", "here/s.flow:1:15: expected the end of the line, got 'b.inc'"},
        Mistake{"include /etc/world.inc\n",
                "here/s.flow:1:9: expected a path relative to this file, got '/etc/world.inc'"},
        Mistake{"include gone.inc\n", "here/s.flow:1:9: cannot read 'gone.inc': there is no such file"},
        Mistake{"include t.flow\n",
                "here/s.flow:1:9: 't.flow' is a scenario of its own: what is included ends otherwise, as .inc"},
        Mistake{"include self.inc\n", "here/self.inc:1:9: 'self.inc' includes itself"},
        Mistake{"include again.inc\n",
                "here/./././././././again.inc:1:9: files include each other no more than 8 deep"},
        Mistake{"include named.inc\n",
                "here/named.inc:1:1: what is included has neither a scenario's name nor a ladder"},
        Mistake{"include drawn.inc\n",
                "here/drawn.inc:2:1: what is included has neither a scenario's name nor a ladder"},
        Mistake{"repeat\n", "here/s.flow:1:1: this is never ended: expected a line 'end' below"},
        Mistake{"end\n", "here/s.flow:1:1: no 'repeat' stands above that this could end"},
        Mistake{"repeat\nend\n", "here/s.flow:1:7: expected how often, as in 'repeat 3 as i'"},
        Mistake{"repeat 0 as i\nend\n", "here/s.flow:1:8: expected how often, from 1 to 1000, got '0'"},
        Mistake{"repeat 3\nend\n", "here/s.flow:1:9: expected 'as'"},
        Mistake{"repeat 3 of i\nend\n", "here/s.flow:1:10: expected 'as', got 'of'"},
        Mistake{"repeat 3 as 1\nend\n", "here/s.flow:1:13: expected the index's name, got '1'"},
        Mistake{"repeat 3 as i from 0\nend\n", "here/s.flow:1:15: expected the end of the line, got 'from 0'"},
        Mistake{"repeat 3 as i\nend i\n", "here/s.flow:2:1: expected 'end' alone"},
        Mistake{"repeat 3 as i\nrepeat 3 as i\nend\nend\n", "here/s.flow:2:13: 'i' is there already"},
        Mistake{"repeat 3 as time\n{tiem}\nend\n",
                "here/s.flow:2:1: nothing is called 'tiem' here; did you mean 'time'?"},
        Mistake{"repeat 1000 as a\nrepeat 1000 as b\nx\nend\nend\n",
                "here/s.flow:3:1: more than 100000 lines are written out"},
        Mistake{"repeat 1 as a\nrepeat 1 as b\nrepeat 1 as c\nrepeat 1 as d\nrepeat 1 as e\nend\nend\nend\nend\nend\n",
                "here/s.flow:5:1: 'repeat' stands no more than 4 deep"},
        Mistake{"table\n", "here/s.flow:1:1: expected rows below, indented: a name and its values"},
        Mistake{"table 1st\n", "here/s.flow:1:7: expected the name of a column, got '1st'"},
        Mistake{"table row\n", "here/s.flow:1:7: 'row' is the name of the row: call the column otherwise"},
        Mistake{"table a a\n", "here/s.flow:1:9: the column 'a' is there already"},
        Mistake{"table a\n", "here/s.flow:1:1: expected rows below, indented: a name and its values"},
        Mistake{"table a\n  x  1\n  x  2\n", "here/s.flow:3:3: the row 'x' is there already"},
        Mistake{"table a\n  x 1  2\n",
                "here/s.flow:2:3: expected the row's name, then two spaces before each value, got 'x 1'"},
        Mistake{"table a b\n  x  1\n",
                "here/s.flow:2:3: expected 2 value(s) behind 'x', two spaces before each (\"\" for nothing), got 1"},
        Mistake{"table a\n  x  1\ntable b\n  y  1\n", "here/s.flow:3:1: one file, one table"},
        Mistake{"table code\n  x  1\n{coed}\n",
                "here/s.flow:3:1: row 'x': nothing is called 'coed' here; did you mean 'code'?"}));

}  // namespace
}  // namespace intermediary::sim
