#include "message/sdp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace intermediary {
namespace {

constexpr std::string_view offer =
    "v=0\r\n"
    "o=alice 2890844526 2890844526 IN IP4 host.example.com\r\n"
    "s=-\r\n"
    "c=IN IP4 192.0.2.101\r\n"
    "t=0 0\r\n"
    "m=audio 49172 RTP/AVP 0 97\r\n"
    "a=rtpmap:97 iLBC/8000\r\n"
    "m=video 51372 RTP/AVP 31\r\n";

Sdp sdp(std::string_view text) {
  auto parsed = Sdp::parse(text);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().detail);
  return parsed.value_or(Sdp{});
}

ValueError error_of(std::string_view text) {
  auto parsed = Sdp::parse(text);
  EXPECT_FALSE(parsed);
  return parsed ? ValueError{} : parsed.error();
}

TEST(SdpTest, KnowsTheSessionFromItsMedia) {
  const Sdp description = sdp(offer);
  ASSERT_EQ(description.session().size(), 5);
  EXPECT_EQ(description.session()[3].type, 'c');
  EXPECT_EQ(description.session()[3].value, "IN IP4 192.0.2.101");
  ASSERT_EQ(description.media().size(), 2);
  EXPECT_EQ(description.media()[0].lines[0].value, "audio 49172 RTP/AVP 0 97");
  EXPECT_EQ(description.media()[0].lines[1].value, "rtpmap:97 iLBC/8000");
  EXPECT_EQ(description.media()[1].lines.size(), 1);
}

TEST(SdpTest, WritesTheBytesItRead) {
  for (const std::string& text : {
           std::string(offer),
           std::string("v=0\no=- 1 1 IN IP4 h\ns= \nt=0 0\n"),                       // LF alone
           std::string("v=0\r\ns=-\nt=0 0"),                                         // mixed, no end
           std::string("v=0\r\nx=?\r\nZ=\xFF\x01==\r\nm=a 1 b c\r\nq=unknown\r\n"),  // unknown lines, any bytes
           std::string("v=0\r\ns=-\r\n\r\n\n"),                                      // empty lines at the end
       }) {
    EXPECT_EQ(sdp(text).to_string(), text);
  }
}

TEST(SdpTest, ChangedLinesAreWrittenWhereTheyStand) {
  Sdp description = sdp(offer);
  description.session()[3].value = "IN IP4 198.51.100.1";
  description.media().erase(description.media().begin());
  description.media()[0].lines.push_back({'a', "sendonly"});
  EXPECT_EQ(description.to_string(),
            "v=0\r\no=alice 2890844526 2890844526 IN IP4 host.example.com\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n"
            "m=video 51372 RTP/AVP 31\r\na=sendonly\r\n");
}

TEST(SdpTest, ErrorsNameLineAndCause) {
  EXPECT_EQ(error_of("v=0\r\ns=-\r\nhello\r\n"),
            (ValueError{Fault::BadFieldLine, 10, "SDP line 3: not a type and '=': 'hello'"}));
  EXPECT_EQ(error_of("s=-\r\n").detail, "SDP line 1: does not begin with 'v='");
  EXPECT_EQ(error_of("").fault, Fault::Empty);
  EXPECT_EQ(error_of("v=0\r\n\r\ns=-\r\n").fault, Fault::BadFieldLine);
  EXPECT_EQ(error_of("v=0\r\n=x\r\n").fault, Fault::BadFieldLine);
  EXPECT_EQ(error_of("v=0\r\n1=x\r\n").fault, Fault::BadFieldLine);
  EXPECT_EQ(error_of("v=0\r\nm=audio 1 RTP/AVP\r\n").fault, Fault::BadValue);
}

TEST(SdpTest, RefusesWhatEndsOrHidesALine) {
  EXPECT_EQ(error_of("v=0\rs=-\r\n"), (ValueError{Fault::ControlCharacter, 3, "SDP line 1: NUL or a lone CR"}));
  EXPECT_EQ(error_of(std::string_view("v=0\r\ns=\0\r\n", 10)).fault, Fault::ControlCharacter);
}

TEST(SdpTest, HasLimits) {
  const std::string begin = "v=0\r\n";
  auto lines = [&](std::size_t count, const std::string& line) {
    std::string text = begin;
    for (std::size_t i = 0; i < count; ++i) text += line;
    return text;
  };
  EXPECT_EQ(sdp(lines(limit::sdp_lines - 1, "a=b\r\n")).session().size(), limit::sdp_lines);
  EXPECT_EQ(error_of(lines(limit::sdp_lines, "a=b\r\n")).fault, Fault::TooManyFields);
  EXPECT_EQ(sdp(lines(limit::sdp_media, "m=a 1 b c\r\n")).media().size(), limit::sdp_media);
  EXPECT_EQ(error_of(lines(limit::sdp_media + 1, "m=a 1 b c\r\n")).fault, Fault::TooManyEntries);

  std::string formats = "m=audio 1 RTP/AVP";
  for (std::size_t i = 0; i < limit::sdp_formats; ++i) formats += " " + std::to_string(i);
  EXPECT_EQ(sdp(begin + formats).media().size(), 1);
  EXPECT_EQ(error_of(begin + formats + " 99").fault, Fault::TooManyEntries);

  const std::string longest = "a=" + std::string(limit::sdp_line_bytes - 2, 'x') + "\r\n";
  EXPECT_EQ(sdp(begin + longest).session().size(), 2);
  EXPECT_EQ(error_of(begin + "x" + longest).fault, Fault::LineTooLong);
  EXPECT_EQ(error_of(lines(8, longest)).fault, Fault::TooLarge);
}

}  // namespace
}  // namespace intermediary
