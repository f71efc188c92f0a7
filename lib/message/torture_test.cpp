// Every torture message through the shield, as a datagram and as a stream: our own (conformance/torture) and, where the
// shared test data is present, the bytes of RFC 4475. What a proxy does with the accepted ones is for engine's tests.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <vector>

#include "message/framing.h"
#include "message/message.h"

namespace intermediary {
namespace {

const std::filesystem::path torture = std::filesystem::path(INTERMEDIARY_SOURCE_DIR) / "conformance/torture";

// One row of a verdict table; conformance/torture/README.md says what the columns mean.
struct Verdict {
  std::string name, rule, kind, datagram, stream, proxy, why;
};

std::vector<Verdict> read_verdicts(const std::filesystem::path& table) {
  std::ifstream file(table);
  std::vector<Verdict> verdicts;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream columns(line);
    Verdict v;
    for (auto* column : {&v.name, &v.rule, &v.kind, &v.datagram, &v.stream, &v.proxy, &v.why}) {
      std::getline(columns, *column, '\t');
    }
    if (v.stream == "-") v.stream = v.datagram;
    verdicts.push_back(v);
  }
  return verdicts;
}

std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string text_of(Answer answer) {
  switch (answer) {
    case Answer::BadRequest:
      return "400";
    case Answer::VersionNotSupported:
      return "505";
    case Answer::MessageTooLarge:
      return "513";
    case Answer::Silence:
      return "silence";
  }
  return "?";
}

std::string text_of(const ParseError& error) { return text_of(error.answer) + (error.close_stream ? " close" : ""); }

std::string kind_of(const Message& message) {
  return message.is_response() ? "response" : std::string(message.method_text());
}

struct Outcome {
  std::string verdict;
  std::string detail;
  MessagePtr message;  // accepted, or what can be answered
};

Outcome judge(std::string bytes, Framing framing) {
  auto parsed = Message::parse(std::move(bytes), framing, Limits{});
  if (parsed) return {"accept", "", *parsed};
  return {text_of(parsed.error().error), parsed.error().error.to_string(), parsed.error().partial};
}

// What becomes of the first message on a stream that these bytes begin.
Outcome judge_on_stream(const std::string& bytes) {
  StreamFramer framer{Limits{}};
  framer.feed(bytes);
  auto result = framer.next();
  while (result && std::holds_alternative<KeepAlivePing>(*result)) result = framer.next();
  if (!result) return {"wait", "", nullptr};
  if (const auto* error = std::get_if<FramingError>(&*result)) {
    return {text_of(error->error), error->error.to_string(), nullptr};
  }
  return judge(std::get<Frame>(*result).bytes, Framing::Stream);
}

void expect_verdicts(const std::vector<Verdict>& verdicts, const std::filesystem::path& folder,
                     const std::string& extension) {
  for (const Verdict& verdict : verdicts) {
    SCOPED_TRACE(verdict.name + " (" + verdict.rule + "): " + verdict.why);
    const std::string bytes = read_bytes(folder / (verdict.name + extension));
    const Outcome datagram = judge(bytes, Framing::Datagram);
    EXPECT_EQ(datagram.verdict, verdict.datagram) << datagram.detail;
    if (datagram.verdict == "accept") {
      EXPECT_EQ(kind_of(*datagram.message), verdict.kind);
    }
    if (datagram.verdict != "silence") {
      EXPECT_TRUE(datagram.message) << "nothing to answer from";
    }
    const Outcome stream = judge_on_stream(bytes);
    EXPECT_EQ(stream.verdict, verdict.stream) << stream.detail;
  }
}

TEST(TortureTest, OurMessagesMeetTheirVerdicts) {
  const auto verdicts = read_verdicts(torture / "verdicts.tsv");
  ASSERT_GE(verdicts.size(), 64);
  expect_verdicts(verdicts, torture, ".sip");
}

TEST(TortureTest, EveryMessageHasAVerdict) {
  std::set<std::string> judged, present;
  for (const auto& verdict : read_verdicts(torture / "verdicts.tsv")) judged.insert(verdict.name);
  for (const auto& file : std::filesystem::directory_iterator(torture)) {
    if (file.path().extension() == ".sip") present.insert(file.path().stem());
  }
  EXPECT_EQ(judged, present);
}

TEST(TortureTest, VerdictsAndProxyAnswersAgree) {
  const std::set<std::string> answers{"forward", "400", "416", "420", "483", "501", "505", "513", "drop"};
  for (const auto* table : {"verdicts.tsv", "rfc4475.tsv"}) {
    for (const auto& verdict : read_verdicts(torture / table)) {
      SCOPED_TRACE(verdict.name);
      EXPECT_TRUE(answers.contains(verdict.proxy)) << verdict.proxy;
      if (verdict.datagram == "silence") {
        EXPECT_EQ(verdict.proxy, "drop");
      }
      if (verdict.datagram != "silence" && verdict.datagram != "accept") {
        EXPECT_EQ(verdict.proxy, verdict.datagram);
      }
    }
  }
}

TEST(TortureTest, TheBytesOfRfc4475MeetTheirVerdicts) {
  const auto folder = std::filesystem::path(INTERMEDIARY_SHARED_DIR) / "corpora/rfc4475";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there (INTERMEDIARY_SHARED_DIR)";
  const auto verdicts = read_verdicts(torture / "rfc4475.tsv");
  ASSERT_EQ(verdicts.size(), 49);
  expect_verdicts(verdicts, folder, ".dat");
}

}  // namespace
}  // namespace intermediary
