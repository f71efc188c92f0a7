#include "conformance/target/needs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/flow_files.h"
#include "conformance/matrix/matrix.h"
#include "conformance/target/suite.h"

namespace intermediary::conformance {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

Needs needs_of_text(const std::string& text) {
  return needs_of(scripts_of("s.flow", "scenario s\n" + text, sim::nothing_around())->front());
}

const std::string plain =
    "node p1 proxy stateful 192.0.2.1:5060 record-route domain=example.com timer-c=200s\n"
    "party alice 192.0.2.10:5060\n";

TEST(Needs, AreInTheWordsOfTheLanguage) {
  const Needs needs =
      needs_of_text(plain + "location sip:bob@example.com = alice\n2 alice -> p1 OPTIONS sip:p1\n34 p1 idle\n");
  EXPECT_THAT(needs.obstacles, IsEmpty());
  EXPECT_THAT(needs.setup, ElementsAre("domain", "record-route", "registrar", "timer-c=200s"));
  EXPECT_EQ(needs.length, 2s);
  EXPECT_EQ(needs.whole_length, 34s);
  EXPECT_THAT(lacking(needs, {"domain=test", "registrar", "record-route"}), ElementsAre("timer-c=200s"));
}

TEST(Needs, ANodeWithoutADomainRelays) {
  EXPECT_THAT(needs_of_text("node p1 proxy stateless 192.0.2.1:5060\n").setup, ElementsAre("relay", "stateless"));
}

TEST(Needs, RulesAreNeededAsTheyAre) {
  EXPECT_THAT(needs_of_text(plain + "rule p1 name=x method=INVITE lookup fork=serial\n").setup,
              ElementsAre("domain", "record-route", "rule method=INVITE lookup fork=serial", "timer-c=200s"));
}

TEST(Needs, WhatCannotBeMadeFromOutsideIsNamed) {
  EXPECT_THAT(needs_of_text(plain + "node p2 proxy stateful 192.0.2.2:5060\n").obstacles,
              ElementsAre("several nodes work together"));
  EXPECT_THAT(needs_of_text(plain + "dns example.net A 192.0.2.9\n").obstacles,
              ElementsAre("the target would have to ask name servers of ours"));
  EXPECT_THAT(
      needs_of_text(plain + "1 link * loss=100%\n").obstacles,
      ElementsAre("something happens to the node, the network or a name server that cannot be made from outside"));
  EXPECT_THAT(needs_of_text(plain + "party bob [2001:db8::1]:5060\n").obstacles,
              ElementsAre("IPv6 is not spoken here"));
}

class AnnotationsTest : public testing::Test {
 protected:
  const std::string folder = std::string(INTERMEDIARY_SOURCE_DIR) + "/conformance";
  const std::expected<Matrix, std::string> matrix = read_matrix(folder);
  const std::expected<Annotations, std::string> annotations = read_annotations(folder);
};

// A demand that finds no line any more accuses nobody, and nobody would notice.
TEST_F(AnnotationsTest, EveryDemandFindsItsLineAndItsRows) {
  ASSERT_TRUE(matrix) << matrix.error();
  ASSERT_TRUE(annotations) << annotations.error();
  for (const auto& [name, demands] : annotations->demands) {
    const auto scripts = scripts_of(folder + "/scenarios/" + name + ".flow");
    ASSERT_TRUE(scripts) << scripts.error();
    const sim::Scenario& scenario = scripts->front().scenario;
    EXPECT_THAT(needs_of(scripts->front()).obstacles, IsEmpty()) << name;
    for (const Demand& demand : demands) {
      for (const std::string& id : demand.rows) {
        const auto row = std::ranges::find(matrix->rows, id, &Row::id);
        ASSERT_NE(row, matrix->rows.end()) << "demands.txt:" << demand.line << ": no row " << id;
        EXPECT_EQ(row->level, "must") << "demands.txt:" << demand.line;
      }
      const auto is_line = [&](const sim::Line& line) {
        const auto* message = std::get_if<sim::MessageLine>(&line);
        return message && is_about(demand, *message);
      };
      if (demand.kind == Demand::Kind::Never) continue;
      EXPECT_TRUE(std::ranges::any_of(scenario.lines, is_line)) << "demands.txt:" << demand.line << ": no such line";
    }
  }
}

TEST_F(AnnotationsTest, EveryUnseenRowIsOne) {
  ASSERT_TRUE(annotations) << annotations.error();
  for (const auto& [id, reason] : annotations->unseen) {
    EXPECT_NE(std::ranges::find(matrix->rows, id, &Row::id), matrix->rows.end()) << id;
  }
}

TEST(Demands, WhatIsWrongIsNamedWithItsPlace) {
  EXPECT_EQ(read_demands("d.txt", "a/b\n  RFC3261#1 perhaps p1 -> bob BYE\n").error(),
            "d.txt:2:13: expected must, each, never or never-before=3s, got 'perhaps'");
  EXPECT_EQ(read_demands("d.txt", "  RFC3261#1 must p1 -> bob BYE\n").error(),
            "d.txt:1:1: expected a scenario's name first");
  EXPECT_EQ(read_demands("d.txt", "a/b\na/b\n").error(), "d.txt:2:1: a/b stands above already");
}

}  // namespace
}  // namespace intermediary::conformance
