#include "message/framing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/overloaded.h"
#include "message/test_messages.h"

namespace intermediary {
namespace {

using namespace std::string_literals;
using samples::invite;
using samples::parse;
using samples::replaced;
using samples::ringing;
using samples::with_line;
using samples::with_lines;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Pending = StreamFramer::Pending;

class FramingTest : public ::testing::Test {
 protected:
  // Everything that can be taken now: a frame's bytes, "ping", or "error: …".
  std::vector<std::string> taken() {
    std::vector<std::string> all;
    while (auto result = framer_.next()) {
      all.push_back(
          std::visit(Overloaded{[](const Frame& frame) { return frame.bytes; }, [](KeepAlivePing) { return "ping"s; },
                                [](const FramingError& e) { return "error: " + e.error.to_string(); }},
                     *result));
      if (std::holds_alternative<FramingError>(*result)) break;
    }
    return all;
  }
  std::vector<std::string> fed(std::string_view bytes) {
    framer_.feed(bytes);
    return taken();
  }
  FramingError error_of(std::string_view bytes) {
    framer_.feed(bytes);
    return std::get<FramingError>(framer_.next().value());
  }

  Limits limits_;
  StreamFramer framer_{limits_};
};

TEST_F(FramingTest, CutsMessagesBehindTheirBodies) {
  EXPECT_THAT(fed(invite() + ringing() + invite()), ElementsAre(invite(), ringing(), invite()));
  EXPECT_EQ(0U, framer_.buffered());
}

TEST_F(FramingTest, DoesNotDependOnWhereTheBytesAreCut) {
  const std::string stream = "\r\n" + invite() + "\r\n\r\n" + ringing() + "\r\n\r\n\r\n" + invite();
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    framer_ = StreamFramer(limits_);
    auto all = fed(stream.substr(0, cut));
    for (const std::string& one : fed(stream.substr(cut))) all.push_back(one);
    EXPECT_THAT(all, ElementsAre(invite(), "ping", ringing(), "ping", invite())) << cut;
  }
}

TEST_F(FramingTest, TakesTheStreamByteByByte) {
  std::vector<std::string> all;
  for (char c : invite() + "\r\n\r\n" + ringing()) {
    for (const std::string& one : fed({&c, 1})) all.push_back(one);
  }
  EXPECT_THAT(all, ElementsAre(invite(), "ping", ringing()));
}

TEST_F(FramingTest, FrameIsOneMessageForTheParser) {
  EXPECT_EQ("v=0\r\n", parse(fed(invite()).at(0), Framing::Stream)->body());
}

TEST_F(FramingTest, TellsPingsFromFiller) {
  EXPECT_THAT(fed("\r\n\r\n"), ElementsAre("ping"));
  EXPECT_THAT(fed("\r\n"), IsEmpty());
  EXPECT_THAT(fed("\r\n"), ElementsAre("ping"));
  EXPECT_THAT(fed("\r\n" + invite()), ElementsAre(invite()));
  EXPECT_THAT(fed("\r\n"), IsEmpty()) << "the filler before the message was no half of this one";
}

TEST_F(FramingTest, SaysWhereThePendingMessageStands) {
  EXPECT_EQ(Pending::Nothing, framer_.pending());
  fed("\r\n");
  EXPECT_EQ(Pending::Nothing, framer_.pending());
  fed("I");
  EXPECT_EQ(Pending::Header, framer_.pending());
  const std::string rest = invite().substr(1);
  fed(rest.substr(0, rest.size() - 6));
  EXPECT_EQ(Pending::Header, framer_.pending());
  fed(rest.substr(rest.size() - 6, 3));
  EXPECT_EQ(Pending::Body, framer_.pending());
  fed(rest.substr(rest.size() - 3));
  EXPECT_EQ(Pending::Nothing, framer_.pending());
}

TEST_F(FramingTest, TakesTheCompactFormAndFolds) {
  const std::string compact = with_line("Content-Length", "l\t:\r\n 5");
  EXPECT_THAT(fed(compact + invite()), ElementsAre(compact, invite()));
}

TEST_F(FramingTest, LooksForContentLengthInTheHeaderSectionOnly) {
  const std::string hidden =
      replaced(invite(), "Content-Length: 5\r\n\r\nv=0\r\n",
               "Subject: a\r\n Content-Length: 0\r\nContent-Length: 19\r\n\r\nContent-Length: 99\n");
  EXPECT_THAT(fed(hidden + invite()), ElementsAre(hidden, invite()));
}

TEST_F(FramingTest, RefusesAMissingLengthAndRepeatsItself) {
  const FramingError error = error_of(with_line("Content-Length", ""));
  EXPECT_EQ(Fault::MissingField, error.error.fault);
  EXPECT_EQ(Answer::BadRequest, error.error.answer);
  EXPECT_TRUE(error.error.close_stream);
  EXPECT_EQ(with_line("Content-Length", ""), error.head + "v=0\r\n");
  framer_.feed(invite());
  EXPECT_EQ(error.error, std::get<FramingError>(framer_.next().value()).error);
  EXPECT_EQ(0U, framer_.buffered());
  EXPECT_EQ(Pending::Nothing, framer_.pending());
}

TEST_F(FramingTest, RefusesALengthThatIsNoNumber) {
  for (const char* value : {"", "-999", "five", "5 5", "5, 5", "0x10"}) {
    framer_ = StreamFramer(limits_);
    EXPECT_EQ(Fault::BadContentLength, error_of(with_line("Content-Length", "Content-Length: "s + value)).error.fault)
        << value;
  }
}

TEST_F(FramingTest, RefusesTwoLengthsEvenWhenTheyAgree) {
  const FramingError error = error_of(with_lines("l: 5\r\n"));
  EXPECT_EQ(Fault::DuplicateField, error.error.fault);
  EXPECT_EQ(11U, error.error.line);
}

TEST_F(FramingTest, FaultyResponsesAndAcksGetSilence) {
  EXPECT_EQ(Answer::Silence, error_of(replaced(ringing(), "Length: 0", "Length: x")).error.answer);
  framer_ = StreamFramer(limits_);
  EXPECT_EQ(Answer::Silence, error_of(replaced(with_line("Content-Length", ""), "INVITE", "ACK")).error.answer);
  framer_ = StreamFramer(limits_);
  EXPECT_EQ(Answer::Silence, error_of("GET / HTTP/1.1\r\nHost: x\r\n\r\n").error.answer);
}

TEST_F(FramingTest, HeadStillShowsWhatAnAnswerNeeds) {
  const FramingError error = error_of(with_line("Content-Length", "Content-Length: x"));
  const Refused refused = samples::refusal(error.head, Framing::Stream);
  ASSERT_NE(nullptr, refused.partial);
  EXPECT_TRUE(refused.partial->has(FieldName::Via));
}

TEST_F(FramingTest, LimitsTheMessage) {
  limits_.stream_message_bytes = invite().size();
  framer_ = StreamFramer(limits_);
  EXPECT_THAT(fed(invite()), ElementsAre(invite()));
  const FramingError error = error_of(replaced(invite(), "Length: 5", "Length: 6") + "x");
  EXPECT_EQ(Fault::TooLarge, error.error.fault);
  EXPECT_EQ(Answer::MessageTooLarge, error.error.answer);
}

TEST_F(FramingTest, LimitsTheMessageBeforeItsBodyComes) {
  const std::string huge = replaced(invite(), "Length: 5", "Length: 99999999999999999999999");
  EXPECT_EQ(Fault::TooLarge, error_of(huge).error.fault);
}

TEST_F(FramingTest, LimitsTheHeaderSection) {
  const auto with_header = [](std::size_t size) {
    return with_lines("X: " + std::string(size - (invite().size() - 5) - 5, 'x') + "\r\n");
  };
  EXPECT_THAT(fed(with_header(limit::header_section_bytes)), ElementsAre(with_header(limit::header_section_bytes)));
  const std::string long_header = with_header(limit::header_section_bytes + 1);
  const FramingError error = error_of(long_header);
  EXPECT_EQ(Fault::TooLarge, error.error.fault);
  EXPECT_EQ(long_header.substr(0, limit::header_section_bytes), error.head);
}

TEST_F(FramingTest, FailsAtTheSameByteHoweverCut) {
  const std::string endless =
      "INVITE sip:bob@example.com SIP/2.0\r\n" + std::string(2 * limit::header_section_bytes, 'x');
  const FramingError whole = error_of(endless);
  framer_ = StreamFramer(limits_);
  for (std::size_t at = 0; at < endless.size(); at += 1000) framer_.feed(endless.substr(at, 1000)), framer_.next();
  const auto piecewise = std::get<FramingError>(framer_.next().value());
  EXPECT_EQ(whole.error, piecewise.error);
  EXPECT_EQ(whole.head, piecewise.head);
}

}  // namespace
}  // namespace intermediary
