// Every torture message through the shield, as a datagram and as a stream: our own and, where the shared test data is
// present, the bytes of RFC 4475.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "conformance/torture_table.h"
#include "message/framing.h"
#include "message/message.h"

namespace intermediary::conformance {
namespace {

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

void expect_verdicts(const TortureTable& table) {
  for (const Verdict& verdict : table.verdicts) {
    SCOPED_TRACE(verdict.name + " (" + verdict.rule + "): " + verdict.why);
    const std::string bytes = table.message(verdict);
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
  const TortureTable table = our_messages();
  ASSERT_GE(table.verdicts.size(), 64);
  expect_verdicts(table);
}

TEST(TortureTest, EveryMessageHasAVerdict) {
  const TortureTable table = our_messages();
  std::set<std::string> judged, present;
  for (const auto& verdict : table.verdicts) judged.insert(verdict.name);
  for (const auto& file : std::filesystem::directory_iterator(table.folder)) {
    if (file.path().extension() == table.extension) present.insert(file.path().stem());
  }
  EXPECT_EQ(judged, present);
}

TEST(TortureTest, VerdictsAndProxyAnswersAgree) {
  const std::set<std::string> answers{"forward", "400", "416", "420", "483", "501", "505", "513", "drop"};
  for (const auto& table : {our_messages(), messages_of_rfc4475()}) {
    for (const auto& verdict : table.verdicts) {
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
  const TortureTable table = messages_of_rfc4475();
  if (!std::filesystem::exists(table.folder)) GTEST_SKIP() << table.folder << " is not there (INTERMEDIARY_SHARED_DIR)";
  ASSERT_EQ(table.verdicts.size(), 49);
  expect_verdicts(table);
}

}  // namespace
}  // namespace intermediary::conformance
