#include "proxy/redirection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace intermediary {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

MessagePtr moved(const std::string& lines) {
  return *Message::parse(
      "SIP/2.0 302 Moved\r\nVia: SIP/2.0/UDP h.example;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
      "To: <sip:bob@example.com>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n" +
          lines + "\r\n",
      Framing::Datagram, Limits{});
}

std::vector<std::string> uris(const std::string& lines, bool sips_only = false) {
  std::vector<std::string> list;
  for (const Redirection& one : redirections(*moved(lines), sips_only)) list.push_back(one.target.uri.to_string());
  return list;
}

TEST(RedirectionTest, GoesByQAndKeepsTheOrderOfEquals) {
  EXPECT_THAT(uris("Contact: <sip:c@h>;q=0.2, <sip:a@h>\r\nm: \"B, b\" <sip:b@h>;audio\r\n"),
              ElementsAre("sip:a@h", "sip:b@h", "sip:c@h"));
  EXPECT_EQ(redirections(*moved("Contact: <sip:b@h>;audio;q=0.5\r\n"), false).front().target.features, ";audio;q=0.5");
}

TEST(RedirectionTest, TakesSipUrisAlone) {
  EXPECT_THAT(uris("Contact: <mailto:b@h>, <tel:+1234>, <sips:b@h>, <sip:b@h>\r\n"),
              ElementsAre("sips:b@h", "sip:b@h"));
}

TEST(RedirectionTest, StaysWithSips) {  // RFC 3261 §16.7 step 4
  EXPECT_THAT(uris("Contact: <sip:b@h>, <sips:b@h>\r\n", true), ElementsAre("sips:b@h"));
}

TEST(RedirectionTest, LeavesWhatItCannotRead) {
  EXPECT_THAT(uris(""), IsEmpty());
  EXPECT_THAT(uris("Contact: <sip:b@h>, <sip:\r\n"), IsEmpty());
  EXPECT_THAT(uris("Contact: <sip:b@h>;q=2\r\n"), IsEmpty());
}

}  // namespace
}  // namespace intermediary
