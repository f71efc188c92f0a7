#include "runtime/net/web_socket.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "base/connection_limits.h"
#include "base/overloaded.h"

namespace intermediary::web_socket {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;

// A client's frame: masked with "abcd".
std::string masked(std::uint8_t first, const std::string& payload) {
  const std::string mask = "abcd";
  std::string bytes(1, static_cast<char>(first));
  if (payload.size() < 126) {
    bytes += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() < 65536) {
    bytes += static_cast<char>(0x80 | 126);
    bytes += static_cast<char>(payload.size() >> 8);
    bytes += static_cast<char>(payload.size() & 0xff);
  } else {
    bytes += static_cast<char>(0x80 | 127);
    for (int i = 7; i >= 0; --i) bytes += static_cast<char>(payload.size() >> (8 * i) & 0xff);
  }
  bytes += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) bytes += static_cast<char>(payload[i] ^ mask[i % 4]);
  return bytes;
}
std::string text(const std::string& payload) { return masked(0x81, payload); }

// What is read, a line each.
std::vector<std::string> events_of(Reader& reader) {
  std::vector<std::string> lines;
  while (auto event = reader.next()) {
    lines.push_back(std::visit(Overloaded{
                                   [](const Data& data) { return "data " + data.bytes; },
                                   [](const Ping& ping) { return "ping " + ping.bytes; },
                                   [](const End& end) { return std::to_string(end.code) + ' ' + end.reason; },
                               },
                               *event));
  }
  return lines;
}
std::vector<std::string> read(const std::string& bytes) {
  Reader reader;
  reader.feed(bytes);
  return events_of(reader);
}

TEST(WebSocketReader, GivesMessagesOfTextAndBinary) {
  EXPECT_THAT(read(text("hello") + masked(0x82, "\xff")), ElementsAre("data hello", "data \xff"));
}

TEST(WebSocketReader, JoinsPiecesAndTakesControlFramesBetween) {
  EXPECT_THAT(read(masked(0x01, "hel") + masked(0x89, "?") + masked(0x00, "") + masked(0x80, "lo")),
              ElementsAre("ping ?", "data hello"));
}

TEST(WebSocketReader, ReadsTheSameAtEveryCut) {
  const std::string bytes = masked(0x01, "hel") + masked(0x89, "?") + masked(0x80, "lo") + text(std::string(300, 'x'));
  const auto whole = read(bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Reader reader;
    reader.feed(bytes.substr(0, cut));
    auto events = events_of(reader);
    reader.feed(bytes.substr(cut));
    for (auto& event : events_of(reader)) events.push_back(event);
    ASSERT_EQ(events, whole) << "cut at " << cut;
    EXPECT_FALSE(reader.is_within_message());
  }
}

TEST(WebSocketReader, KnowsThatAMessageHasBegun) {
  Reader reader;
  EXPECT_FALSE(reader.is_within_message());
  const std::string bytes = masked(0x01, "hel") + masked(0x80, "lo");
  for (const char c : bytes) {
    EXPECT_THAT(events_of(reader), ElementsAre());
    reader.feed(std::string_view(&c, 1));
    EXPECT_TRUE(reader.is_within_message());
  }
  EXPECT_THAT(events_of(reader), ElementsAre("data hello"));
  EXPECT_FALSE(reader.is_within_message());
}

// However long it is fed so that something is left to come.
TEST(WebSocketReader, KeepsNothingThatItHasGiven) {
  Reader reader;
  const std::string message = text("hello");
  reader.feed(message.substr(0, 3));
  for (int i = 0; i < 100; ++i) {
    reader.feed(message.substr(3) + message.substr(0, 3));
    EXPECT_THAT(events_of(reader), ElementsAre("data hello"));
    EXPECT_LE(reader.held(), message.size() + 3);
  }
}

// By this a deadline for one message is told from one for the next.
TEST(WebSocketReader, CountsWhatHasEndedButNoControlFrameWithinAMessage) {
  Reader reader;
  const auto ended_after = [&](const std::string& bytes) {
    reader.feed(bytes);
    events_of(reader);
    return reader.completed();
  };
  EXPECT_EQ(ended_after(text("one") + text("two").substr(0, 4)), 1u);
  EXPECT_EQ(ended_after(text("two").substr(4)), 2u);
  EXPECT_EQ(ended_after(masked(0x89, "?") + masked(0x8a, "!")), 4u);
  EXPECT_EQ(ended_after(masked(0x01, "hel") + masked(0x89, "?") + masked(0x8a, "!")), 4u);
  EXPECT_EQ(ended_after(masked(0x80, "lo")), 5u);
}

