#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message/message.h"
#include "message/test_messages.h"

namespace intermediary {
namespace {

using namespace std::string_literals;
using samples::parse;
using samples::refusal;
using samples::with_line;
using ::testing::HasSubstr;

Fault fault_of(std::string bytes) { return refusal(std::move(bytes)).error.fault; }

// ---- The topmost Via.

class TopViaTest : public ::testing::Test {
 protected:
  static std::string with_via(std::string_view value) { return with_line("Via", "Via: " + std::string(value)); }
  TopVia via(std::string_view value) {
    message_ = parse(with_via(value));
    return message_->top_via();
  }
  std::string_view text(std::uint32_t begin, std::uint32_t end) { return message_->bytes().substr(begin, end - begin); }
  MessagePtr message_;
};

TEST_F(TopViaTest, ReadsAllOfIt) {
  const TopVia v = via("SIP/2.0/TCP pc33.example.com:5080;BRANCH=z9hG4bK776;rport=4000;received=192.0.2.4;ttl=1;x");
  EXPECT_EQ(Transport::Tcp, v.transport);
  EXPECT_EQ("pc33.example.com", v.host);
  EXPECT_EQ(5080, v.port);
  EXPECT_EQ("z9hG4bK776", v.branch);
  EXPECT_EQ("192.0.2.4", v.received);
  EXPECT_EQ(4000, v.rport);
  EXPECT_EQ("rport=4000", text(v.rport_begin, v.rport_end));
  EXPECT_EQ("received=192.0.2.4", text(v.received_begin, v.received_end));
  EXPECT_EQ(0U, v.field);
  EXPECT_EQ(message_->value(FieldName::Via), text(v.begin, v.end));
}

TEST_F(TopViaTest, TakesWhiteSpaceAndFoldsAroundItsSeparators) {
  const TopVia v =
      via("SIP  / 2.0\r\n / UDP\r\n    192.0.2.2 : 5061 ;\r\n branch  =\r\n z9hG4bK9ikj8 ; rport\t,  SIP/2.0/TCP b");
  EXPECT_EQ(Transport::Udp, v.transport);
  EXPECT_EQ("192.0.2.2", v.host);
  EXPECT_EQ(5061, v.port);
  EXPECT_EQ("z9hG4bK9ikj8", v.branch);
  EXPECT_TRUE(text(v.begin, v.end).ends_with("; rport"));
}

TEST_F(TopViaTest, EndsAtTheCommaOfItsList) {
  const TopVia v = via("SIP/2.0/UDP a;x=\"1,2\\\",3\";branch=b, SIP/2.0/UDP c;branch=d");
  EXPECT_EQ("SIP/2.0/UDP a;x=\"1,2\\\",3\";branch=b", text(v.begin, v.end));
  EXPECT_EQ("b", v.branch);
}

TEST_F(TopViaTest, TakesAnIpv6Reference) {
  const TopVia v = via("SIP/2.0/UDP [2001:db8::9:1]:5070;received=2001:db8::9:255;branch=z9hG4bKas3");
  EXPECT_EQ("2001:db8::9:1", v.host);
  EXPECT_EQ(5070, v.port);
  EXPECT_EQ("2001:db8::9:255", v.received);
  EXPECT_EQ("[2001:db8::1]", via("SIP/2.0/UDP a;received=[2001:db8::1]").received);
}

TEST_F(TopViaTest, TakesTransportsItDoesNotKnow) {
  EXPECT_EQ(std::nullopt, via("SIP/2.0/UNKNOWN t1.example.com;branch=x").transport);
  EXPECT_EQ(std::nullopt, via("SIP/7.0/UDP t1.example.com;branch=x").transport);
  EXPECT_EQ(std::nullopt, via("FOO/2.0/UDP t1.example.com;branch=x").transport);
  EXPECT_EQ(Transport::Tls, via("sip/2.0/tls t1.example.com;branch=x").transport);
}

TEST_F(TopViaTest, TakesRfc2543ViasWithoutABranch) {
  EXPECT_EQ("", via("SIP/2.0/UDP iftgw.example.com").branch);
  EXPECT_FALSE(via("SIP/2.0/UDP a;branch=390skdjuw").has_cookie());
  EXPECT_FALSE(via("SIP/2.0/UDP a;branch=z9hG4bK").has_cookie());
}

TEST_F(TopViaTest, RefusesWhatItsGrammarDoesNotAllow) {
  for (const char* value : {"",
                            "SIP/2.0 UDP a",
                            "SIP/2.0/UDP",
                            "SIP/2.0/UDP ",
                            "SIP//UDP a",
                            "/2.0/UDP a",
                            "SIP/2.0/ a",
                            "SIP/2.0/UDP,a",
                            "SIP/2.0/UDP a;;",
                            "SIP/2.0/UDP 192.0.2.15;;,;,,",
                            "SIP/2.0/UDP a;",
                            "SIP/2.0/UDP a;=x",
                            "SIP/2.0/UDP a;branch=",
                            "SIP/2.0/UDP a;branch",
                            "SIP/2.0/UDP a;branch=\"x\"",
                            "SIP/2.0/UDP a;branch=x;branch=y",
                            "SIP/2.0/UDP a b",
                            "SIP/2.0/UDP a:",
                            "SIP/2.0/UDP a:0",
                            "SIP/2.0/UDP a:65536",
                            "SIP/2.0/UDP a:x",
                            "SIP/2.0/UDP a:50 60",
                            "SIP/2.0/UDP [::1",
                            "SIP/2.0/UDP []",
                            "SIP/2.0/UDP [x]",
                            "SIP/2.0/UDP a;rport=",
                            "SIP/2.0/UDP a;rport=0",
                            "SIP/2.0/UDP a;rport=65536",
                            "SIP/2.0/UDP a;rport=x",
                            "SIP/2.0/UDP a;rport;rport=1",
                            "SIP/2.0/UDP a;received",
                            "SIP/2.0/UDP a;received=\"1\"",
                            "SIP/2.0/UDP a;received=b;received=c",
                            "SIP/2.0/UDP a;x=\"",
                            "SIP/2.0/UDP a;x=\"\\",
                            "SIP/2.0/UDP a;x=<y>",
                            "SIP/2.0/UDP a (comment)"}) {
    const Refused r = refusal(with_via(value));
    EXPECT_EQ(Fault::BadValue, r.error.fault) << value;
    EXPECT_EQ(2U, r.error.line) << value;
    EXPECT_THAT(r.error.detail, HasSubstr("Via: ")) << value;
  }
}

TEST_F(TopViaTest, LooksAtTheFirstViaOnly) { EXPECT_EQ("a", via("SIP/2.0/UDP a, nonsense\r\nVia: nonsense").host); }

// ---- CSeq, Call-ID, tags, Max-Forwards.

TEST(CSeqTest, IsANumberBelow2To32AndTheMethod) {
  EXPECT_EQ(4294967295U, parse(with_line("CSeq", "CSeq: 4294967295 INVITE"))->cseq().number);
  EXPECT_EQ(9U, parse(with_line("CSeq", "cseq: 0000000000009\r\n  INVITE"))->cseq().number);
  for (const char* value : {"4294967296 INVITE", "36893488147419103232 INVITE", "-1 INVITE", "INVITE", "1", "1 ",
                            "1INVITE", "1 INVITE x", "1 INV<ITE", "", "1.0 INVITE"}) {
    EXPECT_EQ(Fault::BadValue, fault_of(with_line("CSeq", "CSeq: "s + value))) << value;
  }
}

TEST(CSeqTest, NamesTheMethodOfTheStartLine) {
  const Refused r = refusal(with_line("CSeq", "CSeq: 1 OPTIONS"));
  EXPECT_EQ(Fault::MethodMismatch, r.error.fault);
  EXPECT_EQ("CSeq names OPTIONS, the start line INVITE", r.error.detail);
  EXPECT_EQ(Fault::MethodMismatch, fault_of(with_line("CSeq", "CSeq: 1 invite")));
}

TEST(CallIdTest, IsOneWord) {
  EXPECT_EQ("word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
            parse(with_line("Call-ID", "i: word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"))->call_id());
  for (const char* value : {"", "a b", "a\tb", "a\r\n b"}) {
    EXPECT_EQ(Fault::BadValue, fault_of(with_line("Call-ID", "Call-ID: "s + value))) << value;
  }
}

std::string to_tag(std::string_view value) {
  return std::string(parse(with_line("To", "To: " + std::string(value)))->to_tag());
}

TEST(TagTest, StandsBehindTheAddress) {
  EXPECT_EQ("1", to_tag("sip:b@example.com;tag=1"));
  EXPECT_EQ("1", to_tag("<sip:b@example.com;tag=2>;tag=1"));
  EXPECT_EQ("", to_tag("<sip:b@example.com;tag=2>"));
  EXPECT_EQ("1", to_tag("Bob Smith <sip:b@example.com> ; x=\";tag=3\" ;\r\n TAG \t =\r\n 1"));
  EXPECT_EQ("1", to_tag("\"B;tag=\\\"4 <sip:x>\" <sip:b@example.com>;tag=1;y"));
  EXPECT_EQ("1", to_tag("\"\"<tel:+1;ext=2>;tag=1"));
  EXPECT_EQ("", to_tag("sip:b@example.com"));
}

TEST(TagTest, RefusesWhatIsNotBalanced) {
  for (const char* value :
       {"", "\"Mr. J. User <sip:b@example.com>", "\"B\\", "\"B\" sip:b@example.com", "<sip:b@example.com", "<>",
        "<sip:b>;tag=", "<sip:b>;tag", "<sip:b>;tag=\"1\"", "<sip:b>;tag=1;tag=2", "<sip:b>;", "<sip:b>;;tag=1",
        "<sip:b> x", "<sip:b>,<sip:c>", "sip:b;tag=1, sip:c", ";tag=1", "<sip:b>;tag=1 2", "<sip:b>;x=\""}) {
    const Refused r = refusal(with_line("To", "To: "s + value));
    EXPECT_EQ(Fault::BadValue, r.error.fault) << value;
    EXPECT_EQ(Answer::BadRequest, r.error.answer) << value;
    EXPECT_TRUE(r.partial->has(FieldName::To)) << value;
  }
}

TEST(MaxForwardsTest, IsANumberFrom0To255) {
  EXPECT_EQ(0, parse(with_line("Max-Forwards", "Max-Forwards: 0"))->max_forwards());
  EXPECT_EQ(68, parse(with_line("Max-Forwards", "MaX-fOrWaRdS: 0068"))->max_forwards());
  EXPECT_EQ(255, parse(with_line("Max-Forwards", "Max-Forwards: 255"))->max_forwards());
  for (const char* value : {"256", "300", "-1", "", "7 0", "x", "99999999999999999999999"}) {
    EXPECT_EQ(Fault::BadValue, fault_of(with_line("Max-Forwards", "Max-Forwards: "s + value))) << value;
  }
}

}  // namespace
}  // namespace intermediary
