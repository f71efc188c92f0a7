#include "sim/ladder_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "sim/ladder.h"
#include "sim/runner.h"

namespace intermediary::sim {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Note = Chronicle::Note;

// A call that is refused; what happens to its first INVITE to bob is for `fate` to say.
Chronicle refused_call(const std::string& arrow = "->", const std::string& subject = "none") {
  const bool arrives = arrow == "->";
  const std::string text =
      "# Bob is busy.\n#   All day.\nscenario busy\nnode p1 proxy stateful 192.0.2.1:5060\n"
      "party alice 192.0.2.10:5060\nparty bob 192.0.2.20:5060\nlink * latency=10ms\n\n"
      "0 alice -> p1 INVITE sip:bob@192.0.2.20  Subject = " +
      subject +
      "\n0.010 p1 -> alice 100\n"
      "0.010 p1 " +
      arrow + " bob INVITE\n0.030 link p1 bob jitter=1us\n" + (arrives ? "" : "0.510 p1 -> bob INVITE again\n") +
      (arrives ? "0.050" : "0.550") +
      " bob -> p1 486\n+0.01~0.02 p1 -> bob ACK\n+0 p1 -> alice 486\n+0.02 alice -> p1 ACK\n";
  const auto scenario = parse_scenario("busy.flow", text);
  EXPECT_TRUE(scenario) << scenario.error().to_string();
  Chronicle chronicle;
  const Report report = run_scenario(*scenario, std::nullopt, &chronicle);
  EXPECT_TRUE(report.passed) << report.explanation();
  return chronicle;
}

// The data in it.
std::string page_of(const Chronicle& run) {
  std::ostringstream out;
  write_ladder_page(out, {run});
  const std::string page = out.str();
  return page.substr(page.find("<script id=\"runs\""), page.find("]</script>") - page.find("<script id=\"runs\""));
}

// What stands in p1's table once so many transmissions have been seen.
std::vector<std::string> transactions_at(const Chronicle& run, std::size_t place) {
  std::vector<std::string> texts;
  for (const auto& state : run.states) {
    if (state.at > place) break;
    texts.clear();
    for (const TransactionView& view : state.transactions) {
      const bool is_server = view.side == TransactionView::Side::Server;
      texts.push_back(std::string(is_server ? "server " : "client ") + view.method + ' ' + std::string(view.state));
    }
  }
  return texts;
}

std::string without_colours(std::string text) {
  for (std::size_t at = 0; (at = text.find('\x1b', at)) != std::string::npos;)
    text.erase(at, text.find('m', at) + 1 - at);
  return text;
}

TEST(ChronicleTest, KnowsTheTransactionsAtEachPlace) {
  const Chronicle run = refused_call();
  ASSERT_THAT(run.ladder.rungs, SizeIs(7));
  EXPECT_THAT(transactions_at(run, 1), IsEmpty());
  EXPECT_THAT(transactions_at(run, 3), ElementsAre("server INVITE Proceeding", "client INVITE Calling"));
  EXPECT_THAT(transactions_at(run, 6), ElementsAre("server INVITE Completed", "client INVITE Completed"));
  EXPECT_THAT(transactions_at(run, 7), IsEmpty());  // the timers after the last message have ended them
}

TEST(ChronicleTest, KnowsWhatTheScenarioSaysAndDoes) {
  const Chronicle run = refused_call();
  EXPECT_EQ(run.name, "busy");
  EXPECT_EQ(run.prose, "Bob is busy.\nAll day.\n");
  EXPECT_EQ(run.failure, "");
  EXPECT_THAT(run.ladder.lanes, ElementsAre("alice", "p1", "bob"));
  EXPECT_THAT(run.is_node, ElementsAre(false, true, false));
  EXPECT_THAT(run.notes, Contains(AllOf(Field(&Note::kind, Note::Kind::Line), Field(&Note::at, 3),
                                        Field(&Note::text, HasSubstr("link p1 bob jitter=1us")))));
}

TEST(ChronicleTest, KnowsWhichFaultsStruck) {
  const auto scenario =
      parse_scenario("late.flow",
                     "scenario late\nnode p1 proxy stateful 192.0.2.1:5060\nauto ann 192.0.2.11:5060\n"
                     "auto ben 192.0.2.12:5060\nfault drop 1 ann -> p1\n0 ben calls sip:ann@192.0.2.11 via p1\n");
  ASSERT_TRUE(scenario) << scenario.error().to_string();
  Chronicle run;
  const Report report = run_scenario(*scenario, std::nullopt, &run);
  EXPECT_TRUE(report.passed) << report.explanation();
  EXPECT_THAT(report.ladder, HasSubstr("== drop 1 ann -> p1 =="));
  EXPECT_THAT(run.transcript, Contains(Field(&Transmission::fate, Fate::Lost)));
  EXPECT_THAT(run.states, Not(IsEmpty()));
  EXPECT_THAT(run.notes, Contains(Field(&Note::text, HasSubstr("ben calls sip:ann@192.0.2.11"))));
}

TEST(LadderPageTest, HoldsEveryMessage) {
  const std::string page = page_of(refused_call());
  EXPECT_THAT(page, HasSubstr("\"label\":\"486\",\"status\":486"));
  EXPECT_THAT(page, HasSubstr("CSeq: 1 INVITE\\r\\n"));
}

TEST(LadderPageTest, SaysWhatBecameOfWhatDidNotArrive) {
  EXPECT_THAT(page_of(refused_call("-x")), AllOf(HasSubstr("\"fate\":\"lost\""), HasSubstr("\"again\":true")));
}

TEST(LadderPageTest, KeepsMarkupWithinItsText) {
  const std::string page = page_of(refused_call("->", "</script><b>"));
  EXPECT_THAT(page, HasSubstr("\\u003c/script>\\u003cb>"));
  EXPECT_THAT(page, Not(HasSubstr("</script><b>")));
}

TEST(LadderTest, SaysTheSameInColours) {
  const Chronicle run = refused_call("-x");
  const std::string plain = draw_ladder(run.ladder, LadderStyle::Plain);
  const std::string coloured = draw_ladder(run.ladder, LadderStyle::Coloured);
  EXPECT_THAT(coloured, AllOf(HasSubstr("\x1b[31m"), HasSubstr("\x1b[35m"), HasSubstr("\x1b[2m")));
  EXPECT_EQ(without_colours(coloured), plain);
}

}  // namespace
}  // namespace intermediary::sim
