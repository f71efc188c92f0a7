#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "message/values.h"

namespace intermediary {
namespace {

NameAddress address(std::string_view text) {
  auto parsed = parse_name_address(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().detail);
  return parsed.value_or(NameAddress{});
}

ValueError error_of(std::string_view text) {
  auto parsed = parse_name_address(text);
  EXPECT_FALSE(parsed) << text << " should be refused";
  return parsed ? ValueError{} : parsed.error();
}

// ---- name-addr and addr-spec ----

TEST(NameAddressTest, ReadsNameUriAndParameters) {
  const auto from = address("\"Alice Liddell\" <sip:alice@example.com;transport=tcp>;tag=88sja8x;x-y=\"q v\"");
  EXPECT_EQ(from.display_name, "Alice Liddell");
  EXPECT_EQ(from.uri.to_string(), "sip:alice@example.com;transport=tcp");
  EXPECT_EQ(from.tag(), "88sja8x");
  EXPECT_EQ(from.parameters.value("X-Y"), "\"q v\"");
  EXPECT_EQ(from.parameters.to_string(), ";tag=88sja8x;x-y=\"q v\"");
}

TEST(NameAddressTest, TakesTokensAsADisplayName) {
  EXPECT_EQ(address("Alice <sip:a@b.example>").display_name, "Alice");
  EXPECT_EQ(address("tok1~` tok2'+_  tok*%!.- <sip:a@b.example>").display_name, "tok1~` tok2'+_  tok*%!.-");
  EXPECT_EQ(address("<sip:a@b.example>").display_name, "");
}

// RFC 4475 §3.1.1.6: the white space before '<' may be missing.
TEST(NameAddressTest, NeedsNoSpaceBeforeTheBracket) {
  const auto from = address("caller<sip:caller@example.com>;tag=323");
  EXPECT_EQ(from.display_name, "caller");
  EXPECT_EQ(from.tag(), "323");
}

TEST(NameAddressTest, QuotedNamesLoseBackslashesAndControlCharacters) {
  EXPECT_EQ(address(R"("J \\\"" <sip:a@b.example>)").display_name, R"(J \")");
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(address("\"BEL:\\\x07 NUL:\\\0.\" <sip:a@b.example>;tag=1"sv).display_name, "BEL: NUL:.");
  EXPECT_EQ(address("\"\xD0\x96, <x>\" <sip:a@b.example>").display_name, "\xD0\x96, <x>");
}

// RFC 3261 §20.10; RFC 4475 §3.3.12, §3.3.13.
TEST(NameAddressTest, ParametersBelongToTheFieldUnlessBracketsHoldThem) {
  const auto bare = address("sip:+15550100@gw.example;strange");
  EXPECT_EQ(bare.uri.parameters, "");
  EXPECT_TRUE(bare.parameters.find("strange"));
  const auto held = address("<sip:+15550100@gw.example;strange>");
  EXPECT_EQ(held.uri.parameters, "strange");
  EXPECT_TRUE(held.parameters.all.empty());
}

// RFC 4475 §3.3.14 and §3.1.2.13.
TEST(NameAddressTest, HeadersOfAUriNeedBrackets) {
  EXPECT_EQ(address("<sip:u@b.example?Route=%3Csip:c.example%3E>").uri.headers, "Route=%3Csip:c.example%3E");
  EXPECT_EQ(error_of("sip:u@b.example?Route=%3Csip:c.example%3E").offset, 15);
}

// RFC 4475 §3.3.4.
TEST(NameAddressTest, TakesUrisOfAnyScheme) {
  EXPECT_EQ(address("<http://www.example.com>;tag=3234233").uri.to_string(), "http://www.example.com");
  EXPECT_EQ(address("isbn:2983792873").uri.to_string(), "isbn:2983792873");
  EXPECT_EQ(address("<tel:+1-201-555-0123;ext=7>;tag=x").uri.scheme, Uri::Scheme::Tel);
}

TEST(NameAddressTest, WhiteSpaceAndFoldsMayStandBetweenTheParts) {
  const auto contact =
      address("\"Quoted \\\"\\\"\" <sip:j@example.com> ; newparam =\r\n  newvalue ;\r\n\tsecond ; q = 0.33");
  EXPECT_EQ(contact.display_name, "Quoted \"\"");
  EXPECT_EQ(contact.parameters.to_string(), ";newparam=newvalue;second;q=0.33");
  EXPECT_EQ(address("sip:vivekg@example.com ;   tag    = 1918").tag(), "1918");
}

TEST(NameAddressTest, TakesInstanceIdsAndIpv6Parameters) {
  const auto contact = address("<sip:a@[2001:db8::1]>;+sip.instance=\"<urn:uuid:0-1>\";reg-id=1;h=[2001:db8::2]");
  EXPECT_EQ(contact.uri.host, "2001:db8::1");
  EXPECT_EQ(contact.parameters.value("+sip.instance"), "\"<urn:uuid:0-1>\"");
  EXPECT_EQ(contact.parameters.value("h"), "[2001:db8::2]");
}

TEST(NameAddressTest, RefusesWhatTheGrammarForbids) {
  for (const auto* text : {
           "\"Mr. J. User <sip:j@b.example>",       // quotes not closed
           "\"J\\\" <sip:j@b.example>",             //
           "Bell, Alexander <sip:a@b.example>",     // a comma outside of quotes (RFC 4475 §3.1.2.15)
           "\"Bell\" Alexander <sip:a@b.example>",  //
           "\"Bell\" sip:a@b.example",              //
           "\"Bell\"",                              //
           "<sip:a@b.example",                      // brackets
           "sip:a@b.example>",                      //
           "<<sip:a@b.example>>",                   //
           "< sip:a@b.example >",                   // RFC 4475 §3.1.2.14
           "<sip:a@b.example> x",                   //
           "<sip:a@b.example>,<sip:c@d.example>",   // one value only
           "sip:a@b.example,sip:c@d.example",       //
           "<sip:a@b.example>;;tag=1",              // parameters
           "<sip:a@b.example>;",                    //
           "<sip:a@b.example>;tag=",                //
           "<sip:a@b.example>;=1",                  //
           "<sip:a@b.example>;t[ag=1",              //
           "<sip:a@b.example>;tag=1;TAG=2",         //
           "<sip:a@b.example>;x=\"y",               //
           "<sip:a@b.example>;tag=1 (comment)",     // comments went with RFC 2543
           "<sip:a@b.example> (comment);tag=1",     //
           "sip:a b@c.example",                     //
           "<example.com>",                         // no scheme
           "example.com",                           //
           "*",                                     //
       }) {
    EXPECT_EQ(error_of(text).fault, Fault::BadValue) << text;
  }
  EXPECT_EQ(error_of("").fault, Fault::Empty);
  EXPECT_EQ(error_of("<>").fault, Fault::Empty);
  EXPECT_EQ(error_of("  ").fault, Fault::Empty);
}

TEST(NameAddressTest, RefusesControlCharactersAndLinesWithoutEnd) {
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(error_of("<sip:a@b.example>;x\0=y"sv).fault, Fault::ControlCharacter);
  EXPECT_EQ(error_of("\"a\x01\" <sip:a@b.example>"sv).fault, Fault::ControlCharacter);
  EXPECT_EQ(error_of("<sip:a@b.example>;x=" + std::string(limit::line_bytes, 'y')).fault, Fault::LineTooLong);
}

TEST(NameAddressTest, LimitsParameters) {
  std::string many = "<sip:a@b.example>";
  for (std::size_t i = 0; i < limit::parameters; ++i) many += ";p" + std::to_string(i) + "=v";
  EXPECT_EQ(address(many).parameters.all.size(), limit::parameters);
  EXPECT_EQ(error_of(many + ";more").fault, Fault::TooManyParameters);
}

TEST(NameAddressTest, ErrorsOfTheUriNameTheirPlaceInTheValue) {
  const auto error = error_of("\"A\" <sip:a@b.example:0>");
  EXPECT_EQ(error.offset, 21);
  EXPECT_EQ(error.detail, "URI: port is not a number from 1 to 65535: '0'");
}

// ---- lists of a message ----

MessagePtr register_with(std::string_view contact_lines) {
  const std::string bytes =
      "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP h.example;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
      "From: <sip:a@example.com>;tag=1\r\nTo: <sip:a@example.com>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n" +
      std::string(contact_lines) + "Content-Length: 0\r\n\r\n";
  auto parsed = Message::parse(bytes, Framing::Datagram, Limits{});
  EXPECT_TRUE(parsed) << contact_lines << ": " << (parsed ? "" : parsed.error().error.to_string());
  return parsed ? *parsed : nullptr;
}

TEST(NameAddressListTest, GoesOverAllLinesInOrder) {
  const auto message = register_with(
      "Contact: \"a,b\" <sip:1@h.example>;q=0.5 , <sip:2@h.example;x=1>\r\nm: sip:3@h.example;expires=60\r\n");
  const auto list = name_addresses(*message, FieldName::Contact);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 3);
  EXPECT_EQ(list->at(0).display_name, "a,b");
  EXPECT_EQ(list->at(1).uri.to_string(), "sip:2@h.example;x=1");
  EXPECT_EQ(list->at(2).parameters.value("expires"), "60");
  EXPECT_TRUE(name_addresses(*message, FieldName::Route)->empty());
}

TEST(NameAddressListTest, OneWrongEntrySpoilsTheList) {
  const auto message = register_with("Contact: <sip:1@h.example>, <sip:@h.example>, <sip:3@h.example>\r\n");
  const auto list = name_addresses(*message, FieldName::Contact);
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().detail, "Contact: URI: empty user before '@'");
}

TEST(ContactsTest, AStarStandsAlone) {
  EXPECT_TRUE(contacts(*register_with("Contact: *\r\n"))->star);
  EXPECT_TRUE(contacts(*register_with("Contact: *\r\n"))->list.empty());
  EXPECT_FALSE(contacts(*register_with("Contact: <sip:1@h.example>\r\n"))->star);
  EXPECT_TRUE(contacts(*register_with(""))->list.empty());
  EXPECT_FALSE(contacts(*register_with("Contact: *, <sip:1@h.example>\r\n")));
  EXPECT_FALSE(contacts(*register_with("Contact: *\r\nContact: *\r\n")));
  EXPECT_FALSE(contacts(*register_with("Contact: *;expires=0\r\n")));
}

// ---- Via ----

Via via(std::string_view text) {
  auto parsed = parse_via(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().detail);
  return parsed.value_or(Via{});
}

TEST(ViaTest, ReadsProtocolSentByAndParameters) {
  const auto top = via("SIP/2.0/UDP pc33.example.com:5066;branch=z9hG4bK776;received=192.0.2.1;rport");
  EXPECT_EQ(top.protocol, "SIP/2.0");
  EXPECT_EQ(top.transport, "UDP");
  EXPECT_EQ(top.host, "pc33.example.com");
  EXPECT_EQ(top.port, 5066);
  EXPECT_EQ(top.parameters.value("branch"), "z9hG4bK776");
  EXPECT_EQ(top.parameters.value("rport"), "");
  EXPECT_EQ(top.parameters.to_string(), ";branch=z9hG4bK776;received=192.0.2.1;rport");
}

TEST(ViaTest, ReadsWhiteSpaceWhereTheGrammarAllowsIt) {
  const auto odd = via("SIP  /\r\n 2.0 / TCP     spindle.example.com : 5070  ;\r\n branch  =   z9hG4bK9ikj8  ");
  EXPECT_EQ(odd.protocol, "SIP/2.0");
  EXPECT_EQ(odd.transport, "TCP");
  EXPECT_EQ(odd.host, "spindle.example.com");
  EXPECT_EQ(odd.port, 5070);
  EXPECT_EQ(odd.parameters.value("branch"), "z9hG4bK9ikj8");
}

TEST(ViaTest, ReadsIpv6WithAndWithoutBrackets) {
  const auto six = via("SIP/2.0/TLS [2001:db8::9:1]:5061;branch=z9hG4bKas3-111;received=2001:db8::9:255");
  EXPECT_EQ(six.host, "2001:db8::9:1");
  EXPECT_EQ(six.port, 5061);
  EXPECT_EQ(six.parameters.value("received"), "2001:db8::9:255");
  EXPECT_EQ(via("SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255]").parameters.value("received"),
            "[2001:db8::9:255]");
}

TEST(ViaTest, TakesTransportsThatWeDoNotKnow) { EXPECT_EQ(via("SIP/2.0/UNKNOWN h.example").transport, "UNKNOWN"); }

TEST(ViaTest, RefusesWhatTheGrammarForbids) {
  for (const auto* text : {
           "SIP/2.0/UDP",  //
           "SIP/2.0/UDP[2001:db8::1]",
           "SIP/2.0 h.example",                             //
           "SIP/2.0/UDP ;branch=x",                         //
           "SIP/2.0/UDP h.example:0;branch=x",              //
           "SIP/2.0/UDP h.example:65536;branch=x",          //
           "SIP/2.0/UDP h.example:;branch=x",               //
           "SIP/2.0/UDP h.example;;branch=x",               //
           "SIP/2.0/UDP h.example;branch=",                 //
           "SIP/2.0/UDP h.example;branch=x;branch=y",       //
           "SIP/2.0/UDP h.example;branch=x,SIP/2.0/UDP i",  // one entry only
           "SIP/2.0/UDP h.example;branch=x (comment)",      //
           "SIP/2.0/UDP [2001:db8::zz];branch=x",           //
           "SIP/2.0/UDP 2001:db8::1;branch=x",              //
           "SIP/2.0/UDP h.example;x=\"y",                   //
           "SIP/2.0/UDP a b",                               //
       }) {
    const auto parsed = parse_via(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().fault, Fault::BadValue) << text;
  }
  EXPECT_EQ(parse_via("").error().fault, Fault::Empty);
}

}  // namespace
}  // namespace intermediary
