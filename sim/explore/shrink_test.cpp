#include "sim/explore/shrink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/explore/random_world.h"

namespace intermediary::sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string crowded =
    "# Prose.\nscenario crowded\nnode p1 proxy stateful 192.0.2.1 record-route domain=example.com timer-c=190.5s\n"
    "auto ann 192.0.2.11 rings-after=0.417s\nauto ben 192.0.2.12 answers-after=2s\nauto cat 192.0.2.13\n"
    "location sip:team@example.com = ann;q=0.5, ben, cat\n"
    "link * latency=10ms loss=12.5%\nlink ann p1 jitter=5ms\n"
    "1 ann calls sip:team@example.com via p1 for 12.345s\n2 cat calls sip:team@example.com via p1\n3 cat gives up\n";

bool has(const std::string& text, std::string_view what) { return text.find(what) != std::string::npos; }

TEST(Shrink, TakesAwayAllThatDoesNotMatter) {
  const Shrunk shrunk = shrink(crowded, [](const std::string& text) { return has(text, "calls"); });
  EXPECT_TRUE(shrunk.smallest);
  EXPECT_THAT(scenario_lines(shrunk.text),
              ElementsAre("scenario crowded", "node p1 proxy stateful 192.0.2.1", "auto cat 192.0.2.13",
                          "0 cat calls sip:team@example.com via p1"));
}

TEST(Shrink, KeepsWhatMattersAndMakesItsValuesSimple) {
  const Shrunk shrunk = shrink(crowded, [](const std::string& text) {
    return has(text, "ben calls") || (has(text, "ann calls") && has(text, "loss=1") && has(text, " ben"));
  });
  EXPECT_THAT(shrunk.text, HasSubstr("link * loss=1%\n"));
  EXPECT_THAT(shrunk.text, HasSubstr("0 ann calls sip:team@example.com via p1\n"));
  EXPECT_THAT(shrunk.text, Not(HasSubstr("cat")));
}

TEST(Shrink, OffersNothingLarger) {
  const std::string world = "scenario slow\nauto cat 192.0.2.13\nlink * jitter=3.25s\n";
  const Shrunk shrunk = shrink(
      world, [](const std::string& text) { return has(text, "jitter=") && !has(text, "=0") && !has(text, "=1s"); });
  EXPECT_THAT(shrunk.text, HasSubstr("jitter=3s"));
}

TEST(Shrink, StopsWhereItIsToldTo) {
  const Shrunk shrunk = shrink(crowded, [](const std::string& text) { return has(text, "calls"); }, 2);
  EXPECT_LE(shrunk.asked, 2u);
  EXPECT_FALSE(shrunk.smallest);
}

TEST(Shrink, IsTheSameEachTime) {
  const Fails fails = [](const std::string& text) { return has(text, "calls") && text.size() > 200; };
  const std::string world = random_world(5);
  ASSERT_TRUE(fails(world));
  EXPECT_EQ(shrink(world, fails).text, shrink(world, fails).text);
}

TEST(Shrink, ABlockIsOneLine) {
  EXPECT_THAT(
      scenario_lines("scenario a\n0 b -> c raw \"\"\"\nOPTIONS\n# no comment\n\"\"\"\n\n# comment\n  !To\n----\n0.0"),
      ElementsAre("scenario a", "0 b -> c raw \"\"\"\nOPTIONS\n# no comment\n\"\"\"\n  !To"));
}

}  // namespace
}  // namespace intermediary::sim