TEST(WebSocketReader, TakesAMessageAtItsLimit) {
  const std::string most(limit::web_socket_message_bytes, 'x');
  EXPECT_THAT(read(text(most)), ElementsAre("data " + most));
  const auto too_much = ElementsAre("1009 a WebSocket message of more than 65536 bytes");
  EXPECT_THAT(read(text(most + "x")), too_much);
  EXPECT_THAT(read(masked(0x01, most) + masked(0x80, "x")), too_much);
  EXPECT_THAT(read("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff"s), too_much);
}

TEST(WebSocketReader, RefusesWhatBreaksTheProtocol) {
  EXPECT_THAT(read("\x81\x05hello"s), ElementsAre("1002 a WebSocket frame without a mask"));
  for (const int bit : {0x40, 0x20, 0x10}) {
    EXPECT_THAT(read(masked(static_cast<std::uint8_t>(0x81 | bit), "x")),
                ElementsAre("1002 a WebSocket frame with a reserved bit"));
  }
  for (const int opcode : {3, 7, 11, 15}) {
    EXPECT_THAT(read(masked(static_cast<std::uint8_t>(0x80 | opcode), "x")),
                ElementsAre("1002 a WebSocket frame of an unknown kind"));
  }
  EXPECT_THAT(read(masked(0x09, "x")), ElementsAre("1002 a WebSocket control frame in pieces"));
  EXPECT_THAT(read(masked(0x89, std::string(126, 'x'))),
              ElementsAre("1002 a WebSocket control frame that is too long"));
  EXPECT_THAT(read(masked(0x80, "x")), ElementsAre("1002 a WebSocket frame that continues nothing"));
  EXPECT_THAT(read(masked(0x01, "x") + text("y")), ElementsAre("1002 a WebSocket message within another"));
  EXPECT_THAT(read("\x81\xfe\x00\x05"s),
              ElementsAre("1002 a WebSocket frame whose length takes more octets than it needs"));
}

TEST(WebSocketReader, TakesTextOnlyAsUtf8) {
  EXPECT_THAT(read(text("\xc3\xa9")), ElementsAre("data \xc3\xa9"));
  EXPECT_THAT(read(masked(0x01, "\xc3") + masked(0x80, "\xa9")), ElementsAre("data \xc3\xa9"));
  EXPECT_THAT(read(text("\xc3")), ElementsAre("1007 a WebSocket text message that is not UTF-8"));
}

TEST(WebSocketReader, EndsWithAClose) {
  EXPECT_THAT(read(masked(0x88, "") + text("x")), ElementsAre("1000 closed by the peer"));
  EXPECT_THAT(read(masked(0x88, "\x03\xe9going")), ElementsAre("1001 closed by the peer: 1001"));
  EXPECT_THAT(read(masked(0x88, "\x03")), ElementsAre("1002 a WebSocket Close of one octet"));
  for (const char* code : {"\x03\xe7", "\x03\xec", "\x03\xed", "\x03\xee", "\x13\x88"}) {
    EXPECT_THAT(read(masked(0x88, code)), ElementsAre(testing::StartsWith("1002 a WebSocket Close with code")));
  }
  EXPECT_THAT(read(masked(0x88, "\x03\xe8\xff")), ElementsAre("1007 a WebSocket Close whose reason is not UTF-8"));
}

TEST(WebSocketFrame, IsTextWhereItCanBe) {
  EXPECT_EQ(message_frame("hello"), "\x81\x05hello");
  EXPECT_EQ(message_frame("\xff"), "\x82\x01\xff");
  EXPECT_EQ(message_frame(std::string(126, 'x')).substr(0, 4), "\x81\x7e\x00\x7e"s);
  EXPECT_EQ(message_frame(std::string(65535, 'x')).substr(0, 4), "\x81\x7e\xff\xff"s);
  EXPECT_EQ(message_frame(std::string(65536, 'x')).substr(0, 10), "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s);
  EXPECT_EQ(close_frame(1009), "\x88\x02\x03\xf1");
}

TEST(Utf8, IsWhatRfc3629Says) {
  for (const char* good :
       {"", "a", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
                          "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xbf"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

}  // namespace
}  // namespace intermediary::web_socket
