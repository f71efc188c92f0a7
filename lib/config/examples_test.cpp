// The examples of docs/configuration.md and docs/explaining.md: as they stand, and broken in every way.
#include <gmock/gmock.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/random.h"
#include "config/load.h"
#include "config/test_world.h"

namespace intermediary {
namespace {

using testing::IsEmpty;

// The blocks between "```toml" and "```".
void read_examples(const std::string& document, std::vector<std::string>& examples) {
  std::ifstream file(INTERMEDIARY_SOURCE_DIR "/docs/" + document);
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "```toml") {
      examples.emplace_back();
      inside = true;
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      examples.back() += line + '\n';
    }
  }
}

std::vector<std::string> documented_examples() {
  std::vector<std::string> examples;
  read_examples("configuration.md", examples);
  read_examples("explaining.md", examples);
  read_examples("route-queries.md", examples);
  return examples;
}

TEST(DocumentedExamplesTest, LoadWithoutAProblem) {
  const std::vector<std::string> examples = documented_examples();
  EXPECT_GE(examples.size(), 8u);
  for (const std::string& example : examples) {
    const auto result = load_config(example, "sip.toml", world());
    ASSERT_TRUE(result) << result.error().front().to_string() << '\n' << example;
    EXPECT_THAT(result->warnings, IsEmpty()) << example;
  }
}

// Whatever stands in a file, it is read or refused with its place: nothing aborts, throws or never ends.
TEST(MutatedExamplesTest, AreReadOrRefused) {
  const std::vector<std::string> examples = documented_examples();
  const std::vector<std::string> pieces = {"\"",         "'",
                                           "[",          "]",
                                           "[[",         "]]",
                                           "{",          "}",
                                           "=",          "\n",
                                           "\r",         ".",
                                           ",",          "#",
                                           " ",          "99999999999999999999",
                                           "-1",         "+",
                                           "0x",         "e9",
                                           "1979-05-27", "07:32:00Z",
                                           "true",       "inf",
                                           "nan",        "\"\"\"",
                                           "'''",        "\\",
                                           "\\u",        "\\x",
                                           "\x7f",       "\xff",
                                           "\xc3",       "\xef\xbb\xbf",
                                           "${",         "${DOMAIN}",
                                           "file:",      "[[rule]]\n",
                                           "[proxy]\n",  "a.b.c = 1\n",
                                           "[\n",        std::string(1, '\0')};
  RandomSource random(seed_from_number(7));
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random.below(bound)); };
  std::size_t refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string text = examples[below(examples.size())];
    for (std::size_t edits = 1 + below(6); edits > 0; --edits) {
      const std::size_t at = below(text.size() + 1);
      const std::size_t removed = below(4);
      text.replace(at, removed, pieces[below(pieces.size())]);
    }
    const auto result = load_config(text, "sip.toml", world());
    if (result) continue;
    ++refused;
    ASSERT_FALSE(result.error().empty()) << text;
    for (const ConfigProblem& problem : result.error()) {
      ASSERT_GE(problem.at.line, 1u) << text;
      ASSERT_FALSE(problem.message.empty()) << text;
    }
  }
  EXPECT_GT(refused, 2500u);
}

}  // namespace
}  // namespace intermediary
