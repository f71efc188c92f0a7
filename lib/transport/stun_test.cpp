#include "transport/stun.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace intermediary {
namespace {

using namespace std::string_literals;

const Endpoint somebody = *Endpoint::parse("192.0.2.1:32853");
const std::string id = "\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"s;
const std::string cookie = "\x21\x12\xa4\x42"s;

std::string request_with(const std::string& attributes) {
  return "\x00\x01\x00"s + static_cast<char>(attributes.size()) + cookie + id + attributes;
}

// RFC 5769 §2.2 has this address and port, and these words.
TEST(StunTest, AnswersWithTheAddressThatItSaw) {
  EXPECT_EQ(answer_stun(request_with(""), somebody),
            "\x01\x01\x00\x0c"s + cookie + id + "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43"s);
}

// RFC 5769 §2.3.
TEST(StunTest, AnswersOverIpv6) {
  EXPECT_EQ(answer_stun(request_with(""), *Endpoint::parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853")),
            "\x01\x01\x00\x18"s + cookie + id +
                "\x00\x20\x00\x14\x00\x02\xa1\x47\x01\x13\xa9\xfa\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9"s);
}

TEST(StunTest, PassesOverWhatIsOptionalAndWhatAuthenticates) {
  const std::string software = "\x80\x22\x00\x05hello\0\0\0"s, username = "\x00\x06\x00\x04name"s;
  EXPECT_EQ(answer_stun(request_with(software + username), somebody), answer_stun(request_with(""), somebody));
}

TEST(StunTest, NamesWhatItMustUnderstandAndDoesNot) {
  const std::string change_request = "\x00\x03\x00\x04\0\0\0\x06"s, other = "\x7f\xff\x00\x00"s;
  EXPECT_EQ(answer_stun(request_with(change_request), somebody),
            "\x01\x11\x00\x10"s + cookie + id + "\x00\x09\x00\x04\0\0\x04\x14"s + "\x00\x0a\x00\x02\x00\x03\0\0"s);
  EXPECT_EQ(answer_stun(request_with(change_request + other), somebody),
            "\x01\x11\x00\x10"s + cookie + id + "\x00\x09\x00\x04\0\0\x04\x14"s + "\x00\x0a\x00\x04\x00\x03\x7f\xff"s);
}

TEST(StunTest, SaysNothingToAnythingElse) {
  const std::string whole = request_with("\x80\x22\x00\x04sipp"s);
  EXPECT_TRUE(answer_stun(whole, somebody));
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(answer_stun(whole.substr(0, size), somebody));
  EXPECT_FALSE(answer_stun(whole + "\0"s, somebody));
  std::string old = request_with("");
  old[4] = '\0';
  EXPECT_FALSE(answer_stun(old, somebody)) << "RFC 3489 had no cookie";
  EXPECT_FALSE(answer_stun("\x01\x01\x00\x00"s + cookie + id, somebody)) << "two servers must not answer each other";
  EXPECT_FALSE(answer_stun("\x00\x11\x00\x00"s + cookie + id, somebody)) << "an indication";
  EXPECT_FALSE(answer_stun(request_with("\x80\x22\x00\x08sipp"s), somebody)) << "an attribute beyond the end";
}

TEST(StunTest, IsToldFromSipByItsFirstOctet) {
  EXPECT_TRUE(is_stun(request_with("")));
  EXPECT_FALSE(is_stun("INVITE sip:bob@example.com SIP/2.0\r\n"));
  EXPECT_FALSE(is_stun("\r\n\r\n"));
  EXPECT_FALSE(is_stun(""));
}

RC_GTEST_PROP(StunProperty, AnswersAreLittleLongerThanRequests, (const std::string& attributes)) {
  const std::string request = request_with(attributes.substr(0, 120));
  const auto answer = answer_stun(request, *Endpoint::parse("[2001:db8::1]:1"));
  RC_ASSERT(!answer || answer->size() * 10 <= request.size() * 22);
}

}  // namespace
}  // namespace intermediary
